"""One read of all statement files: each new or changed file is examined whole before its first entry is handed out.

So a file that is cut off or not what it should be gives nothing at all, and what its balances say is known when its entries are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.folder import FileTrouble, fingerprint, listing, safe_text, shown, unchanged, unreadable, untouched
from taps._kit.points import at
from taps._kit.reader import Complete, Damaged, Mended, Message, Notice, Record, Start
from taps.bank.account import Examined, counted_before, examine, gaps, mark_of
from taps.bank.config import BankConfig, StatementFiles
from taps.bank.csv_statement import columns
from taps.bank.formats import format_of
from taps.bank.state import Memory, Position, said
from taps.bank.statement import Bad, Entry, Item, Statement

BATCH = 2_000
"""Rows between two States."""


@dataclass(frozen=True, slots=True)
class File:
    """One statement file; `name` is its path from the home folder."""

    name: str
    path: Path
    files: StatementFiles


@dataclass(slots=True)
class _Examination:
    """What is known of a file before its first entry is handed out."""

    print: dict[str, Any]
    rows: int
    before: dict[int, dict[str, int]]
    """By place of the statement in the file."""
    columns: list[str]
    troubles: list[Problem]


def find(config: BankConfig, home: Path) -> tuple[list[File], list[Problem]]:
    """The files of all places, each once, in the order of the configuration and then of names; and what is wrong with a place."""
    files: dict[str, File] = {}
    troubles = []
    for place in config.files:
        there = listing(place.path, home, lambda _path: True)
        troubles += [there.trouble] if there.trouble else []
        for path in there.paths:
            files.setdefault(shown(path, home), File(shown(path, home), path, place))
    return list(files.values()), troubles


def items(file: File, accounts: Mapping[str, str]) -> Iterator[Item]:
    """What a file gives, its accounts under the names that they have here."""
    for item in format_of(file.path, file.name, file.files).items(file.path, file.name, file.files):
        if isinstance(item, Statement):
            item.account = accounts.get(item.account, item.account)
        yield item


class Reading:
    """One call of `read`."""

    def __init__(self, config: BankConfig, home: Path, state: Mapping[str, Any] | None) -> None:
        self._config = config
        self._home = home
        self._memory = Memory.load(state)
        self._since = 0
        """Rows since the last State."""

    def messages(self) -> Iterator[Message]:
        """Everything that is new, what is wrong with the files as a whole, and a State at the end."""
        files, troubles = find(self._config, self._home)
        yield from map(Notice, troubles)
        present = {file.name for file in files}
        for name in self._memory.files.keys() - present:
            if not troubles:
                self._memory.files = {other: entry for other, entry in self._memory.files.items() if other != name}
        place = self._memory.position
        for file in sorted(files, key=lambda file: place is None or file.name != place.file):  # what was begun first, the others in order
            yield from self._file(file)
        self._memory.position = None
        for file in files:
            yield from (Notice(Problem(**told)) for told in self._memory.files.get(file.name, {}).get("troubles", []))
        yield from map(Notice, gaps(self._memory.statements, present))
        yield self._memory.state()

    def _file(self, file: File) -> Iterator[Message]:
        known = self._memory.files.get(file.name)
        now = unchanged(file.path, known) if known is not None else None
        if known is not None and now is not None:
            if any(known[part] != value for part, value in now.items()):
                self._memory.files = {**self._memory.files, file.name: {**known, **now}}
            return
        try:
            yield from self._changed(file, known or {})
        except OSError as error:
            yield Notice(unreadable(file.name, error))

    def _changed(self, file: File, known: Mapping[str, Any]) -> Iterator[Message]:
        seen = fingerprint(file.path)
        try:
            examined = self._examine(file, known, seen)
        except FileTrouble as trouble:
            self._remember(
                file, seen, known.get("rows", 0), known.get("columns", []), [trouble.problem], damaged=known.get("damaged", False)
            )
            return
        place = self._memory.position
        if place is None or place.file != file.name or place.print.get("sha256") != seen["sha256"]:
            place = Position(file.name, 0, seen)
            if self._since and self._since + examined.rows > BATCH:
                yield self._state()
            if examined.rows:
                yield Start(file.name)
        damaged = yield from self._hand_out(file, examined, place)
        if not untouched(file.path, seen):
            say = f"{file.name} was written to while it was read; it is read again from its beginning next time."
            yield Notice(Problem("READ-DAMAGED", say, "Have statements written under another name and renamed when they are whole."))
            self._memory.position = None
            return
        if examined.rows:
            yield Complete(file.name, examined.rows)
        elif known.get("damaged"):
            yield Mended(file.name)
        self._remember(file, seen, examined.rows, examined.columns, examined.troubles, damaged=damaged)
        self._memory.position = None
        if self._since >= BATCH:
            yield self._state()

    def _examine(self, file: File, known: Mapping[str, Any], seen: dict[str, Any]) -> _Examination:
        """Read the file once without handing out anything, and take its statements into memory in the place of its old ones."""
        statements = examine(items(file, self._config.accounts))
        named = columns(file.path, file.name, file.files)
        others = [one for one in self._memory.statements if one.file != file.name]
        old = [one for one in self._memory.statements if one.file == file.name]
        before = {}
        for place, one in enumerate(statements):
            new = one.known(file.name)
            new.before = counted_before(new, others + [held for held in old if held.same(new)])
            before[place] = new.before
            others.append(new)
        self._memory.statements = others
        troubles = [problem for one in statements for problem in one.problems(file.name)]
        troubles += self._drift(file, known.get("columns") or self._columns_of_another(file), named)
        return _Examination(seen, sum(map(_rows, statements)), before, named, troubles)

    def _columns_of_another(self, file: File) -> list[str]:
        """A new CSV file is compared with the one that was read last from the same place."""
        mine = {one.name for one in find(BankConfig(files=(file.files,)), self._home)[0]}
        return next((entry["columns"] for name, entry in reversed(self._memory.files.items()) if name in mine and entry["columns"]), [])

    def _drift(self, file: File, before: list[str], now: list[str]) -> Iterator[Problem]:
        added, gone = [name for name in now if name not in before], [name for name in before if name not in now]
        if before and now and (added or gone):
            parts = [f"{what} {', '.join(names)}" for what, names in (("added:", added), ("gone:", gone)) if names]
            say = f"The columns of {file.name} are not the ones that were read before; {'; '.join(parts)}."
            yield Problem("READ-SCHEMA", say, "Look whether the connection or the mapping needs the new column. The rows are read.")

    def _hand_out(self, file: File, examined: _Examination, place: Position) -> Generator[Message, None, bool]:
        """The rows after those that were handed out before a kill. Gives back whether any row of the file is damaged."""
        self._memory.position = place
        counts: dict[int, Counter[str]] = {}
        statements: list[Statement] = []  # kept, or another one could get the id of the first
        damaged = False
        row = 0
        for item in items(file, self._config.accounts):
            if isinstance(item, Statement):
                counts[id(item)] = Counter(examined.before[len(statements)])
                statements.append(item)
                continue
            damaged |= isinstance(item, Bad)
            message = _damaged(file, item) if isinstance(item, Bad) else _record(file, item, counts[id(item.statement)])
            row += 1
            if row <= place.row:
                continue
            if self._since % BATCH == 0:
                at("L1")
            yield message
            self._since += 1
            self._memory.read += 1
            if self._since >= BATCH and row < examined.rows:
                place = self._memory.position = replace(place, row=row)
                yield self._state()
        return damaged

    def _state(self) -> Message:
        self._since = 0
        return self._memory.state()

    def _remember(
        self, file: File, seen: Mapping[str, Any], rows: int, named: list[str], troubles: list[Problem], *, damaged: bool
    ) -> None:
        entry = {**seen, "rows": rows, "columns": named, "damaged": damaged, "troubles": [said(problem) for problem in troubles]}
        others = {name: held for name, held in self._memory.files.items() if name != file.name}
        self._memory.files = {**others, file.name: entry}


def _rows(one: Examined) -> int:
    return sum(one.marks.values()) + one.damaged


def _record(file: File, item: Entry, counts: Counter[str]) -> Record:
    mark = mark_of(item.body)
    counts[mark] += 1
    key = f"{item.body['account']}/{mark}/{counts[mark]}"
    return Record({"id": key, **item.body}, key, None, file.name)


def _damaged(file: File, item: Bad) -> Damaged:
    which = f"statement {item.statement.number}" if item.statement.number not in ("", file.name) else f"account {item.statement.account}"
    where = f"{file.name}, {which}, {item.place}"
    problem = Problem("READ-DAMAGED", f"{item.place[0].upper()}{item.place[1:]} of {which} in {file.name} {item.why}.", item.fix)
    return Damaged(safe_text(item.raw), where, problem, file.name)
