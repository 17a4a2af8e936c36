"""A workbook as accountants expect one: true numbers and dates, ids as text, one frozen header, sums that follow a filter.

Nothing that came from data is ever a formula. A text that begins like one is stored as text with Excel's own mark for that, so that it
stays text when somebody edits the cell. Formulas are ours alone, and each carries its value, for programs that do not calculate.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from xlsxwriter import Workbook
from xlsxwriter.utility import quote_sheetname, xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from pipelines.reconcile.exports.csv import guarded
from pipelines.reconcile.exports.totals import decimals, plain
from pipelines.reconcile.report import ZERO

_DIGITS = 15
"""Excel keeps that many digits of a number."""
_LONGEST = 16_000
"""Characters of a text; Excel takes 32,767 halves of a surrogate pair, and a longer text silently not at all."""
_FIRST_YEAR = 1900


class Amount(NamedTuple):
    """A number in a unit."""

    value: Decimal
    unit: str


class Share(NamedTuple):
    """A part of a whole, 0 to 1, shown in per cent."""

    value: Decimal


class Link(NamedTuple):
    """An address of ours, and what is shown for it."""

    url: str
    text: str


class Column(NamedTuple):
    """A column of a table; `total` sums it over the rows that are shown, unit by unit; `wrap` breaks long texts into lines."""

    head: str
    width: int = 14
    total: bool = False
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A sum of cells that must be what the run worked out."""

    what: str
    unit: str
    formula: str
    """With {unit} where the cell with the unit stands."""
    found: Decimal
    """What the formula gives."""
    of_run: Amount


class Book:
    """A workbook that is being written."""

    def __init__(self, workbook: Workbook, heading: str, footer: str) -> None:
        self._workbook = workbook
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.heading = heading
        self.footer = footer
        self.checks: list[Check] = []
        self.notes: list[str] = []

    def sheet(self, name: str) -> Sheet:
        """A new sheet with its title, set up for print."""
        return Sheet(self, self._workbook.add_worksheet(name), name)

    def style(self, **properties: Any) -> Any:
        """The format with these properties; one each."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._workbook.add_format({"font_name": "Calibri", "font_size": 10, "valign": "top", **properties})
        return self._formats[key]


class Sheet:
    """A sheet that is written from the top down; `row` is the next free row."""

    def __init__(self, book: Book, sheet: Worksheet, name: str) -> None:
        self.book = book
        self.name = name
        self.row = 0
        self._sheet = sheet
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L&8{book.footer}&R&8{name}, page &P of &N")
        sheet.set_row(0, 24)  # points
        self.line((name,), bold=True, font_size=16, font_color=INK)
        self.line((book.heading,), font_color=GREY)
        self.row += 1

    def widths(self, *widths: int) -> None:
        """How wide the columns are, from the first, in characters."""
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, width)

    def line(self, values: Sequence[object], **style: Any) -> int:
        """Write a row; its index."""
        for column, value in enumerate(values):
            self.put(self.row, column, value, **style)
        self.row += 1
        return self.row - 1

    def head(self, values: Sequence[str], right: Collection[int] = ()) -> None:
        """Write a row of headings; those of numbers stand at the right."""
        for column, value in enumerate(values):
            align = {"align": "right"} if column in right else {}
            self.put(self.row, column, value, bold=True, font_color="#FFFFFF", bg_color=INK, text_wrap=True, valign="vcenter", **align)
        self.row += 1

    def section(self, title: str) -> None:
        """An empty row, and a title."""
        self.row += 1
        self.line((title,), bold=True, font_size=12, font_color=INK)

    def put(self, row: int, column: int, value: object, **style: Any) -> None:
        """Write a value by its type: Amount, Share, Link, int, date, datetime or text; None leaves the cell empty."""
        if isinstance(value, Amount):
            self._amount(row, column, value, style)
        elif isinstance(value, Share):
            self._sheet.write_number(row, column, value.value, self.book.style(num_format="0.0 %", **style))
        elif isinstance(value, int):
            self._sheet.write_number(row, column, value, self.book.style(num_format="#,##0", **style))
        elif isinstance(value, date):
            self._date(row, column, value, style)
        elif isinstance(value, Link) and value.url.startswith("https://"):
            shown = self.book.style(font_color="#1F5FA8", underline=1, **style)
            self._sheet.write_url(row, column, value.url, shown, value.text)
        elif value is None:
            self._sheet.write_blank(row, column, None, self.book.style(**style))
        else:
            self._text(row, column, value.text if isinstance(value, Link) else str(value), style)

    def formula(self, row: int, column: int, formula: str, value: Amount, **style: Any) -> None:
        """Write a formula of ours with what it gives."""
        shown = self.book.style(num_format=number_format(value), **style)
        self._sheet.write_formula(row, column, formula, shown, Decimal(plain(value.value)))

    def name_of(self, row: int, column: int) -> str:
        """A cell as other sheets name it."""
        return f"{quote_sheetname(self.name)}!{xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)}"

    def range(self, first: int, last: int, column: int) -> str:
        """Cells of one column as other sheets name them."""
        return f"{quote_sheetname(self.name)}!{xl_range_abs(first, column, last, column)}"

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[object]], unit_at: int, empty: str, printed: int = 0) -> None:
        """A table with frozen header and filter; above it, for each unit, the sums of the rows that are shown and of the run.

        Paper gets the first `printed` columns, or all.
        """
        self.widths(*(column.width for column in columns))
        units = sorted({str(row[unit_at]) for row in rows})
        header = self.row + 2 * len(units)
        if any(column.total for column in columns):
            for unit in units:
                self._sums(columns, rows, unit_at, unit, units, header)
        else:
            header = self.row
        numbers = {at for at, value in enumerate(rows[0]) if isinstance(value, Amount | Share | int)} if rows else ()
        self.head([column.head for column in columns], numbers)
        for number, row in enumerate(rows):
            stripe = {"bg_color": STRIPE} if number % 2 else {}
            for at, value in enumerate(row):
                self.put(self.row, at, value, **stripe, **({"text_wrap": True, "align": "left", "indent": 1} if columns[at].wrap else {}))
            self.row += 1
        if printed:
            self._sheet.print_area(0, 0, max(self.row, header + 1), printed - 1)
        if rows:
            self._sheet.autofilter(header, 0, header + len(rows), len(columns) - 1)
        else:
            self.line((empty,), italic=True, font_color=GREY)
        self.freeze(header)

    def freeze(self, header: int) -> None:
        """Keep what stands above and in this row on the screen, and print this row on each page."""
        self._sheet.freeze_panes(header + 1, 0)
        self._sheet.repeat_rows(header)

    def _sums(
        self, columns: Sequence[Column], rows: Sequence[Sequence[object]], unit_at: int, unit: str, units: list[str], header: int
    ) -> None:
        """Two rows: what is shown, by a formula that follows the filter; and what the run has worked out."""
        top, last = header + 1, header + len(rows)
        where = xl_range_abs(top, unit_at, last, unit_at)
        unit_cell = xl_rowcol_to_cell(self.row, unit_at, row_abs=True, col_abs=True)
        of_run: dict[int, Amount] = {}
        self.put(self.row, 0, "Rows shown", bold=True)
        if unit_at:
            self.put(self.row, unit_at, unit, bold=True)
        for at in (at for at, column in enumerate(columns) if column.total):
            amount = sum((_number(row[at]) for row in rows if str(row[unit_at]) == unit), ZERO)
            of_run[at] = Amount(amount, "C62" if isinstance(rows[0][at], int) else unit)
            cells = xl_range_abs(top, at, last, at)
            shown = f"=SUBTOTAL(109,{cells})"
            if len(units) > 1:
                each = f"SUBTOTAL(109,OFFSET({xl_rowcol_to_cell(top, at, row_abs=True, col_abs=True)},ROW({cells})-{top + 1},0))"
                shown = f"=SUMPRODUCT({each},--({where}={unit_cell}))"
            self.formula(self.row, at, shown, of_run[at], bold=True, top=1)
            formula = f"SUMPRODUCT(--({self.range(top, last, unit_at)}={{unit}}),{self.range(top, last, at)})"
            self.book.checks.append(Check(f"{self.name}: {columns[at].head}", unit, formula, amount, of_run[at]))
        self.put(self.row + 1, 0, "Of the run", font_color=GREY)
        if unit_at:
            self.put(self.row + 1, unit_at, unit, font_color=GREY)
        for at, total in of_run.items():
            self.put(self.row + 1, at, total, font_color=GREY)
        self.row += 2

    def _amount(self, row: int, column: int, amount: Amount, style: dict[str, Any]) -> None:
        if len(plain(amount.value).strip("-0").replace(".", "")) > _DIGITS:
            self.book.notes.append(f"{self.name}: {plain(amount.value)} has more digits than Excel keeps, and is written as text.")
            self._text(row, column, plain(amount.value), {**style, "align": "right"})
            return
        self._sheet.write_number(row, column, amount.value, self.book.style(num_format=number_format(amount), **style))

    def _date(self, row: int, column: int, value: date, style: dict[str, Any]) -> None:
        if value.year < _FIRST_YEAR:
            self._text(row, column, value.isoformat(), style)
        elif isinstance(value, datetime):
            at = value.astimezone(UTC).replace(tzinfo=None, microsecond=0)
            self._sheet.write_datetime(row, column, at, self.book.style(num_format='yyyy-mm-dd hh:mm:ss "UTC"', align="left", **style))
        else:
            self._sheet.write_datetime(row, column, value, self.book.style(num_format="yyyy-mm-dd", align="left", **style))

    def _text(self, row: int, column: int, text: str, style: dict[str, Any]) -> None:
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]} … (cut; the JSON holds all of it)"
        marked = {"quote_prefix": True} if guarded(text) != text else {}
        self._sheet.write_string(row, column, text, self.book.style(**{**marked, **style}))


INK = "#1B3A4B"
GREY = "#5F6B73"
STRIPE = "#F3F6F8"


def number_format(amount: Amount) -> str:
    """How Excel shows it: as many decimals as it has, and never fewer than its unit; negative ones red and in parentheses."""
    places = max(decimals(amount.unit), len(plain(amount.value).partition(".")[2].rstrip("0")))
    shown = "#,##0" + (f".{'0' * places}" if places else "")
    return f"{shown}_);[Red]({shown})"


def _number(value: object) -> Decimal:
    if isinstance(value, Amount):
        return value.value
    return Decimal(value) if isinstance(value, int) else ZERO
