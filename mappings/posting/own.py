"""A document as it stands in its own currency, beside its entry in the base currency: same accounts, nothing converted."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from mappings.model.base import Document
from mappings.model.order import Trade
from mappings.model.purchase import Purchase
from mappings.posting.books import Books
from mappings.posting.entry import Entry, Line
from mappings.posting.rows import Row, rows
from mappings.posting.rules import measure, post

IN_OWN_CURRENCY = ("invoice", "credit_note", "sales_receipt", "refund_receipt", "payment", "bill", "bill_credit")
"""Representations of what a buyer or seller sees: these may stand in their own currency. Entries, fees and transfers are in base."""


class Own(NamedTuple):
    """Lines and rows in the document's currency, and the rate at which its entry was converted."""

    currency: str
    rate: Decimal
    """Base currency for one unit."""
    lines: tuple[Line, ...]
    rows: tuple[Row, ...]


def in_own_currency(document: Document, *, representation: str, books: Books, entry: Entry) -> Own | None:
    """The document of that entry in its own currency; None where that is the base currency or nothing is booked.

    It is posted once more, as if the books were kept in its currency: every amount is then as the buyer saw it.
    """
    _amount, currency = measure(document, "money")
    rate = books.rate(currency, document.business_date or entry.date, getattr(document, "exchange_rate", None))
    if currency == books.base_currency or rate is None:
        return None
    alike = books.model_copy(update={"base_currency": currency})
    made, problems = post(document, representation=representation, books=alike)
    if made is None or problems:
        return None
    shown = rows(document, representation=representation, books=alike, entry=made) if isinstance(document, Trade | Purchase) else ()
    return Own(currency, rate, made.lines, shown)
