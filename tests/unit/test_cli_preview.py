"""`preview`: source, document and what would be sent; and nothing is written anywhere."""

from __future__ import annotations

import pytest

from pipelines.steps import preview as steps
from tests._kit.starter import Counterfoil, contents


@pytest.fixture
def counterfoil(tmp_path, capsys):
    return Counterfoil(tmp_path / "home", capsys).start()


def look(counterfoil, *words):
    """The JSON of a preview of the starter's sales."""
    return counterfoil("preview", "shop", "sales", "--json", *words).json


def sends(record) -> dict[str, dict]:
    """What the first document of a record would send, by posting."""
    return {each["posting"]: each for each in record["documents"][0]["sends"]}


def test_rows_become_a_document_a_journal_entry_and_stock_moves(counterfoil):
    """
    1001  MUG-BLUE  2 × 8.50  23 %   17.00 + 3.91
    1001  TEA-100   1 × 6.20   0 %    6.20
    """
    [record] = look(counterfoil, "--rows", "1")["records"]
    assert [row["Item"] for row in record["rows"]] == ["MUG-BLUE", "TEA-100"]
    [document] = record["documents"]
    assert (document["type"], document["number"], document["body"]["grand_total"]) == ("order", "1001", "27.11")
    books, stock = sends(record)["books"], sends(record)["stock"]
    assert (books["representation"], books["date"], books["amount"], books["unit"]) == ("invoice", "2026-01-05", "27.11", "EUR")
    assert {(line["account"], line["amount"]) for line in books["lines"]} == {
        ("Assets:Receivable", "27.11"),
        ("Income:Sales", "-23.20"),
        ("Liabilities:SalesTax", "-3.91"),
    }
    assert [(move["item"], move["units"]) for move in stock["moves"]] == [("MUG-BLUE", "2"), ("TEA-100", "1")]


def test_people_see_it_side_by_side(counterfoil):
    page = counterfoil("preview", "shop", "sales").out
    assert "Nothing was written." in page
    [heading] = [line for line in page.splitlines() if "order 1001" in line]
    assert heading.split("   ")[0] == "source"
    assert "what order 1001 would send" in heading
    assert "Income:Sales          -23.20 EUR" in page
    assert "MUG-BLUE: +2 units out" in page
    assert "encoding utf-8, columns parted by comma" in page


def test_nothing_is_written(counterfoil):
    before = contents(counterfoil.home)
    for words in ([], ["--json"], ["--key", "1002"], ["--key", "none"]):
        assert counterfoil("preview", "shop", "sales", *words).code == 0
    assert contents(counterfoil.home) == before
    assert not (counterfoil.home / "hub.db").exists()


def test_a_key_finds_its_rows_wherever_they_stand(counterfoil):
    sales = counterfoil.home / "files" / "example_sales.csv"
    sales.write_text(sales.read_text() + "1001,2026-01-05 10:14,C-17,SPOON,1,3.00,zero\n")
    [record] = look(counterfoil, "--key", "1001")["records"]
    assert [row["Item"] for row in record["rows"]] == ["MUG-BLUE", "TEA-100", "SPOON"]
    assert look(counterfoil, "--key", "none")["records"] == []


def test_a_preview_says_when_it_did_not_read_to_the_end(counterfoil, monkeypatch):
    assert look(counterfoil, "--rows", "1")["partial"] is False
    monkeypatch.setattr(steps, "AHEAD", 2)
    assert look(counterfoil, "--rows", "1")["partial"] is True


def test_problems_of_the_source_are_shown(counterfoil):
    sales = counterfoil.home / "files" / "example_sales.csv"
    sales.write_text(sales.read_text() + "1003,2026-01-07 12:00,,MUG-BLUE,one,8.50,standard\n1004,cut\n")
    bad, damaged = look(counterfoil, "--rows", "10")["records"][3:]
    assert (bad["key"], bad["documents"]) == ("1003", [])
    assert [problem["code"] for problem in bad["problems"]] == ["MAP-TYPE"]
    assert "example_sales.csv" in damaged["key"]
    assert [problem["code"] for problem in damaged["problems"]] == ["READ-DAMAGED"]


def test_what_the_posting_table_lacks_is_shown(counterfoil):
    counterfoil.edit("routes/shop_to_office.yaml", "          SalesTaxPayable: Liabilities:SalesTax\n", "")
    [record] = look(counterfoil, "--rows", "1")["records"]
    assert [problem["code"] for problem in sends(record)["books"]["problems"]] == ["POST-ACCOUNT"]
    assert "SalesTaxPayable" in counterfoil("preview", "shop", "sales", "--rows", "1").out


def test_what_the_target_would_refuse_is_shown(counterfoil):
    counterfoil.edit("routes/shop_to_office.yaml", "Sales: Income:Sales\n", "Sales: Turnover:Sales\n")
    [record] = look(counterfoil, "--rows", "1")["records"]
    [problem] = sends(record)["books"]["problems"]
    assert problem["code"] == "POST-ACCOUNT"
    assert "Turnover:Sales" in problem["say"]


def test_what_is_excluded_says_why(counterfoil):
    counterfoil.edit("routes/shop_to_office.yaml", "business_date: 2026-01-01", "business_date: 2026-01-06")
    first, second, _ = look(counterfoil)["records"]
    assert sends(first)["books"]["excluded"] == "before start"
    assert sends(second)["books"]["excluded"] == ""


@pytest.mark.parametrize("words", [("shopp", "sales"), ("shop", "sale"), ("ledger", "sales")])
def test_names_that_are_not_there_are_said(counterfoil, words):
    refused = counterfoil("preview", *words)
    assert refused.code == 2
    assert "shop" in refused.err


def test_the_documents_are_those_of_a_run(counterfoil):
    """What preview shows is what run stores, field by field."""
    from mappings.model import REGISTRY, content_hash
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.hub import queries
    from pipelines.hub.tables import document

    assert counterfoil("run").code == 0
    shown = {
        each["number"]: content_hash(REGISTRY[each["type"]].model_validate(each["body"]))
        for record in look(counterfoil)["records"]
        for each in record["documents"]
    }
    with hub_as_it_is(home_at(counterfoil.home)) as hub, hub.read() as tx:
        stored = {row.number: row.content_hash for row in tx.execute(document.select())}
        assert queries.trouble(tx).any is False
    assert shown == stored
