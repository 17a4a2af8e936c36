"""The judge of the Online Retail run, judged: it knows the issue's totals, passes right books and turns red on each wrong one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.real import variants
from tests.real.online_retail_judge import (
    CLASSES,
    controls,
    expected_balances,
    expected_stock,
    judge,
    judge_books,
    judge_documents,
    judge_stock,
    judge_stock_months,
    opened,
    rounded_documents,
)
from tests.real.online_retail_ties import FLOOR, fifo_ties, judge_ties, reachable
from tests.real.output_readers import read_ledger

ACCOUNTS = {
    "goods": "Income:Sales",
    "shipping": "Income:Sales:Shipping",  # below another class's account: the nearest name counts
    "gift_card": "Liabilities:GiftCards",
    "fees": "Expenses:Fees",
    "manual": "Income:Manual",
    "samples": "Expenses:Samples",
    "discount": "Income:Discounts",
    "donation": "Liabilities:Donations",
    "bad_debt": "Expenses:BadDebt",
    "rounding": "Expenses:Rounding",
    "receivable": "Assets:Receivable",
}
Books = dict[tuple[str, str], Decimal]


@pytest.fixture(scope="module")
def parquet(shared: Path) -> Path:
    return shared / "data" / "online_retail" / "online_retail.parquet"


@pytest.fixture(scope="module")
def right(parquet: Path) -> Books:
    return {key: both.booked for key, both in expected_balances(parquet).items()}


def write_ledger(folder: Path, books: Mapping[tuple[str, str], Decimal]) -> Path:
    """Write one transaction per class and month against the receivable, in a file that the main one includes."""
    lines = [f"2010-01-01 open {account}" for account in ACCOUNTS.values()]
    for (name, month), amount in books.items():
        if name != "receivable":
            lines += [f'{month}-28 * "{name}"', f"  {ACCOUNTS[name]}  {-amount:f} GBP", f"  {ACCOUNTS['receivable']}  {amount:f} GBP"]
    (folder / "entries.beancount").write_text("\n".join(lines) + "\n")
    main = folder / "main.beancount"
    main.write_text('include "entries.beancount"\n')
    return main


def write_stock(folder: Path, moves: Mapping[str, Decimal], *, units: str = "BIGINT") -> str:
    """Write one movement per item; whole-number columns hold millionths."""
    path = folder / "stock.sqlite"
    scale = 1_000_000 if units == "BIGINT" else 1
    with sqlite3.connect(path) as con:
        con.execute(f"CREATE TABLE stock_movement (item TEXT, units {units}, kind TEXT, moved_on DATE)")
        rows = [(item, int(number * scale), "sale", "2010-12-01") for item, number in moves.items()]
        con.executemany("INSERT INTO stock_movement VALUES (?, ?, ?, ?)", rows)
    con.close()
    return f"sqlite:///{path}"


def moved(books: Books, source: tuple[str, str], target: tuple[str, str], amount: Decimal) -> Books:
    """Return the books with an amount taken from one (class, month) and put to another."""
    return books | {source: books.get(source, Decimal(0)) - amount, target: books.get(target, Decimal(0)) + amount}


def merged(books: Books, source: str, target: str) -> Books:
    for name, month in list(books):
        if name == source:
            books = moved(books, (source, month), (target, month), books[source, month])
    return books


def test_the_totals_of_the_issue_are_found(parquet: Path) -> None:
    known = controls(parquet)
    assert known.rows == 541_909
    assert known.total == Decimal("9747747.934")
    assert known.classes == {
        "shipping": (2_110, Decimal("279462.120")),
        "gift_card": (34, Decimal("685.810")),
        "fees": (71, Decimal("-228696.139")),
        "manual": (572, Decimal("-68671.640")),
        "samples": (63, Decimal("-3049.390")),
        "discount": (77, Decimal("-5696.220")),
        "donation": (16, Decimal("-7933.430")),
        "bad_debt": (3, Decimal("-11062.060")),
        "goods": (538_963, Decimal("9792708.883")),
    }
    assert known.kinds == {"sale": 22_061, "credit": 3_836, "adjustment": 3}
    assert sum(known.kinds.values()) == 25_900
    assert known.moneyless == 2_102
    assert (known.goods_units, known.sample_units) == (5_166_141, -59)
    assert sum(expected_stock(parquet).values()) == 5_166_141 - 59


def test_four_documents_lose_a_tenth_of_a_penny_each(parquet: Path) -> None:
    rounded = rounded_documents(parquet)
    assert list(rounded) == ["550193", "561226", "568200", "568375"]
    assert {both.exact - both.booked for both in rounded.values()} == {Decimal("0.001")}
    both = [both for (name, _), both in expected_balances(parquet).items() if name == "receivable"]
    assert sum(one.exact for one in both) - sum(one.booked for one in both) == Decimal("0.004")
    assert not [name for name, _ in expected_balances(parquet) if name == "rounding"]


def write_rows(folder: Path, rows: Sequence[tuple[str, str, int, float, datetime]]) -> Path:
    """Write rows of (invoice, code, quantity, price, time), all of one customer, in the columns of the file."""
    invoices, codes, quantities, prices, times = zip(*rows, strict=True)
    columns = {"InvoiceNo": invoices, "StockCode": codes, "Quantity": quantities, "UnitPrice": prices, "InvoiceDate": times}
    path = folder / "small.parquet"
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()} | {"CustomerID": [17850.0] * len(rows)}), path)
    return path


def day(number: int, month: int = 1) -> datetime:
    return datetime(2011, month, number)  # noqa: DTZ001 the file's times are store-local


def test_what_is_left_between_rounded_classes_and_rounded_total_is_rounding(tmp_path: Path) -> None:
    # goods 0.004 + postage 0.004 = 0.008: each class rounds to nothing, the document to a penny; half a penny rounds away from zero.
    rows = [("1", "22423", 1, 0.004), ("1", "POST", 1, 0.004), ("2", "22423", 1, 0.005), ("C3", "22423", -1, 0.005)]
    path = write_rows(tmp_path, [(*row, day(31)) for row in rows])
    booked = {name: both.booked for (name, _), both in expected_balances(path).items()}
    assert booked == {"goods": 0, "shipping": 0, "receivable": Decimal("0.01"), "rounding": Decimal("0.01")}
    assert list(rounded_documents(path)) == ["1", "2", "C3"]
    ledger = write_ledger(tmp_path, {("rounding", "2011-01"): Decimal("0.01")})
    assert judge_books(read_ledger(ledger), ACCOUNTS, path) == []


def test_an_invoice_with_two_times_belongs_to_the_earlier_month(tmp_path: Path) -> None:
    path = write_rows(tmp_path, [("1", "22423", 1, 2.0, day(1, month=2)), ("1", "POST", 1, 1.0, day(31))])
    assert {month for _, month in expected_balances(path)} == {"2011-01"}


def test_stock_is_goods_at_any_price_and_samples_at_a_price(tmp_path: Path) -> None:
    rows = [
        ("22423", 3, 1.5),
        ("22423", -1, 0.0),
        ("PADS", 2, 0.001),
        ("DCGS0003", 1, 0.0),
        ("S", -4, 2.0),
        ("S", 9, 0.0),
        ("POST", 1, 0.0),
        ("M", 5, 1.0),
    ]
    path = write_rows(tmp_path, [("1", *row, day(1)) for row in rows])
    assert expected_stock(path) == {"22423": 2, "PADS": 2, "DCGS0003": 1, "S": -4}


@pytest.mark.parametrize("units", ["BIGINT", "NUMERIC"])
def test_right_books_and_stock_pass(parquet: Path, right: Books, tmp_path: Path, units: str) -> None:
    url = write_stock(tmp_path, expected_stock(parquet), units=units)
    assert judge(write_ledger(tmp_path, right), url, ACCOUNTS, parquet) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["entries.beancount", "main.beancount", "stock.sqlite"]


@pytest.mark.parametrize("type_of_units", ["NUMERIC(18,6)", "BIGINT"])  # PostgreSQL has decimals: whole numbers there are units
def test_stock_in_postgresql_is_read_too(parquet: Path, tmp_path: Path, postgres_url: str, type_of_units: str) -> None:
    few = variants.first_rows(parquet, tmp_path, 5_000)
    rows = [{"item": item, "units": units} for item, units in expected_stock(few).items()]
    engine = sa.create_engine(postgres_url)
    with engine.begin() as con:
        con.execute(sa.text(f"CREATE TABLE stock_movement (item TEXT, units {type_of_units}, kind TEXT, moved_on DATE)"))
        con.execute(sa.text("INSERT INTO stock_movement VALUES (:item, :units, 'sale', '2010-12-01')"), rows)
    assert judge_stock(postgres_url, few) == judge_stock_months(postgres_url, few) == []
    with engine.begin() as con:
        con.execute(sa.text("DELETE FROM stock_movement WHERE item = '85123A'"))
    engine.dispose()
    assert [difference.split(":")[0] for difference in judge_stock(postgres_url, few)] == ["units of 85123A"]


def _shifted(parquet: Path, books: Books) -> Books:
    with opened(parquet) as con:
        for name, amount in con.execute("SELECT class, booked FROM part WHERE invoice = '536365'").fetchall():
            books = moved(books, (name, "2010-12"), (name, "2011-01"), amount)
    return books


WRONG: dict[str, tuple[Callable[[Path, Books], Books], set[str]]] = {
    "fees as sales": (lambda _, books: merged(books, "fees", "goods"), {"fees", "goods"}),
    "gift as revenue": (lambda _, books: merged(books, "gift_card", "goods"), {"gift_card", "goods"}),
    "postage as sales": (lambda _, books: merged(books, "shipping", "goods"), {"shipping", "goods"}),
    "one document a month late": (_shifted, {"goods", "receivable"}),
    "one penny": (lambda _, books: moved(books, ("goods", "2011-05"), ("manual", "2011-05"), Decimal("0.01")), {"goods", "manual"}),
    "nothing at all": (lambda *_: {}, set(CLASSES) - {"rounding"}),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_wrong_books_turn_the_judge_red(parquet: Path, right: Books, tmp_path: Path, mistake: str) -> None:
    wrong, classes = WRONG[mistake]
    found = judge_books(read_ledger(write_ledger(tmp_path, wrong(parquet, right))), ACCOUNTS, parquet)
    assert {difference.split()[2] for difference in found} == classes


def test_both_values_stand_in_the_sentence(parquet: Path, right: Books, tmp_path: Path) -> None:
    books = moved(right, ("fees", "2011-05"), ("samples", "2011-05"), Decimal("0.01"))
    expected, found = right["fees", "2011-05"], books["fees", "2011-05"]
    first = judge_books(read_ledger(write_ledger(tmp_path, books)), ACCOUNTS, parquet)[0]
    assert first == f"balance of fees 2011-05: expected {expected}, found {found}"


def test_accounts_and_currencies_nobody_named_are_red(parquet: Path, right: Books, tmp_path: Path) -> None:
    main = write_ledger(tmp_path, right)
    opened_too = "2010-01-01 open Income:Other\n2010-01-01 open Income:Other:Too\n"
    extra = '2011-01-05 * "x"\n  Income:Other  -1.00 GBP\n  Income:Other:Too  1.00 GBP\n'
    dollars = '2011-01-05 * "x"\n  Income:Sales  -1.00 USD\n  Assets:Receivable  1.00 USD\n'
    unbalanced = '2011-01-05 * "x"\n  Income:Sales  -1.00 GBP\n  Income:Sales:Shipping  2.00 GBP\n'
    with main.open("a") as file:
        file.write(opened_too + extra + dollars + unbalanced)
    found = "\n".join(judge_books(read_ledger(main), ACCOUNTS, parquet))
    assert "Income:Other 2011-01: moves -1.00 and belongs to no class" in found
    assert "Income:Sales 2011-01: moves -1.00 USD" in found
    assert "the ledger does not load: Transaction does not balance" in found


def test_one_account_for_two_classes_cannot_be_judged(parquet: Path, right: Books, tmp_path: Path) -> None:
    both = ACCOUNTS | {"fees": "Income:Sales"}
    assert "Income:Sales is named for" in judge_books(read_ledger(write_ledger(tmp_path, right)), both, parquet)[0]


def test_one_unit_moved_turns_the_judge_red(parquet: Path, tmp_path: Path) -> None:
    units = expected_stock(parquet)
    units["85123A"] -= 1
    units["22423"] += 1
    found = judge_stock(write_stock(tmp_path, units), parquet)
    assert [difference.split(":")[0] for difference in found] == ["units of 22423", "units of 85123A"]


def test_items_without_stock_and_wrong_scale_are_red(parquet: Path, tmp_path: Path) -> None:
    url = write_stock(tmp_path, expected_stock(parquet) | {"POST": Decimal(1)})
    assert judge_stock(url, parquet) == ["units of POST: expected 0, found 1"]
    assert len(judge_stock(url, parquet, scale=1)) > 3_000


def test_stock_moves_in_the_month_of_its_invoice(parquet: Path, tmp_path: Path) -> None:
    few = variants.first_rows(parquet, tmp_path, 5_000)  # all of December 2010
    url = write_stock(tmp_path, expected_stock(few))
    assert judge_stock_months(url, few) == []
    with sqlite3.connect(tmp_path / "stock.sqlite") as con:
        con.execute("UPDATE stock_movement SET moved_on = '2011-01-01' WHERE item = '85123A'")
    con.close()
    assert [difference.split(":")[0] for difference in judge_stock_months(url, few)] == ["units in 2010-12", "units in 2011-01"]


def test_documents_that_trade_a_penny_are_red_though_balances_agree(parquet: Path, tmp_path: Path) -> None:
    few = variants.first_rows(parquet, tmp_path, 5_000)
    with opened(few) as con:
        totals = [amount for (amount,) in con.execute("SELECT booked FROM document WHERE booked <> 0 ORDER BY invoice").fetchall()]

    def found(amounts: list[Decimal]) -> list[str]:
        lines = ["2010-01-01 open Assets:Receivable:Customers", "2010-01-01 open Income:Sales"]
        for amount in amounts:
            lines += ['2010-12-01 * "x"', f"  Assets:Receivable:Customers  {amount} GBP", f"  Income:Sales  {-amount} GBP"]
        main = tmp_path / "documents.beancount"
        main.write_text("\n".join(lines) + "\n")
        return judge_documents(read_ledger(main), "Assets:Receivable", few)

    assert found(totals) == []
    penny = Decimal("0.01")
    assert len(found([totals[0] + penny, totals[1] - penny, *totals[2:]])) == 4
    assert len(found([totals[0] + totals[1], *totals[2:]])) == 3


def test_the_floor_of_ties_can_be_reached_and_wrong_ties_are_red(parquet: Path) -> None:
    reach = reachable(parquet)
    assert (reach.fifo, reach.best) == (7_183, 7_183)
    ties = fifo_ties(parquet)
    good = judge_ties(ties, parquet)
    assert good.wrong == []
    assert good.lines_tied == reach.fifo >= FLOOR

    credit, code, customer, price, quantity, sale = ties[0]
    bad = {
        "is no sale of it": (credit, code, customer, Decimal(str(price)) + 1, quantity, sale),
        "is no sale of it to 12346": (credit, code, 12346, price, quantity, sale),
        "without customer": (credit, code, None, price, quantity, sale),
        "no such line is credited": ("C999999", code, customer, price, quantity, sale),
        "credited": (credit, code, customer, price, 1_000_000, sale),
        "sold": (credit, code, customer, price, 1_000_000, sale),
        f"{credit} is no sale": (credit, code, customer, price, quantity, credit),
    }
    for sentence, tie in bad.items():
        assert any(sentence in wrong for wrong in judge_ties([tie, *ties[1:]], parquet).wrong), sentence
    text = [(credit, code, f"{customer}.0", f"{price}", f"-{quantity}", sale), *ties[1:]]
    assert judge_ties(text, parquet) == good


def test_ties_respect_time_and_the_quantity_sold(tmp_path: Path) -> None:
    # 10 sold on day 2 and 5 on day 4; credits: 2 on day 1 (too early), 8 on day 3, 7 on day 5, 5 on day 6 (only 7 are left).
    rows = [("1", 10, 2), ("2", 5, 4), ("C1", -2, 1), ("C2", -8, 3), ("C3", -7, 5), ("C4", -5, 6)]
    path = write_rows(tmp_path, [(invoice, "22423", units, 12.75, day(on)) for invoice, units, on in rows])
    assert (reachable(path).fifo, reachable(path).best) == (2, 2)

    def wrong(*ties: tuple[str, int, str]) -> list[str]:
        return judge_ties([(credit, "22423", 17850, "12.75", units, sale) for credit, units, sale in ties], path).wrong

    assert wrong(("C2", 8, "1"), ("C3", 2, "1"), ("C3", 5, "2")) == []
    assert wrong(("C1", 2, "1")) == ["C1 22423: 1 is later than the credit note"]
    assert wrong(("C2", 8, "1"), ("C3", 7, "1")) == ["1 22423: 15 tied, 10 sold"]
    assert judge_ties([("C3", "22423", 17850, "12.75", 5, "2")], path).lines_tied == 0  # 5 of 7 are no tied line


def test_the_best_reach_leaves_the_longest_line_out(tmp_path: Path) -> None:
    # 10 sold; whoever serves the first credit of 9 cannot serve the two of 5 that follow.
    rows = [("1", 10, 2), ("C1", -9, 3), ("C2", -5, 4), ("C3", -5, 5)]
    path = write_rows(tmp_path, [(invoice, "22423", units, 12.75, day(on)) for invoice, units, on in rows])
    assert (reachable(path).fifo, reachable(path).best) == (1, 2)


def test_copies_multiply_everything_and_keep_row_groups(parquet: Path, tmp_path: Path) -> None:
    one = controls(variants.first_rows(parquet, tmp_path, 5_000))
    path = variants.copies(parquet, tmp_path, 5_000, 3, group=2_000)
    three = controls(path)
    assert (one.rows, three.rows, three.total) == (5_000, 15_000, 3 * one.total)
    assert three.kinds == {kind: 3 * count for kind, count in one.kinds.items()}
    assert one.kinds["credit"] > 0
    metadata = pq.read_metadata(path)
    assert max(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)) <= 2_000
    assert pq.read_schema(path) == pq.read_schema(parquet)


def test_a_shuffled_file_says_the_same_in_another_order(parquet: Path, tmp_path: Path) -> None:
    path = variants.shuffled(parquet, tmp_path)
    assert (controls(path), expected_balances(path), expected_stock(path)) == (
        controls(parquet),
        expected_balances(parquet),
        expected_stock(parquet),
    )
    assert pq.read_schema(path) == pq.read_schema(parquet)
    assert pq.read_metadata(path).row_group(0).column(0).compression != pq.read_metadata(parquet).row_group(0).column(0).compression
    first = [pq.ParquetFile(one).read_row_group(0, ["InvoiceNo"]).column(0)[:10].to_pylist() for one in (path, parquet)]
    assert first[0] != first[1]


@pytest.mark.parametrize("rows", [None, 50_000, 5_000])
@pytest.mark.parametrize("which", [(), *[(name,) for name in variants.EDITS]])
def test_an_edited_file_differs_by_what_the_edit_says(parquet: Path, tmp_path: Path, rows: int | None, which: tuple[str, ...]) -> None:
    source = variants.first_rows(parquet, tmp_path, rows) if rows else parquet
    path, edits = variants.edited(source, tmp_path, *which)
    assert tuple(edit.what for edit in edits) == (which or variants.EDITS)
    assert len({edit.invoice for edit in edits}) == len({edit.code for edit in edits}) == len(edits)

    before, after = expected_stock(source), expected_stock(path)
    units = {code: after.get(code, 0) - before.get(code, 0) for code in before.keys() | after.keys()}
    assert {code: delta for code, delta in units.items() if delta} == {edit.code: edit.units for edit in edits}

    def totals(file: Path) -> dict[str, Decimal]:
        with opened(file) as con:
            return dict(con.execute("SELECT invoice, exact FROM document").fetchall())

    old, new = totals(source), totals(path)
    changed = {invoice for invoice in old.keys() | new.keys() if old.get(invoice) != new.get(invoice)}
    assert changed == {edit.invoice for edit in edits}
    for edit in edits:
        assert (old[edit.invoice], new.get(edit.invoice, Decimal(0))) == (edit.total_before, edit.total_after)
        assert (edit.invoice in new) == (edit.entries == 2)
        assert edit.total_before + edit.amount == edit.total_after


def test_broken_files_are_broken_as_they_say(parquet: Path, tmp_path: Path) -> None:
    assert controls(variants.half(parquet, tmp_path)).rows == 541_909 // 2
    nothing = variants.empty(parquet, tmp_path)
    assert (pq.read_schema(nothing), pq.read_metadata(nothing).num_rows) == (pq.read_schema(parquet), 0)
    with pytest.raises(pa.ArrowInvalid):
        pq.read_metadata(variants.truncated(parquet, tmp_path))
