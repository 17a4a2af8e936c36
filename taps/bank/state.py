"""What a bank reader remembers between two reads, and how far it is within one file.

layout      "1.0": the major number rises when an older reader could not go on from it
files       by name: size, mtime_ns, ctime_ns, inode, sha256; rows; columns of a CSV file; `damaged` if it had damaged rows; `troubles`,
            which are told at each read until the file is another one or no longer there. Files that are gone are forgotten
statements  the newest of each account, see `account.Known`; they stay when their file goes to an archive
position    only within a file: its name, its fingerprint, and the rows of it that were handed out
read        every row that was ever handed out
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.reader import State
from taps.bank.account import Known, kept

_MAJOR, _LAYOUT = "1", "1.0"
PRINT = ("size", "mtime_ns", "ctime_ns", "inode", "sha256")


@dataclass(slots=True)
class Position:
    """Within a file."""

    file: str
    row: int
    print: dict[str, Any]


@dataclass(slots=True)
class Memory:
    """The state while a read works on it. Entries are replaced, never changed: a State that was handed out stays."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    statements: list[Known] = field(default_factory=list)
    position: Position | None = None
    read: int = 0

    @classmethod
    def load(cls, value: Mapping[str, Any] | None) -> Memory:
        """The memory that a State's value holds. Raises Misconfigured for one that this version cannot go on from."""
        if not value:
            return cls()
        layout = value.get("layout")
        if not isinstance(layout, str) or layout.split(".", 1)[0] != _MAJOR:
            raise Misconfigured(
                f"The reading state of the bank statements was written by another version of Counterfoil (layout {layout!r}, this one "
                f"reads {_LAYOUT}). Install the version that wrote it, or reset the stream to read everything again."
            )
        try:
            return cls._parse(value)
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise Misconfigured(
                "The reading state of the bank statements is damaged and cannot be gone on from. Restore it, or reset the stream to read "
                "everything again.",
                log=f"state of bank statements: {error!r}",
            ) from None

    @classmethod
    def _parse(cls, value: Mapping[str, Any]) -> Memory:
        place = value["position"]
        files = {str(name): dict(entry) for name, entry in value["files"].items()}
        if any(part not in entry for entry in files.values() for part in (*PRINT, "rows", "troubles")):
            raise ValueError("a file without its fingerprint")
        read, row = value["read"], place["row"] if place else 0
        if type(read) is not int or type(row) is not int or min(read, row) < 0:
            raise ValueError(f"read is {read!r}, row {row!r}")
        position = Position(str(place["file"]), row, dict(place["print"])) if place else None
        return cls(files, [Known.of(one) for one in value["statements"]], position, read)

    def state(self) -> State:
        """A State of this moment."""
        self.statements = kept(self.statements)
        place = self.position
        value: dict[str, Any] = {
            "layout": _LAYOUT,
            "files": dict(self.files),
            "statements": [one.value() for one in self.statements],
            "position": {"file": place.file, "row": place.row, "print": dict(place.print)} if place else None,
            "read": self.read,
        }
        return State(value, self.read)


def said(problem: Problem) -> dict[str, str]:
    """A problem as it stands in the state."""
    return {"code": problem.code, "say": problem.say, "fix": problem.fix}
