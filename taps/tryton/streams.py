"""What the read-back tap hands out: one stream a model, each with its total, its state and who touched it last."""

from __future__ import annotations

from typing import Any, NamedTuple


class Source(NamedTuple):
    """A stream: the model, and column ← field of Tryton (dots lead through records; of a list, one value a record)."""

    model: str
    columns: dict[str, str]
    company: str = "company"
    """Domain path to the company; '' where records belong to all companies."""


_CHANGED = {"updated_at": "write_date", "created_at": "create_date", "last_editor": "write_uid.login", "author": "create_uid.login"}

SOURCES: dict[str, Source] = {
    "invoices": Source(
        "account.invoice",
        {
            "id": "id",
            "type": "type",
            "number": "number",
            "reference": "reference",
            "description": "description",
            "date": "invoice_date",
            "accounting_date": "accounting_date",
            "currency": "currency.code",
            "untaxed": "untaxed_amount",
            "tax": "tax_amount",
            "total": "total_amount",
            "open": "amount_to_pay",
            "due_date": "payment_term_date",
            "account": "account.code",
            "line_accounts": "lines.account.code",
            "line_amounts": "lines.amount",
            "tax_accounts": "taxes.account.code",
            "tax_amounts": "taxes.amount",
            "status": "state",
            "party": "party.code",
            "move": "move",
            "cancel_move": "cancel_move",
            **_CHANGED,
        },
    ),
    "moves": Source(
        "account.move",
        {
            "id": "id",
            "number": "number",
            "description": "description",
            "date": "date",
            "journal": "journal.code",
            "period": "period.name",
            "status": "state",
            "origin": "origin",
            "accounts": "lines.account.code",
            "debits": "lines.debit",
            "credits": "lines.credit",
            **_CHANGED,
        },
    ),
    "statements": Source(
        "account.statement",
        {
            "id": "id",
            "name": "name",
            "date": "date",
            "journal": "journal.name",
            "amounts": "lines.amount",
            "related": "lines.related_to",
            "moves": "lines.move",
            "status": "state",
            **_CHANGED,
        },
    ),
    "stock_moves": Source(
        "stock.move",
        {
            "id": "id",
            "sku": "product.code",
            "quantity": "quantity",
            "unit": "unit.symbol",
            "from_location": "from_location.name",
            "to_location": "to_location.name",
            "date": "effective_date",
            "status": "state",
            "shipment": "shipment",
            "origin": "origin",
            "cost": "cost_price",
            **_CHANGED,
        },
    ),
    "shipments": Source(
        "stock.shipment.internal",
        {
            "id": "id",
            "number": "number",
            "reference": "reference",
            "date": "effective_date",
            "status": "state",
            "skus": "moves.product.code",
            "quantities": "moves.quantity",
            "from_types": "moves.from_location.type",
            "to_types": "moves.to_location.type",
            **_CHANGED,
        },
    ),
    "parties": Source(
        "party.party",
        {"id": "id", "code": "code", "name": "name", "active": "active", "emails": "contact_mechanisms.value", **_CHANGED},
        company="",
    ),
    "employees": Source(
        "company.employee",
        {
            "id": "id",
            "party": "party.code",
            "name": "party.name",
            "start_date": "start_date",
            "end_date": "end_date",
            "supervisor": "supervisor",
            **_CHANGED,
        },
    ),
    "timesheet_lines": Source(
        "timesheet.line",
        {
            "id": "id",
            "uuid": "uuid",
            "employee": "employee",
            "party": "employee.party.code",
            "work": "work.name",
            "date": "date",
            "seconds": "duration",
            "description": "description",
            **_CHANGED,
        },
    ),
}


def column(record: dict[str, Any], field: str) -> Any:
    """The value of a field; of a list of records, the list of their values."""
    value: Any = record
    for name in field.split("."):
        if isinstance(value, list):
            value = [each.get(name) if each else None for each in value]
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return None
    return value
