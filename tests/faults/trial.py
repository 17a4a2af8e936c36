"""A company that lives through kills: its shop trades, its runs are killed at crash points, finished, and judged by the checker."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pipelines.hub import equations
from tests._kit.company import Company, route
from tests.faults import checker

ROOT = Path(__file__).parents[2]
TARGETS = ("ledger", "stock")
BEFORE_SENDING = ("L1", "L2", "M1", "O1")
"""Points at which something must already be in doubt from an earlier kill."""
POINTS = (*BEFORE_SENDING, "O2", "H1", "H2", "H3", "B1")
_LEAVE_IN_DOUBT = ("O2", "B1", "H1", "H2")
_MOST_TRIES = 12
_DAMAGED = "?"


class Caught(Exception):
    """Something is wrong, and somebody noticed: `by` is the checker, an equation, the hub's rules or the run itself."""

    def __init__(self, by: str, what: str) -> None:
        super().__init__(f"{by}: {what}")
        self.by = by


class Zygote:
    """A client of zygote.py."""

    def __init__(self, folder: Path = ROOT) -> None:
        command = [sys.executable, str(Path(__file__).with_name("zygote.py")), str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder)
        assert self._answer() == {"ready": str(folder.resolve())}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def start(self, home: Path, hub: str, **given: Any) -> int:
        """Fork a run; its pid."""
        return int(self._ask(do="start", home=str(home), hub=hub, **given)["pid"])

    def wait(self, pid: int) -> dict[str, Any]:
        """How it ended, or that it stands still."""
        return self._ask(do="wait", pid=pid)

    def wake(self, pid: int) -> None:
        """Let a run that stands still go on."""
        self._ask(do="continue", pid=pid)

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the zygote is gone; its own words are on stderr"
        answer: dict[str, Any] = json.loads(line)
        return answer


# ── the source ──


@dataclass
class Shop:
    """What the shop's next export says."""

    rng: random.Random
    rows: dict[str, list[Any]] = field(default_factory=dict)
    """By number: type, date, item, units, total, number of the order."""
    earlier: dict[str, list[list[Any]]] = field(default_factory=dict)
    hot: list[str] = field(default_factory=list)
    """What changed the last time."""
    settled: set[str] = field(default_factory=set)
    """Documents that are known to have arrived: only these get a value that cannot be read, so that what must stand is known."""

    def trade(self, *, touch: Iterable[str] = ()) -> None:
        """Some sales, refunds, changes, returns to an earlier state, removals and a damaged value. What is in `touch` changes too."""
        rng = self.rng
        for _ in range(rng.randint(3, 7)):
            self._sell()
        orders = [number for number, row in self.rows.items() if row[0] == "order"]
        for number in rng.sample(orders, min(len(orders), rng.randint(0, 2))):
            self._put(f"C{len(self.rows) + len(self.earlier):04}", ["refund", self._day(), self.rows[number][2], 1, self._price(), number])
        changed = self._changing(touch)
        for number in changed:
            if rng.random() < 0.2:
                self._take_out(number)
            else:
                self._change(number)
        self.hot = changed
        gone = sorted(self.earlier.keys() - self.rows.keys())
        if gone and rng.random() < 0.5:
            self._bring_back(rng.choice(gone))

    def _changing(self, touch: Iterable[str]) -> list[str]:
        """Some of what is touched, some of what changed the last time (so that A, B, A is not rare), and some others."""
        rng = self.rng
        touched = sorted(self.rows.keys() & set(touch))
        hot = [number for number in self.hot if number in self.rows and rng.random() < 0.6]
        others = sorted(self.rows)
        some = {*rng.sample(touched, min(len(touched), 3)), *hot[:4], *rng.sample(others, min(len(others), rng.randint(0, 2)))}
        return sorted(some)

    def _sell(self) -> None:
        rng = self.rng
        number = f"S{len(self.earlier):04}"
        self._put(number, ["order", self._day(), rng.choice(("mug", "cup", "pot")), rng.randint(1, 9), self._price(), ""])

    def _day(self) -> str:
        return f"2026-01-{self.rng.randint(3, 28):02}"

    def _price(self) -> str:
        return f"{self.rng.randint(1, 400)}.{self.rng.randint(0, 99):02}"

    def _put(self, number: str, row: list[Any]) -> None:
        self.earlier.setdefault(number, []).append(row)
        self.rows[number] = row

    def _change(self, number: str) -> None:
        row = list(self.rows[number])
        earlier = self.earlier[number]
        kind = self.rng.random()
        if kind < 0.5 and len(earlier) > 1:
            row = list(earlier[-2])  # A, B, A
        elif kind < 0.7:
            row[3] += 1
        elif kind < 0.92 or number not in self.settled:
            row[4] = self._price()
        else:
            row[4] = _DAMAGED  # what stands goes on standing
        self._put(number, row)

    def _take_out(self, number: str) -> None:
        """The document is no longer in the export; a sale that has refunds stays."""
        if not any(row[5] == number for row in self.rows.values()):
            del self.rows[number]

    def _bring_back(self, number: str) -> None:
        self.rows[number] = next(row for row in reversed(self.earlier[number]) if row[4] != _DAMAGED)

    def lines(self) -> list[str]:
        """The export, in an order of its own."""
        return [f"{number},{row[0]},1,{row[1]},EUR,{row[2]},{row[3]},{row[4]},{row[5]}" for number, row in sorted(self.rows.items())]


# ── the life ──


class Life:
    """One company, one seed: everything in it follows from the seed."""

    def __init__(self, folder: Path, hub_url: str, stock_url: str | None, zygote: Zygote, seed: int) -> None:
        self.rng = random.Random(seed)
        self.company = _company(folder, hub_url, stock_url)
        self.stock_url = stock_url or f"sqlite:///{folder / 'stock.db'}"
        self.zygote = zygote
        self.shop = Shop(self.rng)
        self.exports: list[Path] = []
        self.kills: Counter[tuple[str, str]] = Counter()
        """By (point, target): kills that fired with an operation of that target in flight."""
        self.all_kills = 0
        self.batches: dict[str, int] = {}
        """Rows or operations in a batch, where the dice should not decide."""
        self.fired = False
        """Whether the last kill came to its point."""
        self.verdict = checker.Verdict()
        self._batches: dict[str, int] = {}

    def close(self) -> None:
        self.company.hub.close()

    def trade(self, *, touch: Iterable[str] = ()) -> None:
        """The shop trades and writes its export anew; batches get other sizes."""
        self.shop.trade(touch=touch)
        self.company.export(*self.shop.lines())
        self.company.clock.pass_(minutes=10)
        kept = self.company.path / f"history/{len(self.exports):03}.csv"
        kept.parent.mkdir(exist_ok=True)
        shutil.copyfile(self.company.path / "files/shop.csv", kept)
        self.exports.append(kept)
        self._batches = {"read": self.rng.randint(4, 9), "step": self.rng.randint(4, 9), "target": self.rng.randint(2, 4)} | self.batches

    def run(self, point: str | None = None, target: str | None = None, passing: int = 1, *, how: str = "kill") -> dict[str, Any]:
        """One run, undisturbed or stopped at a point; whatever became of it, both equations and the hub's rules must hold."""
        found = self.zygote.wait(self.begin(point, target, passing, how=how))
        self.company.clock.pass_(seconds=1)
        if found["end"] == "failed":
            raise Caught("the run", found["error"] + "\n" + found.get("trace", ""))
        self.look(f"after {point or 'a whole run'} on {target or 'no target'}")
        return found

    def begin(
        self, point: str | None = None, target: str | None = None, passing: int = 1, *, how: str = "kill", gate: Path | None = None
    ) -> int:
        """The same, without waiting for its end; the pid."""
        stop = {"point": point, "passing": passing, "target": target, "how": how} if point else None
        now, company = self.company.clock.now.isoformat(), self.company
        opened = str(gate) if gate else None
        return self.zygote.start(company.path, company.hub_url, now=now, stop=stop, batches=self._batches, gate=opened)

    def look(self, when: str) -> None:
        """Raise Caught unless both equations and the hub's rules hold."""
        with self.company.hub.read() as tx:
            intakes = equations.intake(tx)
            balances = equations.route(tx, "sales", ["shop"], [("books", "money"), ("shelf", "stock")])
        for intake in intakes:
            if not intake.balanced:
                raise Caught("the intake equation", f"{when}: {intake}")
        for balance in balances:
            if not balance.balanced:
                raise Caught("the route equation", f"{when}: {balance}")
        faults = checker.hub_faults(self.company.hub_url)
        if faults:
            raise Caught("the hub's rules", f"{when}: {faults}")

    def kill(self, point: str, target: str) -> bool:
        """Kill a run at a point, in the delivery to that target if the point is one of delivery. Whether it fired with work in flight."""
        sending = point not in ("L1", "L2", "M1")
        found = self.run(point, target if sending else None, self.rng.choice((1, 1, 2, 3)))
        self.fired = found["fired"]
        if not self.fired:
            assert found["end"] == "finished", found
            return False
        assert (found["end"], found["signal"]) == ("killed", 9), found
        self.all_kills += 1
        if not self.in_flight(target):
            return False
        self.kills[point, target] += 1
        return True

    def in_flight(self, target: str) -> int:
        """Operations of the target that are in doubt, or ready and unfinished."""
        return len(self.unfinished(target))

    def unfinished(self, target: str, states: str = "'in_doubt', 'ready', 'waiting'") -> list[str]:
        """Numbers of the documents of those operations."""
        sql = (
            f"SELECT d.number FROM operation o JOIN document d ON d.seq = o.document_seq WHERE o.target = :target AND o.state IN ({states})"
        )
        return self.company.ask(sql, target=target)

    def strike(self, point: str, target: str) -> None:
        """Trade and kill until the cell has one more kill that counts, then finish and be judged."""
        for _ in range(_MOST_TRIES):
            self.trade()
            if point in BEFORE_SENDING:
                self.kill(self.rng.choice(_LEAVE_IN_DOUBT), target)
                doubtful = self.unfinished(target, "'in_doubt'")
                if not doubtful:
                    continue
                self.trade(touch=doubtful)
            if self.kill(point, target):
                break
        else:
            raise AssertionError(f"{point} on {target} never fired with an operation in flight")
        if self.rng.random() < 0.3:  # and again while it recovers
            self.trade(touch=self.unfinished(target))
            self.kill(self.rng.choice(POINTS), self.rng.choice(TARGETS))
        self.finish()

    def chase(self, kills: Sequence[tuple[str, str]], target: str, *, trade_after: bool | None = None) -> None:
        """These kills one after the other, each after some trade that changes what is unfinished at the target; then an end in peace.

        `trade_after`: whether the shop trades after the last kill too; None: as the dice fall.
        """
        for place, (point, where) in enumerate(kills):
            for _ in range(_MOST_TRIES):
                self.trade(touch=self.unfinished(target))
                if self.kill(point, where) or self.fired:
                    break
            else:
                raise AssertionError(f"{point} on {where} never fired")
            if place + 1 == len(kills) and (self.rng.random() < 0.5 if trade_after is None else trade_after):
                self.trade(touch=self.unfinished(target))
        self.finish()
        self.rest()

    def finish(self) -> None:
        """A run that nobody disturbs, and the judgement."""
        found = self.run()
        assert found["end"] == "finished", found
        self.judge()

    def judge(self) -> None:
        """Raise Caught with what the checker says."""
        self.verdict = checker.judge(self.exports, self.company.path / "books/entries.beancount", self.stock_url)
        if not self.verdict.good:
            raise Caught("the checker", str(self.verdict))
        self.shop.settled = set(self.shop.rows)

    def rest(self) -> None:
        """When nothing has changed, a run writes nothing."""
        found = self.run()
        if found["written"] != dict.fromkeys(TARGETS, 0):
            raise Caught("the run", f"it wrote again though nothing had changed: {found['written']}")


def _company(folder: Path, hub_url: str, stock_url: str | None) -> Company:
    company = Company(folder, hub_url, snapshot=True, routes={"sales": route()})
    company._component("connections/stock", "Connection", {"target": "database", "config": {"url": stock_url or "sqlite:///stock.db"}})
    return company
