"""The tables of the target, in one place.

Quantities and prices are exact: NUMERIC(20, 6) where the database has it; on SQLite, which has only binary floats, whole millionths in
an INTEGER (`units = 2000000` is two pieces; sums stay exact, divide the sum by 1000000 to show it).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_SCALE = 6
_MILLION = Decimal(1_000_000)
LARGEST = Decimal(9_000_000_000_000)
"""Nothing greater fits both ways of storing."""


class Exact(TypeDecorator[Decimal]):
    """A decimal with up to six places, never a float."""

    impl = sa.Numeric(20, _SCALE)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """Whole millionths on SQLite."""
        return dialect.type_descriptor(sa.BigInteger() if dialect.name == "sqlite" else sa.Numeric(20, _SCALE))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """What is stored. `value` has at most six places: `prepare` has seen to it."""
        return int(value * _MILLION) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """What was stored."""
        return Decimal(value).scaleb(-_SCALE) if value is not None and dialect.name == "sqlite" else value


METADATA = sa.MetaData()
_KEY = sa.String(400)

receipt = sa.Table(
    "counterfoil_receipt",
    METADATA,
    sa.Column("idempotency_key", _KEY, primary_key=True, comment="one attempt: a second row is impossible, so is a second effect"),
    sa.Column("seq", sa.BigInteger, nullable=False, unique=True, comment="order of writing"),
    sa.Column("look_up_key", _KEY, nullable=False, index=True),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("local_id", _KEY, nullable=False),
    sa.Column("part", sa.String(120), nullable=False),
    sa.Column("remote_id", sa.String(600), nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("unit", sa.String(12), nullable=False),
    sa.Column("effect", sa.String(60), nullable=False, comment="decimal as text, as read back from the rows"),
    sa.Column("body", sa.Text, nullable=False, comment="JSON: what stands after this attempt"),
    sa.Index("counterfoil_receipt_subject", "kind", "local_id", "part"),
    comment="One row per attempt of Counterfoil, written in the transaction of its effect.",
)

stock_movement = sa.Table(
    "stock_movement",
    METADATA,
    sa.Column("receipt_key", _KEY, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("location", sa.Text, nullable=False),
    sa.Column("units", Exact, nullable=False, comment="+ out of stock, − into stock"),
    sa.Column("unit_cost", Exact),
    sa.Column("moved_on", sa.Date, nullable=False),
    sa.Column("document_number", sa.Text, nullable=False),
    sa.Column("kind", sa.String(60), nullable=False),
    comment="Stock that moved, append-only: a change is the difference, a removal is the negation.",
    sqlite_with_rowid=False,
)

time_entry = sa.Table(
    "time_entry",
    METADATA,
    sa.Column("receipt_key", _KEY, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("employee_number", sa.Text, nullable=False),
    sa.Column("worked_on", sa.Date, nullable=False),
    sa.Column("pay", sa.String(20), nullable=False, comment="regular or overtime"),
    sa.Column("hours", Exact, nullable=False),
    sa.Column("location", sa.Text),
    sa.Column("role_code", sa.Text),
    sa.Column("document_number", sa.Text, nullable=False),
    comment="Hours worked, append-only like stock.",
    sqlite_with_rowid=False,
)


def _record(name: str, *columns: sa.Column[Any], comment: str) -> sa.Table:
    """A table with one row a thing, replaced as the thing changes."""
    return sa.Table(
        name,
        METADATA,
        sa.Column("local_id", _KEY, primary_key=True),
        *columns,
        sa.Column("active", sa.Boolean, nullable=False, comment="false once the front office has removed it"),
        sa.Column("receipt_key", _KEY, nullable=False, comment="the attempt that wrote this state"),
        comment=comment,
    )


customer = _record(
    "customer",
    *(sa.Column(name, sa.Text) for name in ("customer_type", "display_name", "first_name", "last_name", "company_name")),
    *(sa.Column(name, sa.Text, comment="JSON list") for name in ("emails", "phone_numbers", "addresses")),
    *(sa.Column(name, sa.Text) for name in ("tax_number", "country", "currency", "payment_terms", "status")),
    comment="Those who buy.",
)
item = _record(
    "item",
    *(sa.Column(name, sa.Text) for name in ("sku", "name", "description", "gtin", "brand", "category_path", "product_type")),
    sa.Column("unit_of_measure", sa.Text),
    sa.Column("list_price", Exact),
    sa.Column("unit_cost", Exact),
    sa.Column("currency", sa.Text),
    sa.Column("tracked", sa.Boolean),
    sa.Column("status", sa.Text),
    comment="What is sold.",
)
employee = _record(
    "employee",
    *(sa.Column(name, sa.Text) for name in ("employee_number", "first_name", "last_name", "preferred_name", "work_email", "phone")),
    sa.Column("tax_identifier_ref", sa.Text),
    sa.Column("employment_status", sa.Text),
    sa.Column("hire_date", sa.Date),
    sa.Column("termination_date", sa.Date),
    *(sa.Column(name, sa.Text) for name in ("manager_number", "department", "location", "job_title")),
    comment="Those who work here.",
)
document = _record(
    "document",
    sa.Column("document_type", sa.String(200), primary_key=True),
    sa.Column("part", sa.String(120), primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("dated_on", sa.Date),
    sa.Column("amount", Exact, nullable=False),
    sa.Column("unit", sa.String(12), nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="JSON"),
    comment="Any other record, whole, as JSON.",
)
