"""Controls: SQL that says what a system holds, in its own words, written apart from the mappings that move it.

HOME/controls/CONNECTION.yaml, else the control that is shipped with the system (`mappings/SYSTEM/control.yaml`):

    version: 1
    numbered: [[order]]     # kinds that share one run of numbers without gaps
    asks: fresh             # read the whole source anew (default), or `heads`: what the hub last saw of each row
    money:                  # effect: money, stock, reserve, hours
      order: >              # kind of document: one SELECT over the streams as tables (key VARCHAR, body JSON)
        SELECT body->>'id' AS id, day(body->>'created_at') AS on_day, body->>'currency' AS unit, money(body->>'total') AS amount
        FROM orders

Each SELECT names `id`, `amount` and what else it knows:

    part item row number on_day unit        leg; article (stock); key of the source's row where it is not the id; number; day; currency
    discount shipping tax tip gift_card fee reserve rounding other      what the total holds, each with its sign inside it (a discount −)
    clearing in_transit bank tax_owed cards_owed redeemed       what accounts get (+ debit); what of a sale was paid by gift card
    cost party status version edited rate overtime text         `rate` is base currency for one unit
    gateway                                 whose clearing account is meant; where it is left out, the hub's document tells
    account                                 of an entry of a bank: the number of the account on which it stands

`amount` is the whole document as the source states it, signed as the model signs it (a refund −). A stock row counts what leaves (+), a
reserve row what an open order promises, an hour row counts hours. Goods are what the other components leave; tax and cards owed follow
from the components, unless stated.

What a target holds is said in the same file, for the read-back tap of the same system (`corners.readback`):

    target:
      money:
        invoices:                       # any name
          is: [invoice]                 # representations of ours that may stand there
          reads: [invoices, accounts]   # streams of the tap
          select: >                     # one row for each account that a document moves: + debit, − credit
            SELECT id, our_key, number, on_day, unit, version, role, account, amount, counts FROM ...

`account` is as the posting names it, or `role` says which account it is where the system does not. `counts` marks what makes up the
document's amount; without it the roles decide. A document in another currency than the books' states its own amounts, with `rate` (base for
one unit) or `per_base` (units for one of base). A line that is taxed tells its `rates` (a list, 0.2 for 20 %), its `quantity`, and as
`gross` its amount where that holds the tax: the target's arithmetic is run again over them (`rounding`). For stock, reserve and hours
a row is a document's article: id our_key number on_day item amount.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mappings.nearest import did_you_mean
from pipelines.reconcile.bench import BALANCES, COMPONENTS, Bench
from taps._kit.errors import Misconfigured

EFFECTS = ("money", "stock", "reserve", "hours")
BANK = "bank"
COLUMNS = (
    *("id", "part", "item", "row", "number", "on_day", "unit", "amount", *COMPONENTS[1:], *BALANCES),
    *("redeemed", "cost", "party", "gateway", "account", "status", "version", "edited", "rate", "overtime", "text"),
)
HELD = (
    *("id", "our_key", "our_attempt", "our_before", "number", "on_day", "unit", "item"),
    *("role", "account", "amount", "counts", "rate", "per_base", "cost", "party", "party_id", "status", "overtime"),
    *("version", "editor", "rates", "quantity", "gross"),
)
_NEEDED = ("id", "amount")
_UNREAD = "amount IS NULL OR unit IS NULL"
UNITS = {"stock": "C62", "reserve": "C62", "hours": "HUR"}
"""Of the effects that are not money."""


class Held(BaseModel):
    """What a target holds in one kind of its documents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    representations: tuple[str, ...] = Field(alias="is", min_length=1)
    reads: tuple[str, ...] = Field(min_length=1)
    select: str


class _File(BaseModel):
    """A control as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    asks: Literal["fresh", "heads"] = "fresh"
    numbered: tuple[tuple[str, ...], ...] = ()
    """Kinds that share one run of numbers without gaps."""
    money: dict[str, str] = {}
    stock: dict[str, str] = {}
    reserve: dict[str, str] = {}
    hours: dict[str, str] = {}
    target: dict[Literal["money", "stock", "reserve", "hours"], dict[str, Held]] = {}
    bank: dict[str, str] = {}
    """Entries of a bank account, for a connection that reads statements."""


class Control(NamedTuple):
    """What one connection is asked."""

    name: str
    """File that it stands in, for people."""
    version: int
    asks: str
    selects: Mapping[str, Mapping[str, str]]
    """Effect → kind → SELECT."""
    numbered: tuple[tuple[str, ...], ...]
    """Kinds that share one run of numbers: a gap in it is told."""
    digest: str
    held: Mapping[str, Mapping[str, Held]] = MappingProxyType({})
    """Of a target: effect → name → what it holds."""

    @property
    def of_source(self) -> bool:
        """Whether it says anything of a source."""
        return any(self.selects.values())

    def serves(self, effect: str, kind: str) -> bool:
        """Whether it says anything of this kind."""
        return kind in self.selects[effect]


def find(home: Path, connection: str, system: str) -> Control | None:
    """The control of a connection: the home's own, else the shipped one of its system. Raises Misconfigured with file and field."""
    own = home / "controls" / f"{connection}.yaml"
    if own.is_file():
        return _read(own.read_text(encoding="utf-8"), f"controls/{connection}.yaml")
    shipped = resources.files("mappings") / system / "control.yaml"
    return _read(shipped.read_text(encoding="utf-8"), f"mappings/{system}/control.yaml") if shipped.is_file() else None


def _read(text: str, name: str) -> Control:
    try:
        given = yaml.safe_load(text)
        file = _File.model_validate(given)
    except yaml.YAMLError as trouble:
        raise Misconfigured(f"{name}: this is not YAML: {getattr(trouble, 'problem', trouble)}") from None
    except ValidationError as wrong:
        lines = [f"{name}: {'.'.join(map(str, error['loc'])) or 'file'}: {error['msg']}" for error in wrong.errors()]
        raise Misconfigured("\n".join(lines)) from None
    selects = {"money": file.money, "stock": file.stock, "reserve": file.reserve, "hours": file.hours, BANK: file.bank}
    held: dict[str, Mapping[str, Held]] = {effect: dict(named) for effect, named in file.target.items()}
    return Control(name, file.version, file.asks, selects, file.numbered, hashlib.sha256(text.encode()).hexdigest(), held)


def ask(bench: Bench, control: Control, effect: str, kind: str, into: Mapping[str, str]) -> int:
    """Put what the control finds of one kind into `item`, with the constants `into`; how many have no amount or currency.

    Raises Misconfigured with the control's name where its SQL is none, or names a column that there is not.
    """
    where = f"{control.name}: {effect}.{kind}"
    sql = control.selects[effect][kind].strip().rstrip(";")
    named = columns(bench, sql, where, COLUMNS)
    constants = {"unit": UNITS.get(effect), "kind": kind, **into}
    renamed = {"id": "ref", "item": "article"}
    select = {renamed.get(column, column): f'CAST("{column}" AS {bench.type_of(renamed.get(column, column))})' for column in named}
    select |= {name: _text(value) for name, value in constants.items() if name not in select and value is not None}
    select.setdefault("number", select["ref"])
    names = ", ".join(f'"{name}"' for name in select)
    before = _count(bench, _UNREAD)
    bench.con.execute(f"INSERT INTO item ({names}) SELECT {', '.join(select.values())} FROM ({sql})")  # noqa: S608 (an administrator's own SQL, on a bench without a way out)
    unread = _count(bench, _UNREAD) - before
    bench.con.execute(f"DELETE FROM item WHERE {_UNREAD}")  # noqa: S608 (our own)
    return unread


def _count(bench: Bench, where: str) -> int:
    return int(bench.con.execute(f"SELECT count(*) FROM item WHERE {where}").fetchone()[0])  # type: ignore[index]  # noqa: S608 (our own)


def columns(bench: Bench, sql: str, where: str, known: Sequence[str]) -> list[str]:
    """The columns of one SELECT. Raises Misconfigured where it is none, or names a column that is not `known`."""
    import duckdb  # noqa: PLC0415 (the extra `reconcile`; without it there is no bench)

    try:
        statements = bench.con.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise Misconfigured(f"{where}: write one SELECT.")
        described: list[Any] = bench.con.execute(f"DESCRIBE {sql}").fetchall()
    except duckdb.Error as wrong:
        raise Misconfigured(f"{where}: {str(wrong).splitlines()[0]}") from None
    named = [row[0] for row in described]
    for name in named:
        if name not in known:
            hint = did_you_mean(name, known)
            raise Misconfigured(f"{where}: there is no column {name!r}{f'; {hint}' if hint else ''}")
    missing = [name for name in _NEEDED if name not in named]
    if missing:
        raise Misconfigured(f"{where}: the SELECT needs a column {' and '.join(missing)}.")
    return named


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
