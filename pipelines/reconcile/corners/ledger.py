"""The ledger's files as they stand, read line by line by a parser of our own: no check sum, no checkpoint, nothing that the writer kept.

An entry that was edited, doubled or typed by hand is read like any other; what is no entry is named with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.posting import EFFECTS
from mappings.posting.books import Books
from pipelines.reconcile.bench import BALANCES, COMPONENTS, ITEM, Bench, Table
from pipelines.reconcile.roles import Posting, Roles

_HEAD = re.compile(r'(\d{4}-\d\d-\d\d) [*!](?: "((?:[^"\\]|\\.)*)")?(?: "((?:[^"\\]|\\.)*)")?')
_META = re.compile(r'  ([a-z][\w-]*): (?:"((?:[^"\\]|\\.)*)"|(\S+))')
_POSTING = re.compile(r"  (?:[*!] )?([A-Z]\w*(?::[\w-]+)+)\s+(-?[\d,]*\.?\d+) ([A-Z][A-Z0-9]{1,4})\b")
_CONTROL = "    control: TRUE"
_ENTRY = Table("entry", {**ITEM.columns, "verb": "VARCHAR", "seq": "BIGINT"})
_TAKES_BACK = "'reverse', 'void'"


@dataclass(slots=True)
class _Entry:
    place: str
    on: str
    kind: str
    number: str
    marks: dict[str, str] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)


def load(bench: Bench, folder: Path, sheet: str, connection: str, effect: str, books: Sequence[Books]) -> list[str]:
    """Put what each document has in the folder's journal into `item`; sentences about lines that are no entry."""
    notes: list[str] = []
    bench.make(_ENTRY)
    found = (entry for file in sorted(folder.glob("*.beancount")) for entry in _entries(file, notes))
    bench.load(_ENTRY, _rows(found, Roles(books), sheet, connection, effect))
    _fold(bench)
    return notes


def _entries(file: Path, notes: list[str]) -> Iterator[_Entry]:
    entry: _Entry | None = None
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, raw in enumerate(lines, 1):
            line = raw.rstrip()
            if not line.startswith(" "):
                if entry is not None:
                    yield entry
                head = _HEAD.match(line)
                entry = _Entry(f"{file.name}:{number}", head[1], head[2] or "", head[3] or head[2] or "") if head else None
            elif entry is None or not _belongs(entry, line):
                notes.append(f"{file.name}, line {number}: this is no part of an entry; it is not counted.")
    if entry is not None:
        yield entry


def _belongs(entry: _Entry, line: str) -> bool:
    """Take a line into its entry; whether it is one."""
    if line.startswith("    "):
        if line == _CONTROL and entry.postings:
            entry.postings[-1] = entry.postings[-1]._replace(control=True)
        return bool(entry.postings)
    if posting := _POSTING.match(line):
        entry.postings.append(Posting(posting[1], Decimal(posting[2].replace(",", "")), posting[3], control=False))
        return True
    if mark := _META.match(line):
        entry.marks[mark[1]] = mark[2] if mark[2] is not None else mark[3]
        return True
    return False


def _rows(entries: Iterator[_Entry], roles: Roles, sheet: str, connection: str, effect: str) -> Iterator[dict[str, Any]]:
    for seq, entry in enumerate(entries):
        if EFFECTS.get(entry.kind, "money") == effect and entry.postings:
            yield {
                "corner": "target",
                "sheet": sheet,
                "connection": connection,
                "kind": entry.kind,
                "subject": entry.marks.get("cf-doc"),
                "ref": entry.place,
                "number": entry.number,
                "on_day": entry.on,
                "verb": entry.marks.get("cf-verb", ""),
                "seq": seq,
                **roles.measured(entry.postings, ours="cf-doc" in entry.marks),
            }


def _fold(bench: Bench) -> None:
    """One item a document: what its entry, its reversals and its new entries leave.

    A document that was created more often than it was taken back stands there more than once: each entry too many is an item of its own.
    An entry without our mark is one too.
    """
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE surplus AS
        SELECT seq FROM entry
        JOIN (SELECT subject, count(*) FILTER (verb = 'create') - count(*) FILTER (verb IN ({_TAKES_BACK})) AS standing
              FROM entry WHERE subject IS NOT NULL GROUP BY subject HAVING standing > 1) USING (subject)
        WHERE verb = 'create' QUALIFY row_number() OVER (PARTITION BY subject ORDER BY seq DESC) < standing
        """  # noqa: S608 (our own words)
    )
    names = ", ".join(f'"{name}"' for name in ITEM.columns)
    bench.con.execute(
        f"INSERT INTO item ({names}) SELECT {names} FROM entry WHERE subject IS NULL OR seq IN (SELECT seq FROM surplus)"  # noqa: S608
    )
    summed = ("amount", *COMPONENTS, *BALANCES)
    newest = [name for name in ITEM.columns if name not in (*summed, "subject", "detailed")]
    columns = [
        "subject",
        "bool_and(detailed) AS detailed",
        *(f'sum("{name}") AS "{name}"' for name in summed),
        *(f'arg_max("{name}", seq) AS "{name}"' for name in newest),
    ]
    bench.con.execute(
        f"INSERT INTO item BY NAME SELECT {', '.join(columns)} FROM entry "  # noqa: S608
        "WHERE subject IS NOT NULL AND seq NOT IN (SELECT seq FROM surplus) GROUP BY subject"
    )
