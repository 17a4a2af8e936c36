"""The posting rules as one readable table: event → accounts, sides, representation.

`rules.yaml` is the table. `post` applies it, `rows` gives the lines of an invoice or a bill, `moves` says what happens to stock,
`reservations` what is kept of it, `EFFECTS` what a representation does at its target, and `fits` which documents may be so represented.
"""

from __future__ import annotations

from mappings.posting.books import Books
from mappings.posting.entry import Entry, Line, Move
from mappings.posting.own import IN_OWN_CURRENCY, Own, in_own_currency
from mappings.posting.rows import Row, rows
from mappings.posting.rules import EFFECTS, fits, measure, post
from mappings.posting.stock import kept_or_moved, moves, reservations
from mappings.posting.table import suggested_accounts

__all__ = [
    "EFFECTS",
    "IN_OWN_CURRENCY",
    "Books",
    "Entry",
    "Line",
    "Move",
    "Own",
    "Row",
    "fits",
    "in_own_currency",
    "kept_or_moved",
    "measure",
    "moves",
    "post",
    "reservations",
    "rows",
    "suggested_accounts",
]
