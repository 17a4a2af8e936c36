"""Breaks planted in a finished month, before anything is read back: in the shop's exports, the ledger, the database, the hub, the bank.

Each plant says what the reconciliation must find: sheet, number, and every class with its amount. Written from the words of the classes,
not from the engine.
"""

from __future__ import annotations

import csv
import json
import random
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

AS_OF_DAY = "2026-02-10"
_POSTING = re.compile(r"  (\S+)  (-?\d+\.\d+) (\w+)")


@dataclass
class Planted:
    """What must be found."""

    sheet: str
    number: str
    causes: dict[str, Decimal]


@dataclass
class Entry:
    """An entry of the journal as text."""

    lines: list[str]

    @property
    def kind(self) -> str:
        return self.lines[0].split('"')[1]

    @property
    def number(self) -> str:
        return self.lines[0].split('"')[3]

    @property
    def document(self) -> str:
        return next(line.split('"')[1] for line in self.lines if line.startswith("  cf-doc"))

    def account(self, part: str) -> int | None:
        """The line of a posting to an account with this in its name."""
        return next((place for place, line in enumerate(self.lines) if part in line and _POSTING.match(line)), None)

    def amount(self, place: int) -> Decimal:
        return Decimal(_POSTING.match(self.lines[place])[2])  # type: ignore[index]

    def add(self, place: int, more: Decimal) -> None:
        account, amount, unit = _POSTING.match(self.lines[place]).groups()  # type: ignore[union-attr]
        self.lines[place] = f"  {account}  {Decimal(amount) + more} {unit}"

    def total(self) -> Decimal:
        """What its control lines sum up to."""
        return sum(
            (self.amount(place - next(back for back in (1, 2) if _POSTING.match(self.lines[place - back])))
             for place, line in enumerate(self.lines) if "control: TRUE" in line), Decimal(0),
        )  # fmt: skip


@dataclass
class Month:
    """A copy of a finished month, and what was planted in it."""

    home: Path
    seed: int
    avoid: frozenset[str]
    planted: list[Planted] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.journal = self.home / "books" / "entries.beancount"
        self.entries = [Entry(block.split("\n")) for block in self.journal.read_text().rstrip("\n").split("\n\n")]
        self.used = set(self.avoid)
        numbers = [entry.number for entry in self.entries if entry.kind == "invoice"]
        self.single = {number for number in numbers if numbers.count(number) == 1}
        self.hub = sqlite3.connect(self.home / "hub.db")
        self.stock = sqlite3.connect(self.home / "backoffice.db")

    def write(self) -> None:
        self.journal.write_text("\n\n".join("\n".join(entry.lines) for entry in self.entries) + "\n\n")
        for base in (self.hub, self.stock):
            base.commit()
            base.close()

    def pick(self, kind: str, fits: Callable[[Entry], Any] = lambda _entry: True) -> Entry:
        """An entry that nothing was planted in yet."""
        found = self.dice.choice([
            each for each in self.entries
            if each.kind == kind and each.number not in self.used and (kind != "invoice" or each.number in self.single) and fits(each)
        ])  # fmt: skip
        self.used.add(found.number)
        return found

    def must(self, number: str, sheet: str = "ledger/money", **causes: Decimal | int | str) -> None:
        self.planted.append(Planted(sheet, number, {name: Decimal(str(amount)) for name, amount in causes.items()}))

    def cents(self) -> Decimal:
        return Decimal(self.dice.randint(1, 999)) / 100


def _sterling(entry: Entry) -> bool:
    """A sale of a till: its currency is that of the books."""
    return entry.number.startswith("R")


# ── the ledger ──


def missing(month: Month) -> None:
    entry = month.pick("invoice")
    month.entries.remove(entry)
    month.must(entry.number, MISSING_IN_TARGET=-entry.total())


def refund_missing(month: Month) -> None:
    entry = month.pick("refund_receipt")
    month.entries.remove(entry)
    month.must(entry.number, REFUND_MISSING=-entry.total())


def fee_missing(month: Month) -> None:
    entry = month.pick("spend", lambda each: each.account("Fees:Terminal"))
    month.entries.remove(entry)
    month.must(entry.number, FEE=-entry.total())


def doubled(month: Month) -> None:
    entry = month.pick("invoice")
    month.entries.append(Entry(list(entry.lines)))
    month.must(entry.number, DUPLICATE_TARGET=entry.total())


def typed(month: Month) -> None:
    number, amount = f"HAND-{len(month.planted)}", month.cents()
    lines = [
        f'2026-01-{month.dice.randint(5, 28):02} * "invoice" "{number}"',
        f"  Assets:Receivable  {amount} GBP",
        f"  Income:Sales:S01  -{amount} GBP",
    ]
    month.entries.append(Entry(lines))
    month.must(number, MISSING_IN_SOURCE=amount)


def twin(month: Month) -> None:
    """Typed by hand with the amount and the day of a sale that is booked: it is not that sale."""
    sale, number = month.pick("invoice", _sterling), f"TWIN-{len(month.planted)}"
    total = sale.total()
    month.entries.append(
        Entry([f'{sale.lines[0][:10]} * "invoice" "{number}"', f"  Assets:Receivable  {total} GBP", f"  Income:Sales:S01  -{total} GBP"])
    )
    month.must(number, MISSING_IN_SOURCE=total)


def amount(month: Month) -> None:
    entry, more = month.pick("invoice", _sterling), month.cents()
    entry.add(entry.account("Receivable"), more)  # type: ignore[arg-type]
    entry.add(entry.account("Income:Sales"), -more)  # type: ignore[arg-type]
    month.must(entry.number, AMOUNT=more)


def one_cent(month: Month) -> None:
    entry = month.pick("invoice", _sterling)
    entry.add(entry.account("Receivable"), Decimal("0.01"))  # type: ignore[arg-type]
    entry.add(entry.account("Income:Sales"), Decimal("-0.01"))  # type: ignore[arg-type]
    month.must(entry.number, AMOUNT="0.01")


def tax(month: Month) -> None:
    entry, more = month.pick("invoice", lambda each: _sterling(each) and each.account("SalesTax")), month.cents()
    entry.add(entry.account("Receivable"), more)  # type: ignore[arg-type]
    entry.add(entry.account("SalesTax"), -more)  # type: ignore[arg-type]
    month.must(entry.number, TAX=more)


def _without(month: Month, account: str, cause: str, fits: Callable[[Entry], bool] = _sterling) -> None:
    entry = month.pick("invoice", lambda each: fits(each) and each.account(account))
    place = entry.account(account)
    part = entry.amount(place)  # type: ignore[arg-type]
    entry.add(entry.account("Receivable"), part)  # type: ignore[arg-type]
    del entry.lines[place : place + 2]  # type: ignore[misc, operator]
    month.must(entry.number, **{cause: part})


def tip(month: Month) -> None:
    _without(month, "Liabilities:Tips", "TIP")


def gift_card(month: Month) -> None:
    _without(month, "Liabilities:GiftCards", "GIFT_CARD")


def discount(month: Month) -> None:
    _without(month, "Income:Discounts", "DISCOUNT")


def shipping(month: Month) -> None:
    """Of the web shop in pounds: the tills ship nothing."""
    abroad = {row["number"] for row in _lines(month, "orders") if row["currency"] != "GBP"}
    _without(month, "Income:Shipping", "SHIPPING", lambda each: each.number.startswith("MM-") and each.number not in abroad)


def rounding(month: Month) -> None:
    """A line that calls itself rounding: the ledger keeps what it is given and computes nothing, so it is none."""
    entry = month.pick("invoice", lambda each: _sterling(each) and not each.account("Rounding"))
    entry.add(entry.account("Receivable"), Decimal("0.01"))  # type: ignore[arg-type]
    entry.lines += ["  Expenses:Rounding  -0.01 GBP", '    component: "rounding"']
    month.must(entry.number, AMOUNT="0.01")


def rate(month: Month) -> None:
    abroad = {row["number"] for row in _lines(month, "orders") if row["currency"] == "USD"}
    entry, more = month.pick("invoice", lambda each: each.number in abroad), month.cents()
    entry.add(entry.account("Receivable"), more)  # type: ignore[arg-type]
    entry.add(entry.account("Income:Sales"), -more)  # type: ignore[arg-type]
    month.must(entry.number, FX=more)


def currency(month: Month) -> None:
    entry = month.pick("invoice", _sterling)
    entry.lines = [line.replace(" GBP", " EUR") for line in entry.lines]
    month.must(entry.number, CURRENCY=-entry.total())
    month.must(entry.number, CURRENCY=entry.total())


def _moved(entry: Entry, day: str) -> None:
    entry.lines[0] = day + entry.lines[0][10:]


def date(month: Month) -> None:
    entry = month.pick("invoice", lambda each: each.lines[0].startswith("2026-01-1"))
    _moved(entry, "2026-01-25")
    month.must(entry.number, DATE=0)


def period(month: Month) -> None:
    entry = month.pick("invoice", lambda each: each.lines[0].startswith("2026-01"))
    _moved(entry, "2026-02-03")
    month.must(entry.number, PERIOD=0)


# ── two causes on one document ──


def tax_and_amount(month: Month) -> None:
    entry, more, other = month.pick("invoice", lambda each: _sterling(each) and each.account("SalesTax")), month.cents(), month.cents()
    entry.add(entry.account("Receivable"), more + other)  # type: ignore[arg-type]
    entry.add(entry.account("SalesTax"), -more)  # type: ignore[arg-type]
    entry.add(entry.account("Income:Sales"), -other)  # type: ignore[arg-type]
    month.must(entry.number, TAX=more, AMOUNT=other)


def day_and_amount(month: Month) -> None:
    entry, more = month.pick("invoice", lambda each: _sterling(each) and each.lines[0].startswith("2026-01-1")), month.cents()
    _moved(entry, "2026-01-26")
    entry.add(entry.account("Receivable"), more)  # type: ignore[arg-type]
    entry.add(entry.account("Income:Sales"), -more)  # type: ignore[arg-type]
    month.must(entry.number, DATE=0, AMOUNT=more)


def tip_and_tax(month: Month) -> None:
    """Exactly offsetting, but for a cent: a net difference would hide them."""
    entry = month.pick("invoice", lambda each: _sterling(each) and each.account("SalesTax"))
    entry.add(entry.account("Receivable"), Decimal("0.01"))  # type: ignore[arg-type]
    entry.add(entry.account("SalesTax"), Decimal("1.00"))  # type: ignore[arg-type]
    entry.add(entry.account("Income:Sales"), Decimal("-1.01"))  # type: ignore[arg-type]
    month.must(entry.number, TAX="-1.00", AMOUNT="1.01")


# ── the shop's exports ──


def _lines(month: Month, name: str) -> list[dict[str, Any]]:
    found = []
    for line in (month.home / "files/web" / f"{name}.jsonl").read_text(errors="replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def _append(month: Month, name: str, row: dict[str, Any]) -> None:
    file = month.home / "files/web" / f"{name}.jsonl"
    file.write_text(json.dumps(row) + "\n" + file.read_text(errors="surrogateescape"), errors="surrogateescape")


def stale(month: Month) -> None:
    booked = {entry.number for entry in month.entries if entry.kind == "invoice"} & month.single
    rows = [row for row in _lines(month, "orders") if row["currency"] == "GBP" and row["number"] in booked - month.used and not row["test"]]
    row, more = month.dice.choice(rows), month.cents()
    month.used.add(row["number"])
    row["totals"]["total"] = str(Decimal(row["totals"]["total"]) + more)
    row["updated_at"] = "2026-02-09T09:00:00Z"
    _append(month, "orders", row)
    month.must(row["number"], STALE=-more)


def _payment(month: Month, day: str, cause: str) -> None:
    pence = month.dice.randint(100, 9999)
    number = f"9{month.dice.randint(1000, 9999)}{len(month.planted)}"
    _append(month, "payments", {
        "id": f"pay_{number}", "order": number, "created_at": f"{day}T10:00:00Z", "method": "card", "gateway": "cardwell", "amount": pence,
        "currency": "GBP", "exchange_rate": None, "settlement": None, "payout": None,
    })  # fmt: skip
    month.must(number, **{cause: -Decimal(pence) / 100})


def never_seen(month: Month) -> None:
    _payment(month, "2026-01-20", "MISSING_IN_TARGET")


def on_its_way(month: Month) -> None:
    _payment(month, AS_OF_DAY, "TIMING")


def chargeback(month: Month) -> None:
    number = f"dp_9{len(month.planted)}"
    _append(month, "disputes", {
        "id": number, "payment": "pay_00025", "order": "5024", "gateway": "cardwell", "opened_at": "2026-01-16T15:21:43Z",
        "updated_at": "2026-01-16T15:21:43Z", "reason": "fraudulent", "amount": 5000, "fee": 1500, "currency": "GBP", "exchange_rate": None,
        "status": "open", "resolved_at": None,
    })  # fmt: skip
    month.must(number, CHARGEBACK="65.00")


def gone_at_source(month: Month) -> None:
    """A payment by gift card, since it has no fee beside it."""
    rows = [row for row in _lines(month, "payments") if row["method"] == "gift_card" and row["currency"] == "GBP"]
    row = month.dice.choice([row for row in rows if f"MM-{row['order']}" not in month.used and f"MM-{row['order']}" in month.single])
    number = f"MM-{row['order']}"
    month.used.add(number)
    file = month.home / "files/web/payments.jsonl"
    kept = [line for line in file.read_text(errors="surrogateescape").splitlines(keepends=True) if f'"id":"{row["id"]}"' not in line]
    file.write_text("".join(kept), errors="surrogateescape")
    month.must(row["id"], MISSING_IN_SOURCE=Decimal(row["amount"]) / 100)


def stated_twice(month: Month) -> None:
    """A settlement that stands twice in an export without keys: both legs of its payout, and its charges."""
    connection = month.home / "connections/terminal.yaml"
    connection.write_text(connection.read_text().replace(", key: [Settlement]", ""))
    file = month.home / "files/terminal/settlements.csv"
    lines = file.read_text(encoding="cp1252").splitlines()
    line = month.dice.choice([line for line in lines[1:] if line.split(";")[0] not in month.used])
    number, charges, paid = (line.split(";")[place] for place in (0, 5, 6))
    month.used.add(number)
    file.write_text("\n".join((*lines, line)) + "\n", encoding="cp1252")
    net = Decimal(paid.replace(".", "").replace(",", "."))
    for share in (-net, -net, Decimal(charges.replace(",", "."))):
        month.must(number, DUPLICATE_SOURCE=share)


# ── stock and hours ──


def _row(month: Month, table: str, where: str = "true") -> sqlite3.Row:
    rows = month.stock.execute(f"SELECT receipt_key, line, document_number FROM {table} WHERE {where} ORDER BY 1, 2").fetchall()
    row = month.dice.choice([row for row in rows if row[2] not in month.used])
    month.used.add(row[2])
    return row


def quantity(month: Month) -> None:
    key, line, number = _row(month, "stock_movement", "units > 0")
    month.stock.execute("UPDATE stock_movement SET units = units + 2000000 WHERE receipt_key = ? AND line = ?", (key, line))
    month.must(number, "backoffice/stock", QTY=2)


def cost(month: Month) -> None:
    """A piece is worth another amount than the shop says."""
    key, line, number = _row(month, "stock_movement", "units > 0 AND unit_cost IS NOT NULL")
    month.stock.execute("UPDATE stock_movement SET unit_cost = unit_cost + 250000 WHERE receipt_key = ? AND line = ?", (key, line))
    month.must(number, "backoffice/stock", COST=0)


def with_costs(home: Path) -> None:
    """The shop says in each line of an order what a piece costs: its export, the mapping of its parcels, and its control."""
    costs = {row["sku"]: row["cost_gbp"] for row in map(json.loads, (home / "files/web/products.jsonl").read_text().splitlines())}
    orders = home / "files/web/orders.jsonl"
    lines = []
    for text in orders.read_text(errors="surrogateescape").splitlines():
        try:
            row = json.loads(text)
        except ValueError:
            lines.append(text)  # one is damaged
            continue
        for line in row["lines"]:
            line["cost"] = costs.get(line.get("sku"))
        lines.append(json.dumps(row, ensure_ascii=False))
    orders.write_text("\n".join(lines) + "\n", errors="surrogateescape")
    parcels = home / "mappings/sample/orders.yaml"
    _replace(parcels, "          quantity: quantity\n", "          quantity: quantity\n          unit_cost: number(row.cost)\n", -1)
    _replace(parcels, "      location: fulfilment", "      currency: \"'GBP'\"\n      location: fulfilment", 0)
    told = "sum(money(line->>'quantity')) AS amount"
    worth = "sum(CAST(money(line->>'quantity') * money(line->>'cost') AS DECIMAL(28, 6))) AS cost"
    _replace(home / "controls/web.yaml", told, f"{told}, {worth}", 0)


def _replace(file: Path, old: str, new: str, place: int) -> None:
    """The first (0) or the last (-1) of a text's occurrences."""
    text = file.read_text()
    assert old in text
    before, after = text.split(old, 1) if place == 0 else text.rsplit(old, 1)
    file.write_text(before + new + after)


def hours(month: Month) -> None:
    key, line, number = _row(month, "time_entry")
    month.stock.execute("UPDATE time_entry SET hours = hours - 500000 WHERE receipt_key = ? AND line = ?", (key, line))
    month.must(number, "backoffice/hours", HOURS="-0.5")


def wage(month: Month) -> None:
    key, line, number = _row(month, "time_entry")
    month.stock.execute("UPDATE time_entry SET pay = 'overtime' WHERE receipt_key = ? AND line = ?", (key, line))
    month.must(number, "backoffice/hours", RATE=0)


def party(month: Month) -> None:
    key, line, number = _row(month, "time_entry")
    month.stock.execute("UPDATE time_entry SET employee_number = 'E99' WHERE receipt_key = ? AND line = ?", (key, line))
    month.must(number, "backoffice/hours", PARTY=0)


# ── what the hub says is under way ──


def _under_way(month: Month, fate: str, cause: str, fingerprint: str = "") -> None:
    entry = month.pick("invoice", _sterling)
    month.entries.remove(entry)
    document = entry.document.replace("-", "")
    month.hub.execute("UPDATE disposition SET fate = ?, reason = 'planted' WHERE document_id = ? AND effect = 'money'", (fate, document))
    month.hub.execute("UPDATE operation SET fingerprint = ? WHERE document_id = ? AND effect = 'money'", (fingerprint, document))
    month.must(entry.number, **{cause: -entry.total()})


def rejected(month: Month) -> None:
    _under_way(month, "refused", "REJECTED")


def locked(month: Month) -> None:
    _under_way(month, "held", "LOCKED_PERIOD", "period")


def held(month: Month) -> None:
    _under_way(month, "held", "MAPPING")


LEDGER = (
    missing,
    refund_missing,
    fee_missing,
    doubled,
    typed,
    amount,
    one_cent,
    tax,
    tip,
    gift_card,
    discount,
    shipping,
    rounding,
    rate,
    currency,
    date,
    period,
)
TWO = (tax_and_amount, day_and_amount, tip_and_tax)
SHOP = (stale, never_seen, on_its_way, chargeback, gone_at_source, stated_twice)
BACK = (quantity, cost, hours, wage, party, rejected, locked, held)


# ── the bank ──


def statements(home: Path) -> list[dict[str, str]]:
    """What a bank would say of all payouts that arrived: one entry each, with the payout's number in its text, and a rent."""
    rows = []
    month = [json.loads(line) for line in (home / "files/web/payouts.jsonl").read_text().splitlines()]
    rows += [{"on": row["arrival_date"], "amount": str(Decimal(row["net"]) / 100), "text": f"PAYOUT {row['id']}"} for row in month]
    with (home / "files/terminal/settlements.csv").open(encoding="cp1252") as file:
        for row in {row["Settlement"]: row for row in csv.DictReader(file, delimiter=";")}.values():
            day, mon, year = row["At bank"].split(".")
            paid = row["Paid out"].replace(".", "").replace(",", ".")
            rows.append({"on": f"{year}-{mon}-{day}", "amount": paid, "text": f"CARD TERMINAL {row['Settlement']}"})
    rows.append({"on": "2026-01-15", "amount": "-1200.00", "text": "RENT JANUARY"})
    return rows


def bank(home: Path, dice: random.Random) -> list[Planted]:
    """Write statements with three of each: not arrived, another amount, once more, nobody's."""
    rows = statements(home)
    payouts = [row for row in rows if row["text"] != "RENT JANUARY"]
    chosen = dice.sample(payouts, 9)
    planted = []
    for row in chosen[:3]:
        rows.remove(row)
        planted.append(Planted("bank/payouts", row["text"].split()[-1], {"IN_TRANSIT": -Decimal(row["amount"])}))
    for row in chosen[3:6]:
        row["amount"] = str(Decimal(row["amount"]) - Decimal("4.50"))
        planted.append(Planted("bank/payouts", row["text"].split()[-1], {"AMOUNT": Decimal("-4.50")}))
    for row in chosen[6:]:
        rows.append(dict(row, on="2026-01-30"))
        planted.append(Planted("bank/payouts", "", {"DUPLICATE_TARGET": Decimal(row["amount"])}))
    for place in range(3):
        rows.append({"on": "2026-01-21", "amount": f"77.{place}7", "text": f"PAYOUT unknown{place}"})
        planted.append(Planted("bank/payouts", "", {"MISSING_IN_SOURCE": Decimal(f"77.{place}7")}))
    folder = home / "files/bank"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "january.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ("on", "amount", "text"))
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["on"]))
    columns = {"account": "GB00MEADOW", "currency": "GBP", "booked_on": "on", "amount": "amount", "text": ["text"]}
    attributes = {
        "tap": "bank", "company": "meadow_uk", "timezone": "Europe/London", "mappings": {"entries": "bank/entries"},
        "config": {"files": [{"path": "files/bank/", "csv": columns}]},
    }  # fmt: skip
    component = {"type": "pipelines.components.Connection", "attributes": attributes}
    (home / "connections/bank.yaml").write_text(yaml.safe_dump(component, sort_keys=False))
    (home / "reconcile.yaml").write_text('payout_lines: "PAYOUT|CARD TERMINAL"\n')
    return planted
