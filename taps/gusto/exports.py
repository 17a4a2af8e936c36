"""Payroll results from files that a person exported from Gusto: what each employee earned, and what it cost, by payroll.

Each file under FOLDER/payroll is one export, CSV with a head. Amounts may be written $1,234.50 or (12.00). A file that was exported again
replaces what it held before: its rows are one scope. The employee's name is a column of the export: it stays in the record as a personal
field, and names the row.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.reader import Complete, Damaged, Message, Record, Start, State, Stream
from taps._kit.surroundings import Surroundings
from taps.gusto.config import GustoConfig
from taps.gusto.facts import FACTS

AMOUNTS = (
    "gross",
    "employee_taxes",
    "employer_taxes",
    "deductions",
    "benefits",
    "reimbursements",
    "paycheck_tips",
    "cash_tips",
    "net",
)
_NEEDED = ("employee", "check_date", "gross", "employee_taxes", "employer_taxes", "net")
RESULT: dict[str, Any] = {
    "payroll": {"type": "string"},
    "employee": {"type": "string"},
    "department": {"type": ["string", "null"]},
    "period_start": {"type": ["string", "null"]},
    "period_end": {"type": ["string", "null"]},
    "check_date": {"type": "string", "format": "date"},
    **{name: {"type": "string", "description": "Money, to the cent."} for name in AMOUNTS},
}
_STREAM = "payroll_results"
_TOTALS = ("total", "totals", "grand total", "")


class ExportReader:
    """One Gusto connection in file mode."""

    facts = FACTS

    def __init__(self, config: GustoConfig, home: Path) -> None:
        self._columns = config.columns.model_dump()
        self._folder = home / config.folder / "payroll"

    def streams(self) -> list[Stream]:
        """Payroll results."""
        return [
            Stream(_STREAM, {"type": "object", "properties": RESULT}, ("payroll", "employee"), notes=(f"CSV files of {self._folder}.",))
        ]

    def read(self, stream: str, state: Mapping[str, Any] | None, around: Surroundings) -> Iterator[Message]:  # noqa: ARG002 (files need nothing from the hub)
        """The files that are new or were changed. Raises Misconfigured for a stream that is not there."""
        if stream != _STREAM:
            raise Misconfigured(f"Gusto in file mode has no stream {stream!r}. There is {_STREAM}.")
        known: dict[str, str] = dict((state or {}).get("files", {}))
        count = int((state or {}).get("read", 0))
        for path in sorted(self._folder.glob("*.csv")):
            raw = path.read_bytes()
            mark = hashlib.sha256(raw).hexdigest()[:32]
            if known.get(path.name) == mark:
                continue
            yield Start(path.name)
            rows = list(self._rows(path.name, raw))
            yield from rows
            count += len(rows)
            yield Complete(path.name, len(rows))
            known[path.name] = mark
            yield State({"files": known, "read": count}, count)
        yield State({"files": known, "read": count}, count)

    def check(self, around: Surroundings | None = None) -> list[Problem]:  # noqa: ARG002 (files need no log-in)
        """A folder that is missing, and files without the columns that are needed."""
        if not self._folder.is_dir():
            return [Problem("READ-MISSING", f"There is no folder {self._folder}.", "Make it, and put the payroll exports of Gusto there.")]
        return [fault for path in sorted(self._folder.glob("*.csv")) if (fault := self._fault(path.name, _head(path.read_bytes())))]

    def _fault(self, name: str, head: list[str]) -> Problem | None:
        missing = [self._columns[need] for need in _NEEDED if self._columns[need] not in head]
        if not missing:
            return None
        say = f"{name} has no column {', '.join(missing)}; it has {', '.join(head)}."
        return Problem("READ-SCHEMA", say, "Export the payroll journal by employee, or name the columns under config.columns.")

    def _rows(self, name: str, raw: bytes) -> Iterator[Record | Damaged]:
        head = _head(raw)
        fault = self._fault(name, head)
        if fault is not None:
            yield Damaged("", name, fault, scope=name)
            return
        rows = csv.DictReader(io.StringIO(raw.decode("utf-8-sig", "replace")))
        times: dict[str, int] = {}
        for line, row in enumerate(rows, 2):
            if (row.get(self._columns["employee"]) or "").strip().lower() in _TOTALS:
                continue  # a row of totals is no employee
            made = self._record(name, line, row)
            if isinstance(made, Problem):
                yield Damaged("", f"{name}, line {line}", made, scope=name)
                continue
            key = f"{made['check_date']}/{made['employee']}/{made['department'] or ''}"
            times[key] = times.get(key, 0) + 1
            yield Record(made, f"{key}/{times[key]}" if times[key] > 1 else key, scope=name)

    def _record(self, name: str, line: int, row: Mapping[str, str]) -> dict[str, Any] | Problem:
        body: dict[str, Any] = {"employee": row[self._columns["employee"]].strip()}
        body["department"] = (row.get(self._columns["department"]) or "").strip() or None
        try:
            for field in ("period_start", "period_end", "check_date"):
                body[field] = _day(row.get(self._columns[field]) or "")
            for field in AMOUNTS:
                body[field] = _money(row.get(self._columns[field]) or "")
        except (ValueError, InvalidOperation):
            say = f"{field} in line {line} of {name} cannot be read."
            return Problem("READ-DAMAGED", say, "Correct the file, or export it again.", field)
        if body["check_date"] is None:
            return Problem("READ-DAMAGED", f"Line {line} of {name} has no check date.", "Export it again with this column.", "check_date")
        return {"payroll": body["check_date"], **body}


def _head(raw: bytes) -> list[str]:
    first = next(csv.reader(io.StringIO(raw[: 1 << 16].decode("utf-8-sig", "replace"))), [])
    return [each.strip() for each in first]


def _money(text: str) -> str:
    """$1,234.50 and (12.00) as 1234.50 and -12.00; nothing is 0.00."""
    plain = text.strip().replace("$", "").replace(",", "")
    negative = plain.startswith("(") and plain.endswith(")")
    amount = Decimal(plain.strip("()") or "0")
    if not amount.is_finite():
        raise ValueError(text)
    return f"{-amount if negative else amount:.2f}"


def _day(text: str) -> str | None:
    """2026-11-13 or 11/13/2026, as the export has it."""
    plain = text.strip()
    if not plain:
        return None
    return (datetime.strptime(plain, "%m/%d/%Y").date() if "/" in plain else date.fromisoformat(plain)).isoformat()  # noqa: DTZ007 (a day)
