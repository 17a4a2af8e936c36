"""Rows that make one document, rows without a key, and numbers that no database counts: none stops a run, nothing is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.steps import translate
from tests._kit.company import Company, order

TOLD = "another row makes this document already, and only one of them can be right."


@pytest.fixture
def company(tmp_path: Path, hub_url: str) -> Any:
    made = Company(tmp_path / "home", hub_url)
    yield made
    made.hub.close()


def configure(company: Company, before: str, after: str, file: str = "connections/shop.yaml") -> None:
    path = company.path / file
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


@pytest.fixture
def keyless(company: Company) -> Company:
    """Rows are told apart by what they hold."""
    configure(company, "        key:\n        - id\n", "")
    configure(company, "        version: version\n", "")
    return company


@pytest.fixture
def renumbered(company: Company) -> Company:
    """The key of a row is its `id`, the document's id stands in `order`."""
    mapping = company.path / "mappings/tests/orders.yaml"
    mapping.write_text(mapping.read_text().replace("    when: type == 'order'\n    id: id\n", "    when: type == 'order'\n    id: order\n"))
    configure(company, "        version: version\n", "")
    return company


def row(key: str, number: str, total: str) -> str:
    return f"{key},order,1,2026-01-05,EUR,mug,1,{total},{number}"


def standing(company: Company) -> list[tuple[str, Any]]:
    return company.ask("SELECT source_id, revision FROM document WHERE current AND NOT deleted ORDER BY source_id")


def open_problems(company: Company) -> list[tuple[str, str]]:
    return company.ask("SELECT code, say FROM problem WHERE closed_at IS NULL ORDER BY problem_id")


def test_rows_without_a_key_each_make_their_document(keyless: Company) -> None:
    keyless.export(order("1001", "10.00"), order("1002", "20.00"))
    assert keyless.run().written == {"ledger": 2, "stock": 2}
    assert keyless.both_balance()


def test_a_row_without_a_key_that_was_corrected_takes_its_document_over(keyless: Company) -> None:
    keyless.export(order("1001", "10.00"), order("1002", "20.00"))
    keyless.run()
    keyless.export(order("1001", "11.00"), order("1002", "20.00"))
    assert keyless.run().written == {"ledger": 1, "stock": 0}, "another price moves no other goods"
    assert standing(keyless) == [("1001", 2), ("1002", 1)]
    assert open_problems(keyless) == []
    assert keyless.both_balance()


def test_a_row_without_a_key_that_was_wrong_is_forgotten_once_it_is_corrected(keyless: Company) -> None:
    keyless.export(order("1001", "ten"), order("1002", "20.00"))
    keyless.run()
    assert {code for code, _say in open_problems(keyless)} == {"MAP-TYPE"}
    keyless.export(order("1001", "10.00"), order("1002", "20.00"))
    assert keyless.run().written == {"ledger": 1, "stock": 1}
    assert open_problems(keyless) == []
    assert keyless.both_balance()


def test_a_row_without_a_key_that_is_merely_gone_deletes_nothing(keyless: Company) -> None:
    keyless.export(order("1001", "10.00"), order("1002", "20.00"))
    keyless.run()
    keyless.export(order("1002", "20.00"))
    assert keyless.run().written == {"ledger": 0, "stock": 0}
    assert standing(keyless) == [("1001", 1), ("1002", 1)]


def test_two_rows_without_a_key_that_name_one_document_are_told_of(keyless: Company) -> None:
    keyless.export(order("1001", "10.00"), order("1001", "11.00"))
    assert keyless.run().written == {"ledger": 1, "stock": 1}
    assert open_problems(keyless) == [("MAP-TWIN", f"Order 1001: {TOLD}")]
    assert keyless.both_balance()


def test_two_keys_that_name_one_document_are_told_of_until_one_is_corrected(renumbered: Company) -> None:
    renumbered.export(row("a", "1001", "10.00"), row("b", "1001", "20.00"))
    assert renumbered.run().written["ledger"] == 1
    assert open_problems(renumbered) == [("MAP-TWIN", f"Order b: {TOLD}")]
    renumbered.export(row("a", "1002", "10.00"), row("b", "1001", "20.00"))  # the one that had no problem
    renumbered.run()
    assert open_problems(renumbered) == []
    assert standing(renumbered) == [("1001", 3), ("1002", 1)]  # given up by one row, taken over by the other
    assert renumbered.both_balance()


def test_a_second_row_for_a_document_that_is_booked_changes_nothing(renumbered: Company) -> None:
    renumbered.export(row("a", "1001", "10.00"))
    renumbered.run()
    renumbered.export(row("a", "1001", "10.00"), row("b", "1001", "20.00"))
    assert renumbered.run().written == {"ledger": 0, "stock": 0}
    assert open_problems(renumbered) == [("MAP-TWIN", f"Order b: {TOLD}")]
    assert standing(renumbered) == [("1001", 1)]


def test_two_rows_may_exchange_their_numbers(renumbered: Company) -> None:
    renumbered.export(row("a", "1001", "10.00"), row("b", "1002", "20.00"))
    renumbered.run()
    renumbered.export(row("a", "1002", "10.00"), row("b", "1001", "20.00"))
    renumbered.run()
    assert open_problems(renumbered) == []
    assert standing(renumbered) == [("1001", 2), ("1002", 2)]
    assert renumbered.ask(
        "SELECT number, amount / 1000000 FROM document WHERE current ORDER BY number"
        if renumbered.hub.sqlite
        else "SELECT number, CAST(amount AS integer) FROM document WHERE current ORDER BY number"
    ) == [("a", 10), ("b", 20)]
    assert renumbered.both_balance()


@pytest.mark.parametrize("total", ["1000000000000", "-1000000000000", "99999999999999999999"])
def test_an_amount_that_no_database_counts_is_a_problem_of_its_order_alone(company: Company, total: str) -> None:
    company.export(order("1001", "10.00"), order("1002", total), order("1003", "999999999999.99"))
    assert company.run().written == {"ledger": 2, "stock": 2}
    said = f"Order 1002: its amount ({total}.00) cannot be: 1,000,000,000,000 and more is not counted."
    assert open_problems(company) == [("MAP-TYPE", said)]
    assert company.both_balance()
    company.export(order("1001", "10.00"), order("1002", "20.00", version="2"), order("1003", "999999999999.99"))
    assert company.run().written == {"ledger": 1, "stock": 1}
    assert open_problems(company) == []


def test_a_quantity_that_no_database_counts_is_one_too(company: Company) -> None:
    company.export(order("1001", "10.00", units="1000000000000"))
    company.run()
    assert [code for code, _say in open_problems(company)] == ["MAP-TYPE"]


def test_a_problem_of_a_row_names_the_file_that_it_stands_in(company: Company) -> None:
    """Forty files of one stream, and one row in one of them is bad: a person must know which file to open."""
    configure(company, "path: files/shop.csv", "path: files/*.csv")
    for number in range(40):
        total = "much" if number == 23 else "10.00"
        company.export(order(str(1000 + number), total), shop=f"day-{number:02d}")
    company.run()
    assert set(company.ask("SELECT code, location FROM problem WHERE closed_at IS NULL")) == {("MAP-TYPE", "files/day-23.csv")}


def test_a_problem_of_many_rows_names_the_first_files() -> None:
    rows = [translate._Row(number, "upsert", None, None, f"files/day-{number // 2}.csv") for number in range(10)]
    assert translate._files(rows) == "files/day-0.csv, files/day-1.csv, files/day-2.csv and 2 more"
    assert translate._files(rows[:4]) == "files/day-0.csv, files/day-1.csv"
    assert translate._files([translate._Row(1, "upsert", None, None, None)]) is None
