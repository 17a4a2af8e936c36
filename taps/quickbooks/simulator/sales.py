"""Invoices, sales receipts, credit memos and refund receipts: lines, tax and total, as QuickBooks makes them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from taps.quickbooks.simulator.arithmetic import TaxPart, cents, money, product, tax_parts
from taps.quickbooks.simulator.books import Books, Object
from taps.quickbooks.simulator.refusals import Refusal

_NEED_CUSTOMER = ("Invoice", "CreditMemo")
_DEPOSITED = ("SalesReceipt", "RefundReceipt")
_MONEY_ACCOUNTS = ("Bank", "Other Current Asset")
_US_CODES = ("TAX", "NON")


def sale(books: Books, entity: str, new: Object) -> Object:
    """The document with total, tax and subtotal line; Refusal where a line or reference is not good."""
    if entity in _NEED_CUSTOMER and not new.get("CustomerRef"):
        raise Refusal("2020", "Required parameter CustomerRef is missing in the request", "CustomerRef")
    if new.get("CustomerRef"):
        books.named("Customer", new["CustomerRef"], "CustomerRef")
    if entity in _DEPOSITED and new.get("DepositToAccountRef"):
        account = books.named("Account", new["DepositToAccountRef"], "DepositToAccountRef")
        if account["AccountType"] not in _MONEY_ACCOUNTS:
            raise Refusal("6430", f"Invalid account type: {account['AccountType']} takes no deposit", "DepositToAccountRef")
    lines = [line for line in new.get("Line") or [] if line.get("DetailType") != "SubTotalLineDetail"]
    if not lines:
        raise Refusal("2020", "Required parameter Line is missing in the request", "Line")
    amounts = [_line(books, line) for line in lines]
    tax = _tax(books, new, lines, amounts)
    total = sum(amounts) + tax
    if total < 0:  # unconfirmed code; the sentence is the one that people report
        raise Refusal("6000", "Transaction amount must be 0 or greater", "TotalAmt")
    paid = _paid(books, entity, new)
    subtotal = {"Amount": money(sum(amounts)), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    kept = [line | {"Id": str(place), "LineNum": place} for place, line in enumerate(lines, 1)]
    new |= {"Line": [*kept, subtotal], "TotalAmt": money(total), "ApplyTaxAfterDiscount": False}
    if entity == "Invoice":
        new["Balance"] = money(total) - paid
    if entity == "CreditMemo":
        new["RemainingCredit"] = money(total)
    return new


def _paid(books: Books, entity: str, new: Object) -> Decimal:
    """What payments applied to an invoice that is changed."""
    known = books.objects[entity].get(str(new.get("Id")), {})
    return known["TotalAmt"] - known["Balance"] if entity == "Invoice" and known else Decimal(0)


def _line(books: Books, line: Object) -> int:
    """Cents of a line. Amount must be quantity × unit price (6070); a line of an inventory item has a quantity (6520)."""
    detail = line.get("SalesItemLineDetail")
    value = cents(line.get("Amount"))
    if value is None:
        raise Refusal("2140", f"Invalid amount : {line.get('Amount')}", "Amount")
    if line.get("DetailType") != "SalesItemLineDetail" or not isinstance(detail, dict):
        raise Refusal("5030", f"{line.get('DetailType')} is not simulated", "DetailType")
    item = books.named("Item", detail.get("ItemRef"), "ItemRef")
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    if quantity is not None and price is not None and product(quantity, price) != value:
        raise Refusal("6070", f"Amount is not equal to UnitPrice * Qty. Supplied value:{line['Amount']}", "Amount")
    if item["Type"] == "Inventory" and quantity is None:
        raise Refusal("6520", "The tracked inventory item must have a quantity", "Qty")
    if detail.get("ClassRef"):
        books.named("Class", detail["ClassRef"], "ClassRef")
    return value


def _tax(books: Books, new: Object, lines: list[Object], amounts: list[int]) -> int:
    codes = [(line["SalesItemLineDetail"].get("TaxCodeRef") or {}).get("value", "NON") for line in lines]
    if books.country == "US":
        return _us_tax(books, new, codes, amounts)
    return global_tax(books, new, codes, amounts, "SalesTaxRateList")


def _us_tax(books: Books, new: Object, codes: list[str], amounts: list[int]) -> int:
    """What is sent, deliberately; where nothing is sent, QuickBooks' own engine, here one rate over the sum."""
    if any(code not in _US_CODES for code in codes):
        raise Refusal("6100", f"Invalid Line TaxCode in the request: specify TAX or NON. Supplied value:{sorted(set(codes))}", "TaxCodeRef")
    taxable = sum(value for value, code in zip(amounts, codes, strict=True) if code == "TAX")
    sent = (new.get("TxnTaxDetail") or {}).get("TotalTax")
    if sent is None:
        part = tax_parts([(taxable, "TAX")], {"TAX": [("1", Decimal(books.us_percent))]})[0]
    else:
        value = cents(sent)
        if value is None:
            raise Refusal("2140", f"Invalid amount : TotalTax {sent}", "TotalTax")
        part = TaxPart("1", Decimal(books.us_percent), taxable, value)
    new["TxnTaxDetail"] = {**(new.get("TxnTaxDetail") or {}), "TotalTax": money(part.tax)}
    new["TxnTaxDetail"].pop("TaxLine", None)
    return part.tax


def global_tax(books: Books, new: Object, codes: list[str], amounts: list[int], rates_of: str) -> int:
    """Per line from the rates of its code, for sales or purchases; a document that says that it has no tax takes no TxnTaxDetail (6170)."""
    mode = new.setdefault("GlobalTaxCalculation", "TaxExcluded")
    if mode == "NotApplicable":
        if new.pop("TxnTaxDetail", None) and new.get("Id") is None:
            raise Refusal("6170", "TxnTaxDetail is not allowed when GlobalTaxCalculation is NotApplicable", "TxnTaxDetail")
        return 0
    if mode != "TaxExcluded":
        raise Refusal("5030", f"{mode} is not simulated", "GlobalTaxCalculation")
    rates = {code: _rates(books, code, rates_of) for code in set(codes)}
    parts = tax_parts(list(zip(amounts, codes, strict=True)), rates)
    new["TxnTaxDetail"] = {"TotalTax": money(sum(part.tax for part in parts)), "TaxLine": [_tax_line(part) for part in parts]}
    return sum(part.tax for part in parts)


def _rates(books: Books, code: str, rates_of: str) -> list[tuple[str, Decimal]]:
    found = books.named("TaxCode", {"value": code}, "TaxCodeRef")
    details = (found.get(rates_of) or {}).get("TaxRateDetail", [])
    return [(each["TaxRateRef"]["value"], books.objects["TaxRate"][each["TaxRateRef"]["value"]]["RateValue"]) for each in details]


def _tax_line(part: TaxPart) -> Mapping[str, Any]:
    return {
        "Amount": money(part.tax),
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": part.rate_id},
            "PercentBased": True,
            "TaxPercent": part.percent,
            "NetAmountTaxable": money(part.net),
        },
    }
