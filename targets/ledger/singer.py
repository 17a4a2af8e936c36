"""Singer target `target-counterfoil-ledger`: records that are journal entries, {date, number, lines: [{account, amount, currency}]}."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from targets._kit.singer import WriterTarget, config_schema
from targets._kit.writer import Intent, Subject, Verb
from targets.ledger import CONNECTOR
from targets.ledger.preparation import lines_of
from targets.ledger.records import entry
from targets.ledger.writer import LedgerWriter


class TargetLedger(WriterTarget[LedgerWriter]):
    """Writes journal entries into a Beancount journal; a changed record becomes a reversal and a new entry."""

    name = "target-counterfoil-ledger"
    connector = CONNECTOR
    config_jsonschema = config_schema(CONNECTOR)

    def open(self, writer: LedgerWriter) -> None:
        """Take the journal as it stands, after its own check sums."""
        writer.open_unwatched()

    def intents(self, stream: str, records: Mapping[str, Mapping[str, Any]]) -> list[Intent]:
        """A new entry for a new key, an update for one that is booked otherwise, nothing for what is booked already."""
        found = []
        for key, record in records.items():
            subject, made = Subject("singer", "journal", f"{stream}/{key}"), entry(stream, key, record)
            on, lines = made.date, made.posted()
            ref, booked = self.writer.newest.get(subject.local_id, ("", None))
            if not booked or booked["date"] != on.isoformat() or lines_of(booked) != lines:
                look_up = sha256(subject.local_id.encode()).hexdigest()[:40]
                once = sha256(f"{look_up}\x1f{ref}\x1f{on}\x1f{lines}".encode()).hexdigest()[:40]
                verb, number = Verb.UPDATE if booked else Verb.CREATE, made.number or key
                found.append(Intent(subject, verb, look_up, once, {}, stream, number, on, lines, booked=booked))
        return found
