"""A person at QuickBooks: edits, voids, deletes, copies and types documents, by the simulator's own rules.

A document may be edited after it is paid; its balance follows. What was voided stays at zero. A copy keeps the memo, and with it our mark.
Nobody can give a document that stands another currency: it is that of its customer.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.reconcile.report import Report
from taps.quickbooks.marks import find
from tests._kit.books_month import Month
from tests._kit.by_hand import TWIN, ZERO, AtBooks
from tests.contract.samples.quickbooks_company import CODES, Company

Document = dict[str, Any]
_MADE = ("Id", "SyncToken", "MetaData", "DocNumber", "PaymentRefNum", "domain", "sparse", "Balance")
"""What QuickBooks makes anew for a copy."""


def number_of(document: Document) -> str:
    """The number that our mark begins with."""
    mark = find(document["PrivateNote"])
    assert mark is not None
    return mark.number


class AtQuickBooks(AtBooks):
    """Over the books of a company."""

    def __init__(self, month: Month, seed: int, before: Report, company: Company) -> None:
        super().__init__(month, seed, before)
        self.company = company
        accounts = {each["Id"]: each.get("AcctNum") or each["Name"] for each in company.books.objects["Account"].values()}
        roles = {code: role for role, code in CODES.items()}
        self._role = {
            each["Id"]: roles.get(accounts[each["IncomeAccountRef"]["value"]], "") for each in company.books.objects["Item"].values()
        }
        self._item = {each["Name"]: each["Id"] for each in company.books.objects["Item"].values()}
        self._account = {role: each for each, code in accounts.items() for role in CODES if CODES[role] == code}

    # ── what there is ──

    def pick(self, entity: str, fits: Callable[[Document], Any] = lambda _each: True) -> Document:
        """A document of ours, in pounds from the start, that was not touched."""
        objects = self.company.books.objects[entity].values()
        ours = (each for each in objects if find(each.get("PrivateNote")) and not each["PrivateNote"].startswith("Voided"))
        fitting = (each for each in ours if number_of(each) not in self.left and fits(each))
        return self.one(fitting, lambda each: f"{entity} {each['Id']}")

    def sale(self, fits: Callable[[Document], Any] = lambda _each: True) -> Document:
        return self.pick("Invoice", lambda each: self._january(each) and fits(each))

    def _of(self, document: Document, role: str) -> list[Document]:
        """Its lines that are booked to the account of a role."""
        lines = (line for line in document["Line"] if line["DetailType"] == "SalesItemLineDetail")
        return [line for line in lines if self._role[line["SalesItemLineDetail"]["ItemRef"]["value"]] == role]

    @staticmethod
    def _january(document: Document) -> bool:
        return bool(document["TxnDate"].startswith("2026-01"))

    def _fee(self) -> Document:
        only = [{"value": self._account["Fees"]}]
        return self.pick("Purchase", lambda each: [line["AccountBasedExpenseLineDetail"]["AccountRef"] for line in each["Line"]] == only)

    def _settles(self, payment: Document) -> bool:
        """Whether it pays an invoice that was not touched."""
        paid = {link["TxnId"] for line in payment["Line"] for link in line["LinkedTxn"]}
        return self._january(payment) and bool(paid) and not {f"Invoice {each}" for each in paid} & self.used

    # ── what a person does ──

    def _edit(self, entity: str, document: Document, **fields: Any) -> None:
        self.company.seeds.edit_by_hand(entity, document["Id"], **fields)

    def _delete(self, entity: str, document: Document) -> None:
        self.company.books.delete(entity, document)

    def without(self, role: str, cause: str) -> None:
        """Take the lines of an account off an invoice that has others too; the tax stays as it was entered."""
        sale = self.sale(lambda each: 0 < len(self._of(each, role)) < len(each["Line"]) - 1)
        gone = self._of(sale, role)
        self._edit("Invoice", sale, Line=[line for line in _lines(sale) if line["Id"] not in {each["Id"] for each in gone}])
        self.must(number_of(sale), **{cause: -sum((line["Amount"] for line in gone), ZERO)})

    def _dearer(self, sale: Document, more: Decimal) -> list[Document]:
        """Its lines, one article dearer."""
        first = self._of(sale, "Sales")[0]["Id"]
        lines = _lines(sale)
        line = next(line for line in lines if line["Id"] == first)
        line["Amount"] += more
        for name in ("Qty", "UnitPrice"):
            line["SalesItemLineDetail"].pop(name, None)
        return lines

    def _type(self, like: Document, number: str, amount: Decimal) -> None:
        detail = {"ItemRef": {"value": self._item["Mug"]}, "TaxCodeRef": {"value": "NON"}}
        line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        body = {"CustomerRef": {"value": self.company.buyer}, "TxnDate": like["TxnDate"], "DocNumber": number, "Line": [line]}
        self.company.seeds.by_hand("Invoice", body | {"CurrencyRef": like["CurrencyRef"]})
        self.must(number, MISSING_IN_SOURCE=amount)

    # ── plants ──

    def payment_deleted(self) -> None:
        payment, sale = self._paid()
        self._delete("Payment", payment)
        self.must(number_of(payment), MISSING_IN_TARGET=-payment["TotalAmt"])
        self.must(number_of(sale), STATUS=0)

    def payment_unapplied(self) -> None:
        """It stays, and pays nothing."""
        payment, sale = self._paid()
        self._edit("Payment", payment, Line=[])
        self.must(number_of(sale), STATUS=0)

    def customer_edited(self) -> None:
        """For another one, who has paid nothing."""
        customers = {each["Id"] for each in self.company.books.objects["Customer"].values() if find(each.get("Notes"))}
        payment, sale = self._paid(lambda each: each["CustomerRef"]["value"] in customers)
        self._edit("Payment", payment, Line=[])
        other = self.dice.choice(sorted(customers - {sale["CustomerRef"]["value"]}))
        self._edit("Invoice", sale, CustomerRef={"value": other})
        self.must(number_of(sale), PARTY=0, STATUS=0)

    def _paid(self, fits: Callable[[Document], Any] = lambda _each: True) -> tuple[Document, Document]:
        """A payment and the invoice that it settles alone."""
        sales = self.company.books.objects["Invoice"]

        def of(payment: Document) -> Document:
            return sales[payment["Line"][0]["LinkedTxn"][0]["TxnId"]]

        payment = self.pick("Payment", lambda each: self._settles(each) and of(each)["TotalAmt"] == each["TotalAmt"] and fits(of(each)))
        sale = of(payment)
        self.used.add(f"Invoice {sale['Id']}")
        return payment, sale

    def invoice_voided(self) -> None:
        sale = self.sale()
        self.must(number_of(sale), MISSING_IN_TARGET=-sale["TotalAmt"])
        self.company.books.void("Invoice", sale)

    def transfer_deleted(self) -> None:
        transfer = self.pick("Transfer")
        self._delete("Transfer", transfer)
        self.must(number_of(transfer), MISSING_IN_TARGET=-transfer["Amount"])

    def refund_deleted(self) -> None:
        refund = self.pick("RefundReceipt")
        self._delete("RefundReceipt", refund)
        self.must(number_of(refund), REFUND_MISSING=refund["TotalAmt"])

    def fee_deleted(self) -> None:
        fee = self._fee()
        self._delete("Purchase", fee)
        self.must(number_of(fee), FEE=fee["TotalAmt"])

    def fee_edited(self) -> None:
        fee, more = self._fee(), self.cents()
        self._edit("Purchase", fee, Line=[{**line, "Amount": line["Amount"] + more} for line in fee["Line"]])
        self.must(number_of(fee), STALE=-more)

    def dispute_deleted(self) -> None:
        """Its opening, and that it was lost."""
        for entity in ("Purchase", "JournalEntry"):
            dispute = self.pick(entity, lambda each: number_of(each).startswith("dp_"))
            self._delete(entity, dispute)
            self.must(number_of(dispute), CHARGEBACK=dispute["TotalAmt"])

    def invoice_copied(self) -> None:
        sale = self.sale()
        copy = self.company.seeds.by_hand("Invoice", {name: deepcopy(value) for name, value in sale.items() if name not in _MADE})
        self.used.add(f"Invoice {copy['Id']}")
        self.must(number_of(sale), DUPLICATE_TARGET=sale["TotalAmt"])

    def invoice_typed(self) -> None:
        self._type(self.sale(), f"HAND-{len(self.used)}", self.cents())

    def twin_typed(self) -> None:
        """With the amount and the day of a sale that is booked: it is not that sale."""
        sale = self.sale()
        self._type(sale, f"{TWIN}{len(self.used)}", sale["TotalAmt"])

    def price_edited(self) -> None:
        sale, more = self.sale(lambda each: self._of(each, "Sales")), self.cents()
        self._edit("Invoice", sale, Line=self._dearer(sale, more))
        self.must(number_of(sale), STALE=more)

    def tax_edited(self) -> None:
        sale, more = self.sale(lambda each: each["TxnTaxDetail"]["TotalTax"]), self.cents()
        self._edit("Invoice", sale, TxnTaxDetail={"TotalTax": sale["TxnTaxDetail"]["TotalTax"] + more})
        self.must(number_of(sale), TAX=more)

    def day_edited(self) -> None:
        sale = self.sale()
        self._edit("Invoice", sale, TxnDate=self.moved(date.fromisoformat(sale["TxnDate"])).isoformat())
        self.must(number_of(sale), DATE=0)

    def period_edited(self) -> None:
        sale = self.sale()
        self._edit("Invoice", sale, TxnDate="2026-02-03")
        self.must(number_of(sale), PERIOD=0)

    def money_moved(self) -> None:
        """A payment deposited to the bank instead of the processor's clearing account."""
        clearing = {"value": self._account["Clearing"]}
        payment = self.pick("Payment", lambda each: self._settles(each) and each["DepositToAccountRef"] == clearing)
        self._edit("Payment", payment, DepositToAccountRef={"value": self._account["Bank"]})
        self.must(number_of(payment), AMOUNT=0)

    def line_recoded(self) -> None:
        """Shipping, a tip or a discount booked as goods."""
        role, cause = self.dice.choice((("ShippingIncome", "SHIPPING"), ("TipsPayable", "TIP"), ("Discounts", "DISCOUNT")))
        sale = self.sale(lambda each: self._of(each, role))
        moved = {line["Id"] for line in self._of(sale, role)}
        lines = _lines(sale)
        for line in lines:
            if line["Id"] in moved:
                line["SalesItemLineDetail"]["ItemRef"] = {"value": self._item["Sales line"]}
        amount = sum((line["Amount"] for line in lines if line["Id"] in moved), ZERO)
        self._edit("Invoice", sale, Line=lines)
        self.must(number_of(sale), **{cause: -amount, "AMOUNT": amount})

    def price_and_tax_edited(self) -> None:
        """Exactly offsetting, but for a cent: a net difference would hide them."""
        sale = self.sale(lambda each: self._of(each, "Sales") and each["TxnTaxDetail"]["TotalTax"] > 1)
        tax = {"TotalTax": sale["TxnTaxDetail"]["TotalTax"] - 1}
        self._edit("Invoice", sale, Line=self._dearer(sale, Decimal("1.01")), TxnTaxDetail=tax)
        self.must(number_of(sale), STALE="1.01", TAX=-1)

    def day_and_price_edited(self) -> None:
        sale, more = self.sale(lambda each: self._of(each, "Sales")), self.cents()
        day = self.moved(date.fromisoformat(sale["TxnDate"])).isoformat()
        self._edit("Invoice", sale, TxnDate=day, Line=self._dearer(sale, more))
        self.must(number_of(sale), DATE=0, STALE=more)


def _lines(document: Document) -> list[Document]:
    """The lines of a sale without its subtotal."""
    return deepcopy([line for line in document["Line"] if line["DetailType"] == "SalesItemLineDetail"])


PLAN = {
    **dict.fromkeys(
        ("payment_deleted", "payment_unapplied", "invoice_voided", "transfer_deleted", "refund_deleted", "fee_deleted", "fee_edited"), 3
    ),
    **dict.fromkeys(("invoice_copied", "invoice_typed", "price_edited", "tax_edited", "tip_removed", "gift_card_removed"), 3),
    **dict.fromkeys(("discount_removed", "shipping_removed", "day_edited", "period_edited", "money_moved"), 3),
    "dispute_deleted": 1,  # the month has one
    **dict.fromkeys(("line_recoded", "price_and_tax_edited", "day_and_price_edited"), 6),  # two causes on one document
    "twin_typed": 10,
}
"""How often each is done in one month."""
WITH_BUYERS = PLAN | {"customer_edited": 3}
