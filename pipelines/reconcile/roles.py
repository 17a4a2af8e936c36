"""What an account of the books means to reconciliation: part of a total, or a balance that must agree with somebody else's.

Read from the accounts that a route's posting names (role → account, with `{gateway}` and the like as wild cards), never from what an
entry says of itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from mappings.posting.books import Books
from pipelines.reconcile.bench import BALANCES, COMPONENTS

ZERO = Decimal(0)
_COMPONENT = {
    **dict.fromkeys(
        ("Sales", "SalesReturns", "ManualSales", "CustomerDeposits", "SamplesExpense", "DonationPayable", "BadDebtExpense"), "goods"
    ),
    **dict.fromkeys(("ServiceCharges", "GRNI", "PurchaseExpense", "PurchaseVariance", "SupplierClaims"), "goods"),
    "Discounts": "discount",
    **dict.fromkeys(("ShippingIncome", "Freight"), "shipping"),
    **dict.fromkeys(("SalesTaxPayable", "InputTax"), "tax"),
    "TipsPayable": "tip",
    **dict.fromkeys(("GiftCardLiability", "StoreCredit", "GiftCardBreakage"), "gift_card"),
    **dict.fromkeys(("Fees", "DisputeFees"), "fee"),
    **dict.fromkeys(("CashRounding", "Rounding"), "rounding"),
}
_CLEARING = "Clearing"
SEVERAL = "several processors"
"""For an entry that moves the clearing accounts of more than one."""
_GATEWAY, _WILD = re.compile(r"\\\{gateway\\\}"), re.compile(r"\\\{\w+\\\}")
_BALANCE = {
    _CLEARING: "clearing",
    "PayoutsInTransit": "in_transit",
    "Bank": "bank",
    **dict.fromkeys(("SalesTaxPayable", "InputTax"), "tax_owed"),
    "GiftCardLiability": "cards_owed",
}
_SETTLING = ("Receivable", "Clearing", "Cash", "Bank")
"""Roles that take what a document is worth: its total, where an entry does not say."""


class Posting(NamedTuple):
    """One line of an entry: + debit, − credit."""

    account: str
    amount: Decimal
    currency: str
    control: bool
    role: str = ""
    """Where the document itself says what the account is; else the books' accounts tell."""


class Roles:
    """The roles of the accounts of some postings' books."""

    def __init__(self, books: Iterable[Books], rounding: str | None = None) -> None:
        """`rounding`: the account on which a target's writer makes up for tax that is rounded otherwise there."""
        self._patterns = [
            (re.compile(_WILD.sub("[^:]+", _GATEWAY.sub("(?P<gateway>[^:]+)", re.escape(account), count=1))), role)
            for each in books
            for role, account in (*each.accounts.items(), *([("Rounding", rounding)] if rounding else []))
        ]
        self.of = lru_cache(maxsize=None)(self._of)
        self.gateway_of = lru_cache(maxsize=None)(self._gateway_of)

    def _of(self, account: str) -> str:
        """The account's role; '' where no posting names it. Of two roles with one account the first counts."""
        return next((role for pattern, role in self._patterns if pattern.fullmatch(account)), "")

    def _gateway_of(self, account: str) -> str:
        """What stands in the account's name for `{gateway}`; '' where its role is no clearing account, or it does not say."""
        for pattern, role in self._patterns:
            if found := pattern.fullmatch(account):
                return found.groupdict().get("gateway") or "" if role == _CLEARING else ""
        return ""

    def _processor(self, postings: Sequence[Posting]) -> str | None:
        """The processor whose clearing account an entry moves; SEVERAL where it moves more, None where no name says it."""
        named = {self.gateway_of(posting.account) for posting in postings} - {""}
        return SEVERAL if len(named) > 1 else next(iter(named), None)

    def measured(self, postings: Sequence[Posting], *, ours: bool) -> dict[str, Any]:
        """Amount, unit, components and balances of an entry, as columns of `item`. One that is not ours counts its debits at least."""
        sums = dict.fromkeys((*COMPONENTS, *BALANCES), ZERO)
        stated = any(posting.control for posting in postings)
        total = ZERO
        for posting in postings:
            role = posting.role or self.of(posting.account)
            if posting.control if stated else role in _SETTLING:
                total += posting.amount
            else:
                sums[_COMPONENT.get(role, "other")] -= posting.amount
            if role in _BALANCE:
                sums[_BALANCE[role]] += posting.amount
        if not (stated or ours or total):
            total = sum((posting.amount for posting in postings if posting.amount > 0), ZERO)
        detailed = total == sum((sums[name] for name in COMPONENTS), ZERO)
        unit = postings[0].currency if postings else ""
        return {"amount": total, "unit": unit, "detailed": detailed, "gateway": self._processor(postings), **sums}
