"""A typo in the configuration: told with its file, its place and what was probably meant, before anything is begun.

Every sentence stands in `docs/bad-input.md`.
"""

from __future__ import annotations

import pytest

from tests._kit.bad_input import Office, on_page, sale

SHOP, LEDGER, STOCK, SALES, ORDERS = (
    "connections/shop.yaml",
    "connections/ledger.yaml",
    "connections/stock.yaml",
    "routes/sales.yaml",
    "mappings/shop/orders.yaml",
)
TYPOS = [
    ("counterfoil.yaml", "base_currency:", "base_curency:",
     "counterfoil.yaml: companies.acme.base_curency: there is no such setting; did you mean base_currency?"),
    ("counterfoil.yaml", "sqlite:///hub.db", "hub.db",
     "counterfoil.yaml: hub: This is no address of a database. Write for example hub: sqlite:///hub.db"),
    (SHOP, "  timezone: Europe/Dublin", "  timezone: Europe/Dubln",
     "connections/shop.yaml: timezone: there is no time zone 'Europe/Dubln'; did you mean Europe/Dublin?"),
    (SHOP, "company: acme", "company: amce", "connections/shop.yaml: company: 'amce' is not in counterfoil.yaml; did you mean acme?"),
    (SHOP, "tap: files", "tap: fils", "connections/shop.yaml: tap: There is no tap 'fils'; did you mean files?"),
    (SHOP, "tap: files", "tpa: files",
     "connections/shop.yaml: attributes: names neither a tap to read from nor a target to write to; did you mean tap?"),
    (SHOP, "        path:", "        pth:",
     "connections/shop.yaml: config.streams.orders.pth: there is no such setting; did you mean path?"),
    (SHOP, "    orders: shop/orders", "    oders: shop/orders",
     "connections/shop.yaml: mappings: there is no stream 'oders' under config.streams; did you mean orders?"),
    (SHOP, "orders: shop/orders", "orders: shop/order",
     "connections/shop.yaml: mappings.orders: There is no mapping shop/order; did you mean shop/orders?"),
    (LEDGER, "target: ledger", "target: leger",
     "connections/ledger.yaml: target: There is no target 'leger'; did you mean ledger?"),
    (LEDGER, "operating_currency", "operating_curency",
     "connections/ledger.yaml: config.operating_curency: there is no such setting; did you mean operating_currency?"),
    (STOCK, "sqlite:///stock.db", "sqlite//stock.db", "connections/stock.yaml: config: The database's url is not an address."),
    (SALES, "- shop\n", "- shp\n", "routes/sales.yaml: sources: there is no connection 'shp'; did you mean shop?"),
    (SALES, "target: ledger", "target: leger",
     "routes/sales.yaml: posting books: there is no target connection 'leger'; did you mean ledger?"),
    (SALES, "target: ledger", "tagret: ledger", "routes/sales.yaml: posting.0.tagret: there is no such setting; did you mean target?"),
    (SALES, "as: invoice", "as: invoce", "routes/sales.yaml: posting.0.order: `as: invoce` is no representation; did you mean invoice?"),
    (SALES, "as: invoice", "as: time_entry", "routes/sales.yaml: posting books: ledger cannot write `order` as time_entry; it writes "),
    (SALES, "    order:\n      as: invoice", "    ordr:\n      as: invoice",
     "routes/sales.yaml: posting books: 'ordr' is no kind of document; did you mean order?"),
    (SALES, "    order:\n      as: invoice", "    refund:\n      as: credit_note",
     "routes/sales.yaml: posting books: no row for 'order'; add one, or exclude it with a reason"),
    (SALES, "mode: auto", "mode: atuo", "routes/sales.yaml: mode: 'atuo' is not one of shadow, auto; did you mean auto?"),
    (SALES, "  mode: auto\n", "  mode: auto\n  mode: shadow\n", "routes/sales.yaml, line 8: this is not YAML: the key mode is there twice"),
    (SALES, "Receivable:", "Recievable:",
     "routes/sales.yaml: posting books: books.accounts: there is no role 'Recievable'; did you mean Receivable?"),
    (SALES, "      base_currency: EUR\n", "      base_currency: EUR\n      documents_in: document\n",
     "routes/sales.yaml: posting books: books.documents_in: ledger takes documents in the base currency only; set `documents_in: base`"),
    (ORDERS, "grand_total:", "grand_totl:",
     "mappings/shop/orders.yaml, line 13, documents[0].fields.grand_totl: is not a field of Order (did you mean grand_total?)."),
    (ORDERS, "type: order", "type: oder",
     "mappings/shop/orders.yaml, line 5, documents[0].type: oder is not a document of the model (did you mean order?)."),
    (ORDERS, "day(date)", "dya(date)",
     f"{ORDERS}, line 9, documents[0].fields.business_date: calls dya, which is not a function of mappings (did you mean day?)."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "right", "wrong", "sentence"), TYPOS, ids=[f"{typo[0].rpartition('/')[2]}-{typo[2].strip()[:12]}" for typo in TYPOS]
)
def test_a_typo_is_told_with_file_place_and_what_was_meant(tmp_path, file, right, wrong, sentence):
    office = Office(tmp_path / "home", "csv")
    office.write([sale("1001")])
    undo = office.edit(file, right, wrong)
    said = office("check")
    assert said.code == 2
    assert sentence in said.err
    assert on_page(sentence)
    assert office("check", "--json").json["ok"] is False
    assert office("run").code == 2
    assert not (office.path / "hub.db").exists(), "nothing was begun"
    undo()
    office.run(code=0)
    assert office.delivered() == ["1001"]


@pytest.mark.parametrize("file", ["counterfoil.yaml", SHOP, SALES, ORDERS, "lookups/colours.yaml"])
def test_what_is_not_yaml_is_told_with_file_and_line(tmp_path, file):
    office = Office(tmp_path / "home", "csv")
    office.write([sale("1001")])
    path = office.path / file
    path.parent.mkdir(exist_ok=True)
    usual = path.read_text() if path.exists() else "red: rouge\n"
    path.write_text("# comment\n\t{[: no YAML\n")
    said = office("run")
    assert said.code == 2
    sentence = f"{file}, line 2: this is not YAML: found character '\\t' that cannot start any token"
    assert sentence in said.err
    assert on_page(sentence.replace(file, SALES))
    path.write_bytes(b"\xff\xfe")
    said = office("run")
    assert said.code == 2
    assert "is not written in UTF-8" in said.err
    path.write_text(usual)
    office.run(code=0)


def test_an_empty_route_is_no_route_that_silently_does_nothing(tmp_path):
    office = Office(tmp_path / "home", "csv")
    path = office.path / SALES
    usual = path.read_text()
    path.write_text("")
    office.write([sale("1001")])
    said = office("check")
    assert said.code == 2
    sentence = f"{SALES}: is empty; take it away, or bring its content back"
    assert sentence in said.err
    assert on_page(sentence)
    path.write_text(usual)
    office.run(code=0)
    assert office.delivered() == ["1001"]


def test_every_mistake_is_told_at_once(tmp_path):
    office = Office(tmp_path / "home", "csv")
    for file, right, wrong, _sentence in (TYPOS[0], TYPOS[2], TYPOS[15]):
        office.edit(file, right, wrong)
    said = office("check").err
    assert [sentence in said for _file, _right, _wrong, sentence in (TYPOS[0], TYPOS[2], TYPOS[15])] == [True] * 3
