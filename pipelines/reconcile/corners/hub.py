"""The hub: what it knows of each document, what became of it on a posting, and what its receipts say was booked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from mappings.posting import EFFECTS
from pipelines.home.settings import Posting, Route
from pipelines.hub.ledger_tables import disposition, operation, receipt
from pipelines.hub.outbox import PERIOD
from pipelines.hub.store import Hub
from pipelines.hub.tables import document, landed, source_head
from pipelines.hub.words import Fate, Outcome
from pipelines.reconcile.bench import STANDING, Bench, Table
from pipelines.reconcile.roles import SEVERAL

ZERO = Decimal(0)
_BATCH = 5_000
TENDERS_OF_OURS = ("gift_card", "store_credit")
"""Ways to pay that no processor settles: we owe them ourselves."""
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
UNTRANSLATED = Table("untranslated", {"connection": "VARCHAR", "ref": "VARCHAR", "outcome": "VARCHAR"})
"""Rows that made no document, by key and by group: why a document is not there."""


class _Booked(NamedTuple):
    effect: Decimal
    unit: str
    bridge: Mapping[str, Decimal]


def load(bench: Bench, hub: Hub, sheet: str, effect: str, postings: list[tuple[Route, Posting]]) -> None:
    """Fill `standing` for the postings of one sheet."""
    for route, posting in postings:
        with hub.read() as tx:
            booked = _receipts(tx, route.name, posting.name)
            fates = _fates(tx, route.name, posting.name, effect)
            rows = _standings(tx, route, posting, effect, sheet, fates, booked)
            bench.load(STANDING, rows)


def _fates(tx: sa.Connection, route: str, posting: str, effect: str) -> dict[tuple[Any, str], tuple[str, str, str]]:
    """(document, part) → fate, reason, what it is held for."""
    statement = (
        sa.select(disposition.c.document_id, disposition.c.part, disposition.c.fate, disposition.c.reason, operation.c.fingerprint)
        .select_from(disposition.outerjoin(operation, operation.c.operation_id == disposition.c.operation_id))
        .where(disposition.c.route == route, disposition.c.posting == posting, disposition.c.effect == effect)
    )
    return {
        (row.document_id, row.part): (row.fate, row.reason, "period" if row.fingerprint == PERIOD else "")
        for row in tx.execute(statement).yield_per(_BATCH)
    }


def _receipts(tx: sa.Connection, route: str, posting: str) -> dict[tuple[Any, str], _Booked]:
    """(document, part) → what all its receipts together read back."""
    statement = sa.select(
        receipt.c.document_id, receipt.c.part, receipt.c.unit, receipt.c.effect, receipt.c.bridge, receipt.c.attempt_id
    ).where(receipt.c.route == route, receipt.c.posting == posting)
    found: dict[tuple[Any, str], _Booked] = {}
    for row in tx.execute(statement).yield_per(_BATCH):
        known = found.get((row.document_id, row.part))
        bridge = {name: Decimal(value) for name, value in (row.bridge or {}).items()}
        if known is not None:
            bridge = {name: known.bridge.get(name, ZERO) + bridge.get(name, ZERO) for name in {*known.bridge, *bridge}}
        found[row.document_id, row.part] = _Booked((known.effect if known else ZERO) + row.effect, row.unit, bridge)
    return found


def _standings(
    tx: sa.Connection,
    route: Route,
    posting: Posting,
    effect: str,
    sheet: str,
    fates: Mapping[tuple[Any, str], tuple[str, str, str]],
    booked: Mapping[tuple[Any, str], _Booked],
) -> Iterator[dict[str, Any]]:
    columns = (
        "document_id",
        "connection_id",
        "type",
        "source_id",
        "number",
        "business_date",
        "currency",
        "amount",
        "units",
        "hours",
        "reserved",
    )
    statement = sa.select(*(document.c[name] for name in columns), document.c.cost, document.c.parts, document.c.body).where(
        document.c.connection_id.in_(sorted(route.sources)), document.c.current, document.c.deleted.is_(False)
    )
    for row in tx.execute(statement).yield_per(_BATCH):
        for part, day in row.parts or (("", row.business_date),):
            fate = fates.get((row.document_id, part))
            if fate is None and not _will_be_planned(posting, row.type, effect):
                continue
            name, reason, held_for = fate or (Fate.READY.value, "not planned yet", "")
            receipts = booked.get((row.document_id, part))
            body = _decode(row.body) if row.currency and ("exchange_rate" in row.body or row.parts) else {}
            amount, unit = _measure(row, effect, part, body)
            yield {
                "sheet": sheet,
                "base": posting.books.base_currency if posting.books else "",
                "connection": row.connection_id,
                "kind": row.type,
                "ref": row.source_id,
                "part": part,
                "subject": f"{row.document_id}/{part}" if part else str(row.document_id),
                "number": row.number,
                "on_day": str(day) if day else None,
                "unit": unit,
                "amount": amount,
                "rate": body.get("exchange_rate"),
                "gateway": gateway_of(row.body) if effect == "money" else None,
                "fate": name,
                "reason": reason,
                "held_for": held_for,
                "booked": receipts.effect if receipts else None,
                "booked_unit": receipts.unit if receipts else None,
                "card_bridge": _bridge(receipts, "gift_card", "store_credit"),
                "fx_bridge": _bridge(receipts, "fx"),
                "rounding_bridge": _bridge(receipts, "rounding"),
            }


def gateway_of(body: str) -> str | None:
    """The processor whose clearing account a document moves, where it names one; SEVERAL where it names more."""
    if '"gateway":' not in body:
        return None
    told: dict[str, Any] = _decode(body)
    tenders = (each.get("gateway") for each in told.get("tenders") or () if each.get("tender_type") not in TENDERS_OF_OURS)
    named = dict.fromkeys(filter(None, (told.get("gateway"), *tenders)))
    return SEVERAL if len(named) > 1 else next(iter(named), None)


def _bridge(receipts: _Booked | None, *names: str) -> Decimal:
    return sum((receipts.bridge.get(name, ZERO) for name in names), ZERO) if receipts else ZERO


def _will_be_planned(posting: Posting, kind: str, effect: str) -> bool:
    policy = posting.policy(kind)
    return policy is not None and policy.as_ is not None and EFFECTS[policy.as_] == effect


def _measure(row: Any, effect: str, part: str, body: Mapping[str, Any]) -> tuple[Decimal, str]:
    """What a leg does, signed. Other than in the route's equation each leg counts: the money arrives as surely as it was sent."""
    match effect:
        case "stock" | "reserve":
            return (row.units if effect == "stock" else row.reserved), "C62"
        case "hours":
            return row.hours, "HUR"
        case "cost":
            return row.cost, row.currency
    if row.type == "payout":
        return (-row.amount if part in ("failed", "returned") else row.amount), row.currency
    if row.type == "dispute" and part in ("won", "lost"):
        disputed = Decimal(body["disputed_amount"])
        return (disputed + Decimal(body.get("fee_returned", 0)) if part == "won" else -disputed), row.currency
    return row.amount, row.currency


def heads(hub: Hub, connection: str, stream: str) -> Iterator[dict[str, Any]]:
    """The current row of each key, as the hub last saw it."""
    statement = (
        sa.select(landed.c.seq, landed.c.key, landed.c.body)
        .join(source_head, sa.and_(source_head.c.seq == landed.c.seq, source_head.c.connection_id == landed.c.connection_id))
        .where(
            landed.c.connection_id == connection, landed.c.stream == stream, source_head.c.deleted.is_(False), landed.c.body.is_not(None)
        )
        .where(landed.c.outcome.is_(None) | (landed.c.outcome != Outcome.PROBLEM.value))
    )
    with hub.read() as tx:
        for row in tx.execute(statement).yield_per(_BATCH):
            yield {"seq": row.seq, "key": row.key, "body": msgspec.Raw(row.body.encode())}


def untranslated(bench: Bench, hub: Hub, connections: list[str]) -> None:
    """Fill `untranslated`: rows of the newest version that wait, have a problem, or are held with their group."""
    bench.make(UNTRANSLATED)
    statement = (
        sa.select(landed.c.connection_id, landed.c.key, landed.c.group_key, landed.c.outcome)
        .join(source_head, sa.and_(source_head.c.seq == landed.c.seq, source_head.c.connection_id == landed.c.connection_id))
        .where(landed.c.connection_id.in_(connections))
        .where(landed.c.outcome.is_(None) | landed.c.outcome.in_((Outcome.PROBLEM.value, Outcome.HELD.value, Outcome.EXCLUDED.value)))
    )
    with hub.read() as tx:
        rows = (
            {"connection": row.connection_id, "ref": ref, "outcome": row.outcome or "untranslated"}
            for row in tx.execute(statement).yield_per(_BATCH)
            for ref in {row.key, row.group_key or row.key}
        )
        bench.load(UNTRANSLATED, rows)
