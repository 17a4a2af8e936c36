"""Singer target `target-counterfoil-database`: each record of each stream becomes a row of the table `document`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from targets._kit.singer import WriterTarget, config_schema
from targets._kit.writer import Intent, Subject, Verb
from targets.database import CONNECTOR
from targets.database.values import as_json, digest
from targets.database.writer import DatabaseWriter


class TargetDatabase(WriterTarget[DatabaseWriter]):
    """Writes any stream into a SQL database; a record replaces the one of the same key."""

    name = "target-counterfoil-database"
    connector = CONNECTOR
    config_jsonschema = config_schema(CONNECTOR)

    def intents(self, stream: str, records: Mapping[str, Mapping[str, Any]]) -> list[Intent]:
        """An upsert for each record that says something new.

        Its idempotency key follows from the attempt that wrote the row before, so that A → B → A is written three times.
        """
        found = []
        there = self.writer.bodies(stream, list(records))
        for key, record in records.items():
            written_by, body = there.get(key, ("", ""))
            if as_json(record, key) != body:
                once = digest(stream, key, record, written_by)
                found.append(Intent(Subject("singer", "document", key), Verb.CREATE, once, once, record, stream, key, date.min))
        return found
