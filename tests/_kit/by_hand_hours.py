"""A person at BambooHR or Gusto: types, deletes, copies and edits hours of the sample company's month.

BambooHR adds up what bears one mark, so that an entry typed once more with it is an edit of the hours, not a second document. Its
entries keep their employee: whoever worked them is corrected by typing them anew, with the note. Every edit at Gusto moves the sheet's own
clock.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.reconcile.report import Report
from pipelines.sandbox.demo import BUNDLED, lay_out
from taps._kit.simulator import serve
from taps.bamboohr.mark import Mark
from taps.bamboohr.simulator import BambooSimulator
from taps.gusto.facts import NUMBER
from taps.gusto.simulator import COMPANY, GustoSimulator
from tests._kit.books_month import Month
from tests._kit.by_hand import TWIN, ByHand

Entry = dict[str, Any]
_KEPT = ("people", "backoffice", "staff")


class Staff(Month):
    """One home with the sample's staff and hours alone."""

    def __init__(self, path: Path, clock: Any, target: str, config: dict[str, Any], secrets: dict[str, str]) -> None:
        lay_out("sample", path)
        for folder in ("routes", "connections"):
            for file in (path / folder).iterdir():
                if file.stem not in _KEPT:
                    file.unlink()
        self.path = path
        self.edit("connections/backoffice", target=target, config=config)
        kinds = {"employee": {"as": "employee"}, "time_entry": {"as": "time_entry"}}
        self.edit("routes/people", sources=["staff"], posting=[{"name": "people", "target": "backoffice", "company": "meadow_uk", **kinds}])
        self.hub = Hub(f"sqlite:///{path}.db", clock)
        migrate(self.hub)
        self.keep(secrets, "backoffice")
        self.run()


@contextmanager
def at_bamboohr(path: Path) -> Iterator[tuple[BambooSimulator, Staff]]:
    """A company of BambooHR with the month's hours in it."""
    there = BambooSimulator()
    with (BUNDLED / "sample/files/staff/employees.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            there.lists["jobTitle"].append(row["Role"])
            there.lists["location"].append(row["Shop"])
    with serve(there) as url:
        config = {"base_url": f"{url}/api/v1", "private_network": True, "days": 364}
        made = Staff(path, there.clock, "bamboohr", config, {"key": "bamboo-key"})
        yield there, made
        made.hub.close()


@contextmanager
def at_gusto(path: Path) -> Iterator[tuple[GustoSimulator, Staff]]:
    """The same at Gusto."""
    there = GustoSimulator()
    there.interludes.append(lambda _call: there.clock.forward(seconds=0.4))  # two hundred calls a minute, and no test waits for it
    with serve(there) as url:
        config = {"mode": "api", "company": COMPANY, "base_url": f"{url}/v1", "private_network": True}
        secrets = {"client_id": "app", "client_secret": "app-secret", "refresh_token": "refresh-1", "access_token": "access-0"}
        made = Staff(path, there.clock, "gusto", config, secrets)
        yield there, made
        made.hub.close()


class AtBambooHr(ByHand):
    """Over the hours of a company."""

    sheet = "backoffice/hours"

    def __init__(self, month: Month, seed: int, before: Report, there: BambooSimulator) -> None:
        super().__init__(month, seed, before)
        self.there = there

    def _pick(self, fits: Callable[[Entry], Any] = lambda _each: True) -> Entry:
        ours = (each for each in self.there.entries.values() if Mark.of(each["note"]) and fits(each))
        return self.one(ours, lambda each: str(each["note"]))

    def _edit(self, entry: Entry, **fields: Any) -> None:
        entry |= fields | {"updatedAt": f"{self.there.clock():%Y-%m-%dT%H:%M:%S+00:00}"}

    def _other(self, entry: Entry) -> int:
        return self.dice.choice([each for each in self.there.employees if each != entry["employeeId"]])

    def _another_day(self, entry: Entry) -> str:
        return self.moved(date.fromisoformat(entry["date"])).isoformat()

    def hours_typed(self) -> None:
        entry, note = self._pick(), f"HAND-{len(self.used)}"
        self.there.seed_hours(entry["employeeId"], date.fromisoformat(entry["date"]), "1.25", note)
        self.must(note, MISSING_IN_SOURCE="1.25")

    def twin_typed(self) -> None:
        """With the hours, the day and the employee of an entry of ours: it is not that one."""
        entry, note = self._pick(), f"{TWIN}{len(self.used)}"
        self.there.seed_hours(entry["employeeId"], date.fromisoformat(entry["date"]), str(entry["hours"]), note)
        self.must(note, MISSING_IN_SOURCE=entry["hours"])

    def hours_deleted(self) -> None:
        entry = self._pick()
        del self.there.entries[entry["id"]]
        self.must(_number(entry), MISSING_IN_TARGET=-entry["hours"])

    def hours_typed_again(self) -> None:
        entry = self._pick()
        self.there.seed_hours(entry["employeeId"], date.fromisoformat(entry["date"]), str(entry["hours"]), entry["note"])
        self.must(_number(entry), STALE=entry["hours"])

    def hours_edited(self) -> None:
        entry = self._pick()
        self._edit(entry, hours=entry["hours"] + Decimal("0.75"))
        self.must(_number(entry), STALE="0.75")

    def employee_edited(self) -> None:
        entry = self._pick()
        self._edit(entry, employeeId=self._other(entry))
        self.must(_number(entry), PARTY=0)

    def overtime_told_apart(self) -> None:
        """Two of the hours become overtime."""
        entry = self._pick(lambda each: each["hours"] > 3)
        self._edit(entry, hours=entry["hours"] - 2)
        note = entry["note"].replace(" regular ", " overtime ")
        self.there.seed_hours(entry["employeeId"], date.fromisoformat(entry["date"]), "2", note)
        self.used.add(note)
        self.must(_number(entry), RATE=0)

    def day_edited(self) -> None:
        entry = self._pick(lambda each: each["date"].startswith("2026-01"))
        self._edit(entry, date=self._another_day(entry))
        self.must(_number(entry), DATE=0)

    def period_edited(self) -> None:
        entry = self._pick(lambda each: each["date"].startswith("2026-01"))
        self._edit(entry, date="2026-02-03")
        self.must(_number(entry), PERIOD=0)

    def day_and_hours_edited(self) -> None:
        entry = self._pick(lambda each: each["date"].startswith("2026-01"))
        self._edit(entry, date=self._another_day(entry), hours=entry["hours"] - Decimal("0.25"))
        self.must(_number(entry), DATE=0, STALE="-0.25")

    def employee_and_hours_edited(self) -> None:
        entry = self._pick()
        self._edit(entry, employeeId=self._other(entry), hours=entry["hours"] + Decimal("0.5"))
        self.must(_number(entry), PARTY=0, STALE="0.5")


def _number(entry: Entry) -> str:
    return str(entry["note"].split(" ", 1)[0])


class AtGusto(ByHand):
    """Over the time sheets of a company."""

    sheet = "backoffice/hours"

    def __init__(self, month: Month, seed: int, before: Report, there: GustoSimulator) -> None:
        super().__init__(month, seed, before)
        self.there = there

    def _pick(self) -> Entry:
        ours = (each for each in self.there.sheets.values() if each["shift_started_at"].startswith("2026-01") and each["metadata"])
        return self.one(ours, lambda each: str(each["metadata"][NUMBER]))

    def _edit(self, sheet: Entry, **fields: Any) -> None:
        self.there.sheets[sheet["uuid"]] |= fields | {"updated_at": f"{self.there.clock():%Y-%m-%dT%H:%M:%SZ}"}

    def _other(self, sheet: Entry) -> str:
        return self.dice.choice([each for each in self.there.employees if each != sheet["entity_uuid"]])

    def _another_day(self, sheet: Entry) -> str:
        started = sheet["shift_started_at"]
        return self.moved(date.fromisoformat(started[:10])).isoformat() + started[10:]

    def _add(self, like: Entry, **fields: Any) -> str:
        self.there.clock.forward(seconds=1)
        uuid = f"{len(self.used):08d}-aaaa-4000-8000-{self.seed:012d}"
        now = f"{self.there.clock():%Y-%m-%dT%H:%M:%SZ}"
        self.there.sheets[uuid] = deepcopy(like) | {"uuid": uuid, "created_at": now, "updated_at": now} | fields
        self.used.add(uuid)
        return uuid

    def hours_typed(self) -> None:
        sheet = self._pick()
        entries = [{**sheet["entries"][0], "hours_worked": "1.250"}]
        self.must(self._add(sheet, metadata={}, entries=entries), MISSING_IN_SOURCE="1.25")

    def twin_typed(self) -> None:
        """With the hours, the day and the employee of a sheet of ours: it is not that one."""
        sheet = self._pick()
        uuid = self._add(sheet, metadata={})
        self.must(uuid, MISSING_IN_SOURCE=_worked(sheet))
        self.twins.add(uuid)

    def hours_copied(self) -> None:
        sheet = self._pick()
        self.must(self._add(sheet), DUPLICATE_TARGET=_worked(sheet))

    def hours_deleted(self) -> None:
        sheet = self._pick()
        del self.there.sheets[sheet["uuid"]]
        self.must(sheet["metadata"][NUMBER], MISSING_IN_TARGET=-_worked(sheet))

    def _with(self, sheet: Entry, more: str) -> list[Entry]:
        first = sheet["entries"][0]
        return [{**first, "hours_worked": f"{Decimal(first['hours_worked']) + Decimal(more):.3f}"}, *sheet["entries"][1:]]

    def hours_edited(self) -> None:
        sheet = self._pick()
        self._edit(sheet, entries=self._with(sheet, "0.75"))
        self.must(sheet["metadata"][NUMBER], STALE="0.75")

    def employee_edited(self) -> None:
        sheet = self._pick()
        self._edit(sheet, entity_uuid=self._other(sheet))
        self.must(sheet["metadata"][NUMBER], PARTY=0)

    def overtime_told_apart(self) -> None:
        sheet = self._pick()
        self._edit(sheet, entries=[{**each, "pay_classification": "Overtime"} for each in sheet["entries"]])
        self.must(sheet["metadata"][NUMBER], RATE=0)

    def day_edited(self) -> None:
        sheet = self._pick()
        self._edit(sheet, shift_started_at=self._another_day(sheet))
        self.must(sheet["metadata"][NUMBER], DATE=0)

    def period_edited(self) -> None:
        sheet = self._pick()
        self._edit(sheet, shift_started_at=(date(2026, 2, 1) + timedelta(days=2)).isoformat() + sheet["shift_started_at"][10:])
        self.must(sheet["metadata"][NUMBER], PERIOD=0)

    def day_and_hours_edited(self) -> None:
        sheet = self._pick()
        self._edit(sheet, shift_started_at=self._another_day(sheet), entries=self._with(sheet, "-0.25"))
        self.must(sheet["metadata"][NUMBER], DATE=0, STALE="-0.25")

    def employee_and_hours_edited(self) -> None:
        sheet = self._pick()
        self._edit(sheet, entity_uuid=self._other(sheet), entries=self._with(sheet, "0.5"))
        self.must(sheet["metadata"][NUMBER], PARTY=0, STALE="0.5")


def _worked(sheet: Entry) -> Decimal:
    return sum((Decimal(each["hours_worked"]) for each in sheet["entries"]), Decimal(0))


_BOTH = ("hours_typed", "hours_deleted", "hours_edited", "employee_edited", "overtime_told_apart", "day_edited", "period_edited")
_TWO = {"day_and_hours_edited": 4, "employee_and_hours_edited": 4, "twin_typed": 4}
BAMBOOHR = {**dict.fromkeys((*_BOTH, "hours_typed_again"), 3), **_TWO}
GUSTO = {**dict.fromkeys((*_BOTH, "hours_copied"), 3), **_TWO}
"""How often each is done in one month."""
