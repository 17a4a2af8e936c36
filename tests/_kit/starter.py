"""The home folder that `counterfoil init` makes, edited as its comments say, and the command line called in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipelines.cli.main import run


class Said(NamedTuple):
    """What one command ended with and printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)


class Counterfoil:
    """Calls `counterfoil …` with a home folder."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def __call__(self, *words: str) -> Said:
        """Run one command; `--home` is added."""
        self._capsys.readouterr()
        code = run([*words, "--home", str(self.home)])
        out, err = self._capsys.readouterr()
        return Said(code, out, err)

    def edit(self, file: str, before: str, after: str) -> None:
        """Replace a text that must be there once."""
        path = self.home / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} has {before!r} {text.count(before)} times"
        path.write_text(text.replace(before, after), encoding="utf-8")

    def start(self, mode: str = "auto") -> Counterfoil:
        """`init`, and the edits that its comments ask for."""
        assert self("init").code == 0
        self.edit("connections/shop.yaml", "path: files/sales.csv", "path: files/example_sales.csv")
        self.edit("routes/shop_to_office.yaml", "mode: shadow  ", f"mode: {mode}  ")
        return self


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
