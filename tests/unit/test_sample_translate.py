"""Every file of the sample company through the real tap, the real mappings and the posting table, held against the expectation.

The expectation is added up by the generator from what it made; it knows no mapping, no engine and no posting rule.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
import yaml

from mappings.engine import Context
from mappings.identity import document_id
from mappings.language import compile_mapping
from mappings.model import Document
from mappings.posting import moves, post
from mappings.posting.books import Books
from mappings.problem import Problem
from pipelines.sandbox.generate import SAMPLE
from taps._kit.reader import Damaged, Record
from taps._kit.surroundings import Surroundings
from taps.files.config import FilesConfig
from taps.files.reader import FilesReader

START = date(2026, 1, 1)
MONTH_END = date(2026, 1, 31)


@dataclass
class Read:
    """What one stream gave."""

    counts: Counter[str] = field(default_factory=Counter)
    documents: list[Document] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)
    problems: dict[str, list[Problem]] = field(default_factory=dict)


def settings(name: str) -> dict[str, Any]:
    """The attributes of one file of the sample's home."""
    return yaml.safe_load((SAMPLE / f"{name}.yaml").read_text(encoding="utf-8"))["attributes"]


def read_stream(connection: str, stream: str) -> Read:
    """Land and translate as the hub does: the newest version of a key counts, the rows of a group go together."""
    own = settings(f"connections/{connection}")
    lookups = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in (SAMPLE / "lookups").glob("*.yaml")}
    company = own["company"] if isinstance(own["company"], str) else own["company"]["table"]
    context = Context(connection, own["timezone"], time(0), company, lookups)
    name = own["mappings"][stream]
    mapping = compile_mapping((SAMPLE / "mappings" / f"{name}.yaml").read_text(encoding="utf-8"), where=name)
    reader, found, records = FilesReader(FilesConfig.model_validate(own["config"]), SAMPLE), Read(), defaultdict(list)
    for message in reader.read(stream, None, Surroundings()):
        if isinstance(message, Damaged):
            found.counts.update(("read", "damaged"))
            found.damaged.append(message)
        elif isinstance(message, Record):
            found.counts["read"] += 1
            if mapping.grouped:
                records[mapping.group_key(message.body)].append(message)
            else:
                before = records.get(message.key)
                found.counts["repeated"] += bool(before and before[0].body == message.body)
                found.counts["replaced"] += bool(before and before[0].body != message.body)
                records[message.key] = [message]
    for key, rows in records.items():
        made = mapping.translate([row.body for row in rows], context)
        found.counts["problem" if made.problems else "translated" if made.documents else "excluded"] += len(rows)
        found.documents += made.documents
        if made.problems:
            found.problems[key] = made.problems
    return found


STREAMS = [
    (path.stem, stream)
    for path in sorted((SAMPLE / "connections").glob("*.yaml"))
    for stream in settings(f"connections/{path.stem}").get("mappings", {})
]


@pytest.fixture(scope="module")
def streams() -> dict[str, Read]:
    return {f"{connection}/{stream}": read_stream(connection, stream) for connection, stream in STREAMS}


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return yaml.safe_load((SAMPLE / "expected.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["/".join(stream) for stream in STREAMS])
def test_each_row_becomes_what_the_generator_says(streams, expected, name):
    found, said = streams[name], dict(expected["streams"][name])
    assert Counter(document.type for document in found.documents) == said.pop("documents")
    assert {outcome: found.counts[outcome] for outcome in said} == said


def test_the_expectation_speaks_of_every_stream(streams, expected):
    assert set(expected["streams"]) == set(streams)


def test_each_oddity_has_its_problem_and_there_is_no_other(streams, expected):
    """(file, subject, code) of what was planted, and of what the product found; a damaged row is known by the line it stands in."""
    lines = {file: (SAMPLE / "files" / file).read_bytes().split(b"\n") for file in {oddity["file"] for oddity in expected["oddities"]}}
    planted = {
        (oddity["file"], oddity["subject"], oddity["code"])
        for oddity in expected["oddities"]
        if oddity["code"].startswith(("READ-", "MAP-"))  # what posting says is the journey's business
    }
    found = set()
    for connection, stream in STREAMS:
        read = streams[f"{connection}/{stream}"]
        file = settings(f"connections/{connection}")["config"]["streams"][stream]["path"].removeprefix("files/")
        found |= {(file, key, problem.code) for key, problems in read.problems.items() for problem in problems}
        for damaged in read.damaged:
            subjects = {subject for name, subject, code in planted if (name, code) == (file, "READ-DAMAGED")}
            at = int(damaged.where.split("row ")[1].split(",")[0])
            found |= {(file, subject, damaged.problem.code) for subject in subjects if subject.encode() in lines[file][at - 1]}
    assert found == planted


def test_a_sentence_for_each_problem_that_helps_a_person(streams):
    said = [problem for read in streams.values() for problems in read.problems.values() for problem in problems]
    said += [damaged.problem for read in streams.values() for damaged in read.damaged]
    assert said
    for problem in said:
        assert problem.say.endswith("."), problem
        assert problem.fix.endswith("."), problem
    lookup = next(problem for problem in said if problem.code == "MAP-LOOKUP" and "UK-OLD" in problem.say)
    assert "sample_tax_codes" in lookup.say


# ── what the documents do ──


@pytest.fixture(scope="module")
def in_scope(streams):
    """As the routes of the sample say it: our company, no test, not before the start, a refund only with its sale."""
    documents = [(name.split("/")[0], document) for name, read in streams.items() for document in read.documents]
    sales = {document_id(connection, "order", document.source_id) for connection, document in documents if document.type == "order"}
    return [
        (connection, document)
        for connection, document in documents
        if document.company in ("meadow_uk", "group")
        and not getattr(document, "is_test", False)
        and (document.business_date is None or document.business_date >= START)
        and (document.type != "refund" or document.order_id in sales)
    ]


@pytest.fixture(scope="module")
def entries(in_scope):
    """Every entry of the route `books`, from the posting table."""
    route = settings("routes/books")
    [ledger] = route["posting"]
    books, made = Books.model_validate(ledger["books"]), []
    for connection, document in in_scope:
        if connection not in route["sources"] or "exclude" in ledger[document.type]:
            continue
        for part in document.parts():
            entry, problems = post(document, representation=ledger[document.type]["as"], books=books, part=part.name)
            if [problem.field for problem in problems] == ["DonationPayable"]:
                continue
            assert not problems, problems
            assert entry is not None, document
            made.append(entry)
    return made


@pytest.mark.parametrize(("when", "until"), [("accounts", date.max), ("accounts_at_month_end", MONTH_END)])
def test_every_account_holds_what_the_generator_says(entries, expected, when, until):
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if entry.date <= until:
            for line in entry.lines:
                balances[line.account] += line.amount
    said = {account: Decimal(amount) for account, amount in expected[when].items()}
    assert {account: amount for account, amount in balances.items() if amount} == {
        account: amount for account, amount in said.items() if amount
    }


def test_every_entry_is_balanced_in_the_currency_of_the_books(entries):
    assert entries
    for entry in entries:
        assert {line.currency for line in entry.lines} == {"GBP"}
        assert sum(line.amount for line in entry.lines) == 0


def test_every_article_left_the_stock_as_often_as_the_generator_says(in_scope, expected):
    units: Counter[str] = Counter()
    for name in ("shop_stock", "till_stock"):
        route = settings(f"routes/{name}")
        [stock] = route["posting"]
        for connection, document in in_scope:
            policy = stock.get(document.type, stock["*"])
            if connection in route["sources"] and policy.get("as") in ("stock_removal", "stock_return"):
                units.update({move.item: int(move.units) for move in moves(document)})
    assert {item: count for item, count in units.items() if count} == {item: count for item, count in expected["units"].items() if count}


def test_the_hours_of_the_month(streams, expected):
    assert sum(entry.hours() for entry in streams["staff/hours"].documents) == Decimal(expected["hours"])


def test_personal_data_is_where_it_may_be(streams):
    """Names and addresses stand only in fields that the model marks; nothing of the CRM but number, country and consent is unmarked."""
    for customer in streams["crm/customers"].documents:
        unmarked = customer.model_dump(exclude=set(customer.personal), exclude_defaults=True)
        assert unmarked.keys() <= {"source_id", "source_updated_at", "company", "country", "customer_type", "marketing_consent"}


def named(read: Read, source_id: str) -> dict[str, Any]:
    """One document, as it is stored: without its defaults."""
    return next(document for document in read.documents if document.source_id == source_id).model_dump(exclude_defaults=True)


def test_a_contact_an_employee_and_an_article_in_full(streams):
    assert named(streams["crm/customers"], "C1077") == {
        "source_id": "C1077",
        "source_updated_at": datetime(2025, 12, 18, 10, tzinfo=UTC),
        "company": "group",
        "display_name": "Rufus Jellicoe",
        "first_name": "Rufus",
        "last_name": "Jellicoe",
        "emails": ("rufus.jellicoe@example.org",),
        "phone_numbers": ("+44 1632 960155",),
        "addresses": (
            {"line1": "The Old Mill, Unit 4", "line2": "37 Kiln Street", "city": "York", "postal_code": "YO1 9ZZ", "country": "GB"},
        ),
        "country": "GB",
        "marketing_consent": False,
    }
    assert named(streams["staff/employees"], "E15")["employment_status"] == "terminated"
    assert named(streams["staff/employees"], "E15")["termination_date"] == date(2026, 1, 24)
    assert named(streams["web/products"], "GIFT-25")["tracked"] is False


def test_the_night_of_the_stock_take_counts_to_the_day_it_began(streams):
    night = named(streams["staff/hours"], "T0300")
    assert (night["business_date"], night["clock_out"].date(), night["regular_hours"]) == (MONTH_END, date(2026, 2, 1), Decimal(7))


def test_a_receipt_finished_later_counts_from_its_first_row(streams, expected):
    """One row at the time of the sale, the others fifty seconds later."""
    [number] = [oddity["subject"] for oddity in expected["oddities"] if oddity["what"] == "its rows carry two times"]
    reader = FilesReader(FilesConfig.model_validate(settings("connections/till")["config"]), SAMPLE)
    rows = [each.body for each in reader.preview("receipts", 2000) if isinstance(each, Record) and each.body["Receipt"] == number]
    times = sorted({row["Time"] for row in rows})
    assert len(times) == 2
    assert f"{named(streams['till/receipts'], number)['placed_at']:%H:%M:%S}" == times[0]
