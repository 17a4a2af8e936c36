"""From a bank's statement to proposals: sales on account stand in Xero's simulated books, and CAMT.053 and MT940 say who paid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from mappings.posting import suggested_accounts
from pipelines.cli.main import run as counterfoil
from pipelines.home.load import load
from pipelines.home.settings import Role
from pipelines.hub import equations, keys
from pipelines.hub.audit import Audit
from pipelines.reconcile.decided import FILE
from pipelines.reconcile.desk import Decisions
from pipelines.reconcile.report import Report, Suggestion
from pipelines.reconcile.rights import Actor, Refused
from pipelines.reconcile.run import reconcile
from tests.unit._bank import Line, Sheet, camt, mt940
from tests.unit._remote_route import RemoteRoute, opened
from tests.unit.test_steps_related import component, write

D = Decimal
DAY = date(2026, 1, 20)
CUSTOMER = {"id": "c-7", "name": "Brook & Daughters"}
ITEM = {"sku": "TEA", "title": "Green tea"}


def sale(number: str, net: str, tax: str) -> dict[str, object]:
    return {"id": f"o{number}", "number": number, "net": net, "tax": tax}


SALES = [
    sale("R-3001", "1000.00", "210.00"),
    sale("R-3002", "100.00", "21.00"),
    sale("R-3003", "100.00", "21.00"),
    sale("R-3004", "50.00", "10.50"),
]
ORDERS = {
    "type": "order",
    "fields": {
        "order_number": "number",
        "business_date": "'2026-01-12'",
        "currency": "'EUR'",
        "customer_number": "'c-7'",
        "lines": ["{line}"],
        "grand_total": "number(net) + number(tax)",
        "tax_total": "number(tax)",
    },
}


@pytest.fixture
def route(tmp_path: Path, hub_url: str) -> Iterator[RemoteRoute]:
    with opened("xero", tmp_path, hub_url) as made:
        line = {
            "line_number": 1, "sku": "'TEA'", "quantity": 1, "unit_price": "number(net)", "net_amount": "number(net)",
            "tax_amount": "number(tax)",
        }  # fmt: skip
        fields = ORDERS["fields"] | {
            "lines": [{"fields": line}], "tax_lines": [{"fields": {"line_number": 1, "rate": "0.21", "amount": "number(tax)"}}],
        }  # fmt: skip
        files = {name: {"path": f"files/{name}.jsonl", "key": ["id"]} for name in ("sales", "buyers")}
        buyers = {"type": "customer", "id": "id", "fields": {"source_number": "id", "company_name": "name", "display_name": "name"}}
        write(
            tmp_path / "mappings/t/sales.yaml",
            {"mapping": "t/sales", "version": 1, "documents": [{**ORDERS, "id": "id", "fields": fields}]},
        )
        write(tmp_path / "mappings/t/buyers.yaml", {"mapping": "t/buyers", "version": 1, "documents": [buyers]})
        made.put("sales", SALES)
        made.put("buyers", [CUSTOMER])
        own = {"tap": "files", "company": "acme", "timezone": "Europe/Berlin", "config": {"streams": files}}
        component(tmp_path / "connections/office.yaml", "Connection", own | {"mappings": {name: f"t/{name}" for name in files}})
        bank = {"tap": "bank", "company": "acme", "timezone": "Europe/Berlin", "config": {"files": [{"path": "bank/"}]}}
        component(tmp_path / "connections/bank.yaml", "Connection", bank | {"mappings": {"entries": "bank/entries"}})
        streams = {"receipts": {"path": FILE, "key": ["id"]}}
        desk = {"tap": "files", "company": "acme", "timezone": "Europe/Berlin", "config": {"streams": streams}}
        component(tmp_path / "connections/desk.yaml", "Connection", desk | {"mappings": {"receipts": "desk/receipts"}})
        (tmp_path / "bank").mkdir()
        made.simulator.books.tax_rate("OUTPUT21", "21")
        books = yaml.safe_load((tmp_path / "connections/books.yaml").read_text())["attributes"]
        books["config"]["tax_types"] = books["config"].get("tax_types", {}) | {"21%": "OUTPUT21"}
        component(tmp_path / "connections/books.yaml", "Connection", books)
        given = load(tmp_path).routes["sales"]
        posting = {
            "name": "books", "target": "books", "company": "acme", "walk_in": "Somebody",
            "books": given.posting[0].books.model_dump(mode="json", exclude_defaults=True) if given.posting[0].books else {},
            "order": {"as": "invoice"}, "customer": {"as": "contact"}, "payment": {"as": "payment"},
            "bank_transaction": {"exclude": "reconciled, not booked"},
        }  # fmt: skip
        ledger = {"target": "ledger", "config": {"path": "journal", "operating_currency": "EUR"}}
        component(tmp_path / "connections/ledger.yaml", "Connection", ledger)
        own_books = {"base_currency": "EUR", "accounts": suggested_accounts()}
        second = posting | {"name": "journal", "target": "ledger", "books": own_books, "customer": {"exclude": "has no contacts"}}
        asked = {
            "sources": ["office", "bank", "desk"],
            "start": {"business_date": "2026-01-01"},
            "mode": "auto",
            "posting": [posting, second],
        }
        component(tmp_path / "routes/sales.yaml", "Route", asked)
        write(tmp_path / "reconcile.yaml", {"terms": [{"percent": "2", "days": 14}], "bank_charge_cap": {"EUR": "5.00"}})
        yield made


def report(route: RemoteRoute) -> Report:
    route.run()
    return reconcile(load(route.path), route.hub, as_of=route.hub.clock())


def receipts(found: Report) -> dict[str, Suggestion]:
    """By the amount at the bank."""
    return {f"{each.right[0].amount:.2f}": each for each in found.suggestions if each.sheet == "bank/receipts"}


NAMED = Sheet(
    (
        Line(DAY, D("1185.80"), "Invoice R 3001 less 2 %", "B1", name="Brook & Daughters"),
        Line(DAY, D("62.00"), "thanks", "B2", end_to_end_id="R-3004"),
        Line(DAY, D("-9.99"), "R-3002 card fee", "B3"),
    ),
    number="1",
)
TWINS = replace(NAMED, lines=(Line(DAY, D("121.00"), "with thanks", "B4", name="BROOK AND DAUGHTERS"),))


@pytest.mark.parametrize("write_as", [camt, mt940])
def test_receipts_of_a_statement_are_proposed_to_open_invoices(route: RemoteRoute, write_as) -> None:
    (route.path / "bank/january").write_bytes(write_as(NAMED))
    found = report(route)
    short, over = receipts(found)["1185.80"], receipts(found)["62.00"]
    assert (len(receipts(found)), short.rule, short.left[0].number, short.left[0].amount) == (2, "receipt_number@1", "R-3001", D("1210.00"))
    assert short.reasons[-3:] == (
        "would book invoice R-3001 1210.00", "would book discount R-3001 -20.00", "would book discount tax R-3001 -4.20",
    )  # fmt: skip
    assert over.reasons[-2:] == ("would book invoice R-3004 60.50", "would book customer credit 1.50")
    (counted,) = [each for each in found.matched if each.sheet == "bank/receipts"]
    assert (counted.state, counted.rule, counted.pairs, counted.amount) == ("suggested", "receipt_number@1", 2, D("1247.80"))
    assert report(route).suggestions == found.suggestions


def test_a_planted_twin_is_shown_both_ways_and_names_nobody(route: RemoteRoute) -> None:
    (route.path / "bank/january.xml").write_bytes(camt(replace(TWINS, lines=(replace(TWINS.lines[0], name="Brook  &  DAUGHTERS"),))))
    (twin,) = receipts(report(route)).values()
    assert (twin.rule, twin.score, [each.number for each in twin.left]) == ("receipt_amount@1", D("0.3"), ["R-3002", "R-3003"])
    assert "2 ways to explain it" in twin.reasons[1]
    assert not any("brook" in reason.lower() for reason in twin.reasons)


def payments(route: RemoteRoute) -> list[tuple[str, Decimal, str]]:
    """What stands at Xero: status, amount, and the date of each payment."""
    found = route.simulator.books.documents["Payments"].values()
    return sorted((each["Status"], each["Amount"], each["Account"]["Code"]) for each in found)


def at_bank(route: RemoteRoute) -> list[Decimal]:
    """Every amount on the bank account of the embedded ledger."""
    text = (route.path / "journal/entries.beancount").read_text(encoding="utf-8")
    return [D(amount) for amount in re.findall(r"^  Assets:Bank\s+(-?[\d.]+) EUR", text, re.MULTILINE)]


def unbalanced(route: RemoteRoute) -> list[object]:
    """What either equation does not explain."""
    given = load(route.path).routes["sales"]
    with route.hub.read() as tx:
        found: list[object] = [each for each in equations.intake(tx) if not each.balanced]
        told = list(equations.route(tx, "sales", given.sources, [(posting.name, posting.effect) for posting in given.posting]))
        assert told
        return found + [each for each in told if not each.balanced]


def decided(route: RemoteRoute) -> Decisions:
    home = load(route.path)
    return Decisions(home, route.hub, Audit(route.hub, keys.load(route.path)), "acme")


PAID = replace(NAMED, lines=(*NAMED.lines, Line(DAY, D("242.00"), "R3002 and R3003", "B5"), Line(DAY, D("10.50"), "part of R3004", "B6")))
MARY = Actor("mary", (Role.PREPARER,), "cli:test")


def test_an_accepted_receipt_becomes_payments_once_and_can_be_taken_back(route: RemoteRoute) -> None:
    (route.path / "bank/january.xml").write_bytes(camt(PAID))
    report(route)
    desk = decided(route)
    entry = next(line.reference for each in desk.proposed() for line in each.received if line.amount == D("242.00"))
    first = desk.accept(MARY, entry, "both numbers stand in it")
    assert desk.accept(MARY, entry, "once more") == first
    assert [(each["number"], each["amount"]) for each in first[0]["payments"]] == [("R-3002", "121.00"), ("R-3003", "121.00")]
    found = report(route)
    assert [(status, amount) for status, amount, _account in payments(route)] == [("AUTHORISED", D("121.00"))] * 2
    assert "242.00" not in receipts(found)
    assert {each.number for each in found.breaks} == {"INV-0001"}, "what somebody typed at Xero, and nothing else"
    assert unbalanced(route) == []
    assert at_bank(route) == [D("121.00")] * 2
    assert len(payments(route)) == len((route.run(), payments(route))[1]) == 2

    desk.take_back(MARY, entry, "it was for somebody else")
    again = report(route)
    assert {status for status, _amount, _account in payments(route)} == {"DELETED"}
    assert "242.00" in receipts(again)
    assert sum(at_bank(route)) == 0
    assert unbalanced(route) == []


def whole(route: RemoteRoute) -> None:
    """A route that books a discount, a bank's charge and a credit, too."""
    streams = {name: {"path": FILE, "key": ["id"]} for name in ("receipts", "adjustments")}
    own = {"tap": "files", "company": "acme", "timezone": "Europe/Berlin", "config": {"streams": streams}}
    component(route.path / "connections/desk.yaml", "Connection", own | {"mappings": {name: f"desk/{name}" for name in streams}})
    file = route.path / "routes/sales.yaml"
    given = yaml.safe_load(file.read_text())
    for posting in given["attributes"]["posting"]:
        posting |= {"refund": {"as": "credit_note"}, "fee": {"as": "spend"}, "journal_entry": {"as": "journal"}}
        posting["books"]["accounts"].setdefault("CustomerDeposits", posting["books"]["accounts"]["GiftCardLiability"])
    write(file, given)


def entries(route: RemoteRoute) -> dict[str, Decimal]:
    """What the embedded ledger holds on each account that receipts move, but for what the sales themselves put there."""
    text = (route.path / "journal/entries.beancount").read_text(encoding="utf-8")
    sums: dict[str, Decimal] = {}
    for account, amount in re.findall(r"^  ([\w:-]+)\s+(-?[\d.]+) EUR", text, re.MULTILINE):
        sums[account] = sums.get(account, D(0)) + D(amount)
    return {account: amount for account, amount in sums.items() if amount}


def left_at_xero(route: RemoteRoute) -> dict[str, Decimal]:
    """What each invoice of ours still owes there."""
    return {each["InvoiceNumber"]: each["AmountDue"] for each in route.simulator.books.documents["Invoices"].values()}


SHORT = replace(NAMED, lines=(*NAMED.lines[:2], Line(DAY, D("238.50"), "R3002 and R3003", "B7")))
"""1,210.00 less 2 %; 1.50 too much; and 3.50 that a bank kept of 242.00."""


def test_a_discount_a_charge_and_a_credit_are_booked_with_their_receipt_and_balance(route: RemoteRoute) -> None:
    whole(route)
    (route.path / "bank/january.xml").write_bytes(camt(SHORT))
    before = report(route)
    owed, ledger = left_at_xero(route), entries(route)
    desk = decided(route)
    by_amount = {line.amount: line.reference for each in desk.proposed() for line in each.received}
    for entry in by_amount.values():
        desk.accept(MARY, entry, "as it is proposed")
    after = report(route)
    assert receipts(after) == {}
    assert unbalanced(route) == []
    assert {each.number for each in after.breaks} == {each.number for each in before.breaks} == {"INV-0001", "CN-0001"}, "typed there"
    assert [fall.unexplained for fall in after.waterfalls if fall.unexplained] == []
    assert {number: left for number, left in left_at_xero(route).items() if number.startswith("R-")} == dict.fromkeys(
        ("R-3001", "R-3002", "R-3003", "R-3004"), D(0)
    )
    assert any(owed.values())
    moved = {account: amount - ledger.get(account, D(0)) for account, amount in (dict.fromkeys(ledger, D(0)) | entries(route)).items()}
    assert {account: amount for account, amount in moved.items() if amount} == {
        "Assets:Bank": D("1486.30"),  # 1185.80 + 62.00 + 238.50, what the bank has booked
        "Income:Discounts": D("20.00"),
        "Liabilities:SalesTaxPayable": D("4.20"),
        "Expenses:Fees": D("3.50"),
        "Liabilities:CustomerDeposits": D("-1.50"),
        "Assets:Receivable": D("-1512.50"),  # 1210.00 + 60.50 + 242.00
    }
    assert sum(moved.values()) == 0

    for entry in by_amount.values():
        desk.take_back(MARY, entry, "it was for somebody else")
    again = report(route)
    assert len(receipts(again)) == 3
    assert entries(route) == ledger
    assert left_at_xero(route) == owed
    assert unbalanced(route) == []


def test_what_a_posting_could_not_book_whole_is_refused_with_what_to_add(route: RemoteRoute) -> None:
    whole(route)
    file = route.path / "routes/sales.yaml"
    given = yaml.safe_load(file.read_text())
    posting = given["attributes"]["posting"][0]
    posting["refund"] = {"exclude": "none"}
    del posting["books"]["accounts"]["Discounts"]
    write(file, given)
    (route.path / "bank/january.xml").write_bytes(camt(SHORT))
    report(route)
    desk = decided(route)
    entry = next(line.reference for each in desk.proposed() for line in each.received if line.amount == D("1185.80"))
    asked = "Add to the posting books of the route sales: refund: {as: credit_note}, an account for Discounts"
    with pytest.raises(Refused, match=re.escape(asked)):
        desk.accept(MARY, entry, "yes")
    assert not (route.path / FILE).exists()


def test_what_needs_more_than_payments_or_is_not_sure_is_refused(route: RemoteRoute) -> None:
    (route.path / "bank/january.xml").write_bytes(camt(replace(PAID, lines=(*PAID.lines, TWINS.lines[0]))))
    report(route)
    desk = decided(route)
    by_amount = {line.amount: line.reference for each in desk.proposed() for line in each.received}
    with pytest.raises(Refused, match=r"\(discount, discount tax\), and no route reads them. Add a stream over"):
        desk.accept(MARY, by_amount[D("1185.80")], "yes")
    with pytest.raises(Refused, match="none, or more than one way"):
        desk.accept(MARY, "nothing", "yes")
    with pytest.raises(Refused, match="may not resolve"):
        desk.accept(Actor("ann", (Role.VIEWER,)), by_amount[D("10.50")], "yes")
    assert not (route.path / FILE).exists() or not (route.path / FILE).read_text()


def test_a_dismissed_receipt_is_not_proposed_until_it_is_taken_back(route: RemoteRoute) -> None:
    (route.path / "bank/january.xml").write_bytes(camt(PAID))
    before = report(route)
    desk = decided(route)
    entry = next(line.reference for each in desk.proposed() for line in each.received if line.amount == D("242.00"))
    with pytest.raises(Refused, match="A reason is needed"):
        desk.dismiss(MARY, entry, " ")
    with pytest.raises(Refused, match="may not resolve"):
        desk.dismiss(Actor("ann", (Role.VIEWER,)), entry, "no")
    with pytest.raises(Refused, match="No bank of acme has an entry 'B99'"):
        desk.dismiss(MARY, "B99", "no")
    (row,) = desk.dismiss(MARY, entry, "a grant, and no sale")
    assert desk.dismiss(MARY, entry, "once more") == [row]
    assert (row["decision"], row["payments"], row["by"], row["reason"]) == ("dismissed", [], "mary", "a grant, and no sale")
    after = report(route)
    assert set(receipts(before)) - set(receipts(after)) == {"242.00"}
    assert "242.00" not in {f"{line.amount:.2f}" for each in desk.proposed() for line in each.received}
    assert unbalanced(route) == []
    assert payments(route) == []
    with pytest.raises(Refused, match="There is no proposal"):
        desk.accept(MARY, entry, "after all")
    with route.hub.read() as tx:
        logged = tx.exec_driver_sql("SELECT action, subject FROM audit WHERE action = 'receipt dismissed'").all()
    assert [tuple(each) for each in logged] == [("receipt dismissed", f"acme {entry}")]
    desk.take_back(MARY, entry, "it was a sale")
    assert set(receipts(report(route))) == set(receipts(before))
    desk.accept(MARY, entry, "both numbers stand in it")
    with pytest.raises(Refused, match="take that back first"):
        desk.dismiss(MARY, entry, "no")


def test_people_see_accept_and_take_back_by_command(route: RemoteRoute, hub_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = yaml.safe_load((route.path / "counterfoil.yaml").read_text())
    write(route.path / "counterfoil.yaml", settings | {"hub": hub_url, "people": {"mary": {"roles": ["preparer"]}}})
    (route.path / "bank/january.xml").write_bytes(camt(PAID))
    route.run()

    def ask(*words: str) -> tuple[int, dict[str, Any]]:
        code = counterfoil(["receipts", *words, "--home", str(route.path), "--json"])
        said = capsys.readouterr().out
        return code, json.loads(said) if said else {}

    code, listed = ask("list")
    assert (code, len(listed["receipts"])) == (0, 4)
    (entry,) = [each["entries"][0]["entry"] for each in listed["receipts"] if each["entries"][0]["amount"] == "242.00"]
    code, done = ask("accept", entry, "--reason", "both numbers stand in it", "--as", "mary")
    assert (code, done["receipts"][0]["by"], done["receipts"][0]["decision"]) == (0, "mary", "accepted")
    assert len(ask("list")[1]["receipts"]) == 3
    assert ask("undo", entry, "--reason", "it was for another", "--as", "mary")[1]["receipts"][0]["decision"] == "taken_back"
    assert ask("undo", entry, "--reason", "it was for another", "--as", "mary")[0] == 4
    assert ask("dismiss", entry, "--reason", "a grant", "--as", "mary")[1]["receipts"][0]["decision"] == "dismissed"
    assert len(ask("list")[1]["receipts"]) == 3
