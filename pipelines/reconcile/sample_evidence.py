"""The chain of evidence of one document: source rows, mapping, postings and receipts, payments, payout, bank line.

Personal fields are left out. Of a source row only values are shown that the document carries too, outside its personal fields: what the
mapping did not use may be anything, so its name is shown and its value is not. `personal` shows all, for who may see it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub import queries, story
from pipelines.hub.ledger_tables import receipt
from pipelines.hub.tables import document, landed, lineage
from pipelines.reconcile.exports.totals import plain

_MOST_ROWS = 5
_MOST = 40
_BANK_DAYS = timedelta(days=7)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-][\d:]+)?)?$")
_HIDDEN = "(not shown)"
Pairs = list[list[str]]


def evidence(tx: Connection, document_id: UUID, *, personal: bool = False) -> dict[str, Any]:
    """What a page about one document shows: texts only, in sections."""
    row = tx.execute(sa.select(document).where(document.c.document_id == document_id, document.c.current)).one()
    told = story.tell(tx, queries.find(tx, str(document_id))[0])
    body = json.loads(row.body)
    payments = [row] if row.type == "payment" else _children(tx, row, "payment")
    payouts = [row] if row.type == "payout" else _payouts(tx, payments)
    return {
        "title": f"{row.type.replace('_', ' ').capitalize()} {row.number}",
        "head": [
            ["Company", row.company_id], ["Connection", row.connection_id], ["Business date", _text(row.business_date)],
            ["Amount", f"{plain(row.amount)} {row.currency}"], ["Id", str(row.document_id)],
        ],
        "rows": [_source_row(each, body, json.loads(row.private or "{}"), personal=personal) for each in _landed(tx, row.seq)],
        "mapping": [
            ["Mapping", f"{row.mapping} v{row.mapping_version}"], ["Digest", row.mapping_digest[:16]], ["Revision", str(row.revision)],
            ["Translated", f"{row.translated_at:%Y-%m-%d %H:%M:%S} UTC"],
        ],
        "document": [[name, value] for name, value in _flat(body)][:_MOST],
        "postings": [
            [f"{each.route}/{each.posting}", each.target, each.representation, each.fate, f"{plain(each.booked)} {each.unit}", each.reason]
            for each in told.standings
        ],
        "receipts": _receipts(tx, document_id),
        "payments": [_line(each) for each in payments],
        "payouts": [_line(each) for each in payouts],
        "bank": [line for each in payouts for line in _bank_lines(tx, each)],
        "events": [[f"{each.at:%Y-%m-%d %H:%M:%S}", each.what, each.say] for each in told.events][:_MOST],
    }  # fmt: skip


def _landed(tx: Connection, seq: int) -> Sequence[sa.Row[Any]]:
    wanted = sa.select(landed).join(lineage, lineage.c.landed_seq == landed.c.seq).where(lineage.c.document_seq == seq)
    return tx.execute(wanted.order_by(landed.c.seq).limit(_MOST_ROWS)).all()


def _source_row(row: sa.Row[Any], body: Any, private: Any, *, personal: bool) -> dict[str, Any]:
    used = {_comparable(value) for _name, value in _flat(body)} - {_comparable(value) for _name, value in _flat(private)}
    fields = [] if row.body is None else list(_flat(json.loads(row.body)))
    shown = [[name, value if personal or _comparable(value) in used else _HIDDEN] for name, value in fields]
    return {
        "title": f"{row.connection_id}/{row.stream}, row {row.seq}, key {row.key}",
        "head": [["Landed", f"{row.landed_at:%Y-%m-%d %H:%M:%S} UTC"], ["Hash", row.content_hash], ["Place", row.location or ""]],
        "fields": shown[:_MOST] or [["", "erased"]],
    }


def _receipts(tx: Connection, document_id: UUID) -> Pairs:
    rows = tx.execute(sa.select(receipt).where(receipt.c.document_id == document_id).order_by(receipt.c.attempt_id).limit(_MOST))
    return [
        [row.target, row.kind, row.number, row.remote_id, f"{plain(row.effect)} {row.unit}", f"{row.written_at:%Y-%m-%d %H:%M:%S}"]
        for row in rows
    ]


def _children(tx: Connection, row: sa.Row[Any], kind: str) -> list[sa.Row[Any]]:
    wanted = sa.select(document).where(document.c.parent_id == row.document_id, document.c.type == kind, document.c.current)
    return list(tx.execute(wanted.order_by(document.c.seq).limit(_MOST)))


def _payouts(tx: Connection, payments: Sequence[sa.Row[Any]]) -> list[sa.Row[Any]]:
    named = {json.loads(each.body).get("payout_id") for each in payments} - {None}
    wanted = sa.select(document).where(document.c.document_id.in_([UUID(each) for each in named]), document.c.current)
    return list(tx.execute(wanted.order_by(document.c.seq)))


def _bank_lines(tx: Connection, payout: sa.Row[Any]) -> Iterator[list[str]]:
    """Entries of our bank accounts of the payout's amount, by reference or within a week of its day."""
    if payout.business_date is None:
        return
    told = json.loads(payout.body)
    day = date.fromisoformat(told["arrival_on"]) if told.get("arrival_on") else payout.business_date
    wanted = sa.select(document).where(
        document.c.type == "bank_transaction", document.c.current, document.c.company_id == payout.company_id,
        document.c.currency == payout.currency, document.c.amount == payout.amount,
        document.c.business_date.between(day - _BANK_DAYS, day + _BANK_DAYS),
    )  # fmt: skip
    references = {told.get("bank_reference"), payout.number, payout.source_id} - {None, ""}
    for row in tx.execute(wanted.order_by(document.c.business_date, document.c.seq).limit(_MOST)):
        named = references & {value for _name, value in _flat(json.loads(row.body))}
        yield [*_line(row), "by reference" if named else "by amount and day"]


def _line(row: sa.Row[Any]) -> list[str]:
    return [row.number, _text(row.business_date), f"{plain(row.amount)} {row.currency}", row.connection_id]


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Leaves with their paths, in order."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from _flat(each, f"{name}[{number}]")
    elif value is not None and value != "":
        yield name, str(value)


def _comparable(text: str) -> str:
    """Numbers by their value, so that 19.00 is 19; instants by their day."""
    if _DAY.match(text):
        return text[:10]
    try:
        return f"{Decimal(text).normalize():f}"
    except InvalidOperation:
        return text


def _text(value: Any) -> str:
    return "" if value is None else str(value)
