"""The judge of the fault suite. It imports nothing of the product: it reads the exports, the ledger's text and the stock tables by SQL.

It says whether each document of the source has its effect once at each target, with the amounts of the source's last export; whether
what stood there at any time is what the source said, in that order; whether each entry balances; and, of the hub, whether its own rows
agree with each other in the midst of a broken run. Its words on the company are its own: an order of 10.00 is 10.00 on Assets:Receivable
and −10.00 on Income:Sales, and takes its units out of stock; a refund stands against Income:Returns and brings them back.
"""

from __future__ import annotations

import csv
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

State = tuple[tuple[str, Decimal], ...]
"""What stands of a document: (account or item, amount), sorted; () for nothing. In the ledger its date comes first."""
Name = tuple[str, str]
"""Type and number of a document."""


@dataclass
class Verdict:
    """What is wrong, counted and in sentences."""

    documents: int = 0
    doubled: Counter[str] = field(default_factory=Counter)
    """By target."""
    lost: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def duplicates(self) -> int:
        return self.doubled.total()

    @property
    def good(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        return f"{self.duplicates} doubled, {self.lost} lost of {self.documents}:\n  " + "\n  ".join(self.faults)


def judge(exports: Sequence[Path], ledger: Path, stock: str) -> Verdict:
    """Compare both targets with the exports, oldest first; the last one is what must stand."""
    verdict = Verdict()
    sources = [_source(path) for path in exports]
    verdict.documents = len(sources[-1])
    unreadable = {name for name, row in sources[-1].items() if _booked(name[0], row) is None}
    for where, state, held in (("the ledger", _booked, _ledger(verdict, ledger)), ("the stock", _moved, _stock(verdict, stock))):
        _compare(verdict, where, _history(sources, state), held, _parents(sources), unreadable)
    return verdict


# ── what the source says ──


def _source(path: Path) -> dict[Name, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return {(row["type"], row["id"]): row for row in csv.DictReader(text)}


def _history(sources: Sequence[dict[Name, dict[str, str]]], state: Any) -> dict[Name, list[State]]:
    """Of each document, what stood after each export. A row that cannot be read changes nothing."""
    history: dict[Name, list[State]] = {}
    for place, rows in enumerate(sources):
        for name in rows:
            history.setdefault(name, [()] * place)
        for name, states in history.items():
            now = state(name[0], rows[name]) if name in rows else ()
            states.append(states[-1] if now is None and states else now or ())
    return history


def _booked(kind: str, row: dict[str, str]) -> State | None:
    total = _number(row["total"])
    if total is None or _number(row["units"]) is None:
        return None
    if not total:
        return ()
    sides = (
        {"Assets:Receivable": total, "Income:Sales": -total} if kind == "order" else {"Assets:Receivable": -total, "Income:Returns": total}
    )
    return ((row["date"], Decimal(0)), *sorted(sides.items()))


def _moved(kind: str, row: dict[str, str]) -> State | None:
    units = _number(row["units"])
    if units is None or _number(row["total"]) is None:
        return None
    return ((row["sku"], units if kind == "order" else -units),) if units else ()


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _parents(sources: Sequence[dict[Name, dict[str, str]]]) -> dict[Name, Name]:
    return {name: ("order", row["order"]) for rows in sources for name, row in rows.items() if name[0] == "refund"}


# ── what the targets hold ──


@dataclass
class _Held:
    """What a target says of one document: each state in its order, and when it was first written."""

    states: list[State] = field(default_factory=list)
    first: int = 0
    doubled: int = 0


_HEAD = re.compile(r'(\d{4}-\d\d-\d\d) \* "(invoice|credit_note)" "([^"]+)"( #reversal)?((?: \^\S+)*)')
_META = re.compile(r'  cf-(key|ref|doc|verb|sum): "([^"]*)"')
_POSTING = re.compile(r"  ([A-Z][\w:-]+)  (-?\d+(?:\.\d+)?) ([A-Z]{3})")
_TYPE = {"invoice": "order", "credit_note": "refund", "stock_removal": "order", "stock_return": "refund"}


@dataclass
class _Entry:
    name: Name
    date: str
    reversal: bool
    ref: str
    sums: dict[str, Decimal]

    @property
    def state(self) -> State:
        return ((self.date, Decimal(0)), *sorted((account, amount) for account, amount in self.sums.items() if amount))

    @property
    def negated(self) -> State:
        return ((self.date, Decimal(0)), *sorted((account, -amount) for account, amount in self.sums.items() if amount))


def _entries(verdict: Verdict, path: Path) -> Iterator[_Entry]:
    if not path.exists():
        return
    text = path.read_bytes().decode()
    if text and not text.endswith("\n\n"):
        verdict.faults.append(f"{path.name} ends in the midst of an entry")
    for block in text.removesuffix("\n\n").split("\n\n") if text else []:
        head, *lines = block.split("\n")
        found = _HEAD.fullmatch(head)
        if found is None:
            verdict.faults.append(f"{path.name} holds a line that is no entry: {head!r}")
            continue
        meta: dict[str, str] = {}
        sums: dict[str, Decimal] = {}
        for line in lines:
            if posting := _POSTING.fullmatch(line):
                sums[posting[1]] = sums.get(posting[1], Decimal(0)) + Decimal(posting[2])
            elif given := _META.fullmatch(line):
                meta[given[1]] = given[2]
            elif not line.startswith(("    component:", "    control:")):
                verdict.faults.append(f"{path.name} holds a line that is none of an entry: {line!r}")
        if sum(sums.values(), Decimal(0)) or not sums:
            verdict.faults.append(f"the entry of {found[3]} does not balance: {sums}")
        yield _Entry((_TYPE[found[2]], found[3]), found[1], found[4] is not None, meta.get("ref", ""), sums)


def _ledger(verdict: Verdict, path: Path) -> dict[Name, _Held]:
    held: dict[Name, _Held] = {}
    written: set[tuple[str, bool]] = set()
    last_ref: dict[Name, str] = {}
    for place, entry in enumerate(_entries(verdict, path)):
        each = held.setdefault(entry.name, _Held(first=place))
        stands = each.states[-1] if each.states else ()
        if (entry.ref, entry.reversal) in written:
            each.doubled += 1
            verdict.faults.append(f"{entry.name[1]} was written twice by the attempt {entry.ref[:8]}")
        written.add((entry.ref, entry.reversal))
        if entry.reversal:
            if not stands:
                verdict.faults.append(f"a reversal of {entry.name[1]} stands before its entry")
            elif entry.negated != stands:
                verdict.faults.append(f"the reversal of {entry.name[1]} takes back {entry.negated}, but {stands} stood")
            each.states.append(())
        else:
            if stands:
                each.doubled += 1
                verdict.faults.append(f"{entry.name[1]} was booked again while an entry of it stood")
            if each.states and last_ref.get(entry.name) == entry.ref:
                each.states.pop()  # a change is one effect: the reversal and the new entry
            each.states.append(entry.state)
        last_ref[entry.name] = entry.ref
    return held


def _stock(verdict: Verdict, url: str) -> dict[Name, _Held]:
    held: dict[Name, _Held] = {}
    sums: dict[Name, dict[str, Decimal]] = {}
    scale = Decimal(1_000_000) if url.startswith("sqlite") else Decimal(1)
    rows = ask(
        url,
        "SELECT r.seq, r.idempotency_key, m.kind, m.document_number, m.item, m.units FROM stock_movement m"
        " LEFT JOIN counterfoil_receipt r ON r.idempotency_key = m.receipt_key ORDER BY r.seq, m.line",
    )
    before: tuple[Name, Any] | None = None
    for seq, key, kind, number, item, units in rows:
        name = (_TYPE[kind], number)
        if key is None:
            verdict.faults.append(f"a movement of {number} has no receipt")
        each = held.setdefault(name, _Held(first=seq or 0))
        standing = sums.setdefault(name, {})
        standing[item] = standing.get(item, Decimal(0)) + Decimal(units) / scale
        state = tuple(sorted((item, left) for item, left in standing.items() if left))
        if before == (name, seq):
            each.states.pop()  # one attempt may move two items: one effect
        each.states.append(state)
        before = (name, seq)
    return held


# ── the comparison ──


def _compare(
    verdict: Verdict,
    where: str,
    history: dict[Name, list[State]],
    held: dict[Name, _Held],
    parents: dict[Name, Name],
    unreadable: set[Name],
) -> None:
    """Where the last row cannot be read, what stood goes on standing: any earlier state, for a killed run may not have read the newest."""
    for name in sorted(history.keys() | held.keys()):
        said, there = history.get(name, [()]), held.get(name, _Held())
        wanted, stands = said[-1], there.states[-1] if there.states else ()
        verdict.doubled[where] += there.doubled
        if stands != wanted and not (name in unreadable and stands in said):
            _wrong(verdict, where, name, said, stands)
        elif not _within(_changes(there.states), _changes(said)):
            verdict.faults.append(f"{where} held of {name[1]} {there.states}, the source said {said}: not in that order")
        parent = parents.get(name)
        if parent and there.states and history.get(parent, [()])[0] and held.get(parent, there).first > there.first:
            verdict.faults.append(f"{where} has {name[1]} before its sale {parent[1]}")


def _wrong(verdict: Verdict, where: str, name: Name, said: Sequence[State], stands: State) -> None:
    if not stands:
        verdict.lost += 1
        verdict.faults.append(f"{name[1]} is lost: {where} has nothing of it, the source says {said[-1]}")
    elif where == "the stock" and stands not in said and _difference(stands, said[-1]) in _effects(said):
        verdict.doubled[where] += 1
        verdict.faults.append(f"{name[1]} is doubled: {where} has {stands}, the source says {said[-1]}")
    else:
        verdict.faults.append(f"{name[1]} is wrong: {where} has {stands}, the source says {said[-1]}")


def _effects(said: Sequence[State]) -> list[State]:
    """What one attempt may have done: led from any state to any other."""
    states = [(), *said]
    return [_difference(later, earlier) for later in states for earlier in states if later != earlier]


def _difference(one: State, other: State) -> State:
    sums = dict(one)
    for name, amount in other:
        sums[name] = sums.get(name, Decimal(0)) - amount
    return tuple(sorted((name, amount) for name, amount in sums.items() if amount))


def _changes(states: Iterable[State]) -> list[State]:
    """The states without repetitions and without the nothing before the first."""
    found: list[State] = []
    for state in states:
        if state != (found[-1] if found else ()):
            found.append(state)
    return found


def _within(part: Sequence[State], whole: Sequence[State]) -> bool:
    """Whether `part` comes out of `whole` by leaving states out. What is left out may leave equal neighbours."""
    rest = iter(whole)
    return all(any(state == other for other in rest) for state in part)


# ── the hub's own rows ──

_RULES = {
    "an attempt is in doubt, its operation is not": (
        "SELECT count(*) FROM attempt a JOIN operation o ON o.operation_id = a.operation_id"
        " WHERE a.state = 'in_doubt' AND o.state <> 'in_doubt'"
    ),
    "an operation is in doubt without an attempt": (
        "SELECT count(*) FROM operation o WHERE o.state = 'in_doubt' AND NOT EXISTS"
        " (SELECT 1 FROM attempt a WHERE a.operation_id = o.operation_id AND a.state = 'in_doubt')"
    ),
    "two operations of one subject are in doubt at once": (
        "SELECT count(*) FROM (SELECT target, kind, local_id, part FROM operation WHERE state = 'in_doubt'"
        " GROUP BY target, kind, local_id, part HAVING count(*) > 1) twice"
    ),
    "an operation is delivered without a receipt": (
        "SELECT count(*) FROM operation o WHERE o.state = 'delivered' AND NOT EXISTS"
        " (SELECT 1 FROM receipt r WHERE r.operation_id = o.operation_id)"
    ),
    "a booked subject has no crosswalk, or one that is gone has": (
        "SELECT count(*) FROM receipt r LEFT JOIN crosswalk c ON c.connection_id = r.target AND c.kind = r.kind"
        " AND c.local_id = r.local_id AND c.part = r.part AND c.valid_to IS NULL"
        " WHERE r.attempt_id = (SELECT max(n.attempt_id) FROM receipt n"
        " WHERE n.target = r.target AND n.kind = r.kind AND n.local_id = r.local_id AND n.part = r.part)"
        " AND (r.want = 'present') <> (c.crosswalk_id IS NOT NULL)"
    ),
}


def hub_faults(hub: str) -> list[str]:
    """Which of the hub's rules its rows break, at any moment of a run."""
    counts = ask(hub, " UNION ALL ".join(f"SELECT {place}, ({sql})" for place, sql in enumerate(_RULES.values())))
    return [f"{count} times: {list(_RULES)[place]}" for place, count in counts if count]


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a database, by plain SQL; a SQLite file that is not there yet has none."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        if not path.exists():
            return []
        connection = sqlite3.connect(path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "")) as server:
        return server.execute(sql.encode()).fetchall()
