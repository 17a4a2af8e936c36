"""What a company's books look like to the posting rules: accounts by role, settlement, exchange rates and recorded decisions."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from string import Formatter
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field

from mappings.model.base import Amount, Currency, Day, Key, Rate, Value
from mappings.posting.table import table

SETTLEMENT_OF = MappingProxyType(
    {
        "invoice": "Receivable",
        "credit_note": "Receivable",
        "sales_receipt": "Clearing",
        "refund_receipt": "Clearing",
        "journal": "Clearing",
    }
)
"""What is owed goes here unless the books say otherwise: on account for an invoice, at the processor for what is paid at the sale."""
PLACEHOLDERS = ("currency", "gateway", "location")
OLDEST_RATE = timedelta(days=7)
_WORDS = re.compile(r"[^\W_]+")


def _template(account: str) -> str:
    """An account's name; ValueError where it has a placeholder that no document can fill."""
    for _, name, _, _ in Formatter().parse(account):
        if name is not None and name not in PLACEHOLDERS:
            raise ValueError(f"{{{name}}} is none of {', '.join(PLACEHOLDERS)}")
    return account


class Setting(NamedTuple):
    """What fills the placeholders of an account's name."""

    currency: str
    gateway: str = ""
    location: str = ""


class Books(Value):
    """The books of one company as one posting uses them."""

    base_currency: Currency
    accounts: dict[Key, Annotated[Key, AfterValidator(_template)]]
    """Account by role; `{currency}`, `{gateway}` and `{location}` are filled from the document, as one word: Clearing:{gateway}."""
    settlement: dict[Key, Key] = Field(default_factory=dict)
    """Role that takes what is owed, by representation, where it is not `SETTLEMENT_OF`."""
    rates: dict[Currency, dict[Day, Rate]] = Field(default_factory=dict)
    """Base currency for one unit, by day; the newest of the last seven days counts. A rate on the document comes first."""
    decisions: dict[Key, Key] = Field(default_factory=dict)
    gift_cards_taken: Literal["with_sale", "with_payment"] = "with_sale"
    """Whether a gift card that pays an invoice is booked by the invoice or by its payment."""
    bill_difference_limit: Amount | None = None
    """A bill is held whose differences from order and receipt are more than this, in its own currency; None: none is."""
    documents_in: Literal["base", "document"] = "base"
    """In which currency an invoice or credit note of another currency is written, where the target can: see docs/decisions."""

    def settles_on(self, representation: str) -> str:
        """The role that takes what is owed; '' where nobody says."""
        return self.settlement.get(representation) or SETTLEMENT_OF.get(representation, "")

    def account(self, role: str, setting: Setting) -> str | None:
        """The account for a role; None where there is none, or where the document cannot fill a placeholder."""
        name = self.accounts.get(role)
        if name is None or "{" not in name:
            return name
        filled = {key: _segment(value) for key, value in setting._asdict().items()}
        if any(not filled[key] for _, key, _, _ in Formatter().parse(name) if key):
            return None
        return name.format(**filled)

    def rate(self, currency: str, day: date, stated: Decimal | None) -> Decimal | None:
        """Base currency for one unit of `currency`; None where it is not known."""
        if currency == self.base_currency:
            return Decimal(1)
        if stated is not None:
            return stated
        known = [on for on in self.rates.get(currency, {}) if day - OLDEST_RATE <= on <= day]
        return self.rates[currency][max(known)] if known else None

    def unknown_decisions(self) -> list[str]:
        """Decisions that the posting table does not ask for, or answers that it does not know, one sentence each."""
        asked = table().decisions
        return [
            f"the decision {name} is not one of {', '.join(asked)}"
            if name not in asked
            else f"{answer!r} is no answer to {name}: {', '.join(asked[name].answers)}"
            for name, answer in self.decisions.items()
            if name not in asked or answer not in asked[name].answers
        ]

    def unknown_roles(self) -> list[str]:
        """Roles with an account to which nothing is ever booked."""
        return [role for role in self.accounts if role not in table().roles and role not in self.settlement.values()]


def _segment(text: str) -> str:
    """A word that may stand in an account's name: `shopify_payments` → `ShopifyPayments`."""
    return "".join(word[0].upper() + word[1:] for word in _WORDS.findall(text))
