"""The home folder as text, for the record of a reconciliation: every setting, no secret.

Secrets belong into the hub, never into a file; what looks like one all the same is masked here, and so is the password of a database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

MASK = "•••"
_FOLDERS = ("connections", "routes", "mappings", "lookups", "controls")
_ADDRESS = re.compile(r"(\w://[^\s:/@]*):[^\s@]+@")
_SECRET = re.compile(
    r"""["']?[\w-]*(?:secret|passw|token|api_?key|private_?key|credential)[\w-]*["']?[ \t]*:(?=\s|$)[ \t]*""", re.IGNORECASE
)
_IN_BRACES = re.compile(r""""[^"]*"|'[^']*'|[^,}]*""")
"""A value inside {braces}."""


def masked(home: Path) -> dict[str, str]:
    """Each settings file by its name below the home folder, as text with secrets masked."""
    files = [*home.glob("*.yaml"), *(file for folder in _FOLDERS for file in (home / folder).rglob("*.yaml"))]
    return {file.relative_to(home).as_posix(): mask(file.read_text(encoding="utf-8", errors="replace")) for file in sorted(files)}


def mask(text: str) -> str:
    """The text of a settings file without what looks like a secret."""
    return "\n".join(_lines(text.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    inside: int | None = None  # the indentation of a key whose secret goes on over the next lines
    for line in lines:
        indented = len(line) - len(line.lstrip())
        if inside is not None and (not line.strip() or indented > inside):
            continue
        shown, rest = "", line
        inside = None
        while found := _SECRET.search(rest):
            shown, rest = shown + rest[: found.end()].rstrip() + f" {MASK}", rest[found.end() :]
            if "{" in shown:
                rest = rest[_IN_BRACES.match(rest).end() :]  # type: ignore[union-attr]  # it matches nothing too
            else:
                inside, rest = indented, ""
        yield _ADDRESS.sub(rf"\1:{MASK}@", shown + rest)
