"""Singer target `target-counterfoil-ledger`: records that are journal entries, {date, number, lines: [{account, amount, currency}]}."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from mappings.posting.entry import Line
from targets._kit.singer import WriterTarget, config_schema
from targets._kit.writer import Intent, Subject, Verb
from targets.ledger import CONNECTOR
from targets.ledger.preparation import lines_of
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
            subject, on, lines = (
                Subject("singer", "journal", f"{stream}/{key}"),
                date.fromisoformat(str(record["date"])[:10]),
                _lines(record),
            )
            ref, booked = self.writer.newest.get(subject.local_id, ("", None))
            if not booked or booked["date"] != on.isoformat() or lines_of(booked) != lines:
                look_up = sha256(subject.local_id.encode()).hexdigest()[:40]
                once = sha256(f"{look_up}\x1f{ref}\x1f{on}\x1f{lines}".encode()).hexdigest()[:40]
                verb, number = Verb.UPDATE if booked else Verb.CREATE, str(record.get("number", key))
                found.append(Intent(subject, verb, look_up, once, {}, stream, number, on, lines, booked=booked))
        return found


def _lines(record: Mapping[str, Any]) -> tuple[Line, ...]:
    """The record's lines; `component` and `control` may be left out."""
    return tuple(
        Line(
            line["account"], Decimal(str(line["amount"])), line["currency"], line.get("component", "line"), bool(line.get("control", False))
        )
        for line in record["lines"]
    )
