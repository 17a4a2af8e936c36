"""A person at Xero: voids, deletes, copies, types and edits documents as its screens allow it.

An invoice that is paid keeps its total: whoever wants another one takes its payments off first, so that these are missing too. Accounts of
its lines may be changed all the same. A transfer and a payment are never edited, only deleted and made anew.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.reconcile.report import Report
from taps.xero.simulator.books import Books
from taps.xero.simulator.moves import settle
from tests._kit.books_month import XERO_ROLES, Month
from tests._kit.by_hand import TWIN, ZERO, AtBooks

Document = dict[str, Any]
_ID = {"Invoices": "InvoiceID", "BankTransactions": "BankTransactionID", "Payments": "PaymentID", "BankTransfers": "BankTransferID"}
_FEES = ("Fees", "DisputeFees")


def number_of(document: Document) -> str:
    """The number that our mark ends with."""
    return str(document["Reference"]).rsplit(" ", 1)[-1]


class AtXero(AtBooks):
    """Over the books of an organisation."""

    def __init__(self, month: Month, seed: int, before: Report, books: Books) -> None:
        super().__init__(month, seed, before)
        self.books = books

    # ── what there is ──

    def ours(self, resource: str) -> list[Document]:
        return [
            each for each in self.books.documents[resource].values()
            if str(each.get("Reference", "")).startswith("cf-") and each["Status"] in ("AUTHORISED", "PAID")
        ]  # fmt: skip

    def pick(self, resource: str, fits: Any = lambda _each: True) -> Document:
        return self.one((each for each in self.ours(resource) if fits(each)), lambda each: each[_ID[resource]])

    def sale(self, fits: Any = lambda _each: True) -> Document:
        """An invoice in pounds that was not touched, nor its payments."""
        found = self.pick("Invoices", lambda each: number_of(each) not in self.left and self._untouched(each) and fits(each))
        self.used.update(each["PaymentID"] for each in found["Payments"])
        return found

    def refund(self, fits: Any = lambda _each: True) -> Document:
        """In pounds."""
        returned = XERO_ROLES["SalesReturns"]
        return self.pick(
            "BankTransactions",
            lambda each: (
                any(line["AccountCode"] == returned for line in each["LineItems"]) and number_of(each) not in self.left and fits(each)
            ),
        )

    def fee(self) -> Document:
        return self.pick("BankTransactions", lambda each: {line["AccountCode"] for line in each["LineItems"]} == {XERO_ROLES["Fees"]})

    def _untouched(self, invoice: Document) -> bool:
        return not {each["PaymentID"] for each in invoice["Payments"]} & self.used

    # ── what a person does ──

    def unpay(self, invoice: Document) -> None:
        """Take its payments off."""
        for each in list(invoice["Payments"]):
            payment = self.books.documents["Payments"][each["PaymentID"]]
            settle(self.books, self.books.touch(payment, Status="DELETED"), -1)
            self.must(number_of(payment), MISSING_IN_TARGET=-payment["Amount"])

    def save(self, document: Document, lines: list[Document], **more: Any) -> None:
        """Save other lines: Xero works the totals out anew."""
        net, tax = (sum((line[name] for line in lines), ZERO) for name in ("LineAmount", "TaxAmount"))
        amounts = {"SubTotal": net, "TotalTax": tax, "Total": net + tax}
        if "AmountDue" in document:
            amounts["AmountDue"] = net + tax - document["AmountPaid"]
        self.books.touch(document, LineItems=lines, **amounts, **more)

    def without(self, role: str, cause: str) -> None:
        """Take the lines of an account off an invoice that has others too, and their tax with them."""
        code = XERO_ROLES[role]
        invoice = self.sale(lambda each: {line["AccountCode"] for line in each["LineItems"]} > {code})
        self.unpay(invoice)
        gone = [line for line in invoice["LineItems"] if line["AccountCode"] == code]
        net, tax = (sum((line[name] for line in gone), ZERO) for name in ("LineAmount", "TaxAmount"))
        self.save(invoice, [line for line in invoice["LineItems"] if line["AccountCode"] != code])
        self.must(number_of(invoice), **{cause: -net}, **({"TAX": -tax} if tax else {}))

    # ── plants ──

    def payment_removed(self) -> None:
        invoice = self.sale(lambda each: each["Payments"])
        self.unpay(invoice)
        self.must(number_of(invoice), STATUS=0)

    def contact_edited(self) -> None:
        """For another customer: where it is paid, its payments come off first."""
        numbers = {each["ContactID"]: each.get("AccountNumber") for each in self.books.documents["Contacts"].values()}
        invoice = self.sale(lambda each: each["Payments"] and numbers[each["Contact"]["ContactID"]])
        self.unpay(invoice)
        mine = invoice["Contact"]["ContactID"]
        other = self.dice.choice([contact for contact, number in numbers.items() if number and contact != mine])
        self.books.touch(invoice, Contact={"ContactID": other, "Name": self.books.documents["Contacts"][other]["Name"]})
        self.must(number_of(invoice), PARTY=0, STATUS=0)

    def invoice_voided(self) -> None:
        invoice = self.sale(lambda each: each["Payments"])
        self.unpay(invoice)
        self.books.touch(invoice, Status="VOIDED", AmountDue=ZERO)
        self.must(number_of(invoice), MISSING_IN_TARGET=-invoice["Total"])

    def transfer_deleted(self) -> None:
        transfer = self.pick("BankTransfers")
        self.books.touch(transfer, Status="DELETED")
        self.must(number_of(transfer), MISSING_IN_TARGET=-transfer["Amount"])

    def refund_deleted(self) -> None:
        refund = self.refund()
        self.books.touch(refund, Status="DELETED")
        self.must(number_of(refund), REFUND_MISSING=refund["Total"])

    def fee_deleted(self) -> None:
        fee = self.fee()
        self.books.touch(fee, Status="DELETED")
        self.must(number_of(fee), FEE=fee["Total"])

    def dispute_deleted(self) -> None:
        dispute = self.pick(
            "BankTransactions", lambda each: XERO_ROLES["DisputesReceivable"] in {line["AccountCode"] for line in each["LineItems"]}
        )
        self.books.touch(dispute, Status="DELETED")
        self.must(number_of(dispute), CHARGEBACK=dispute["Total"] * (1 if dispute["Type"] == "SPEND" else -1))

    def invoice_copied(self) -> None:
        """Saved as a copy, reference and all; approved, not paid."""
        invoice = self.sale()
        fresh = {
            "InvoiceNumber": f"COPY-{len(self.used)}",
            "Status": "AUTHORISED",
            "Payments": [],
            "AmountDue": invoice["Total"],
            "AmountPaid": ZERO,
        }
        copy = {key: deepcopy(value) for key, value in invoice.items() if key != "InvoiceID"} | fresh
        self.used.add(self.books.add("Invoices", copy, by_hand=True))
        self.must(copy["InvoiceNumber"], DUPLICATE_TARGET=invoice["Total"])

    def invoice_typed(self) -> None:
        amount, number = self.cents(), f"HAND-{len(self.used)}"
        self._type(self.sale(), number, amount)
        self.must(number, MISSING_IN_SOURCE=amount)

    def twin_typed(self) -> None:
        """With the amount and the day of a sale that is booked: it is not that sale."""
        sale, number = self.sale(), f"{TWIN}{len(self.used)}"
        self._type(sale, number, sale["Total"])
        self.must(number, MISSING_IN_SOURCE=sale["Total"])

    def _type(self, like: Document, number: str, amount: Decimal) -> None:
        line = {
            **like["LineItems"][0],
            "Quantity": Decimal(1),
            "UnitAmount": amount,
            "LineAmount": amount,
            "TaxType": "NONE",
            "TaxAmount": ZERO,
        }
        line["AccountCode"] = XERO_ROLES["Sales"]
        amounts = {"SubTotal": amount, "TotalTax": ZERO, "Total": amount, "AmountDue": amount, "AmountPaid": ZERO, "Payments": []}
        named = {"InvoiceNumber": number, "Reference": "", "Status": "AUTHORISED", "LineItems": [line]}
        self.books.add("Invoices", {**{key: value for key, value in like.items() if key != "InvoiceID"}, **amounts, **named}, by_hand=True)

    def price_edited(self) -> None:
        """Of an article without tax."""
        invoice = self.sale(lambda each: any(_plain(line) for line in each["LineItems"]))
        self.unpay(invoice)
        more, lines = self.cents(), deepcopy(invoice["LineItems"])
        line = next(line for line in lines if _plain(line))
        line |= {"LineAmount": line["LineAmount"] + more, "UnitAmount": (line["LineAmount"] + more) / line["Quantity"]}
        self.save(invoice, lines)
        self.must(number_of(invoice), STALE=more)

    def tax_code_edited(self) -> None:
        refund = self.refund(lambda each: each["TotalTax"])
        lines = [{**line, "TaxType": "NONE", "TaxAmount": ZERO} for line in refund["LineItems"]]
        tax = refund["TotalTax"]
        self.save(refund, lines)
        self.must(number_of(refund), TAX=tax)

    def line_recoded(self) -> None:
        """Shipping, a tip or a discount booked as goods: paid invoices take another account, too."""
        role, cause = self.dice.choice((("ShippingIncome", "SHIPPING"), ("TipsPayable", "TIP"), ("Discounts", "DISCOUNT")))
        code = XERO_ROLES[role]
        invoice = self.sale(lambda each: any(line["AccountCode"] == code for line in each["LineItems"]))
        moved = sum((line["LineAmount"] for line in invoice["LineItems"] if line["AccountCode"] == code), ZERO)
        other = {"AccountCode": XERO_ROLES["Sales"]}
        self.books.touch(invoice, LineItems=[line | (other if line["AccountCode"] == code else {}) for line in invoice["LineItems"]])
        self.must(number_of(invoice), **{cause: -moved, "AMOUNT": moved})

    def price_and_tax_edited(self) -> None:
        """Exactly offsetting, but for a cent: a net difference would hide them."""
        refund = self.refund(lambda each: any(line["TaxAmount"] > 1 for line in each["LineItems"]))
        lines = deepcopy(refund["LineItems"])
        line = next(line for line in lines if line["TaxAmount"] > 1)
        line |= {"LineAmount": line["LineAmount"] + Decimal("1.01"), "TaxAmount": line["TaxAmount"] - 1}
        self.save(refund, lines)
        self.must(number_of(refund), STALE="-1.01", TAX=1)

    def day_and_tax_edited(self) -> None:
        refund = self.refund(lambda each: each["TotalTax"] and each["Date"].month == 1)
        lines, tax = [{**line, "TaxType": "NONE", "TaxAmount": ZERO} for line in refund["LineItems"]], refund["TotalTax"]
        self.save(refund, lines, Date=self.moved(refund["Date"]))
        self.must(number_of(refund), DATE=0, TAX=tax)

    def day_edited(self) -> None:
        refund = self.refund(lambda each: each["Date"].month == 1)
        self.books.touch(refund, Date=self.moved(refund["Date"]))
        self.must(number_of(refund), DATE=0)

    def period_edited(self) -> None:
        refund = self.refund(lambda each: each["Date"].month == 1)
        self.books.touch(refund, Date=date(2026, 2, 3))
        self.must(number_of(refund), PERIOD=0)


def _plain(line: Document) -> bool:
    return bool(line["AccountCode"] == XERO_ROLES["Sales"] and not line["TaxAmount"] and line["TaxType"] == "NONE")


PLAN = {
    **dict.fromkeys(("payment_removed", "invoice_voided", "transfer_deleted", "refund_deleted", "fee_deleted", "invoice_copied"), 3),
    **dict.fromkeys(("invoice_typed", "price_edited", "tax_code_edited", "tip_removed", "gift_card_removed", "discount_removed"), 3),
    **dict.fromkeys(("shipping_removed", "day_edited", "period_edited"), 3),
    "dispute_deleted": 1,  # the month has one
    "line_recoded": 14,
    "price_and_tax_edited": 2,
    "day_and_tax_edited": 2,  # two causes on one document
    "twin_typed": 12,
}
"""How often each is done in one month."""
WITH_BUYERS = PLAN | {"contact_edited": 3}
