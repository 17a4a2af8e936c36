"""Lines of the simulated documents: what they may name, and how their amounts and taxes are computed.

The arithmetic is written in whole numbers, on purpose otherwise than the targets' prediction of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from taps.xero.simulator.books import Books, Document

_CONTROLS = ("DEBTORS", "CREDITORS", "GST")


def half_up(value: Fraction, places: int) -> Decimal:
    """Nearest number of so many places; a half goes away from zero ("2.165 -> 2.17", developer.xero.com/rounding-in-xero)."""
    scale = 10**places
    whole = (2 * abs(value) * scale + 1) // 2
    return Decimal(whole if value >= 0 else -whole).scaleb(-places)


def exact(value: Any) -> Fraction:
    """A JSON number as it stands."""
    return Fraction(Decimal(str(value)))


def tax_of(line_amount: Decimal, percent: Decimal) -> Decimal:
    """Tax per line, on the rounded line amount, two places: 25.06, 25.61, 25.63 at 15 % are 3.76 + 3.84 + 3.84 = 11.44."""
    return half_up(Fraction(line_amount) * Fraction(percent) / 100, 2)


def computed(books: Books, elements: Sequence[Any], amounts: str, unit_places: int, wrong: list[str]) -> list[Document]:
    """The lines as Xero keeps them; what is wrong with them goes to `wrong`."""
    return [_line(books, element, amounts, unit_places, wrong) for element in elements if isinstance(element, dict)]


def _line(books: Books, element: Document, amounts: str, unit_places: int, wrong: list[str]) -> Document:
    if not element.get("Description") and not element.get("ItemCode"):
        wrong.append("Description needs to be at least 1 char long.")  # LineItem.Description in the OpenAPI file
    quantity = exact(element.get("Quantity", 1))
    unit = half_up(exact(element.get("UnitAmount", 0)), unit_places)  # unitdp: 2 or 4 places
    line_amount = half_up(quantity * Fraction(unit), 2)
    if "LineAmount" in element and exact(element["LineAmount"]) != line_amount:
        wrong.append(f"The line total {element['LineAmount']} does not match the expected line total {line_amount}")
    line = {
        "LineItemID": books.new_id(),
        "Description": element.get("Description", ""),
        "Quantity": Decimal(str(element.get("Quantity", 1))),
        "UnitAmount": unit,
        "LineAmount": line_amount,
        "Tracking": _tracking(books, element.get("Tracking") or [], wrong),
    }
    _account(books, element, line, wrong)
    _item(books, element, line, wrong)
    line["TaxType"], line["TaxAmount"] = _tax(books, element, amounts, line_amount, wrong)
    return line


def _account(books: Books, element: Document, line: Document, wrong: list[str]) -> None:
    code = str(element.get("AccountCode", ""))
    account = books.find_account({"Code": code})
    # Bank accounts and the control accounts of receivables, payables and tax take no line (help.xero.com; the message is not confirmed).
    if account is None or account["Type"] == "BANK" or account.get("SystemAccount") in _CONTROLS:
        wrong.append(f"Account code '{code}' is not a valid code for this document.")
        return
    line |= {"AccountCode": code, "AccountID": account["AccountID"]}


def _item(books: Books, element: Document, line: Document, wrong: list[str]) -> None:
    code = element.get("ItemCode")
    if not code:
        return
    if all(item["Code"] != code for item in books.documents["Items"].values()):
        wrong.append(f"Item code '{code}' is not valid")
    line["ItemCode"] = code


def _tracking(books: Books, chosen: Sequence[Document], wrong: list[str]) -> list[Document]:
    if len(chosen) > 2:  # noqa: PLR2004 ("Any LineItem can have a maximum of 2 <TrackingCategory> elements")
        wrong.append("A line item can have at most two tracking categories")
    found = []
    for each in chosen:
        category = books.tracking.get(each.get("Name", ""))
        option = next((one for one in category["Options"] if one["Name"] == each.get("Option")), None) if category else None
        if category is None or option is None:
            wrong.append(f"The tracking category {each.get('Name')} with option {each.get('Option')} does not exist")
            continue
        named = {"Name": category["Name"], "Option": option["Name"]}
        found.append({"TrackingCategoryID": category["TrackingCategoryID"], "TrackingOptionID": option["TrackingOptionID"], **named})
    return found


def _tax(books: Books, element: Document, amounts: str, line_amount: Decimal, wrong: list[str]) -> tuple[str, Decimal]:
    """Computed, unless the element overrides it (LineItem.TaxAmount: "can be overriden if the calculated <TaxAmount> is not correct")."""
    tax_type = str(element.get("TaxType") or "NONE")
    rate = books.tax_rates.get(tax_type)
    if rate is None and tax_type != "NONE":
        wrong.append(f"The TaxType code '{tax_type}' does not exist or cannot be used for this type of transaction.")
    if amounts == "NoTax" or rate is None:
        return "NONE", Decimal("0.00")
    percent = rate["EffectiveRate"]
    if element.get("TaxAmount") is not None:
        return tax_type, half_up(exact(element["TaxAmount"]), 2)
    if amounts == "Inclusive":
        return tax_type, half_up(Fraction(line_amount) * Fraction(percent) / (100 + Fraction(percent)), 2)
    return tax_type, tax_of(line_amount, percent)


def totals(lines: Sequence[Document], amounts: str) -> Document:
    """SubTotal, TotalTax and Total of a document."""
    net = sum((line["LineAmount"] for line in lines), Decimal("0.00"))
    tax = sum((line["TaxAmount"] for line in lines), Decimal("0.00"))
    inclusive = amounts == "Inclusive"
    return {"SubTotal": net - tax if inclusive else net, "TotalTax": tax, "Total": net if inclusive else net + tax}
