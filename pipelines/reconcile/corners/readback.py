"""A target over HTTP as it stands: read anew by the tap of its own system, and told by the SQL of its control; never by the writer.

A document is ours if the hub's crosswalk knows its id, or if it bears the key of one of our attempts: the second finds what was written
twice. What nobody of us knows was typed by hand or written by another program; it counts where it touches an account that we post to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

import sqlalchemy as sa

from mappings.posting import EFFECTS
from pipelines.home.load import Home
from pipelines.home.settings import Posting as Route
from pipelines.home.settings import TargetConnection
from pipelines.hub.around import surroundings
from pipelines.hub.ledger_tables import attempt, crosswalk, operation, receipt
from pipelines.hub.store import Hub
from pipelines.hub.tables import document, member
from pipelines.reconcile.bench import ITEM, LINE, Bench
from pipelines.reconcile.controls import HELD, UNITS, Control, Held, columns
from pipelines.reconcile.corners.foreign import in_base
from pipelines.reconcile.corners.source import read_stream
from pipelines.reconcile.roles import Posting, Roles
from taps._kit.registry import tap
from taps.bamboohr.mark import key_of as bamboohr_key
from taps.inventree.mark import key_of as inventree_key
from taps.quickbooks.marks import key_of as quickbooks_key
from taps.xero.marks import key_of as xero_key

ZERO = Decimal(0)
_BATCH = 5_000
_PEOPLE = ("contact", "employee", "supplier")
_KEYS: Mapping[str, Callable[[str], str]] = {
    "xero": xero_key,
    "quickbooks": quickbooks_key,
    "inventree": inventree_key,
    "bamboohr": bamboohr_key,
}
"""How a system's documents write the look-up key of an attempt, where they do not write it whole."""
_COUNTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "payout": (("Bank",), ("PayoutsInTransit",), ("Cash", "Clearing")),
    "transfer": (("Bank",), ("PayoutsInTransit",), ("Cash", "Clearing")),
    **dict.fromkeys(("bill", "bill_credit"), (("Payable",),)),
    "payment": (("Clearing", "Cash", "Bank"), ("GiftCardLiability", "StoreCredit"), ("Receivable",)),
}
_COUNTS_ELSE = (
    ("Receivable", "Clearing", "Cash", "Bank"),
    *((role,) for role in ("DisputesReceivable", "CustomerDeposits", "PayrollClearing", "GiftCardBreakage", "Payable")),
)
"""Which of the accounts that it moves make up a document's amount: the first group of roles of which it has any."""
_NOT_OURS_ALONE = ("", "Bank", "SalesTaxPayable", "InputTax", "Payable")
"""Roles whose accounts are moved by everything else in a company too."""


class _Subject(NamedTuple):
    """One of our documents."""

    name: str
    kind: str
    document: str


class _Known(NamedTuple):
    """What the hub knows of a target's documents."""

    by_id: Mapping[tuple[str, str], _Subject]
    """(representation, id there)."""
    by_key: Mapping[str, _Subject]
    booked: Mapping[tuple[str, str], tuple[Decimal, datetime]]
    """By subject and effect (one document may be an invoice and leave the shelf at the same target): what its receipts together read
    back, and when the last one did."""

    parties: Mapping[str, str]
    """By id there of a customer or employee of ours: the number by which sources know it."""

    def of(self, held: Held, identity: str, key: str | None) -> _Subject | None:
        """Whose document this is."""
        return self.linked(held, identity) or (self.by_key.get(key) if key else None)

    def linked(self, held: Held, identity: str) -> _Subject | None:
        """Whose it is by the crosswalk: of two that bear one key this is the one that we wrote."""
        found = (self.by_id.get((kind, identity)) for kind in (*held.representations, "cost_journal"))
        return next((each for each in found if each), None)


def load(
    bench: Bench,
    home: Home,
    hub: Hub,
    sheet: str,
    destination: TargetConnection,
    effect: str,
    control: Control,
    postings: Sequence[Route],
) -> list[str]:
    """Put what the target holds of an effect into `item`; sentences about what could not be read."""
    notes: list[str] = []
    written = {policy.as_ for posting in postings for policy in posting.kinds.values() if policy.as_}
    chosen = {name: held for name, held in control.held[effect].items() if written & set(held.representations)}
    reader, around = _reader(home, hub, destination)
    for stream in sorted({stream for held in chosen.values() for stream in held.reads}):
        notes += read_stream(bench, reader, stream, around, destination.name)
    known = _known(hub, destination)
    roles = Roles((posting.books for posting in postings if posting.books), destination.config.get("rounding_account"))
    base = next((posting.books.base_currency for posting in postings if posting.books), "")
    for name, held in chosen.items():
        rows = _rows(bench, held, f"{control.name}: target.{effect}.{name}")
        made = list(_money(rows, held, known, roles, base) if effect == "money" else _units(rows, held, known, effect))
        common = {"corner": "target", "sheet": sheet, "connection": destination.name}
        bench.load(
            LINE, ({"sheet": sheet, "kind": row["kind"], "ref": row["ref"], **line} for row in made for line in row.pop("lines", ()))
        )
        bench.load(ITEM, ({**common, **row} for row in made))
    return notes


def _reader(home: Home, hub: Hub, destination: TargetConnection) -> tuple[Any, Any]:
    """The system's tap with as much of the target's settings as it has itself, and the target's own secrets."""
    kind = tap(destination.target)
    config = kind.config.model_validate({key: value for key, value in destination.config.items() if key in kind.config.model_fields})
    return kind.build(config, home.path), surroundings(hub, home.path, destination.name, kind.facts)


def _known(hub: Hub, destination: TargetConnection) -> _Known:
    key_of = _KEYS.get(destination.target, str)
    subject = (operation.c.kind, operation.c.local_id, operation.c.part, operation.c.document_id)
    by_key: dict[str, _Subject] = {}
    booked: dict[tuple[str, str], tuple[Decimal, datetime]] = {}
    with hub.read() as tx:
        rows = tx.execute(
            sa.select(crosswalk.c.kind, crosswalk.c.remote_id, crosswalk.c.local_id, crosswalk.c.part).where(
                crosswalk.c.connection_id == destination.name, crosswalk.c.valid_to.is_(None)
            )
        ).yield_per(_BATCH)
        by_id = {(row.kind, row.remote_id): _named(row.kind, row.local_id, row.part) for row in rows}
        attempts = (
            sa.select(attempt.c.look_up_key, *subject)
            .join(operation, operation.c.operation_id == attempt.c.operation_id)
            .where(attempt.c.target == destination.name)
        )
        for row in tx.execute(attempts).yield_per(_BATCH):
            by_key[key_of(row.look_up_key)] = _named(row.kind, row.local_id, row.part)
        receipts = sa.select(receipt.c.local_id, receipt.c.part, receipt.c.kind, receipt.c.effect, receipt.c.written_at).where(
            receipt.c.target == destination.name
        )
        for row in tx.execute(receipts).yield_per(_BATCH):
            key = (_named(row.kind, row.local_id, row.part).name, EFFECTS[row.kind])
            amount, last = booked.get(key, (ZERO, row.written_at))
            booked[key] = (amount + row.effect, max(last, row.written_at))
        parties = dict(_parties(tx, destination))
    return _Known(by_id, by_key, booked, parties)


def _parties(tx: sa.Connection, destination: TargetConnection) -> Iterator[tuple[str, str]]:
    """Id there and number; where several documents are one person, that of the oldest, which is the one that was linked first."""
    statement = (
        sa.select(crosswalk.c.remote_id, document.c.number)
        .join(member, member.c.entity_id == crosswalk.c.local_id)
        .join(document, document.c.document_id == member.c.document_id)
        .where(crosswalk.c.connection_id == destination.name, crosswalk.c.kind.in_(_PEOPLE), crosswalk.c.valid_to.is_(None))
        .where(member.c.valid_to.is_(None), document.c.current, document.c.number.is_not(None))
        .order_by(document.c.seq.desc())
    )
    for row in tx.execute(statement).yield_per(_BATCH):
        yield row.remote_id, row.number


def _named(kind: str, local_id: Any, part: str) -> _Subject:
    return _Subject(f"{local_id}/{part}" if part else str(local_id), kind, str(local_id))


def _rows(bench: Bench, held: Held, where: str) -> Iterator[dict[str, Any]]:
    """What the control's SQL finds, with every column that it may name."""
    sql = held.select.strip().rstrip(";")
    named = columns(bench, sql, where, HELD)
    order = ", ".join(name for name in ("on_day", "number", "id") if name in named)
    blank = dict.fromkeys(HELD)
    for row in bench.rows(f"SELECT * FROM ({sql}) ORDER BY {order}"):  # noqa: S608 (an administrator's own SQL, on a bench without a way out)
        yield {**blank, **row}


def _money(rows: Iterable[Mapping[str, Any]], held: Held, known: _Known, roles: Roles, base: str) -> list[dict[str, Any]]:
    """One item a document: its accounts measured by their roles. What we appended to a thing is added to it."""
    items: list[dict[str, Any]] = []
    first: dict[str, dict[str, Any]] = {}
    attempts: set[str | None] = set()
    for head, legs in sorted(_documents(rows), key=lambda each: bool(each[0]["our_before"])):
        subject = known.of(held, head["id"], head["our_key"])
        kind = subject.kind if subject else held.representations[0]
        unit = head["unit"] or base
        moved = [Posting(leg["account"] or "", leg["amount"], unit, bool(leg["counts"]), leg["role"] or "") for leg in legs]
        if EFFECTS.get(kind, "money") != "money" or not (subject or _concerns_us(moved, roles)):
            continue
        moved, stated = in_base(_counting(moved, kind, roles), legs, roles, base)
        measured = roles.measured(moved, ours=subject is not None) | stated
        linked = known.linked(held, head["id"]) is not None
        more = {"editor": head["editor"], "linked": linked, "lines": list(_taxed(legs))}
        item = {**_head(head, subject, kind, known), **measured, **more}
        if subject and subject.name in first and head["our_before"] and head["our_attempt"] not in attempts:
            _add(first[subject.name], item, measured)
        else:
            items.append(item)
            if subject:
                first.setdefault(subject.name, item)
        attempts.add(head["our_attempt"])
    return [_told(item, known, "money") for item in items]


def _documents(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    for _identity, lines in groupby(rows, key=lambda row: row["id"]):
        legs = list(lines)
        yield legs[0], legs


def _taxed(legs: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The lines that tell at which rates they are taxed, each with its sign inside the document's total; one of two rates twice."""
    for leg in legs:
        for rate in leg["rates"] or ():
            yield {"net": -leg["amount"], "rate": rate, "quantity": leg["quantity"], "gross": leg["gross"]}


def _add(item: dict[str, Any], more: Mapping[str, Any], measured: Mapping[str, Any]) -> None:
    """Onto a thing what was appended to it later."""
    for name, value in measured.items():
        if isinstance(value, Decimal) and name != "rate":
            item[name] = item.get(name, ZERO) + value
    item["lines"] += more["lines"]
    item["detailed"] = item["detailed"] and more["detailed"]
    item["version"] = max(filter(None, (item["version"], more["version"])), default=None)


def _told(item: dict[str, Any], known: _Known, effect: str) -> dict[str, Any]:
    """The item with who changed it since our last receipt, and when; with nothing where its amount is what we read back."""
    editor = item.pop("editor")
    booked = known.booked.get((item["subject"] or "", effect))
    changed = datetime.fromisoformat(item["version"]) if item["version"] else None
    if booked is None or item["amount"] == booked[0] or (changed is not None and changed <= booked[1]):
        return item
    by = f" by {editor}" if editor else ""
    return {**item, "edited": f"{changed:%Y-%m-%d %H:%M}{by}" if changed else f"at an unknown time{by}"}


def _concerns_us(moved: Sequence[Posting], roles: Roles) -> bool:
    return any((each.role or roles.of(each.account)) not in _NOT_OURS_ALONE for each in moved)


def _counting(moved: Sequence[Posting], kind: str, roles: Roles) -> list[Posting]:
    """With a mark on what makes up the document's amount."""
    if any(each.control for each in moved):
        return list(moved)
    of = [each.role or roles.of(each.account) for each in moved]
    group = next((group for group in _COUNTS.get(kind, _COUNTS_ELSE) if set(group) & set(of)), ())
    return [each._replace(control=role in group) for each, role in zip(moved, of, strict=True)]


def _units(rows: Iterable[Mapping[str, Any]], held: Held, known: _Known, effect: str) -> Iterator[dict[str, Any]]:
    """One item a row: a document's article, or its hours."""
    for row in rows:
        subject = known.of(held, row["id"], row["our_key"])
        kind = subject.kind if subject else held.representations[0]
        unit = UNITS[effect]
        more = {"article": row["item"], "amount": row["amount"], "cost": row["cost"], "overtime": row["overtime"]}
        linked = known.linked(held, row["id"]) is not None
        item = {**_head(row, subject, kind, known), **more, "unit": unit, "linked": linked}
        yield _told({**item, "editor": row["editor"]}, known, effect) if effect == "hours" else item


def _head(row: Mapping[str, Any], subject: _Subject | None, kind: str, known: _Known) -> dict[str, Any]:
    return {
        "kind": kind,
        "ref": row["id"],
        "subject": subject.name if subject else None,
        "number": row["number"],
        "on_day": str(row["on_day"]) if row["on_day"] else None,
        "party": row["party"] or known.parties.get(row["party_id"], row["party_id"]),  # whom no source knows is named by his id there
        "status": row["status"],
        "version": row["version"],
    }
