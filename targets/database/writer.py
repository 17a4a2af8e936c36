"""The writer of a database: the rows of a batch and their receipts in one transaction of the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from mappings.problem import Problem
from taps._kit.errors import CounterfoilError, Fatal
from taps._kit.facts import Facts
from taps._kit.points import at
from taps._kit.surroundings import Surroundings
from targets._kit.bridge import bridge_of
from targets._kit.writer import (
    Absent,
    Answer,
    Found,
    Intent,
    Metadata,
    Payload,
    Period,
    Receipt,
    Refused,
    Sent,
    Subject,
    Unpreparable,
    Verb,
    Whereabouts,
)
from targets.database import moves, receipts, records
from targets.database.config import DatabaseConfig
from targets.database.engine import address, engine_of, fault_of, folder_takes, make_tables, refuse_foreign, writing
from targets.database.facts import FACTS, MOVING
from targets.database.values import Unfit, text

_LONGEST_KEY = 400


class DatabaseWriter:
    """Stock, people and records in one database."""

    facts: Facts = FACTS

    def __init__(self, config: DatabaseConfig, home: Path) -> None:
        self.url = address(config, home)
        self._schema = config.table_schema
        self._engine: Engine | None = None

    def open(self, checkpoint: Mapping[str, Any] | None, around: Surroundings | None = None) -> None:  # noqa: ARG002 (the receipts are in the database itself)
        """Connect and make missing tables. Raises Misconfigured, Retryable."""
        if self.url.get_backend_name() == "sqlite":
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        self._engine = engine_of(self.url, self._schema)
        make_tables(self._engine, self._schema)

    def close(self) -> None:
        """Disconnect."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None

    @property
    def engine(self) -> Engine:
        """The open engine."""
        if self._engine is None:
            raise Fatal("The database was not opened.")
        return self._engine

    def checkpoint(self) -> dict[str, Any]:
        """Nothing: the receipts are in the database itself."""
        return {}

    # ── preparing ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """The rows as they will be stored; nothing is read or written."""
        subject = intent.subject
        if intent.verb.value not in FACTS.verbs.get(subject.kind, ()):
            say = f"The database cannot {intent.verb} {subject.kind} {intent.number}."
            return Unpreparable(Problem("POST-RULE", say, "Choose a kind that the database's page lists, in the route."))
        try:
            body = self._body(intent)
        except Unfit as unfit:
            say = f"{subject.kind} {intent.number} cannot be stored: {unfit.field} {unfit.why}."
            return Unpreparable(Problem("SEND-REFUSED", say, "Correct it in the front office, or in the mapping.", unfit.field))
        return Payload(intent, body, body.digest, body.effect, bridge_of(intent))

    def _body(self, intent: Intent) -> moves.Appended | records.Replaced:
        subject = intent.subject
        for name, key in (("id", subject.local_id), ("look-up key", intent.look_up_key), ("idempotency key", intent.idempotency_key)):
            if not key or len(text(key, name)) > _LONGEST_KEY:
                raise Unfit(name, f"is empty or longer than {_LONGEST_KEY} characters")
        return moves.appended(intent) if subject.kind in MOVING else records.replaced(intent)

    # ── sending ──

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Write the batch in one transaction; if the database refuses something in it, each payload in a transaction of its own.

        An attempt that has a receipt already is answered with it and writes nothing. Raises Retryable where the database went away.
        """
        try:
            return self._together(batch)
        except (sa.exc.StatementError, OverflowError):
            return [self._alone(payload) for payload in batch]

    def _alone(self, payload: Payload) -> Answer:
        try:
            return self._together([payload])[0]
        except (sa.exc.StatementError, OverflowError) as refused:
            intent = payload.intent
            why = fault_of(refused) if isinstance(refused, sa.exc.SQLAlchemyError) else "a number is too large"
            say = f"The database refused {intent.subject.kind} {intent.number}: {why}."
            return Refused(Problem("SEND-REFUSED", say, "Correct the document in the front office, or the rules of the database."))

    def _together(self, batch: Sequence[Payload]) -> list[Answer]:
        with writing(self.engine) as tx:
            answers: dict[str, Answer] = dict(receipts.stored(tx, [payload.intent.idempotency_key for payload in batch]))
            for part in _rounds(batch, answers):
                answers |= self._write(tx, part)
            at("H1")
        return [answers[payload.intent.idempotency_key] for payload in batch]

    def _write(self, tx: Connection, batch: Sequence[Payload]) -> dict[str, Answer]:
        """Judge, write, read back, keep the receipts. `batch` holds each thing once."""
        there = records.stored(tx, [payload.body for payload in batch if isinstance(payload.body, records.Replaced)])
        changed = _changed(tx, batch, there)
        good = [payload for payload in batch if payload.intent.idempotency_key not in changed]
        half = (len(good) + 1) // 2
        _append(tx, good[:half], there)
        at("B1")
        _append(tx, good[half:], there)
        found = moves.receipts(tx, [payload for payload in good if isinstance(payload.body, moves.Appended)])
        found |= records.receipts(tx, [payload for payload in good if isinstance(payload.body, records.Replaced)], there)
        receipts.keep(tx, good, found)
        return {**changed, **found}

    # ── asking ──

    def find(self, sent: Sequence[Sent]) -> list[Whereabouts]:
        """By receipt. The look-up waits for a writer that is still committing, so Absent stays true."""
        with writing(self.engine) as tx:
            there = receipts.stored(tx, [attempt.idempotency_key for attempt in sent])
        return [Found(there[attempt.idempotency_key]) if attempt.idempotency_key in there else Absent() for attempt in sent]

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:  # noqa: ARG002 - rows carry no instant of writing
        """Every receipt, oldest first, its effect summed anew from the rows. The database has no clock of ours: `since` changes nothing."""
        with self.engine.connect() as tx:
            return receipts.all_of(tx)

    def bodies(self, document_type: str, local_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Of rows of the table `document`: local id → the attempt that wrote it, and its body as JSON."""
        with self.engine.connect() as tx:
            return records.bodies(tx, document_type, local_ids)

    def periods(self) -> Sequence[Period]:
        """None: tables are never closed."""
        return []

    def metadata(self) -> Metadata:
        """Nothing: every item and location may be used."""
        return Metadata()

    def check(self) -> list[Problem]:
        """What would stop a write. Makes nothing."""
        try:
            if self._file_is_new():
                return [] if folder_takes(self.url) else [_denied(f"The folder of {self.url.database} cannot be written.")]
            engine = engine_of(self.url, self._schema)
            with writing(engine) as tx:
                refuse_foreign(tx, self._schema)
            engine.dispose()
        except CounterfoilError as wrong:
            return [_denied(wrong.say)]
        return []

    def _file_is_new(self) -> bool:
        return self.url.get_backend_name() == "sqlite" and not Path(str(self.url.database)).exists()


def _denied(say: str) -> Problem:
    return Problem("READ-DENIED", say, "Correct the connection, or ask whoever runs the database.", "url")


def _rounds(batch: Sequence[Payload], answers: Mapping[str, Answer]) -> Iterator[list[Payload]]:
    """The batch in parts that hold each thing and each attempt once, in order; without what is answered already."""
    part: list[Payload] = []
    seen: set[Subject] = set()
    keys: set[str] = set(answers)
    for payload in batch:
        if payload.intent.idempotency_key in keys:
            continue
        if payload.intent.subject in seen:
            yield part
            part, seen = [], set()
        keys.add(payload.intent.idempotency_key)
        seen.add(payload.intent.subject)
        part.append(payload)
    if part:
        yield part


def _changed(tx: Connection, batch: Sequence[Payload], there: records.Stored) -> dict[str, Refused]:
    """Those that build on something else than what stands here: somebody else was at it, so nothing is overwritten or doubled.

    That holds for a creation too: a worker that was paused and wakes late finds that another has written a newer revision.
    """
    first = [payload.intent.look_up_key for payload in batch if payload.intent.verb is Verb.CREATE]
    taken = receipts.taken(tx, first)
    later = [payload.intent.subject for payload in batch if payload.intent.verb is not Verb.CREATE]
    standing = receipts.standing(tx, later)
    refused = {}
    for payload in batch:
        intent, body = payload.intent, payload.body
        if intent.verb is Verb.CREATE:
            same = intent.look_up_key not in taken
        elif isinstance(body, moves.Appended):
            same = standing.get(intent.subject, {}) == (intent.booked or {})
        else:
            row = records.row_of(body, there)
            same = row is not None and records.fingerprint(body.table, row) == (intent.booked or {}).get("fingerprint")
        if not same:
            say = f"{intent.subject.kind} {intent.number} stands otherwise in the database than Counterfoil left it."
            fix = "Find out who changed it there; then take that over in the front office, or have this document sent anew."
            refused[intent.idempotency_key] = Refused(Problem("SEND-CHANGED", say, fix))
    return refused


def _append(tx: Connection, batch: Sequence[Payload], there: records.Stored) -> None:
    moves.append(tx, [payload.body for payload in batch if isinstance(payload.body, moves.Appended)])
    records.put(tx, [payload.body for payload in batch if isinstance(payload.body, records.Replaced)], there)
