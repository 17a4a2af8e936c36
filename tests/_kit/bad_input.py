"""A small shop that exports its orders in one of four formats, run through the command line; and what must hold after any bad input.

`Office` is a home folder with one stream, a ledger and a stock database. Its rows are dictionaries; `sale` makes a good one.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from beancount import loader
from beancount.core.data import Transaction

from pipelines.cli.main import run
from tests._kit.apart import apart, without_rights
from tests._kit.company import ACCOUNTS
from tests._kit.tree import ROOT

MAPPING = """
mapping: shop/orders
version: 1
documents:
  - type: order
    id: id
    fields:
      order_number: id
      business_date: day(date)
      currency: currency
      note: note
      lines: [{fields: {line_number: 1, kind: "'item'", sku: sku, quantity: number(units), net_amount: number(total)}}]
      grand_total: number(total)
"""
COLUMNS = ("id", "date", "currency", "sku", "units", "total", "note")
ENDINGS = {"csv": "csv", "jsonl": "jsonl", "parquet": "parquet", "xlsx": "xlsx"}


def sale(number: str, total: Any = "119.00", **given: Any) -> dict[str, Any]:
    """A good row, or one with other fields."""
    return {
        "id": number,
        "date": "2026-01-05",
        "currency": "EUR",
        "sku": "mug",
        "units": "1",
        "total": total,
        "note": "",
    } | given


class Said(NamedTuple):
    """What one command ended with and printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)


def spoken(text: str) -> str:
    """A sentence as the page has it: for a CSV file, and as a cell of a table."""
    return re.sub(r"orders\.(jsonl|parquet|xlsx)\b", "orders.csv", text).replace("\\|", "|")


def on_page(*texts: str) -> bool:
    """Whether docs/bad-input.md says all of this, word for word."""
    page = spoken((ROOT / "docs" / "bad-input.md").read_text(encoding="utf-8"))
    assert [text for text in texts if spoken(text) not in page] == []
    return True


def accounted(report: Any) -> Any:
    """The report of a run in which both equations hold; adds `rows`: what became of the rows of the one stream."""
    assert report["balanced"] == {"intake": True, "route": True}
    (stream,) = report["intake"] or [{"read": 0}]
    report["rows"] = {name: count for name, count in stream.items() if isinstance(count, int) and not isinstance(count, bool)}
    return report


def in_a_program(home: Path, *words: str) -> Said:
    """One command line in a program of its own, whose memory is no test's."""
    program = [sys.executable, "-c", "from pipelines.cli.main import run; raise SystemExit(run())", *words, "--home", str(home)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    said = Said(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in said.out + said.err, said.err
    assert "inside Counterfoil" not in said.err, said.err
    return said


def called(*words: str) -> Said:
    """One command line, in this process. No command may ever show where in the program something went wrong."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    said = Said(code, out.getvalue(), err.getvalue())
    assert "Traceback" not in said.out + said.err
    assert "inside Counterfoil" not in said.err, said.err
    return said


@dataclass
class Office:
    """The home folder, and what a test does with it. `stream` are settings of the stream beside its path."""

    path: Path
    form: str
    hub_url: str = "sqlite:///hub.db"
    files: str = ""
    """Path of the stream; `files/orders.` and the format's ending, if left out."""
    stream: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for folder in ("connections", "routes", "mappings/shop", "files"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        self.files = self.files or f"files/orders.{ENDINGS[self.form]}"
        stream = {"path": self.files, "key": ["id"], **(self.stream or {})}
        shop = {
            "tap": "files",
            "company": "acme",
            "timezone": "Europe/Dublin",
            "config": {"streams": {"orders": stream}},
            "mappings": {"orders": "shop/orders"},
        }
        books = {"base_currency": "EUR", "accounts": ACCOUNTS}
        self.put(
            "counterfoil.yaml",
            {"hub": self.hub_url, "companies": {"acme": {"legal_name": "Acme", "base_currency": "EUR", "timezone": "Europe/Dublin"}}},
        )
        self.component("connections/shop", "Connection", shop)
        self.component("connections/ledger", "Connection", {"target": "ledger", "config": {"path": "books", "operating_currency": "EUR"}})
        self.component("connections/stock", "Connection", {"target": "database", "config": {"url": "sqlite:///stock.db"}})
        self.component(
            "routes/sales",
            "Route",
            {
                "sources": ["shop"],
                "start": {"business_date": "2026-01-01"},
                "mode": "auto",
                "posting": [
                    {"name": "books", "target": "ledger", "books": books, "order": {"as": "invoice"}},
                    {"name": "shelf", "target": "stock", "order": {"as": "stock_removal"}},
                ],
            },
        )
        (self.path / "mappings/shop/orders.yaml").write_text(MAPPING, encoding="utf-8")

    # ── configuration ──

    def put(self, name: str, content: Any) -> None:
        """Write a YAML file of the home."""
        (self.path / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def component(self, name: str, kind: str, attributes: Mapping[str, Any]) -> None:
        """Write a connection or a route."""
        self.put(f"{name}.yaml", {"type": f"pipelines.components.{kind}", "attributes": dict(attributes)})

    def edit(self, file: str, before: str, after: str) -> Callable[[], None]:
        """Replace a text that must be there once; call what is given back to undo it."""
        path = self.path / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} has {before!r} {text.count(before)} times"
        path.write_text(text.replace(before, after), encoding="utf-8")

        def undo() -> None:
            path.write_text(text, encoding="utf-8")

        return undo

    # ── the export ──

    @property
    def export(self) -> Path:
        """The file that the shop writes."""
        return self.path / self.files

    def write(self, rows: Sequence[Any], to: Path | None = None) -> None:
        """Write the export anew, under another name first. A row that is bytes or text stands in the file as it is (csv, jsonl)."""
        path = to or self.export
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}")
        _WRITERS[self.form](draft, rows)
        draft.replace(path)

    # ── commands ──

    def __call__(self, *words: str) -> Said:
        """A command of `counterfoil` on this home, in this process."""
        return called(*words, "--home", str(self.path))

    def denied(self, *words: str) -> Said:
        """The command as an account without special rights has it, also where the tests run as root."""

        def work() -> Said:
            without_rights()
            return self(*words)

        return apart(work)

    def run(self, code: int = 0) -> Any:
        """`counterfoil run --json`; what it printed."""
        said = self("run", "--json")
        assert said.code == code, (said.code, said.err, said.out)
        return accounted(said.json)

    def told(self) -> set[tuple[str, str, str]]:
        """Code, sentence and remedy of every open problem."""
        return {(each["code"], each["say"], each["fix"]) for each in self.problems()}

    def problems(self) -> list[dict[str, Any]]:
        """What `counterfoil problems` lists."""
        return list(self("problems", "--json").json["problems"])

    def raw(self) -> list[Any]:
        """The rows as they landed; of a SQLite hub in the home."""
        with contextlib.closing(sqlite3.connect(self.path / "hub.db")) as database:
            return [json.loads(body) for (body,) in database.execute("SELECT body FROM landed ORDER BY seq")]

    # ── what must hold ──

    def delivered(self) -> list[str]:
        """Numbers of the orders that stand in the ledger, after bean-check has read it; the stock database has the same."""
        books = booked(self.path / "books/main.beancount")
        assert stocked(self.path / "stock.db") == books
        return books


def booked(main: Path) -> list[str]:
    """Numbers of the transactions in a ledger that bean-check accepts, each of which must balance and stand there once."""
    if not main.exists():
        return []
    entries, errors, _options = loader.load_file(str(main))
    assert errors == [], errors
    found = [entry for entry in entries if isinstance(entry, Transaction)]
    for entry in found:
        assert sum(_amount(posting) for posting in entry.postings) == 0
    numbers = sorted(str(entry.narration) for entry in found)
    assert len(set(numbers)) == len(numbers), Counter(numbers).most_common(3)
    return numbers


def _amount(posting: Any) -> Decimal:
    return Decimal(posting.units.number)


def stocked(file: Path) -> list[str]:
    """Numbers of the orders whose movements the stock database holds, each once, and each with its receipt."""
    if not file.exists():
        return []
    with contextlib.closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return sorted(str(row[0]) for row in database.execute("SELECT document_number FROM stock_movement"))


# ── writing a file ──


def _csv(path: Path, rows: Sequence[Any]) -> None:
    def line(row: Any) -> bytes:
        if isinstance(row, bytes | str):
            return row.encode() if isinstance(row, str) else row
        return ",".join(str(row.get(column, "")) for column in COLUMNS).encode()

    path.write_bytes(b"".join(part + b"\n" for part in (",".join(COLUMNS).encode(), *map(line, rows))))


def _jsonl(path: Path, rows: Sequence[Any]) -> None:
    def line(row: Any) -> bytes:
        if isinstance(row, bytes | str):
            return row.encode() if isinstance(row, str) else row
        return json.dumps(row).encode()

    path.write_bytes(b"".join(line(row) + b"\n" for row in rows))


def _parquet(path: Path, rows: Sequence[Any]) -> None:
    import pyarrow  # noqa: ICN001
    import pyarrow.parquet

    columns = {name: [row.get(name) for row in rows] for name in COLUMNS}
    # a column in which a value is bytes calls itself text all the same: other programs write such files
    arrays = {
        name: pyarrow.array([value.encode() if isinstance(value, str) else value for value in values], pyarrow.binary()).view(
            pyarrow.string()
        )
        if any(isinstance(value, bytes) for value in values)
        else pyarrow.array(values)
        for name, values in columns.items()
    }
    pyarrow.parquet.write_table(pyarrow.table(arrays), path)


def _xlsx(path: Path, rows: Sequence[Any]) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(list(COLUMNS))
    for row in rows:
        book.active.append([row.get(column) for column in COLUMNS])
    book.save(path)


_WRITERS: dict[str, Callable[[Path, Sequence[Any]], None]] = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet, "xlsx": _xlsx}
