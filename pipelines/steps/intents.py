"""From operations to intents: the desired revision, its entry and moves, and what is booked of it now. Reads; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from mappings.model import REGISTRY, Document, join
from mappings.model.order import Trade
from mappings.model.purchase import Purchase
from mappings.posting import EFFECTS, Entry, Own, in_own_currency, kept_or_moved, post, rows
from mappings.posting import Row as Shown
from mappings.problem import Problem
from pipelines.home.settings import Posting
from pipelines.hub import crosswalks, delivery
from pipelines.hub.bulk import among
from pipelines.hub.measures import COLUMNS, measured
from pipelines.hub.outbox import leg_date
from pipelines.hub.tables import document, tie
from pipelines.hub.words import Want
from pipelines.steps import related
from taps._kit.errors import Fatal
from taps._kit.facts import Facts
from targets._kit.writer import Intent, Related, Subject, Verb

_NOTHING = Entry(date.min, ())
_BOOKED = ("lines", "rows", "moves", "amount", "unit", "bridge", "date", "number", "related", "own")
"""What an intent books. Where two differ in it, the target need not be asked whether they are the same to it."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What reading gave for one operation: an intent, or why there is none."""

    operation: Row[Any]
    intent: Intent | None
    problems: tuple[Problem, ...] = ()
    needless: bool = False
    """Absence is wanted and nothing stands at the target: there is nothing to send."""
    standing: Intent | None = None
    """The same intent, but for the revision that is booked. A target that would write the same for both has nothing to do: a paid
    sale that is now shipped is no new entry. None where the two differ by what is booked, and where nothing or a record stands."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read for a batch of operations, and the facts of their target."""

    facts: Facts
    documents: Mapping[int, Row[Any]]
    """By seq, the desired revisions and the booked ones; so are the next two."""
    made: Mapping[int, Document]
    neighbours: Mapping[int, Mapping[str, Related]]
    booked: Mapping[tuple[str, UUID, str], delivery.Booked]
    incarnations: Mapping[tuple[str, UUID, str], int]
    links: Mapping[UUID, tuple[str, ...]]

    def standing(self, row: Row[Any]) -> delivery.Booked | None:
        """What is booked of an operation's subject."""
        return self.booked.get((row.kind, row.local_id, row.part))

    def around(self, seq: int) -> Mapping[str, Related]:
        """What stands at the target of what that revision names."""
        return self.neighbours.get(seq, {})


def build(
    tx: Connection,
    target: str,
    operations: Sequence[Row[Any]],
    postings: Mapping[tuple[str, str], Posting],
    facts: Facts,
) -> list[Desired]:
    """Intents for these operations, in their order; for a `linked` target with rows and with what stands there of what they name."""
    booked = delivery.booked(tx, target, operations)
    wanted = {row.document_seq for row in operations} | {each.document_seq for each in booked.values()}
    documents = _documents(tx, wanted)
    made = {
        seq: join(REGISTRY[row.type], row.body.encode(), row.private.encode() if row.private else None) for seq, row in documents.items()
    }
    read = _Read(
        facts,
        documents,
        made,
        _neighbours(tx, target, documents, made) if facts.linked else {},
        booked,
        crosswalks.incarnations(tx, target, operations),
        _links(tx, [row.document_id for row in operations]),
    )
    return [_desired(row, postings[row.route, row.posting], read) for row in operations]


def _documents(tx: Connection, seqs: set[int]) -> dict[int, Row[Any]]:
    rows = tx.execute(
        sa.select(
            document.c.seq,
            document.c.type,
            document.c.connection_id,
            document.c.number,
            document.c.business_date,
            document.c.body,
            document.c.private,
            *COLUMNS,
        ).where(among(tx, document.c.seq, seqs))
    )
    return {row.seq: row for row in rows}


def _links(tx: Connection, documents: Sequence[UUID]) -> dict[UUID, tuple[str, ...]]:
    """Numbers of the sales that each credit is tied to, in order and once each."""
    sale = document.alias()
    rows = tx.execute(
        sa.select(tie.c.document_id, sale.c.number)
        .join(sale, sa.and_(sale.c.document_id == tie.c.sale_id, sale.c.current))
        .where(among(tx, tie.c.document_id, documents))
        .distinct()
        .order_by(tie.c.document_id, sale.c.number)
    )
    found: dict[UUID, tuple[str, ...]] = {}
    for row in rows:
        found[row.document_id] = (*found.get(row.document_id, ()), row.number)
    return found


def _neighbours(
    tx: Connection, target: str, documents: Mapping[int, Row[Any]], made: Mapping[int, Document]
) -> dict[int, Mapping[str, Related]]:
    """What stands at the target of what these revisions name."""
    return related.at_target(tx, target, [related.Named(each.seq, each.connection_id, made[each.seq]) for each in documents.values()])


def _desired(row: Row[Any], posting: Posting, read: _Read) -> Desired:
    booked = read.standing(row)
    if row.want == Want.ABSENT:
        if booked is None:
            return Desired(row, None, needless=True)
        return Desired(row, _intent(row, posting, read, booked.document_seq, _NOTHING))
    entry, found = _entry(row, posting, read, row.document_seq)
    if found:
        return Desired(row, None, tuple(found))
    intent = _intent(row, posting, read, row.document_seq, entry)
    return Desired(row, intent, standing=_standing(row, posting, read, intent))


def _standing(row: Row[Any], posting: Posting, read: _Read, desired: Intent) -> Intent | None:
    """The intent of what is booked, under the settings of today, where it may be what is desired. Setting a record twice does no harm."""
    booked = read.standing(row)
    if booked is None or EFFECTS[row.kind] == "record" or booked.operation_id == row.operation_id:
        return None  # of an operation whose rest waited at the target, what stands is not all of it
    entry, found = _entry(row, posting, read, booked.document_seq)
    standing = None if found else _intent(row, posting, read, booked.document_seq, entry)
    same = standing is not None and all(getattr(standing, name) == getattr(desired, name) for name in _BOOKED)
    return standing if same else None


def _intent(row: Row[Any], posting: Posting, read: _Read, seq: int, entry: Entry) -> Intent:
    """What is wanted, said of the revision with that seq."""
    subject = (row.kind, row.local_id, row.part)
    absent, booked, stored, made = row.want == Want.ABSENT, read.standing(row), read.documents[seq], read.made[seq]
    verb = _verb(absent=absent, booked=booked is not None, verbs=read.facts.verbs.get(row.kind, ()))
    amount, unit = measured(stored, row.effect, row.part)
    leg = "reverse" if verb is Verb.REVERSE else ""  # a reversal is a document of its own; a void is the end of the one that stands
    key = delivery.digest(row.target, row.kind, row.local_id, row.part, read.incarnations.get(subject, 1), leg)
    return Intent(
        subject=Subject(row.target, row.kind, str(row.local_id), row.part),
        verb=verb,
        look_up_key=key,
        idempotency_key=delivery.digest(key, row.revision, row.request, verb),
        document=_body(stored),
        document_type=stored.type,
        number=stored.number,
        date=entry.date if entry.lines else leg_date(stored, row.part) or date.min,
        lines=entry.lines,
        moves=() if absent else kept_or_moved(made, row.effect),
        amount=Decimal(0) if absent else amount,
        unit=unit,
        bridge=entry.bridge,
        booked=booked.body if booked else None,
        booked_amount=booked.amount if booked else Decimal(0),
        booked_bridge=booked.bridge if booked else {},
        remote_id=booked.remote_id if booked else None,
        links=read.links.get(row.document_id, ()),
        rows=_rows(made, row, posting, entry) if read.facts.linked else (),
        related=read.around(seq),
        walk_in=posting.walk_in,
        own=_own(row, posting, read, seq, entry),
    )


def _entry(row: Row[Any], posting: Posting, read: _Read, seq: int) -> tuple[Entry, list[Problem]]:
    """The journal entry of a document that books money; a kind that does not has none."""
    if EFFECTS[row.kind] not in ("money", "cost"):
        return _NOTHING, []
    if posting.books is None:
        raise Fatal(f"Posting {posting.name} books money without accounts; `counterfoil check` should have said so.")
    entry, found = post(read.made[seq], representation=row.kind, books=posting.books, part=row.part)
    if found:
        return _NOTHING, list(found)
    return (entry or Entry(leg_date(read.documents[seq], row.part) or date.min, ())), []


def _rows(made: Document, row: Row[Any], posting: Posting, entry: Entry) -> tuple[Shown, ...]:
    """The lines of an invoice or a bill; none for what is neither or books nothing."""
    if not isinstance(made, Trade | Purchase) or not entry.lines or posting.books is None or EFFECTS[row.kind] != "money":
        return ()
    return rows(made, representation=row.kind, books=posting.books, entry=entry)


def _own(row: Row[Any], posting: Posting, read: _Read, seq: int, entry: Entry) -> Own | None:
    """The document in its own currency, where the posting says so. What stands keeps the currency in which it was written."""
    booked = read.standing(row)
    if not entry.lines or posting.books is None or row.kind not in read.facts.own_currency:
        return None
    if row.kind == "payment" or not booked:  # what pays or credits follows the currency of what stands there: the target looks
        wanted = "parent" in read.around(seq) or (row.kind != "payment" and posting.books.documents_in == "document")
    else:
        wanted = "currency" in booked.body
    return in_own_currency(read.made[seq], representation=row.kind, books=posting.books, entry=entry) if wanted else None


def _verb(*, absent: bool, booked: bool, verbs: tuple[str, ...]) -> Verb:
    if absent:
        return Verb.REVERSE if Verb.REVERSE in verbs else Verb.VOID
    if not booked:
        return Verb.CREATE
    return Verb.ADJUST if Verb.ADJUST in verbs else Verb.UPDATE


def _body(stored: Row[Any]) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(stored.body)
    if stored.private:
        body.update(msgspec.json.decode(stored.private))
    return body
