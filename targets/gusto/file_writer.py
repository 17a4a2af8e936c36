"""The Gusto target through files: hours and tips to import, and a list of employees for whoever enters them.

Gusto gives a firm no API to its own account without approval. So the same intents become lines of files that a person imports, under the
same contract: an attempt is written once, receipts are read back from the files, and a period that was imported stands still.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.errors import Misconfigured
from taps._kit.facts import Facts
from taps._kit.points import at
from taps._kit.surroundings import Surroundings
from taps.gusto.facts import FACTS
from targets._kit.bridge import bridge_of
from targets._kit.lock import Lock
from targets._kit.remote import digest
from targets._kit.writer import (
    Absent,
    Answer,
    Found,
    Intent,
    Metadata,
    Payload,
    Period,
    Receipt,
    Sent,
    Unpreparable,
    Verb,
    Whereabouts,
    unpreparable,
)
from targets.gusto import hours_file
from targets.gusto.config import GustoTargetConfig
from targets.gusto.hours_file import Amounts, Entry, PayPeriod, Slot

_PERSON = ("employee_number", "first_name", "last_name", "preferred_name", "work_email", "hire_date", "termination_date")
_ROSTER = (*_PERSON, "department", "location", "job_title", "employment_status", "key", "attempt")


class FileWriter:
    """One Gusto connection in file mode."""

    facts: Facts = replace(FACTS, batch=500, hosts=(), limits=())

    def __init__(self, config: GustoTargetConfig, home: Path) -> None:
        self._config = config
        self._folder = home / config.folder
        self._lock = Lock(self._folder / ".lock", "Gusto's import")
        self._roster: dict[str, dict[str, str]] = {}
        """By employee number."""
        self._entries: dict[str, list[Entry]] = {}
        """By name of the period."""

    # ── open ──

    def open(self, checkpoint: Mapping[str, Any] | None, around: Surroundings | None = None) -> None:  # noqa: ARG002 (the files say it all)
        """Take the folder for one writer, read what stands, and make imports that a crash left behind."""
        try:
            (self._folder / "hours").mkdir(parents=True, exist_ok=True)
            self._lock.take()
        except OSError as error:
            raise Misconfigured(f"The folder {self._folder} cannot be written: {error.strerror}.") from error
        self._load()
        for name, rows in self._entries.items():  # what a crash left half done
            if rows != self._on_disk(name):
                hours_file.write(self._path(name), hours_file.entries_text(rows))
            self._render(name)

    def _load(self) -> None:
        """What stands in the files. An attempt of which lines are missing never was answered: its other lines do not count."""
        roster = self._folder / "employees.csv"
        people = csv.DictReader(io.StringIO(roster.read_text(encoding="utf-8"))) if roster.is_file() else []
        self._roster = {row["employee_number"]: dict(row) for row in people}
        files = sorted((self._folder / "hours").glob("*.entries.csv"))
        found = {path.name.removesuffix(".entries.csv"): hours_file.entries(path) for path in files}
        lines = Counter(row.attempt for rows in found.values() for row in rows)
        self._entries = {name: [row for row in rows if lines[row.attempt] >= row.parts] for name, rows in found.items()}

    def close(self) -> None:
        """Let the next one in."""
        self._lock.free()

    def checkpoint(self) -> dict[str, Any]:
        """Nothing: what stands is read from the files."""
        return {}

    def metadata(self) -> Metadata:
        """The periods that were imported: what was held for one may be tried again."""
        return Metadata({"exported": tuple(sorted(self._exported()))})

    def periods(self) -> Sequence[Period]:
        """Pay periods of which there are files; locked once they were imported."""
        exported = self._exported()
        days = {name: [date.fromisoformat(day) for day in name.split("_")] for name in sorted({*self._entries, *exported})}
        return [Period(start, end, "locked" if name in exported else "open") for name, (start, end) in days.items()]

    def check(self) -> list[Problem]:
        """Nothing that `open` would not tell."""
        return []

    def _exported(self) -> set[str]:
        return {path.stem for path in (self._folder / "hours").glob("*.exported")}

    # ── prepare ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """Pure but for the marks of imported periods."""
        of = f"{intent.document_type.replace('_', ' ')} {intent.number}"
        if intent.verb.value not in self.facts.verbs.get(intent.subject.kind, ()):
            return unpreparable("POST-RULE", f"Gusto cannot {intent.verb} {of}.", "Choose a kind that Gusto's page lists, in the route.")
        if intent.verb is not Verb.CREATE and not intent.booked:
            return unpreparable(
                "SEND-CHANGED", f"Nothing stands in the files for {of} that could be changed.", "Ask for a reconciliation of it."
            )
        return self._person(intent, of) if intent.subject.kind == "employee" else self._hours(intent, of)

    def _person(self, intent: Intent, of: str) -> Payload | Unpreparable:
        document = intent.document
        if intent.verb is not Verb.VOID and not (document.get("first_name") and document.get("last_name")):
            return unpreparable(
                "MAP-REQUIRED", f"Gusto takes {of} only with first and last name.", "Fill it in at the source.", "last_name"
            )
        row = {name: str(document.get(name) or "") for name in _ROSTER if name not in ("key", "attempt")}
        row |= {"employee_number": intent.number, "key": intent.look_up_key, "attempt": intent.idempotency_key}
        row |= {"employment_status": "terminated"} if intent.verb is Verb.VOID else {}
        return Payload(intent, row, digest(row), Decimal(0), {})

    def _hours(self, intent: Intent, of: str) -> Payload | Unpreparable:
        held = self._fault(intent, of)
        if held is not None:
            return held
        standing = _standing(intent.booked)
        off = {slot: Amounts().plus(amounts, -1) for slot, amounts in standing.items()}
        for slot, amounts in _wanted(intent).items():
            off[slot] = off.get(slot, Amounts()).plus(amounts)
        key = (intent.booked or {}).get("key") or intent.look_up_key
        changed = {slot: amounts for slot, amounts in off.items() if any(amounts)}
        rows = [Entry(intent.number, slot, amounts, key, intent.idempotency_key, len(changed)) for slot, amounts in changed.items()]
        body = {"rows": rows, "key": key}
        return Payload(intent, body, digest([key, rows]), sum((row.amounts.hours for row in rows), Decimal(0)), bridge_of(intent))

    def _fault(self, intent: Intent, of: str) -> Unpreparable | None:
        document = intent.document
        if intent.verb is Verb.REVERSE:
            return None
        if document.get("status") == "open":
            return unpreparable("MAP-HELD", f"The hours of {of} are not approved yet.", "Approve them at the source.", "status")
        employee = str(document.get("employee_number") or "")
        if not employee:
            return unpreparable("MAP-REQUIRED", f"Nobody says whose {of} is.", "Name the employee at the source.", "employee_number")
        if employee not in self._roster:
            fix = "Send the employees to the same connection first, in a route with kind employee."
            return unpreparable("MAP-LOOKUP", f"The employee of {of} is not in employees.csv.", fix, "employee_number")
        if (document.get("tips") or Decimal(str(document.get("declared_tips") or 0))) and document.get("currency") not in (None, "USD"):
            return unpreparable(
                "POST-RULE", f"The tips of {of} are in {document['currency']}; Gusto pays in USD.", "Exclude them.", "currency"
            )
        return self._imported(of, date.fromisoformat(str(document["business_date"]))) if intent.verb is Verb.CREATE else None

    def _imported(self, of: str, day: date) -> Unpreparable | None:
        period = hours_file.period_of(day, self._config)
        if period.name not in self._exported():
            return None
        say = f"The pay period {period.start} to {period.end} of {of} was imported into Gusto already."
        return unpreparable(
            "POST-PERIOD", say, "Remove its .exported file and import it again, or pay these hours by hand.", "business_date"
        )

    # ── send ──

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Each file is written once for the whole batch; what an attempt wrote already is only read."""
        known = {row.attempt for rows in self._entries.values() for row in rows}
        touched: set[str] = set()
        for payload in batch:
            intent = payload.intent
            if intent.subject.kind == "employee":
                self._roster[intent.number] = dict(payload.body)
            elif intent.idempotency_key not in known:
                known.add(intent.idempotency_key)
                for row in payload.body["rows"]:
                    name = self._open_period(row.slot.day).name
                    self._entries.setdefault(name, []).append(row)
                    touched.add(name)
        try:
            self._write(touched, people=any(payload.intent.subject.kind == "employee" for payload in batch))
        finally:
            self._load()  # what is answered is what the files hold
        by_key = self._by_key()
        return [self._receipt(payload, by_key) for payload in batch]

    def _open_period(self, day: str) -> PayPeriod:
        """The period of the day, or the first one after it that was not imported."""
        exported = self._exported()
        period = hours_file.period_of(date.fromisoformat(day), self._config)
        while period.name in exported:
            period = hours_file.period_of(date.fromordinal(period.end.toordinal() + 1), self._config)
        return period

    def _write(self, touched: set[str], *, people: bool) -> None:
        """Entries first: they are the truth, and the import is made of them again when the folder is opened."""
        if people:
            hours_file.write(self._folder / "employees.csv", _roster_text(self._roster))
        at("H1")
        for name in sorted(touched):
            hours_file.write(self._path(name), hours_file.entries_text(self._entries[name]))
            at("B1")
        for name in sorted(self._entries) if people else sorted(touched):
            self._render(name)

    def _render(self, name: str) -> None:
        if name not in self._exported():
            text = hours_file.import_text(self._entries[name], self._roster, self._config.gusto_ids)
            hours_file.write(self._folder / "hours" / f"{name}.csv", text)

    def _path(self, name: str) -> Path:
        return self._folder / "hours" / f"{name}.entries.csv"

    def _on_disk(self, name: str) -> list[Entry]:
        return hours_file.entries(self._path(name))

    # ── receipts ──

    def _by_key(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for rows in self._entries.values():
            for row in rows:
                found.setdefault(row.key, []).append(row)
        return found

    def _receipt(self, payload: Payload, by_key: Mapping[str, Sequence[Entry]]) -> Answer:
        intent = payload.intent
        if intent.subject.kind == "employee":
            return _person_receipt(self._roster[intent.number])
        key = payload.body["key"]
        return _hours_receipt(key, by_key.get(key, ()), intent.idempotency_key, intent.number)

    def find(self, sent: Sequence[Sent]) -> list[Whereabouts]:
        """The files tell at once: nobody else writes them."""
        self._load()
        by_key = self._by_key()
        return [self._find(each, by_key) for each in sent]

    def _find(self, sent: Sent, by_key: Mapping[str, Sequence[Entry]]) -> Whereabouts:
        if sent.subject.kind == "employee":
            person = next((row for row in self._roster.values() if row["attempt"] == sent.idempotency_key), None)
            return Found(_person_receipt(person)) if person else Absent()
        for key, rows in by_key.items():
            if any(row.attempt == sent.idempotency_key for row in rows):
                return Found(_hours_receipt(key, rows, sent.idempotency_key, rows[0].number))
        return Absent()

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:  # noqa: ARG002 (a line does not say when it was written)
        """Everything in the files."""
        self._load()
        people = [_person_receipt(row) for row in self._roster.values()]
        return [*people, *(_hours_receipt(key, rows, None, rows[0].number) for key, rows in self._by_key().items())]


def _person_receipt(row: Mapping[str, str]) -> Receipt:
    return Receipt(row["employee_number"], row["employee_number"], "", Decimal(0), {"attempt": row["attempt"]})


def _hours_receipt(key: str, rows: Sequence[Entry], attempt: str | None, number: str) -> Receipt:
    """What stands of a thing; its effect is that of one attempt, or of all of them."""
    sums: dict[Slot, Amounts] = {}
    for row in rows:
        sums[row.slot] = sums.get(row.slot, Amounts()).plus(row.amounts)
    effect = sum((row.amounts.hours for row in rows if attempt is None or row.attempt == attempt), Decimal(0))
    body = {"key": key, "rows": [[*slot, *map(str, amounts)] for slot, amounts in sums.items() if any(amounts)]}
    return Receipt(key, number, "HUR", effect, body)


def _wanted(intent: Intent) -> dict[Slot, Amounts]:
    """What should stand: hours and declared cash tips of a time entry, card tips of a tip payout; nothing where absence is wanted.

    Card tips are paid with the wages (Paycheck Tips). Declared cash tips are in the pocket already: they are reported (Cash Tips) for the
    taxes on them, and never paid.
    """
    document = intent.document
    if intent.verb in (Verb.REVERSE, Verb.VOID):
        return {}
    values = (document.get(name) for name in ("regular_hours", "overtime_hours", "tips", "declared_tips"))
    amounts = Amounts(*(Decimal(str(value or 0)) for value in values))
    slot = Slot(str(document["employee_number"]), str(document["business_date"]), str(document.get("role_code") or ""))
    return {slot: amounts} if any(amounts) else {}


def _standing(booked: Mapping[str, Any] | None) -> dict[Slot, Amounts]:
    return {Slot(*row[:3]): Amounts(*map(Decimal, row[3:])) for row in (booked or {}).get("rows", ())}


def _roster_text(roster: Mapping[str, Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _ROSTER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(roster[number] for number in sorted(roster))
    return text.getvalue()
