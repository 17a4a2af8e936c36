"""A month at the starter company: reconciled, worked on, signed by two people, packed, checked, and changed behind their backs."""

from __future__ import annotations

import json
import re
import zipfile

import pytest

from tests._kit.starter import Counterfoil

PEOPLE = """
people:
  mary: {roles: [preparer]}
  tom: {roles: [reviewer]}
  ann: {roles: [preparer, reviewer]}
  aud: {roles: [auditor]}
"""
AS_OF = ("--as-of", "2026-02-02")
JAN = ("--period", "2026-01")
SALES = "files/example_sales.csv"
JOURNAL = "books/entries.beancount"


@pytest.fixture
def started(tmp_path, capsys):
    """The starter home with people in it."""
    made = Counterfoil(tmp_path / "home", capsys).start()
    settings = made.home / "counterfoil.yaml"
    settings.write_text(settings.read_text() + PEOPLE)
    return made


@pytest.fixture
def counterfoil(started):
    """The same, once run, on SQLite: the unit tests of the parts run on both."""
    assert started("run").code == 0
    return started


def test_a_month_is_closed_and_proved(started, tmp_path, hub_url):
    counterfoil = started
    counterfoil.edit("counterfoil.yaml", "hub: sqlite:///hub.db", f"hub: {hub_url}")
    assert counterfoil("run").code == 0
    ties = counterfoil("reconcile", *JAN, *AS_OF, "--json")
    assert (ties.code, ties.json["status"]) == (0, "ties"), ties

    early = counterfoil("close", "certify", *JAN, "--as", "tom")
    assert (early.code, early.err) == (4, "2026-01 of my_company is not prepared yet: counterfoil close prepare --period 2026-01\n")
    assert counterfoil("close", "prepare", *JAN, "--as", "ann").code == 0
    own = counterfoil("close", "review", *JAN, "--as", "ann")
    assert (own.code, own.err) == (4, "ann prepared 2026-01 and cannot sign it as reviewed: a second person must.\n")
    assert counterfoil("close", "review", *JAN, "--as", "tom").code == 0
    certified = counterfoil("close", "certify", *JAN, "--as", "tom", "--json").json
    assert certified["stage"] == "certified"
    assert [each["person"] for each in certified["signatures"]] == ["ann", "tom", "tom"]

    packs = str(tmp_path / "packs")
    refused = counterfoil("close", "pack", *JAN, "--out", packs)
    assert (refused.code, refused.err.split(":")[0]) == (2, "Say who you are")
    made = counterfoil("close", "pack", *JAN, "--out", packs, "--as", "aud", "--json").json
    again = counterfoil("close", "pack", *JAN, "--out", packs, "--as", "aud", "--json").json
    assert again == made
    proved = counterfoil("close", "verify", made["file"], "--json")
    assert (proved.code, proved.json) == (0, {"ok": True, "proved_by_hub": True, "wrong": []})
    with zipfile.ZipFile(made["file"]) as pack:
        assert "mode: auto" in pack.read("configuration/routes/shop_to_office.yaml").decode()
        assert json.loads(pack.read("closing.json"))["legal_name"] == "My Company Ltd"
    sample = ("close", "sample", *JAN, "--count", "2", "--seed", "4711", "--out", packs)
    chosen = counterfoil(*sample, "--as", "aud", "--json").json
    assert ([each["kind"] for each in chosen["documents"]], len(chosen["files"])) == (["order", "refund"], 3)
    shown = counterfoil(*sample, "--personal", "--as", "mary")
    assert (shown.code, shown.err) == (
        4,
        "mary may not see personal fields: that takes the role auditor or reviewer, and mary is preparer.\n",
    )
    broken = bytearray((tmp_path / "packs" / made["file"].rsplit("/", 1)[1]).read_bytes())
    place = broken.index(b"My Company Ltd")
    broken[place : place + 2] = b"No"
    (tmp_path / "broken.zip").write_bytes(broken)
    found = counterfoil("close", "verify", str(tmp_path / "broken.zip"))
    assert found.code == 4
    assert found.out.endswith("This pack is not what was signed.\n")
    assert counterfoil("audit", "verify").code == 0


def close(counterfoil):
    for stage, person in (("prepare", "mary"), ("review", "tom"), ("certify", "tom")):
        done = counterfoil("close", stage, *JAN, "--as", person)
        assert done.code == 0, done.err


def stands(counterfoil):
    return counterfoil("close", "status", *JAN, "--json").json


def test_a_difference_in_the_books_is_worked_on_by_two_people(counterfoil):
    """Somebody edits order 1002 in the journal: 10.46 becomes 11.46."""
    journal = counterfoil.home / JOURNAL
    whole = journal.read_text()
    journal.write_text(whole.replace("Receivable  10.46", "Receivable  11.46").replace("Sales  -8.50", "Sales  -9.50"))
    looked = counterfoil("reconcile", *JAN, *AS_OF, "--no-keep")
    assert (looked.code, counterfoil("breaks", "list", "--json").json["count"]) == (1, 0)

    assert counterfoil("reconcile", *JAN, *AS_OF).code == 1
    (found,) = counterfoil("breaks", "list", "--json").json["breaks"]
    assert (found["number"], found["difference"], found["break_class"], found["state"]) == ("1002", "1.00", "AMOUNT", "open")
    assert "1 break is open (+1.00 EUR)" in counterfoil("close", "prepare", *JAN, "--as", "mary").err
    assert "AMOUNT, open" in counterfoil("close", "status", *JAN).out
    nobody = counterfoil("breaks", "assign", "1002", "--to", "eve", "--as", "mary")
    assert (nobody.code, nobody.err.split(";")[0]) == (4, "counterfoil.yaml knows no 'eve' under people")
    assert "owner mary" in counterfoil("breaks", "assign", "1002", "--to", "mary", "--as", "tom").out
    assert "in progress" in counterfoil("breaks", "comment", "1002", "--comment", "who edits the journal?", "--as", "mary").out

    words = ("--reason", "rounding", "--comment", "agreed by phone")
    wrong = counterfoil("breaks", "resolve", "1002", "--how", "forgotten", *words, "--as", "mary")
    assert (wrong.code, wrong.err.split(";")[0]) == (4, "'forgotten' is no way to resolve a break")
    assert "pending approval" in counterfoil("breaks", "resolve", "1002", "--how", "written_off", *words, "--as", "mary").out
    assert counterfoil("breaks", "approve", "1002", "--comment", "no", "--decline", "--as", "tom").code == 0
    assert "pending approval" in counterfoil("breaks", "resolve", "1002", "--how", "accepted", *words, "--as", "ann").out
    assert counterfoil("breaks", "approve", "1002", "--comment", "yes", "--as", "ann").err.startswith("ann proposed it and cannot")
    assert counterfoil("breaks", "approve", "1002", "--comment", "yes", "--as", "tom").code == 0
    close(counterfoil)
    assert "1 accepted or written off: +1.00 EUR." in stands(counterfoil)["closings"][0]["signatures"][2]["statement"]
    assert "Unlock the period first" in counterfoil("breaks", "reopen", "1002", "--comment", "x", "--as", "mary").err
    told = [each["what"] for each in counterfoil("breaks", "show", "1002", "--json").json["events"]]
    assert told == ["opened", "assigned", "commented", "proposed", "declined", "proposed", "approved"]
    page = counterfoil("breaks", "show", "1002").out
    assert [page.index(word) for word in told[:3]] == sorted(page.index(word) for word in told[:3])

    journal.write_text(whole)  # whoever it was, takes it back: the books that were certified are not these
    assert counterfoil("reconcile", *JAN, *AS_OF).code == 0
    after = stands(counterfoil)
    assert (after["stage"], after["closings"][0]["reason"]) == (
        "decertified",
        "target ledger, invoice: 2 → 2 items, 38.57 → 37.57 EUR (−1.00).",
    )
    assert counterfoil("breaks", "list", "--all", "--json").json["breaks"][0]["state"] == "closed"
    assert "ledger, invoice" in counterfoil("close", "status", *JAN).out


def test_a_refund_that_comes_late_leaves_the_certificate(counterfoil):
    assert counterfoil("reconcile", *JAN, *AS_OF).code == 0
    close(counterfoil)
    sales = counterfoil.home / SALES
    sales.write_text(sales.read_text() + "R2002,2026-01-20 11:00,,MUG-BLUE,-1,8.50,standard\n")
    counterfoil("run")
    assert counterfoil("reconcile", *JAN, *AS_OF).code == 1
    after = stands(counterfoil)
    assert (after["stage"], {each["number"] for each in after["late"]}) == ("certified", {"R2002"})
    page = counterfoil("close", "status", *JAN).out
    assert "Came after the close; it belongs to the open period" in page
    assert "R2002" in page
    shown = counterfoil("breaks", "fix", after["late"][0]["key"])
    assert (shown.code, shown.out.splitlines()) == (0, ["counterfoil explain R2002", "Run it with --yes."])
    ran = counterfoil("breaks", "fix", after["late"][0]["key"], "--yes", "--as", "mary", "--json")
    assert (ran.code, ran.json["ran"]) == (0, True)
    assert "is closed" in ran.err
    assert "ran `counterfoil explain R2002`, exit code 0" in counterfoil("breaks", "show", after["late"][0]["key"]).out

    assert counterfoil("close", "unlock", *JAN, "--reason", "", "--as", "tom").code == 4
    assert "Its certificate has fallen" in counterfoil("close", "unlock", *JAN, "--reason", "book R2002", "--as", "tom").out
    counterfoil("run")
    assert counterfoil("reconcile", *JAN, *AS_OF).code == 0
    assert stands(counterfoil)["stage"] == "decertified"


def test_nobody_acts_without_a_name(counterfoil):
    assert counterfoil("breaks", "comment", "x", "--comment", "y").code == 2
    wrong = counterfoil("breaks", "comment", "x", "--comment", "y", "--as", "marry")
    assert (wrong.code, bool(re.search("mary", wrong.err))) == (2, True)
    missing = counterfoil("breaks", "comment", "x", "--comment", "y", "--as", "mary")
    assert (missing.code, missing.err) == (4, "my_company has no break 'x'; `counterfoil breaks list` shows them.\n")
