"""The auditor's pack: the same bytes each time, whole, and every change of it found, by the program inside and by the command."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.hub.audit import Audit
from pipelines.hub.keys import Keys
from pipelines.reconcile import pack, pack_prove, pack_verify
from pipelines.reconcile.canonical import digest
from pipelines.reconcile.rights import Refused
from pipelines.reconcile.words import Resolution
from tests.unit._closing import ADA, LIMITS, MARY, MISSING, ROUNDING, TOM, TRANSIT, Office, report
from tests.unit._reconciliation import month

JAN = "2026-01"
FILES = {"counterfoil.yaml": "hub: sqlite:///hub.db\n", "routes/shop.yaml": "mode: auto\n"}


@pytest.fixture
def office(hub_url: str) -> Iterator[Office]:
    """January, certified: a difference was approved, one accepted, one is under way."""
    made = Office(hub_url)
    january = report(ROUNDING, TRANSIT, MISSING)
    made.store(january, files=FILES)
    made.desk.resolve(MARY, "bb22", Resolution.ACCEPTED, reason="=the target rounds", comment="0.01", limits=LIMITS)
    made.desk.resolve(MARY, "aa11", Resolution.WRITTEN_OFF, reason="customer is gone", comment="see file 17", limits=LIMITS)
    made.desk.approve(TOM, "aa11", comment="agreed")
    made.books.prepare(MARY, JAN)
    made.books.review(TOM, JAN)
    made.books.certify(TOM, JAN)
    yield made
    made.hub.close()


def build(office: Office, period: str = JAN) -> bytes:
    return pack.build(office.hub, "acme", "Meadow & Mill Ltd", period)[1]


def contents(made: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def repacked(files: dict[str, bytes], *, sums: bool = True) -> bytes:
    """A pack of these files, by somebody who knows how to make one: with hashes that fit."""
    if sums:
        others = {name: content for name, content in files.items() if name != "SHA256SUMS"}
        files = others | {"SHA256SUMS": "".join(f"{digest(content)}  {name}\n" for name, content in others.items()).encode()}
    return pack._zip(files)


def test_it_holds_what_an_auditor_needs(office: Office, tmp_path: Path) -> None:
    name, made = pack.build(office.hub, "acme", "Meadow & Mill Ltd", JAN)
    files = contents(made)
    assert name == "audit-pack-acme-2026-01-1.zip"
    assert {one.split("/")[0] for one in files} == {
        "README.txt", "SHA256SUMS", "audit.jsonl", "breaks.csv", "closing.json", "completeness.csv", "configuration", "decisions.json",
        "evidence.json", "history.csv", "overrides.csv", "people.csv", "reconciliation", "verify.py",
    }  # fmt: skip
    assert files["completeness.csv"].decode().splitlines()[1] == (
        'books/money,source,shop,order,EUR,10,1000.00,"orders, counted by the shop",1007'
    )
    assert files["overrides.csv"].decode().splitlines()[1:] == [
        "aa11,order,1042,-412.50,EUR,written_off,customer is gone,mary,tom",
        "bb22,order,1003,0.01,EUR,accepted,'=the target rounds,mary,",
    ]
    assert files["people.csv"].decode().splitlines()[1:3] == ["ada,admin", 'ann,"preparer, reviewer"']
    assert json.loads(files["decisions.json"]) == {"chargebacks_lost": "loss"}
    assert files["configuration/routes/shop.yaml"] == b"mode: auto\n"
    assert files["configuration/changes.diff"].startswith(b"No period before this one")
    assert [line.split(",")[4] for line in files["history.csv"].decode().splitlines()[1:]] == [
        "opened", "opened", "opened", "resolved", "proposed", "approved",
    ]  # fmt: skip
    assert [row["stage"] for row in json.loads(files["closing.json"])["signatures"]] == ["prepared", "reviewed", "certified"]


def test_it_proves_completeness_by_what_the_sources_state() -> None:
    """Counts and sums by day, by which query, why not where none was asked; and what the source says of a missing number."""
    told, query = month(), "ordersCount and orders by CREATED_AT"
    stated = pack._control_totals(told).decode().splitlines()
    assert stated[1:] == [
        f"sales,shopify_eu,order,2026-01-14,EUR,12,1240.00,11,12,1240.00,1042,{query},2026-02-01T05:00:00+00:00,",
        "sales,shopify_eu,refund,,,0,,0,0,,,,,Refunds hang on their order.",
    ]
    assert pack._numbers(told).decode().splitlines()[1:] == ["sales,shopify_eu,order,1007,2026-01-09,yes,Deleted after it was read."]


def test_a_pack_of_before_the_sources_were_asked_stays_as_it_was(office: Office) -> None:
    assert {"control_totals.csv", "numbers.csv"} & contents(build(office)).keys() == set()


def test_equal_closings_are_equal_bytes_whatever_happens_afterwards(office: Office) -> None:
    made = build(office)
    assert build(office) == made
    office.desk.comment(MARY, "cc33", "asked the bank")
    office.store(report(ROUNDING, TRANSIT, MISSING, inputs="later"))
    office.store(report(period="2026-02"))
    assert build(office) == made


def test_both_verifies_find_it_whole(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    file.write_bytes(build(office))
    assert pack_verify.check(file) == []
    assert pack_prove.prove(file, office.hub, office.audit) == []
    assert standalone(file) == (0, "ok   The pack is whole, and what was signed is what is in it.\n")


def standalone(file: Path) -> tuple[int, str]:
    """What the program inside says, run by a Python that knows nothing of us."""
    apart = file.parent / "apart"
    apart.mkdir(exist_ok=True)
    with zipfile.ZipFile(file) as opened:
        (apart / "verify.py").write_bytes(opened.read("verify.py"))
    shutil.copy(file, apart / "pack.zip")
    done = subprocess.run([sys.executable, "-I", "-S", "verify.py", "pack.zip"], cwd=apart, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def edit(name: str, before: bytes, after: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        place = next(one for one in files if one.endswith(name))
        assert before in files[place], files[place][:2000]
        files[place] = files[place].replace(before, after, 1)

    return change


def unexplained(files: dict[str, bytes]) -> None:
    """A result that nobody may sign, with every hash over it worked out anew."""
    edit("abcdefabcdef.json", b'"unexplained": "0.00"', b'"unexplained": "0.05"')(files)
    told = json.loads(files["closing.json"])
    run = told["run"]
    run["results"] = digest(files[run["file"]])
    for each in told["signatures"]:
        each["bound"] = digest("\n".join((run["inputs"], run["rules"], run["results"])))
    files["closing.json"] = json.dumps(told).encode()


TAMPERED = {
    "a result that nobody may sign": (unexplained, "does not end at 0.00 unexplained"),
    "a figure of the results": (edit("abcdefabcdef.json", b'"412.50"', b'"412.51"'), "is not the result that was signed"),
    "the hash of the results": (edit("closing.json", b'"results": "', b'"results": "0'), "is not the result that was signed"),
    "the hash of a signature": (edit("closing.json", b'"bound": "', b'"bound": "0'), "is over other figures"),
    "the rules": (edit("closing.json", b"standard@1", b"standard@2"), "is over other figures"),
    "the evidence": (edit("evidence.json", b"customer is gone", b"customer is here"), "is not what the last signature was given over"),
    "the reviewer": (edit("closing.json", b'"person": "tom"', b'"person": "mary"'), "mary prepared and signed as"),
    "the company": (edit("closing.json", b'"company": "acme"', b'"company": "other"'), "different companies or periods"),
    "the end of the log": (lambda files: files.update({"audit.jsonl": files["audit.jsonl"].rsplit(b"\n", 2)[0] + b"\n"}),
                           "does not end at the anchor"),
    "a row of the log": (lambda files: files.update({"audit.jsonl": files["audit.jsonl"].replace(b'"number": 2', b'"number": 3', 1)}),
                         "rows are missing"),
    "who signed, in the log": (edit("audit.jsonl", b"close certified", b"close reopened"), "the log does not hold the signature of tom"),
    "no evidence": (lambda files: files.pop("evidence.json"), "does not have the form"),
    "no closing": (lambda files: files.update({"closing.json": b"{}"}), "does not have the form"),
}  # fmt: skip
"""What somebody changes who then writes the hashes anew, and what is said of it."""


@pytest.mark.parametrize("what", TAMPERED)
def test_a_change_is_found_though_the_hashes_were_written_anew(office: Office, tmp_path: Path, what: str) -> None:
    change, said = TAMPERED[what]
    files = contents(build(office))
    change(files)
    file = tmp_path / "pack.zip"
    file.write_bytes(repacked(files))
    assert any(said in each for each in pack_verify.check(file)), pack_verify.check(file)
    code, told = standalone(file)
    assert code == 1
    assert said in told


def test_changed_missing_and_added_files_are_named(office: Office, tmp_path: Path) -> None:
    files = contents(build(office))
    files["people.csv"] += b"eve,reviewer\r\n"
    files["extra.txt"] = b"hello"
    del files["README.txt"]
    file = tmp_path / "pack.zip"
    file.write_bytes(repacked(files, sums=False))
    expected = ["README.txt is missing", "extra.txt is not listed in SHA256SUMS", "people.csv was changed"]
    assert pack_verify.check(file) == expected
    assert standalone(file) == (1, "".join(f"BAD  {each}\n" for each in expected))


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 torn"])
def test_what_is_no_pack_is_said(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "pack.zip"
    file.write_bytes(content)
    assert pack_verify.check(file)[0].startswith("this is no whole ZIP file")
    assert pack_verify.check(tmp_path / "nothing.zip")[0].startswith("this is no whole ZIP file")


def test_a_torn_pack_is_found(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    made = build(office)
    for length in (len(made) // 3, len(made) - 10):
        file.write_bytes(made[:length])
        assert pack_verify.check(file) != []


def test_a_whole_forgery_is_found_by_the_hub(office: Office, tmp_path: Path) -> None:
    """Somebody makes a new pack in which all fits together; only the company's hub knows that it never signed this."""
    forged = Office(f"sqlite:///{tmp_path / 'forged.db'}")
    forged.store(report(sold="9999.00"))
    for sign, actor in ((forged.books.prepare, MARY), (forged.books.review, TOM), (forged.books.certify, TOM)):
        sign(actor, JAN)
    file = tmp_path / "pack.zip"
    file.write_bytes(build(forged))
    assert pack_verify.check(file) == []
    told = pack_prove.prove(file, office.hub, office.audit)
    assert "row 4 of the log is another one in the hub" in told
    assert any("did not record this signature of tom (certified)" in each for each in told)


def test_without_the_key_of_the_hub_nothing_is_proved(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    file.write_bytes(build(office))
    stranger = Audit(office.hub, Keys((b"9" * 32,)))
    assert pack_prove.prove(file, office.hub, stranger)[0].startswith("the hub's own log is not what was written")


def test_another_program_in_the_pack_is_named(office: Office, tmp_path: Path) -> None:
    files = contents(build(office))
    files["verify.py"] = b"print('ok')"
    file = tmp_path / "pack.zip"
    file.write_bytes(repacked(files))
    assert pack_prove.prove(file, office.hub, office.audit) == [
        "verify.py in the pack is not the one of this version: trust this check, not that one"
    ]


def test_only_a_certified_period_has_a_pack(office: Office) -> None:
    with pytest.raises(Refused, match="2026-02 of acme was never certified"):
        build(office, "2026-02")
    office.books.unlock(ADA, JAN, "adjustment")
    assert json.loads(contents(build(office))["closing.json"])["stage"] == "decertified"


def test_the_next_pack_begins_where_the_last_one_ended_and_shows_what_was_changed(office: Office, tmp_path: Path) -> None:
    last = json.loads(contents(build(office))["closing.json"])["anchor"]
    changed = FILES | {"routes/shop.yaml": "mode: shadow\n"}
    from tests.unit.test_break_work import FEB

    office.store(report(period="2026-02", as_of=FEB, inputs="feb"), files=changed)
    for sign, actor in ((office.books.prepare, MARY), (office.books.review, TOM), (office.books.certify, TOM)):
        sign(actor, "2026-02")
    files = contents(build(office, "2026-02"))
    first = json.loads(files["audit.jsonl"].splitlines()[0])
    assert first["number"] == int(last.split(":")[0]) + 1
    assert files["configuration/changes.diff"].decode().splitlines()[-2:] == ["-mode: auto", "+mode: shadow"]
    assert b"cc33" in files["breaks.csv"]  # carried over
    file = tmp_path / "pack.zip"
    file.write_bytes(build(office, "2026-02"))
    assert pack_verify.check(file) == []
