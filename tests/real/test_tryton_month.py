"""A month of the sample company in a real Tryton, beside the embedded ledger and database: what Tryton itself says is what these hold.

A slice of the bundled files, so that the month has at most 120 documents; in euros, because the seeded company keeps its books in them.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from beancount import loader
from beancount.core.data import Transaction

from pipelines.home.load import load
from pipelines.hub import equations, keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.reconcile.run import reconcile
from pipelines.sandbox.demo import lay_out
from pipelines.steps.run import Report, run
from tests._kit.tryton import Books, Erp, amount, day

pytestmark = pytest.mark.tryton
CODES = {
    "Receivable": "1.2.1", "Clearing": "1.1.2.T", "Cash": "1.1.1", "Bank": "1.1.2.B", "PayoutsInTransit": "1.1.3",
    "DisputesReceivable": "1.4.2",
    "SalesTaxPayable": "6.3.6", "TipsPayable": "2.2.4", "GiftCardLiability": "2.2.2", "Sales": "4.1.1", "SalesReturns": "4.3.1",
    "Discounts": "4.3.3", "ShippingIncome": "4.1.2", "Fees": "5.2.2", "DisputeFees": "5.2.3", "ChargebackLoss": "6.2.8",
    "FXGainLoss": "6.2.1",
    "CashRounding": "6.1.2", "Rounding": "6.2.4", "DonationPayable": "2.4.3",
}  # fmt: skip
TAXES = {"standard": "VAT 20%", "zero": "Zero", "us_ny": "New York"}
ORDERS, RECEIPTS, CUSTOMERS, SHIFTS = 8, 4, 6, 8


def ledger_name(code: str) -> str:
    """The account of the ledger that stands for one of Tryton's."""
    return f"Assets:T{code.replace('.', '-')}"


def rows(path: Path) -> list[dict[str, Any]]:
    """The records of a file; one is damaged on purpose, and left out."""
    found = []
    for line in filter(None, path.read_text().split("\n")):
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def write_rows(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def slice_files(files: Path) -> None:
    """The first orders of January with all that hangs on them, a few till receipts, and a few people; pounds become euros."""
    orders = [each for each in rows(files / "web/orders.jsonl") if each["created_at"] >= "2026-01-02" and not each["test"]]
    kept = {each["id"] for each in orders[:ORDERS]}
    orders = [each for each in orders if each["id"] in kept]
    write_rows(files / "web/orders.jsonl", orders)
    skus = {line["sku"] for each in orders for line in each["lines"] if line.get("sku")}
    for name in ("payments", "refunds", "disputes"):
        write_rows(files / f"web/{name}.jsonl", [each for each in rows(files / f"web/{name}.jsonl") if each["order"] in kept])
    write_rows(files / "web/payouts.jsonl", rows(files / "web/payouts.jsonl")[:3])
    buyers = {each["customer"] for each in orders}
    for name, most, wanted in (
        ("till/receipts_2026-01.csv", RECEIPTS, lambda row: ";S90;" not in row),
        ("terminal/settlements.csv", 3, lambda _row: True),
        ("crm/customers.csv", CUSTOMERS, lambda row: row.split(",")[0] in buyers),
        ("staff/hours.csv", SHIFTS, lambda _row: True),
    ):
        skus |= _cut(files / name, most, wanted)
    write_rows(files / "web/products.jsonl", [each for each in rows(files / "web/products.jsonl") if each["sku"] in skus])


def _cut(path: Path, most: int, wanted: Callable[[str], bool]) -> set[str]:
    """Keep the first so many keys; the articles that the kept rows name."""
    head, *lines = path.read_text(encoding="latin-1").split("\n")
    separator = ";" if ";" in head else ","
    keep: list[str] = []
    keys_seen: dict[str, None] = {}
    for row in filter(wanted, filter(None, lines)):
        keys_seen[row.split(separator)[0]] = None
        if len(keys_seen) > most:
            break
        keep.append(row)
    path.write_text("\n".join((head, *keep)) + "\n", encoding="latin-1")
    place = head.split(separator).index("SKU") if "SKU" in head else -1
    return {row.split(separator)[place] for row in keep} if place >= 0 else set()


class Month:
    """The sample's home: its routes lead to the embedded targets, and copies of them to Tryton."""

    def __init__(self, path: Path, books: Books) -> None:
        lay_out("sample", path)
        self.path, self.books = path, books
        slice_files(path / "files")
        for file in (*path.glob("**/*.yaml"), *path.glob("**/*.jsonl")):
            file.write_text(file.read_text().replace("GBP", "EUR"))
        mapping = path / "mappings/sample/payments.yaml"
        mapping.write_text(
            mapping.read_text().replace(
                "      order_number: join(", "      order_id: ref('order', record.order)\n      order_number: join(", 1
            )
        )
        self._connections()
        self._routes()
        self.hub = Hub(load(path).hub_url)
        migrate(self.hub)
        Vault(self.hub, keys.load(path)).store("tryton", "key", books.erp.key)

    def _edit(self, name: str, change: Callable[[dict[str, Any]], Any], to: str = "") -> None:
        content = yaml.safe_load((self.path / f"{name}.yaml").read_text())
        change(content["attributes"])
        (self.path / f"{to or name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    def _connections(self) -> None:
        config = {"base_url": self.books.erp.url, "database": self.books.database, "private_network": True, "taxes": TAXES}
        config |= {
            "location": "STO",
            "locations": {"WH1": "STO", "S01": "BACK", "S02": "STO"},
            "sold_location": "SOLD",
            "work": "Store floor",
        }
        content = {"type": "pipelines.components.Connection", "attributes": {"target": "tryton", "config": config}}
        (self.path / "connections/tryton.yaml").write_text(yaml.safe_dump(content))

        def with_customers(web: dict[str, Any]) -> None:
            web["config"]["streams"]["customers"] = {"path": "files/crm/customers.csv", "encoding": "utf-8", "key": ["Contact"]}
            web["mappings"]["customers"] = "sample/customers"

        self._edit("connections/web", with_customers)
        self._edit("connections/ledger", lambda each: each["config"].update(accounts_opened_on="2024-01-01"))

    def _routes(self) -> None:
        def money(names: Callable[[str], str]) -> Callable[[dict[str, Any]], None]:
            def change(route: dict[str, Any]) -> None:
                posting = route["posting"][0]
                posting["books"]["accounts"] = {role: names(code) for role, code in CODES.items()}
                posting["customer"] = {"as": "contact"} if names("1") == "1" else {"exclude": "the ledger keeps no contacts"}

            return change

        def to_tryton(route: dict[str, Any]) -> None:
            for posting in route["posting"]:
                posting["target"] = "tryton"
                for policy in posting.values():
                    if isinstance(policy, dict) and policy.get("as") == "part":
                        policy["as"] = "item"

        def without_contacts(route: dict[str, Any]) -> None:
            route["posting"][0]["customer"] = {"exclude": "the books bring them"}

        self._edit("routes/books", money(ledger_name))
        for name in ("people", "shop_stock", "till_stock", "books"):
            self._edit(f"routes/{name}", to_tryton, f"routes/{name}_there")
        self._edit("routes/books_there", money(str))
        self._edit("routes/people", without_contacts)
        self._edit("routes/people_there", without_contacts)

    def run(self) -> Report:
        home = load(self.path)
        return run(home, self.hub, list(home.routes.values()))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.hub.read() as tx:
            return [tuple(row) for row in tx.exec_driver_sql(sql)]

    def both_balance(self) -> bool:
        home = load(self.path)
        with self.hub.read() as tx:
            routes = [
                each
                for route in home.routes.values()
                for each in equations.route(tx, route.name, route.sources, [(posting.name, posting.effect) for posting in route.posting])
            ]
            return all(each.balanced for each in (*equations.intake(tx), *routes))


@pytest.fixture(scope="module")
def erp_copy(tryton_erp: Erp) -> Iterator[Books]:
    """A company's Tryton as its accountants set it up: a statement journal for each place where money is, the taxes, a closed month."""
    with tryton_erp.copy() as books:
        ids = books.ids
        books.ask("POST", "stock.location", {"name": "Sold", "code": "SOLD", "type": "lost_found"})
        accounts = {each["code"]: each["id"] for each in books.search("account.account", [["type", "!=", None]], "code")}
        for role in ("Clearing", "Cash", "GiftCardLiability"):
            till = {"name": role, "journal": ids["journal"]["STA"], "account": accounts[CODES[role]], "validation": "amount"}
            books.ask("POST", "account.statement.journal", till | {"company": 1, "currency": ids["currency"]["EUR"]})
        for name, rate in (("Zero", "0"), ("New York", "0.08")):
            tax = {"name": name, "description": name, "type": "percentage", "rate": amount(rate), "company": 1}
            books.ask("POST", "account.tax", tax | {"invoice_account": accounts["6.3.6"], "credit_note_account": accounts["6.3.6"]})
        yield books


@pytest.fixture(scope="module")
def month(erp_copy: Books, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    made = Month(tmp_path_factory.mktemp("month") / "home", erp_copy)
    yield made
    made.hub.close()


@pytest.fixture(scope="module")
def done(month: Month) -> Report:
    return month.run()


def test_the_month_is_delivered_and_both_equations_hold(month, done):
    refused = month.ask("SELECT code, say FROM problem WHERE operation_id IS NOT NULL AND closed_at IS NULL")
    assert refused == []
    assert month.both_balance()
    assert 80 <= done.written["tryton"] <= 120


def test_the_trial_balance_is_the_ledgers_to_the_cent(month, done):
    entries, errors, _ = loader.load_file(str(month.path / "books/main.beancount"))
    assert not errors
    held: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                held[posting.account] += posting.units.number
    years = [month.books.ids["fiscalyear"][year] for year in ("2025", "2026")]
    found: dict[str, Decimal] = defaultdict(Decimal)
    for year in years:
        context = {"fiscalyear": year, "posted": True, "cumulate": False}
        domain = [["type", "!=", None], ["code", "!=", None]]
        for account in month.books.search("account.account", domain, "code", "debit", "credit", context=context):
            found[ledger_name(account["code"])] += Decimal(account["debit"]["decimal"]) - Decimal(account["credit"]["decimal"])
    assert {name: total for name, total in found.items() if total} == {name: total for name, total in held.items() if total}
    assert len([total for total in held.values() if total]) > 10


def reconciled(month: Month) -> tuple[dict[str, dict[str, str]], dict[str, list[tuple[str, str]]]]:
    """By sheet: what the target holds in each waterfall, all with nothing unexplained; and class and amount of each cause."""
    report = reconcile(load(month.path), month.hub, as_of=datetime(2026, 2, 3, tzinfo=UTC), company="meadow_uk", period="2026-01")
    held: dict[str, dict[str, str]] = defaultdict(dict)
    for fall in report.waterfalls:
        assert fall.unexplained == 0
        held[fall.sheet][fall.name] = f"{fall.lines[-2].amount:.2f}"
    causes: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in report.breaks:
        causes[each.sheet] += [(cause.kind.value, f"{cause.amount:.2f}") for cause in each.causes]
    return held, {sheet: sorted(found) for sheet, found in causes.items()}


def test_read_back_from_tryton_the_month_reconciles_as_the_embedded_targets_do(month, done):
    held, causes = reconciled(month)
    assert causes == {}
    assert held["tryton/money"] == held["ledger/money"]
    assert {"clearing", "tax_owed", "cards_owed", "sales", "payments", "payouts", "charges"} <= set(held["tryton/money"])
    assert (held["tryton/stock"], held["tryton/hours"]) == (held["backoffice/stock"], held["backoffice/hours"])


def test_receivables_are_what_invoices_leave_open(month, done):
    """By customer: Tryton's own amounts to pay, and what stands on the account beside its invoices."""
    receivable = month.books.sql(
        "SELECT sum(l.debit - l.credit) FROM account_move_line l JOIN account_account a ON a.id = l.account WHERE a.code = '1.2.1'"
    )
    invoices = month.books.search("account.invoice", [["state", "in", ["posted", "paid"]]], "state", "amount_to_pay")
    open_amount = sum(Decimal(each["amount_to_pay"]["decimal"]) for each in invoices)
    beside = month.books.sql(
        "SELECT coalesce(sum(l.debit - l.credit), 0) FROM account_move_line l JOIN account_account a ON a.id = l.account"
        " JOIN account_move m ON m.id = l.move WHERE a.code = '1.2.1' AND l.reconciliation IS NULL"
        " AND (m.origin IS NULL OR m.origin NOT LIKE 'account.invoice,%') AND NOT EXISTS"
        ' (SELECT 1 FROM "account_invoice-account_move_line" p WHERE p.line = l.id)'
    )
    assert open_amount + beside[0][0] == receivable[0][0]
    assert any(each["state"] == "paid" for each in invoices), "payments close their invoices"


def test_stock_is_the_databases_to_the_unit(month, done):
    held = dict(backoffice(month, "SELECT item, SUM(units) FROM stock_movement GROUP BY item"))
    sold = month.books.search("stock.location", [["code", "=", "SOLD"]])[0]["id"]
    context = {"locations": [sold], "with_childs": False, "stock_date_end": day("2027-12-31")}
    found = {
        each["code"]: Decimal(str(each["quantity"]))
        for each in month.books.search("product.product", [], "code", "quantity", context=context)
    }
    said = {item: Decimal(units) / 1_000_000 for item, units in held.items() if units}
    assert {item: units for item, units in found.items() if units} == said
    assert len(said) > 5


def test_people_and_hours_are_the_databases_to_the_minute(month, done):
    staff = {row[0] for row in backoffice(month, "SELECT employee_number FROM employee WHERE active")}
    there = month.books.search("company.employee", [], "party.code", context={"active_test": False})
    assert {each["party"]["code"].partition("/")[0] for each in there} == staff
    hours = {
        number: Decimal(total) / 1_000_000
        for number, total in backoffice(month, "SELECT employee_number, SUM(hours) FROM time_entry GROUP BY 1")
    }
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in month.books.search("timesheet.line", [], "employee.party.code", "duration"):
        found[line["employee"]["party"]["code"].partition("/")[0]] += Decimal(str(line["duration"]["seconds"])) / 3600
    assert {number: round(total * 60) for number, total in found.items()} == {number: round(total * 60) for number, total in hours.items()}


def backoffice(month: Month, sql: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(month.path / "backoffice.db") as database:
        return database.execute(sql).fetchall()


def test_a_second_run_writes_nothing(month, done):
    again = month.run()
    assert set(again.written.values()) == {0}


def test_a_closed_month_holds_its_document_and_lets_it_go_when_it_is_opened(month, done):
    (period,) = month.books.search("account.period", [["name", "=", "2026-03"]])
    month.books.ask("POST", f"account.period/{period['id']}/close", {})
    order = rows(month.path / "files/web/orders.jsonl")[0]
    late = order | {
        "id": "9001",
        "number": "MM-9001",
        "created_at": "2026-03-05T10:00:00Z",
        "updated_at": "2026-03-05T10:00:00Z",
        "fulfilment": None,
    }
    with (month.path / "files/web/orders.jsonl").open("a") as out:
        out.write(json.dumps(late) + "\n")
    month.run()
    said = month.ask("SELECT say FROM problem WHERE code = 'POST-PERIOD' AND closed_at IS NULL")
    assert len(said) == 1
    assert "MM-9001" in said[0][0]
    assert "2026-03" in said[0][0]
    assert month.both_balance()
    month.books.ask("POST", f"account.period/{period['id']}/reopen", {})
    assert month.run().written["tryton"] == 1
    assert month.ask("SELECT say FROM problem WHERE code = 'POST-PERIOD' AND closed_at IS NULL") == []
    assert len(month.books.search("account.invoice", [["reference", "=", "MM-9001"], ["state", "=", "posted"]])) == 1


def test_what_a_person_does_in_tryton_is_told_apart(month, done):
    """A fee copied with its mark, 12.00 typed as a move, an hour more on a time sheet, one of its lines deleted, 2.00 hours typed."""
    books = month.books
    fields = ("description", "date", "period", "journal", "lines.account", "lines.debit", "lines.credit")
    fee = books.search("account.move", [["description", "like", "% cf:%"], ["lines.account.code", "=", CODES["Fees"]]], *fields)[0]
    amounts = [(line["account"], line["debit"], line["credit"]) for line in fee["lines"]]
    twelve = (amount("12"), amount("0"))
    by_hand = [(amounts[0][0], *twelve), (amounts[1][0], *twelve[::-1])]
    for text, lines in ((fee["description"], amounts), ("typed", by_hand)):
        made = [{"account": account, "debit": debit, "credit": credit} for account, debit, credit in lines]
        values = {"journal": fee["journal"], "period": fee["period"], "date": fee["date"], "description": text}
        typed = books.ask("POST", "account.move", {**values, "company": 1, "lines": [["create", made]]})
        books.ask("POST", f"account.move/{typed['id']}/post", {})
    first, second = books.search("timesheet.line", [["uuid", "like", "cf:%"]], "employee", "work", "date", "duration")[:2]
    longer = {"__class__": "timedelta", "seconds": first["duration"]["seconds"] + 3600}
    books.ask("PUT", f"timesheet.line/{first['id']}", {"duration": longer})
    books.ask("DELETE", f"timesheet.line/{second['id']}")
    hand = {"company": 1, "employee": first["employee"], "work": first["work"], "date": first["date"]}
    books.ask("POST", "timesheet.line", {**hand, "duration": {"__class__": "timedelta", "seconds": 7200}})
    _held, causes = reconciled(month)
    assert [kind for kind, _amount in causes["tryton/money"]] == ["DUPLICATE_TARGET", "MISSING_IN_SOURCE"]
    gone = f"{-Decimal(str(second['duration']['seconds'])) / 3600:.2f}"
    assert causes["tryton/hours"] == [("MISSING_IN_SOURCE", "2.00"), ("MISSING_IN_TARGET", gone), ("STALE", "1.00")]
    assert set(causes) == {"tryton/money", "tryton/hours"}
