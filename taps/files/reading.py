"""One read of one stream: which files are read, in which order, from which row, and what may be said at the end.

Rows without a key are told apart by their content and by how often it occurs, and a snapshot by what is absent; both need a scope to
be read as a whole. There, one changed file means that every file of its scope is read. Elsewhere a changed file is read alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.folder import FileTrouble, empty, fingerprint, missing, safe_text, unchanged, unreadable, untouched
from taps._kit.points import at
from taps._kit.reader import Complete, Damaged, Mended, Message, Notice, Record, Start, State
from taps.files.config import FileStream
from taps.files.formats import format_for
from taps.files.found import File, Found, find, scope_of
from taps.files.rows import Bad, Layout
from taps.files.state import Memory, Position, said, trouble_of

_VERSION_DIGITS = 20


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is read of one scope."""

    files: list[File]
    fresh: bool
    """Whether this is a new read of the whole scope, and not the rest of one."""


class Reading:
    """One call of `read`."""

    def __init__(self, name: str, stream: FileStream, home: Path, state: Mapping[str, Any] | None) -> None:
        self._name = name
        self._stream = stream
        self._home = home
        self._memory = Memory.load(state, stream.path, name)
        self._by_scope = stream.snapshot or not stream.key
        self._torn: set[str] = set()
        """Names of files of which a damaged row was handed out, or may have been before a kill."""
        self._blocked: set[str] = set()
        """Scopes of which something is out of reach: nothing may be told of what is absent there."""

    def messages(self) -> Iterator[Message]:
        """Everything that is new, and a State at the end."""
        last: Message | None = None
        for last in self._news():
            yield last
        if not isinstance(last, State):
            yield self._memory.state()

    def _news(self) -> Iterator[Message]:
        found = find(self._name, self._stream, self._home)
        if found.trouble is not None:
            yield Notice(found.trouble)
        else:
            yield from self._gone(found)
            for scope, files in found.scopes.items():
                yield from self._scope(scope, files, found)

    # ---- files that come and go

    def _gone(self, found: Found) -> Iterator[Message]:
        """Tell of files that were there and no longer are. They are remembered, so that nothing of theirs is ever taken for deleted."""
        present = {file.name for files in found.scopes.values() for file in files}
        place = self._memory.position
        for name in {place.file, *place.pending} - present - self._memory.files.keys() if place is not None else ():
            yield Notice(missing(name))  # it went between two halves of one read
        for name in [name for name in self._memory.files if name not in present]:
            files = found.scopes.get(self._scope_of(name), [])
            if self._replaced(name, files) or self._renamed(name, files):
                continue
            entry = self._memory.files[name]
            if "gone" not in entry or self._stream.snapshot:
                self._blocked.add(self._scope_of(name))
                yield Notice(missing(name))
            self._memory.files[name] = {**entry, "gone": True}
        for name in present & self._memory.files.keys():
            if "gone" in self._memory.files[name]:
                self._memory.files[name] = {part: value for part, value in self._memory.files[name].items() if part != "gone"}

    def _replaced(self, name: str, files: list[File]) -> bool:
        """A scope of one file, now under another name (a date in it, say), is the same scope: the new file takes the old one's place."""
        scope = self._scope_of(name)
        known = [other for other in self._memory.files if self._scope_of(other) == scope]
        if len(known) == len(files) == 1 and files[0].name not in self._memory.files:
            self._memory.files[files[0].name] = self._memory.files.pop(name)
            return True
        return False

    def _renamed(self, name: str, files: list[File]) -> bool:
        """The same content under a new name is the same file."""
        entry = self._memory.files[name]
        for file in files:
            if file.name not in self._memory.files and _opens(file) is None and (now := unchanged(file.path, {**entry, "inode": 0})):
                self._memory.files[file.name] = {**self._memory.files.pop(name), **now}
                return True
        return False

    def _scope_of(self, name: str) -> str:
        return scope_of(self._name, self._stream, Path(name).name)

    # ---- one scope

    def _scope(self, scope: str, files: list[File], found: Found) -> Iterator[Message]:
        readable = []
        for file in files:
            trouble = _opens(file)
            if trouble is None:
                readable.append(file)
            else:
                self._blocked.add(scope)
                yield Notice(trouble)
        plan = self._plan(scope, readable)
        if plan is None:
            for file in readable:
                known = trouble_of(self._memory.files[file.name])
                if known is not None and not self._is_quiet(file, known, found):
                    yield Notice(known)
            return
        if plan.fresh:
            yield Start(scope)
        yield from self._files(scope, plan)

    def _is_quiet(self, file: File, trouble: Problem, found: Found) -> bool:
        """An empty file among others, of which no row was ever read, is told of once: a shop may have had a quiet day."""
        return trouble.code == "READ-EMPTY" and found.many and not self._stream.snapshot and not self._memory.files[file.name]["rows"]

    def _plan(self, scope: str, files: list[File]) -> _Plan | None:
        place = self._memory.position
        if place is not None and place.scope == scope:
            return self._rest(place, files)
        changed = [file for file in files if not self._is_known(file)]
        owed = scope in self._memory.owed and scope not in self._blocked
        if not changed and not owed:
            return None
        todo = files if self._by_scope else changed
        return self._begin(scope, todo, whole=len(todo) == len(files))

    def _begin(self, scope: str, files: list[File], *, whole: bool) -> _Plan | None:
        if not files:
            return None
        self._memory.position = Position(scope, files[0].name, 0, {}, [file.name for file in files[1:]], whole)
        return _Plan(files, fresh=whole)

    def _rest(self, place: Position, files: list[File]) -> _Plan | None:
        """Go on with a read that was interrupted, unless what it had already handed out has changed."""
        by_name = {file.name: file for file in files}
        current = by_name.get(place.file)
        moved = current is not None and place.row > 0 and unchanged(current.path, place.print) is None
        touched = [file for file in files if file.name not in {place.file, *place.pending} and not self._is_known(file)]
        if self._by_scope and (moved or touched):
            return self._begin(place.scope, files, whole=True)
        left = [by_name[name] for name in place.pending if name in by_name] + touched
        if len(left) < len(place.pending) or current is None:
            place.troubled = True
        todo = left if current is None else [current, *left]
        if not todo:
            self._memory.position = None
            return None
        if moved or current is None:
            place.file, place.row, place.print = todo[0].name, 0, {}
        place.pending = [file.name for file in todo[1:]]
        return _Plan(todo, fresh=False)

    def _is_known(self, file: File) -> bool:
        entry = self._memory.files.get(file.name)
        now = unchanged(file.path, entry) if entry is not None else None
        if entry is None or now is None:
            return False
        if any(entry[part] != value for part, value in now.items()):
            self._memory.files[file.name] = {**entry, **now}
        return True

    def _files(self, scope: str, plan: _Plan) -> Iterator[Message]:
        place = self._position()
        for file in plan.files:
            if file.name != place.file:
                place.file, place.row, place.print = file.name, 0, {}
                place.pending = place.pending[1:]
            try:
                yield from self._file(file, place)
            except FileTrouble as trouble:
                place.troubled = True
                self._memory.enter_trouble(file.name, place.print, trouble.problem)
                yield Notice(trouble.problem)
            except OSError as error:
                place.troubled = True
                self._blocked.add(scope)
                yield Notice(unreadable(file.name, error))
        if place.whole:
            self._memory.owed.discard(scope)
            if scope in self._blocked:
                self._memory.owed.add(scope)
            elif not place.troubled and not (self._stream.snapshot and place.damaged):
                # a damaged row of a snapshot is there, and nobody knows which key it has: nothing may be called absent
                yield Complete(scope, place.rows if self._by_scope else place.rows - place.damaged)
        yield from (Notice(Problem(**notice)) for notice in place.notices)
        self._memory.position = None
        yield self._memory.state()

    def _position(self) -> Position:
        if self._memory.position is None:
            raise RuntimeError("a scope is read without a position")
        return self._memory.position

    # ---- one file

    def _file(self, file: File, place: Position) -> Iterator[Message]:
        resumed = place.row > 0
        if resumed:
            self._torn.add(file.name)
        if not resumed:
            place.print = fingerprint(file.path)
        if not place.print["size"]:
            raise FileTrouble(empty(file.name))
        form = format_for(file.path, file.name, self._stream)
        layout = form.layout(file.path, file.name, self._stream)
        before = self._memory.columns(file.name)
        columns = list(layout.columns)
        if layout.fixed and columns:
            self._require(file, layout)
            if not resumed:
                place.notices += _drift(file, before, columns)
        seen: dict[str, None] = {}
        for batch in form.batches(file.path, file.name, self._stream, place.row):
            at("L1")
            yield from self._rows(file, batch, place, None if layout.fixed else seen)
            place.row += len(batch)
            place.rows += len(batch)
            self._memory.read += len(batch)
            yield self._memory.state()
        if not layout.fixed:
            columns = list(dict.fromkeys([*before, *seen])) if resumed else list(seen)
            place.notices += _drift(file, before, columns)
        yield from self._end(file, place, columns)

    def _rows(self, file: File, batch: list[dict[str, Any] | Bad], place: Position, seen: dict[str, None] | None) -> Iterator[Message]:
        scope = file.scope
        if seen is not None:
            for item in batch:
                if isinstance(item, dict) and not item.keys() <= seen.keys():
                    seen.update(dict.fromkeys(item))
        told = bool(self._stream.key or self._stream.version)
        for item in batch:
            if isinstance(item, Bad):
                place.damaged += 1
                self._torn.add(file.name)
                yield _damaged(file, item, self._scope_of_damaged(file))
            else:
                yield self._record(item, scope, file.name) if told else Record(item, None, None, scope, file.name)

    def _record(self, body: dict[str, Any], scope: str, where: str) -> Record:
        key = "\x1f".join(str(body[column]) for column in self._stream.key) if self._stream.key else None
        return Record(body, key, version_of(body.get(self._stream.version)) if self._stream.version else None, scope, where)

    def _require(self, file: File, layout: Layout) -> None:
        """A column that the configuration names must be there, or no row could be told from another."""
        for column in (*self._stream.key, *((self._stream.version,) if self._stream.version else ())):
            if column not in layout.columns:
                say = (
                    f"{file.name} has no column {column}, which the connection names as key or version; it has {', '.join(layout.columns)}."
                )
                raise FileTrouble(Problem("READ-SCHEMA", say, "Correct the export, or `key` and `version` in the connection."))

    def _end(self, file: File, place: Position, columns: list[str]) -> Iterator[Message]:
        """The file was read to its end: remember it, unless it is not the file any more that was begun."""
        if not untouched(file.path, place.print):
            place.troubled = True
            say = f"{file.name} was written to while it was read; it is read again from its first row next time."
            yield Notice(Problem("READ-DAMAGED", say, "Have exports written under another name and renamed when they are whole."))
            return
        if place.row == 0:
            raise FileTrouble(empty(file.name, header=bool(columns)))
        rows_before = self._memory.files.get(file.name, {"rows": 0})["rows"]
        if place.row * 10 <= rows_before * 6 and not self._stream.snapshot:
            say = f"{file.name} has {place.row} rows, and had {rows_before} when it was read before."
            fix = "Look whether the export is whole. The rows that are missing stay as they are."
            place.notices.append(said(Problem("READ-ABSENT", say, fix)))
        before = self._memory.files.get(file.name, {}).get("damaged")
        if before and not self._by_scope:
            yield Mended(before)
        self._memory.enter(file.name, place.print, place.row, columns, self._scope_of_damaged(file) if file.name in self._torn else "")

    def _scope_of_damaged(self, file: File) -> str:
        """Where a file may be read alone, its damaged rows have a scope of their own: reading it anew tells which were mended."""
        return file.scope if self._by_scope else f"{file.scope}:{file.name}"


def _opens(file: File) -> Problem | None:
    """Why a file cannot be opened, or None."""
    try:
        file.path.open("rb").close()
    except OSError as error:
        return unreadable(file.name, error)
    return None


def _drift(file: File, before: list[str], now: list[str]) -> list[dict[str, str]]:
    added = [column for column in now if column not in before]
    gone = [column for column in before if column not in now]
    if not before or not now or not (added or gone):
        return []
    parts = [f"{what} {', '.join(columns)}" for what, columns in (("added:", added), ("gone:", gone)) if columns]
    say = f"The columns of {file.name} are not the ones that were read before; {'; '.join(parts)}."
    return [
        said(Problem("READ-SCHEMA", say, "Look whether the mapping needs the new column, or still gets what it needs. The rows are read."))
    ]


def _damaged(file: File, bad: Bad, scope: str) -> Damaged:
    where = f"{file.name}, row {bad.row}{f', column {bad.column}' if bad.column else ''}"
    problem = Problem(bad.code, f"Row {bad.row} of {file.name} {bad.why}.", bad.fix, bad.column)
    return Damaged(safe_text(bad.raw), where, problem, scope)


def version_of(value: Any) -> str | None:
    """A version that sorts as text: numbers get leading zeros."""
    if value is None or value == "":
        return None
    if isinstance(value, Decimal):
        whole, point, rest = f"{value:f}".partition(".")
        return whole.zfill(_VERSION_DIGITS) + point + rest
    text = str(value)
    return text.zfill(_VERSION_DIGITS) if text.isdigit() else text
