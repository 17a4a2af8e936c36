"""What a files reader remembers between two reads, and how far it is within one.

layout    "1.0": the major number rises when an older reader could not go on from it
path      the configured path; another one means other files, and nothing of the old ones is missed
files     by name: size, mtime_ns, ctime_ns, inode, sha256, rows, columns (place in `layouts`); `gone` once it is no longer there;
          `trouble` with the problem of a file that cannot be read; `damaged` with the scope of its damaged rows, where it had any
layouts   each set of columns once
position  only within a scope: the file being read and the rows of it that were handed out, the files that follow (`pending`), and
          the rows, damaged rows, trouble and sentences of this read of the scope so far
owed      scopes that were read whole while a file of theirs was out of reach: they are read again once all are there
read      every row that was ever handed out
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.reader import State

_MAJOR, _LAYOUT = "1", "1.0"
_PRINT = ("size", "mtime_ns", "ctime_ns", "inode", "sha256")
_ENTRY = (*_PRINT, "rows", "columns")


@dataclass(slots=True)
class Position:
    """Within a scope: which file, which row, and what this read of the scope gave so far."""

    scope: str
    file: str
    row: int
    print: dict[str, Any]
    """Fingerprint of the file, empty while no row of it was handed out."""
    pending: list[str]
    """The files after this one."""
    whole: bool
    """Whether this read takes in every file of the scope."""
    rows: int = 0
    damaged: int = 0
    troubled: bool = False
    notices: list[dict[str, str]] = field(default_factory=list)
    """What there is to say of the scope once it is read: said earlier, its Complete would take it for settled."""

    def value(self) -> dict[str, Any]:
        """As it stands in the state."""
        value = {name: getattr(self, name) for name in self.__slots__}
        return value | {"pending": list(self.pending), "notices": list(self.notices)}


@dataclass(slots=True)
class Memory:
    """The state of one stream, while a read works on it. Entries are replaced, never changed: a State that was handed out stays."""

    path: str
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    layouts: list[list[str]] = field(default_factory=list)
    position: Position | None = None
    owed: set[str] = field(default_factory=set)
    read: int = 0

    @classmethod
    def load(cls, value: Mapping[str, Any] | None, path: str, stream: str) -> Memory:
        """The memory that a State's value holds. Raises Misconfigured for one that this version cannot go on from."""
        if not value:
            return cls(path)
        layout = value.get("layout")
        if not isinstance(layout, str) or layout.split(".", 1)[0] != _MAJOR:
            raise Misconfigured(
                f"The reading state of {stream} was written by another version of Counterfoil "
                f"(layout {layout!r}, this one reads {_LAYOUT}). "
                "Install the version that wrote it, or reset the stream to read everything again.",
            )
        try:
            return cls._parse(value, path)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Misconfigured(
                f"The reading state of {stream} is damaged and cannot be gone on from. "
                "Restore it, or reset the stream to read everything again.",
                log=f"state of {stream}: {error!r}",
            ) from None

    @classmethod
    def _parse(cls, value: Mapping[str, Any], path: str) -> Memory:
        read = value["read"]
        if type(read) is not int or read < 0:
            raise ValueError(f"read is {read!r}")
        if value["path"] != path:
            return cls(path, read=read)
        layouts = [[str(column) for column in columns] for columns in value["layouts"]]
        files = {str(name): dict(entry) for name, entry in value["files"].items()}
        for entry in files.values():
            if any(field not in entry for field in _ENTRY) or not 0 <= entry["columns"] < len(layouts):
                raise ValueError(f"a file without {_ENTRY}")
        place = value.get("position")
        position = Position(**{name: place[name] for name in Position.__slots__}) if place else None
        if position is not None and (type(position.row) is not int or position.row < 0):
            raise ValueError(f"row is {position.row!r}")
        return cls(path, files, layouts, position, set(value.get("owed", ())), read)

    def state(self) -> State:
        """A State of this moment."""
        value: dict[str, Any] = {
            "layout": _LAYOUT,
            "path": self.path,
            "files": dict(self.files),
            "layouts": list(self.layouts),
            "position": self.position.value() if self.position else None,
            "owed": sorted(self.owed),
            "read": self.read,
        }
        return State(value, self.read)

    def enter(self, name: str, seen: Mapping[str, Any], rows: int, columns: list[str], damaged: str = "") -> None:
        """Remember a file that was read to its end, and under which scope it handed out damaged rows, if any."""
        if columns not in self.layouts:
            self.layouts.append(columns)
        self.files[name] = {part: seen[part] for part in _PRINT} | {"rows": rows, "columns": self.layouts.index(columns)}
        if damaged:
            self.files[name]["damaged"] = damaged

    def enter_trouble(self, name: str, seen: Mapping[str, Any], trouble: Problem) -> None:
        """Remember a file that cannot be read, beside what it gave when it could."""
        if [] not in self.layouts:
            self.layouts.append([])
        before = self.files.get(name, {"rows": 0, "columns": self.layouts.index([])})
        kept = {part: before[part] for part in ("rows", "columns", "damaged") if part in before}
        self.files[name] = {part: seen[part] for part in _PRINT} | kept | {"trouble": said(trouble)}

    def columns(self, name: str) -> list[str]:
        """The columns that the file had, or for a new one those of another file; empty where there is nothing to compare with."""
        entry = self.files.get(name)
        if entry is None:
            entry = next((other for other in reversed(self.files.values()) if other["rows"]), None)
        return self.layouts[entry["columns"]] if entry is not None else []


def said(problem: Problem) -> dict[str, str]:
    """A problem as it stands in the state."""
    return {"code": problem.code, "say": problem.say, "fix": problem.fix}


def trouble_of(entry: Mapping[str, Any]) -> Problem | None:
    """The problem that a file had when it was last tried."""
    known = entry.get("trouble")
    return Problem(**known) if known else None
