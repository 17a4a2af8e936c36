"""What people see: plain text in aligned tables, amounts to the right with their currency. Colour only repeats what a word says."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import IO, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_WIDTH = 132
"""Of a page that goes into a file or a pipe."""
_COLOURS = {"green": "green", "amber": "yellow", "red": "bold red", "ok": "green"}
UNITS = {"C62": "units", "HUR": "hours"}


class Page:
    """One page of text. Rows and sentences may hold anything a source holds: nothing in them is taken for formatting."""

    def __init__(self, out: IO[str] | None = None) -> None:
        plain = {"markup": False, "highlight": False, "emoji": False}
        self.console = Console(file=out, **plain)  # type: ignore[arg-type]
        if not self.console.is_terminal:
            self.console = Console(file=out, width=_WIDTH, no_color=True, **plain)  # type: ignore[arg-type]

    def _put(self, shown: Text | Table | Padding) -> None:
        """Print it without the blanks that fill a line to its end."""
        with self.console.capture() as caught:
            self.console.print(shown)
        self.console.file.write("\n".join(line.rstrip() for line in caught.get().split("\n")))

    def say(self, sentence: str = "") -> None:
        """A line of its own."""
        self._put(Text(clean(sentence)))

    def title(self, words: str) -> None:
        """What the next lines are about."""
        self._put(Text())
        self._put(Text(clean(words), style="bold"))

    def lamp(self, word: str, sentence: str) -> None:
        """`green`, `amber` or `red`, or the word of a check, and why."""
        self._put(Text.assemble("  ", (word.ljust(6), _COLOURS.get(word, "bold yellow")), " ", clean(sentence)))

    def item(self, sentence: str, *more: str) -> None:
        """A paragraph with a dash, and lines that belong to it."""
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=2)
        grid.add_column(overflow="fold")
        grid.add_row(Text(" -"), Text(clean(sentence)))
        for line in more:
            grid.add_row("", Text(clean(line), style="dim"))
        self._put(grid)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[str] = (), wraps: Iterable[str] = ()) -> None:
        """Rows under their headings; the columns named in `right` are aligned to the right. The last wraps, and those in `wraps`."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
        numbers, soft = set(right), {columns[-1], *wraps}
        for column in columns:
            table.add_column(column, justify="right" if column in numbers else "left", overflow="fold", no_wrap=column not in soft)
        for row in rows:
            table.add_row(*(Text(clean("" if cell is None else str(cell))) for cell in row))
        self._put(Padding(table, (0, 0, 0, 2)))

    def beside(self, columns: Mapping[str, Sequence[str]]) -> None:
        """Several lists of lines side by side under their headings."""
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold", expand=False)
        for column in columns:
            table.add_column(clean(column), overflow="fold", ratio=1)
        table.add_row(*(Text(clean("\n".join(lines))) for lines in columns.values()))
        self._put(table)


def put_json(value: Any) -> None:
    """One JSON object on stdout; amounts are decimal texts, instants ISO in UTC."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=as_json)
    sys.stdout.write("\n")


def as_json(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, timedelta):
        return None if value == timedelta.max else value.total_seconds()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime) or hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def clean(text: str) -> str:
    """Text that a terminal only shows: what could move its cursor or hide a part becomes a dot; lines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("·" if unicodedata.category(char) in _HIDDEN and char not in "\n\t" else char for char in text)


_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def amount(value: Decimal, unit: str = "") -> str:
    """An amount as people write it: thousands apart, at least two decimals of money, the currency behind it."""
    places = max(0 if unit in UNITS else 2, -int(value.as_tuple().exponent)) if unit else max(0, -int(value.as_tuple().exponent))
    return f"{value:,.{places}f}{' ' + UNITS.get(unit, unit) if unit else ''}"


def number(value: int) -> str:
    """A count with thousands apart."""
    return f"{value:,}"


def moment(instant: datetime | None) -> str:
    """An instant to the second, in UTC."""
    return f"{instant:%Y-%m-%d %H:%M:%S}" if instant else ""
