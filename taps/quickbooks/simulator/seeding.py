"""What a company has before anybody synchronises, and what its people type by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taps.quickbooks.simulator.books import Books, Object

BY_HAND = "9341450000000777"
"""The user who types."""
_CLASSES = {"Bank": "Asset", "Income": "Revenue", "Expense": "Expense", "Equity": "Equity", "Cost of Goods Sold": "Expense"}
_OWN = (
    ("Accounts Receivable", "Accounts Receivable"),
    ("Accounts Payable", "Accounts Payable"),
    ("Sales Tax Payable", "Other Current Liability"),
)
_UNDEPOSITED = ("Undeposited Funds", "Other Current Asset")


class Seeds:
    """Puts things into the books as if they had been there."""

    def __init__(self, books: Books) -> None:
        self._books = books
        for name, kind in (*_OWN, _UNDEPOSITED):
            self.account(name, kind)

    def account(self, name: str, kind: str, number: str = "", currency: str = "") -> str:
        """An account of the chart, in home currency unless another is named; its id."""
        group = _CLASSES.get(kind) or ("Liability" if "Liability" in kind or "Payable" in kind else "Asset")
        kept_in = currency or self._books.home_currency
        made: Object = {"Name": name, "FullyQualifiedName": name, "Active": True, "Classification": group, "AccountType": kind}
        made |= {"CurrencyRef": {"value": kept_in, "name": kept_in}, "SubAccount": False} | ({"AcctNum": number} if number else {})
        return str(self._books.create("Account", made)["Id"])

    def item(self, name: str, account_id: str, **more: Any) -> str:
        """A service item that books to this account; its id."""
        return str(self._books.create("Item", {"Name": name, "IncomeAccountRef": {"value": account_id}, **more})["Id"])

    def customer(self, name: str, **more: Any) -> str:
        """A customer; its id."""
        return str(self._books.create("Customer", {"DisplayName": name, **more})["Id"])

    def vendor(self, name: str, **more: Any) -> str:
        """A supplier; its id."""
        return str(self._books.create("Vendor", {"DisplayName": name, **more})["Id"])

    def tax_code(self, name: str, *percents: str) -> str:
        """A tax code with a rate for each of these percentages; its id."""
        details = []
        for place, percent in enumerate(percents):
            rate = {"Name": f"{name} {percent}%", "RateValue": Decimal(percent), "Active": True}
            made = self._books.create("TaxRate", rate)
            details.append({"TaxRateRef": {"value": made["Id"]}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": place})
        code: Object = {"Name": name, "Active": True, "Taxable": bool(percents), "TaxGroup": True}
        code |= {rates: {"TaxRateDetail": details} for rates in ("SalesTaxRateList", "PurchaseTaxRateList")}
        return str(self._books.create("TaxCode", code)["Id"])

    def place(self, entity: str, name: str) -> str:
        """A Department or a Class; its id."""
        return str(self._books.create(entity, {"Name": name, "FullyQualifiedName": name, "Active": True})["Id"])

    def by_hand(self, entity: str, body: Object) -> Object:
        """A document that a person typed."""
        return self._books.create(entity, body, author=BY_HAND)

    def edit_by_hand(self, entity: str, remote_id: str, **fields: Any) -> Object:
        """What a person changed in a document."""
        token = self._books.get(entity, remote_id)["SyncToken"]
        return self._books.update(entity, {"Id": remote_id, "SyncToken": token, "sparse": True, **fields}, author=BY_HAND)
