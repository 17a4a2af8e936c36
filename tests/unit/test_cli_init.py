"""`init` and `check`: a home that works once a path is edited, and every mistake named at once."""

from __future__ import annotations

import pytest

from tests._kit.starter import Counterfoil, contents


@pytest.fixture
def counterfoil(tmp_path, capsys):
    return Counterfoil(tmp_path / "home", capsys)


def test_it_works_once_the_path_is_edited(counterfoil):
    assert counterfoil("init").code == 0
    before = counterfoil("check", "--json")
    assert before.code == 2
    assert [problem["code"] for each in before.json["connections"] for problem in each["problems"]] == ["READ-MISSING"]
    counterfoil.edit("connections/shop.yaml", "path: files/sales.csv", "path: files/example_sales.csv")
    after = counterfoil("check", "--json")
    assert (after.code, after.json["ok"]) == (0, True)
    assert counterfoil("check").out.endswith("The configuration can be used.\n")


def test_a_home_is_never_overwritten(counterfoil):
    counterfoil.start()
    before = contents(counterfoil.home)
    again = counterfoil("init")
    assert again.code == 2
    assert "left as it is" in again.err
    assert contents(counterfoil.home) == before


def test_one_file_in_the_way_and_nothing_is_written(counterfoil):
    (counterfoil.home / "routes").mkdir(parents=True)
    (counterfoil.home / "routes" / "shop_to_office.yaml").write_text("mine")
    refused = counterfoil("init")
    assert refused.code == 2
    assert "routes/shop_to_office.yaml" in refused.err
    assert contents(counterfoil.home) == {"routes/shop_to_office.yaml": b"mine"}


def test_a_bundled_sample_is_laid_out(counterfoil):
    assert counterfoil("init", "--sample", "sample").code == 0
    assert counterfoil("check").code == 0


def test_an_unknown_sample_is_said(counterfoil):
    refused = counterfoil("init", "--sample", "smaple")
    assert refused.code == 2
    assert "online-retail" in refused.err
    assert not counterfoil.home.exists()


def test_every_file_has_a_comment(counterfoil):
    counterfoil("init")
    assert [path.name for path in counterfoil.home.rglob("*.yaml") if not path.read_text().startswith("# ")] == []


def test_check_names_every_mistake_with_file_key_and_suggestion(counterfoil):
    counterfoil.start()
    counterfoil.edit("connections/shop.yaml", "  timezone: Europe/Dublin", "  timezon: Europe/Dublin")
    counterfoil.edit("routes/shop_to_office.yaml", "order: {as: invoice}", "order: {as: invocie}")
    counterfoil.edit("counterfoil.yaml", "base_currency: EUR", "base_currency: euro")
    wrong = counterfoil("check")
    assert wrong.code == 2
    assert "connections/shop.yaml: timezon: there is no such setting; did you mean timezone?" in wrong.err
    assert "routes/shop_to_office.yaml" in wrong.err
    assert "invocie" in wrong.err
    assert "counterfoil.yaml: companies.my_company.base_currency" in wrong.err
    told = counterfoil("check", "--json")
    assert told.code == 2
    assert told.json["mistakes"] == wrong.err.splitlines()


def test_a_mistake_in_a_mapping_has_its_line(counterfoil):
    counterfoil.start()
    counterfoil.edit("mappings/shop/sales.yaml", "      order_number: text(Number)", "      order_numbr: text(Number)")
    lines = (counterfoil.home / "mappings/shop/sales.yaml").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "order_numbr" in text)
    wrong = counterfoil("check")
    assert wrong.code == 2
    assert f"mappings/shop/sales.yaml, line {line}" in wrong.err
    assert "did you mean order_number?" in wrong.err


def test_check_writes_nothing(counterfoil):
    counterfoil.start()
    before = contents(counterfoil.home)
    assert counterfoil("check").code == 0
    assert contents(counterfoil.home) == before


def test_no_home_is_said(counterfoil):
    missing = counterfoil("check")
    assert missing.code == 2
    assert "counterfoil init" in missing.err
