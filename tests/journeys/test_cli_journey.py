"""Somebody's first weeks with the command line: from an empty folder to books, with mistakes, refusals and a changed row on the way."""

from __future__ import annotations

import re
import sqlite3
from datetime import date
from decimal import Decimal

import pytest
from beancount import loader
from beancount.core.data import Transaction

from pipelines.cli.opening import home_at, hub_as_it_is
from pipelines.hub.ledger_tables import period
from tests._kit.starter import Counterfoil

SALES = "files/example_sales.csv"
TAX_ACCOUNT = "          SalesTaxPayable: Liabilities:SalesTax\n"


@pytest.fixture
def counterfoil(tmp_path, capsys):
    """The starter home on SQLite."""
    return Counterfoil(tmp_path / "home", capsys).start()


@pytest.fixture
def on_any_hub(counterfoil, hub_url):
    """The starter home, its hub on SQLite and on PostgreSQL."""
    counterfoil.edit("counterfoil.yaml", "hub: sqlite:///hub.db", f"hub: {hub_url}")
    return counterfoil


def balances(home) -> dict[str, Decimal]:
    """What bean-check's own loader says of the ledger, without accounts at nought."""
    entries, errors, _options = loader.load_file(str(home / "books" / "main.beancount"))
    assert errors == []
    found: dict[str, Decimal] = {}
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                found[posting.account] = found.get(posting.account, Decimal(0)) + posting.units.number
    return {account: amount for account, amount in found.items() if amount}


def stock(home) -> dict[str, Decimal]:
    """Net units out of stock."""
    with sqlite3.connect(home / "stock.db") as database:
        rows = database.execute("SELECT item, SUM(units) FROM stock_movement GROUP BY item")
        return {item: Decimal(units) / 1_000_000 for item, units in rows}


def add_row(counterfoil, row):
    sales = counterfoil.home / SALES
    sales.write_text(sales.read_text() + row + "\n")


def test_from_an_export_to_books_and_stock_each_change_once(on_any_hub):
    """
    1001   2 × 8.50 + 3.91 tax, 1 × 6.20     27.11
    1002   1 × 8.50 + 1.96 tax               10.46
    R2001  1 × 8.50 + 1.96 tax back         −10.46, tied to 1001
    """
    counterfoil = on_any_hub
    first = counterfoil("run", "--json")
    assert first.code == 0
    assert first.json["balanced"] == {"intake": True, "route": True}
    assert first.json["written"] == {"ledger": 3, "stock": 3}
    assert first.json["fates"] == {"delivered": {"count": 6, "amount": {"C62": "3", "EUR": "27.11"}}}
    assert balances(counterfoil.home) == {
        "Assets:Receivable": Decimal("27.11"),
        "Income:Sales": Decimal("-31.70"),
        "Income:Returns": Decimal("8.50"),
        "Liabilities:SalesTax": Decimal("-3.91"),
    }
    assert stock(counterfoil.home) == {"MUG-BLUE": 2, "TEA-100": 1}

    again = counterfoil("run", "--json")
    assert (again.code, set(again.json["written"].values())) == (0, {0})

    status = counterfoil("status").out
    assert status.count("  green  ") == 2
    assert "Nothing: all that was read is done." in status
    story = counterfoil("explain", "1001").out
    order = [story.index(word) for word in ("landed ", "translated ", "planned ", "sent ", "receipt ")]
    assert order == sorted(order)
    assert "27.11 EUR  ledger has invoice 1001" in story
    assert "is taken back by refund R2001" in story

    add_row(counterfoil, "1003,2026-01-08 11:00,,TEA-100,1,6.20,zero")
    more = counterfoil("run", "--json")
    assert (more.code, more.json["written"]) == (0, {"ledger": 1, "stock": 1})
    assert more.json["balanced"] == {"intake": True, "route": True}
    assert balances(counterfoil.home)["Assets:Receivable"] == Decimal("33.31")


def test_a_row_that_changes_by_its_key_is_reversed_and_booked_anew(counterfoil):
    counterfoil.edit("connections/shop.yaml", "        # snapshot: true ", "        snapshot: true ")
    assert counterfoil("run").code == 0
    counterfoil.edit(SALES, "1002,2026-01-06 16:40,,MUG-BLUE,1,", "1002,2026-01-06 16:40,,MUG-BLUE,3,")
    changed = counterfoil("run", "--json")
    assert changed.json["written"] == {"ledger": 1, "stock": 1}
    assert balances(counterfoil.home)["Assets:Receivable"] == Decimal("48.02")  # 27.11 + two mugs more, at 8.50, and their tax
    assert stock(counterfoil.home)["MUG-BLUE"] == 4
    [story] = counterfoil("explain", "1002", "--json").json["documents"]
    assert story["document"]["revision"] == 2
    assert [event["amount"] for event in story["events"] if event["what"] == "translated"] == ["10.46", "31.37"]


def test_a_bad_row_holds_its_document_until_it_is_mended(on_any_hub):
    counterfoil = on_any_hub
    add_row(counterfoil, "1003,2026-01-08 11:00,,TEA-100,one,6.20,zero")
    first = counterfoil("run")
    assert first.code == 1
    assert first.out.count("  amber  ") == 1
    assert counterfoil("run").code == 0  # nothing new is wrong
    assert counterfoil("run", "--strict").code == 1
    listed = counterfoil("problems", "--json").json
    assert (listed["open"], listed["codes"]) == (1, {"MAP-TYPE": 1})
    assert "Document 1003, row 1: quantity" in listed["problems"][0]["say"]
    assert counterfoil("problems", "--code", "MAP-HEAD").out.startswith("0 open problems of code MAP-HEAD")
    assert counterfoil("problems", "--code", "MAP-HAED").code == 4
    assert "1003 has not become a document yet" in counterfoil("explain", "1003").out
    assert counterfoil("explain", "9999").code == 4
    counterfoil.edit(SALES, "TEA-100,one,", "TEA-100,1,")
    counterfoil.edit("connections/shop.yaml", "        # snapshot: true ", "        snapshot: true ")
    mended = counterfoil("run", "--json")
    assert mended.json["problems"] == 0
    assert mended.json["written"]["ledger"] == 1
    assert counterfoil("run", "--strict").code == 0


def test_what_is_held_goes_again_when_a_person_says_so(on_any_hub):
    counterfoil = on_any_hub
    counterfoil.edit("routes/shop_to_office.yaml", TAX_ACCOUNT, "")
    held = counterfoil("run", "--json")
    assert held.code == 1
    assert held.json["new"] == {"problems": 3, "held": 3, "refused": 0}
    assert counterfoil("run").code == 0  # held still, but nothing new
    assert counterfoil("problems", "--json").json["stuck"] == []  # a problem tells of each
    assert "SalesTaxPayable" in counterfoil("problems").out
    counterfoil.edit("routes/shop_to_office.yaml", "          Rounding:", f"{TAX_ACCOUNT}          Rounding:")
    assert counterfoil("retry", "4711").code == 4
    assert counterfoil("retry").code == 4
    number = held_operation(counterfoil)
    assert counterfoil("retry", str(number), "--json").json == {"ready": [number], "in_closed_period": [], "others": []}
    assert counterfoil("retry", str(number)).code == 4  # ready already
    assert len(counterfoil("retry", "--all", "--json").json["ready"]) == 2
    sent = counterfoil("run", "--json")
    assert (sent.code, sent.json["problems"], sent.json["written"]["ledger"]) == (0, 0, 3)
    assert counterfoil("run", "--strict").code == 0
    proof = counterfoil("audit", "verify", "--json")
    assert (proof.code, proof.json["rows"]) == (0, 2)


def held_operation(counterfoil) -> int:
    """The number that `problems` shows first."""
    return counterfoil("problems", "--json").json["problems"][0]["operation"]


def test_a_closed_period_holds_even_against_a_person(on_any_hub):
    counterfoil = on_any_hub
    counterfoil.edit("routes/shop_to_office.yaml", "mode: auto ", "mode: shadow ")
    counterfoil("run")
    january = {"company_id": "my_company", "start_on": date(2026, 1, 1), "end_on": date(2026, 1, 5), "status": "closed"}
    with hub_as_it_is(home_at(counterfoil.home)) as hub, hub.begin() as tx:
        tx.execute(period.insert().values(january))
    counterfoil.edit("routes/shop_to_office.yaml", "mode: shadow ", "mode: auto ")
    add_row(counterfoil, "1004,2026-01-05 18:00,,TEA-100,1,6.20,zero")
    held = counterfoil("run", "--json")
    assert (held.code, held.json["new"]["held"]) == (1, 4)  # also what was planned before the period was closed
    assert [each["reason"] for each in counterfoil("problems", "--json").json["stuck"]] == ["the period of 2026-01-05 is closed"] * 4
    assert "the period of 2026-01-05 is closed" in counterfoil("problems").out
    left = counterfoil("retry", "--all", "--json").json
    assert (left["ready"], len(left["in_closed_period"])) == ([], 4)
    assert "stay held" in counterfoil("retry", "--all").out
    with hub_as_it_is(home_at(counterfoil.home)) as hub, hub.begin() as tx:
        tx.execute(period.update().values(status="open"))
    assert len(counterfoil("retry", "--all", "--json").json["ready"]) == 4
    assert counterfoil("run", "--json").json["operations"] == {"delivered": 8}


def test_a_changed_audit_log_is_found(counterfoil):
    counterfoil.edit("routes/shop_to_office.yaml", TAX_ACCOUNT, "")
    counterfoil("run")
    counterfoil("retry", "--all")
    anchor = counterfoil("audit", "verify", "--json").json["anchor"]
    assert counterfoil("audit", "verify", "--anchor", anchor).code == 0
    with sqlite3.connect(counterfoil.home / "hub.db") as database:  # somebody with all rights, who removes what guards the table
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM audit")
    assert counterfoil("audit", "verify").code == 0  # without an anchor nobody can know that there was more
    cut = counterfoil("audit", "verify", "--anchor", anchor)
    assert cut.code == 4
    assert "row 1 was changed or is missing" in cut.err
    assert counterfoil("audit", "verify", "--anchor", "nonsense").code == 4


def test_a_route_in_shadow_sends_nothing_and_says_so(tmp_path, capsys):
    counterfoil = Counterfoil(tmp_path / "home", capsys).start(mode="shadow")
    page = counterfoil("run")
    assert page.code == 0
    assert "their mode is shadow" in page.out
    assert counterfoil("status", "--json").json["operations"] == {"ready": 6}
    assert not (counterfoil.home / "books").exists()


def test_only_the_named_route_runs_and_a_wrong_name_is_said(counterfoil):
    wrong = counterfoil("run", "shop_to_offic")
    assert wrong.code == 4
    assert "did you mean shop_to_office?" in wrong.err
    assert counterfoil("run", "shop_to_office").code == 0


def test_an_interrupted_run_goes_on(counterfoil, monkeypatch):
    from pipelines.steps import run as steps

    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(steps, "deliver_target", interrupt)
        stopped = counterfoil("run")
        assert stopped.code == 3
        assert "Nothing is lost" in stopped.err
    went_on = counterfoil("run", "--json")
    assert (went_on.code, went_on.json["landed"], went_on.json["operations"]) == (0, 0, {"delivered": 6})


def test_nothing_can_be_looked_at_before_the_first_run(counterfoil):
    for words in (["status"], ["problems"], ["explain", "1001"]):
        said = counterfoil(*words)
        assert said.code == 2
        assert "counterfoil run" in said.err
    assert not (counterfoil.home / "hub.db").exists()


def test_a_red_equation_is_named_with_its_difference(counterfoil):
    counterfoil("run")
    with sqlite3.connect(counterfoil.home / "hub.db") as database:
        database.execute("UPDATE receipt SET control = control + 10000 WHERE target = 'ledger' AND number = '1002'")
        database.execute("UPDATE cursor SET read_count = 5 WHERE stream = 'sales'")
    page = counterfoil("status").out
    assert page.count("  red    ") == 2
    assert re.search(r"shop_to_office/books +2026-01-06 +0\.01 EUR", page)
    assert "shop/sales" in page
    assert counterfoil("status", "--json").json["differences"] == [
        {"posting": "shop_to_office/books", "day": "2026-01-06", "unit": "EUR", "difference": "0.01"}
    ]
