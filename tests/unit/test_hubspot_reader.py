"""How the HubSpot tap misses nothing, against the simulator's own state, and what it costs."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from taps._kit.errors import Fatal, Misconfigured
from taps._kit.reader import Complete, Message, Reader, Record, Start, State, Tombstone
from taps._kit.registry import tap
from taps._kit.simulator import Request, Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.hubspot.facts import QUIET_CALLS
from taps.hubspot.simulator import HubSpotSimulator, company
from taps.hubspot.simulator import objects as simulated
from taps.hubspot.simulator.answers import error
from taps.hubspot.simulator.everything import one_of_each
from taps.hubspot.simulator.search import search

SMALL = {"page_size": 3, "search_page_size": 3, "batch": 3}


@dataclass
class Account:
    """A simulated account with a reader on it, and what the hub would hold of each stream."""

    simulator: HubSpotSimulator
    url: str
    home: Path
    heads: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    safe: Pocket = field(default_factory=lambda: Pocket({"access_token": "pat-na1-hubspot-1"}))

    @property
    def portal(self) -> Any:
        return self.simulator.portal

    @property
    def around(self) -> Surroundings:
        return Surroundings(clock=self.simulator.clock, safe=self.safe, sleep=self.simulator.clock.sleep)

    def reader(self, **settings: Any) -> Reader:
        kind = tap("hubspot")
        return kind.build(kind.config.model_validate({"base_url": self.url, "private_network": True, **settings}), self.home)

    def read(self, stream: str, **settings: Any) -> list[Message]:
        """Read on as a run does; what it handed out."""
        heads, seen, out = self.heads.setdefault(stream, {}), set(), []
        for message in self.reader(**settings).read(stream, self.states.get(stream), self.around):
            out.append(message)
            match message:
                case Record():
                    heads[message.key or ""] = json.loads(json.dumps(message.body))
                    seen.add(message.key)
                case Tombstone():
                    heads.pop(message.key, None)
                case Complete():
                    assert message.count == len(seen)
                    for key in set(heads) - seen:
                        del heads[key]
                case State():
                    self.states[stream] = json.loads(json.dumps(message.value))
        return out

    def calls(self, stream: str, **settings: Any) -> int:
        """How many calls the next read makes."""
        before = len(self.simulator.log)
        self.read(stream, **settings)
        return len(self.simulator.log) - before

    def pass_(self, **span: float) -> None:
        self.simulator.clock.forward(**span)

    def there(self, stream: str) -> set[str]:
        return {str(row.id) for row in self.portal[stream].truth()}


def opened(simulator: HubSpotSimulator, tmp_path: Path) -> Iterator[Account]:
    with serve(simulator) as url:
        yield Account(simulator, url, tmp_path)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    yield from opened(company(12), tmp_path)


# ── what it costs ──


def test_a_quiet_read_makes_exactly_the_calls_that_the_facts_state(account):
    one_of_each(account.portal)
    account.pass_(hours=2)
    for stream in QUIET_CALLS:
        account.read(stream)
    account.pass_(hours=2)
    assert {stream: account.calls(stream) for stream in QUIET_CALLS} == QUIET_CALLS


def test_the_page_promises_the_calls_of_the_facts():
    page = (Path(__file__).parents[2] / "docs/connectors/hubspot.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", page, re.MULTILINE))
    assert {stream: told[stream] for stream in QUIET_CALLS} == {stream: str(calls) for stream, calls in QUIET_CALLS.items()}


@pytest.mark.parametrize(("stream", "deals"), [("deals", 1_000), ("line_items", 1_000), ("contacts", 2_600)])
def test_the_first_read_needs_hardly_more_calls_than_the_fewest(stream, deals, tmp_path):
    """A list gives a hundred records a page, a batch a hundred line items: 1,000 deals of two lines each need 10 and 20."""
    for account in opened(company(deals), tmp_path):
        records = len(account.there(stream))
        fewest = ceil(records / 100) + (ceil(len(account.there("line_items")) / 100) if stream == "deals" else 0)
        assert records >= 1_000
        assert account.calls(stream) <= 1.1 * fewest


def test_a_million_deals_cost_what_is_looked_at(tmp_path):
    tracemalloc.start()
    for account in opened(company(1_000_000), tmp_path):
        messages = list(islice(account.reader().read("deals", None, account.around), 1_500))
        assert sum(isinstance(message, Record) for message in messages) == 1_498
        now = account.simulator.clock().isoformat()
        state = {"since": now, "whole": now, "read": 0}
        assert [type(message) for message in account.reader().read("deals", state, account.around)] == [State, State, State]
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000_000


def test_searches_keep_to_the_limit_by_the_second(tmp_path):
    for account in opened(company(30, searches_per_second=2), tmp_path):
        account.read("deals")
        for key in account.there("deals"):
            account.portal.update("deals", int(key), {"description": "changed"})
            account.pass_(milliseconds=5)
        account.pass_(minutes=5)
        account.read("deals", search_page_size=3, searches_per_second=2)
        assert [exchange.status for exchange in account.simulator.log if exchange.status == 429] == []
        assert all(row["properties"]["description"] == "changed" for row in account.heads["deals"].values())


def test_a_read_that_is_too_fast_for_the_account_gets_through(tmp_path):
    for account in opened(company(30, per_ten_seconds=4), tmp_path):
        account.read("deals", **SMALL)
        assert [exchange.status for exchange in account.simulator.log].count(429) > 0
        assert set(account.heads["deals"]) == account.there("deals")


# ── searches ──


def test_records_of_one_instant_are_gone_through_by_id(account):
    """Ten deals change in one millisecond, three a page; two of them change again while their pages are read."""
    account.read("deals", **SMALL)
    account.pass_(hours=3)
    deals = sorted(account.there("deals"))[:10]
    for key in deals:
        account.portal.update("deals", int(key), {"description": "at once"})
    account.pass_(minutes=1)
    moved: list[str] = []

    def move(request: Request) -> None:
        if request.path.endswith("deals/search") and len(request.body["filterGroups"][0]["filters"]) == 2 and len(moved) < 2:
            moved.append(deals[len(moved)])
            account.portal.update("deals", int(moved[-1]), {"description": "again"})

    account.simulator.interludes.append(move)
    account.read("deals", **SMALL)
    account.simulator.interludes.clear()
    account.pass_(minutes=5)
    account.read("deals", **SMALL)
    said = {key: row["properties"]["description"] for key, row in account.heads["deals"].items() if key in deals}
    assert moved == deals[:2]
    assert said == dict.fromkeys(deals, "at once") | dict.fromkeys(moved, "again")


def test_more_changes_than_a_search_gives_in_all_are_read(tmp_path):
    """The window is ten rows here; HubSpot's has 10,000."""
    for account in opened(company(40, window=10), tmp_path):
        account.read("deals")
        account.pass_(hours=3)
        for number, key in enumerate(sorted(account.there("deals"))):
            account.portal.update("deals", int(key), {"description": "changed"})
            account.pass_(milliseconds=number % 3)
        account.pass_(minutes=5)
        messages = account.read("deals", search_page_size=7)
        assert sum(isinstance(message, Record) for message in messages) == 40
        assert [row["properties"]["description"] for row in account.heads["deals"].values()] == ["changed"] * 40


def test_what_the_search_shows_late_is_read_by_the_next_run(account):
    account.read("contacts")
    account.pass_(hours=3)
    late = account.portal.create("contacts", {"email": "late@example.com"}).id
    account.pass_(seconds=5)
    account.read("contacts")
    assert str(late) not in account.heads["contacts"]
    account.pass_(hours=1)
    account.read("contacts")
    assert set(account.heads["contacts"]) == account.there("contacts")


def test_an_old_value_in_the_search_never_takes_the_place_of_a_new_one(account):
    """A deal changes, the index still has the old one: the record is read by its id."""
    account.read("deals")
    account.pass_(hours=3)
    key = min(account.there("deals"))
    account.portal.update("deals", int(key), {"description": "one"})
    account.pass_(minutes=1)
    account.portal.update("deals", int(key), {"description": "two"})
    account.read("deals")
    assert account.heads["deals"][key]["properties"]["description"] == "two"


def test_a_search_that_is_not_sorted_stops_the_run(account, monkeypatch):
    account.read("deals")
    account.pass_(hours=3)
    for key in account.there("deals"):
        account.portal.update("deals", int(key), {"description": "changed"})
        account.pass_(seconds=1)
    account.pass_(minutes=1)

    def backwards(table: Any, asked: Any, *rest: Any) -> Any:
        return search(table, {**asked, "sorts": [f"-{table.modified}"]}, *rest)

    monkeypatch.setattr(simulated, "search", backwards)
    with pytest.raises(Fatal, match="does not sort"):
        account.read("deals", **SMALL)


# ── line items ──


def test_a_line_item_that_changes_brings_its_deal(account):
    account.read("deals")
    account.pass_(hours=3)
    key = min(account.there("deals"))
    line = next(iter(account.portal.links("deals", int(key))["line_items"]))
    touched = account.portal["deals"].get(int(key)).updated
    account.portal.update("line_items", line, {"description": "In blue"})
    assert account.portal["deals"].get(int(key)).updated == touched
    account.pass_(minutes=5)
    [record] = [message for message in account.read("deals") if isinstance(message, Record)]
    assert record.version is None  # that of the deal has not grown, and the newer record must count
    assert [each["properties"]["description"] for each in account.heads["deals"][key]["line_items"]] == ["In blue", None]


def test_a_deal_with_more_line_items_than_come_at_once_is_whole(tmp_path):
    for account in opened(company(3, most_links=4), tmp_path):
        deal = account.portal.create("deals", {"dealname": "Many", "dealstage": "closedwon"}).id
        lines = [account.portal.create("line_items", {"name": str(n), "price": "1"}, {"deals": [deal]}).id for n in range(11)]
        account.read("deals")
        assert {each["id"] for each in account.heads["deals"][str(deal)]["line_items"]} == {str(line) for line in lines}
        account.pass_(hours=3)
        account.portal.update("deals", deal, {"description": "again"})
        account.pass_(minutes=5)
        account.heads["deals"].clear()
        account.read("deals")
        assert len(account.heads["deals"][str(deal)]["line_items"]) == 11


# ── what goes ──


@pytest.mark.parametrize("keeps", [True, False])
def test_the_loser_of_a_merge_is_gone_and_the_winner_has_its_deals(keeps, account):
    account.portal.merging_keeps_the_first = keeps
    for stream in ("companies", "deals"):
        account.read(stream)
    account.pass_(hours=3)
    first, second = sorted(account.there("companies"))[:2]
    deals = {key for key, row in account.heads["deals"].items() if row["companies"][0] in (first, second)}
    winner = account.portal.merge("companies", int(first), int(second)).id
    account.pass_(minutes=5)
    messages = account.read("companies")
    account.read("deals")
    assert {message.key for message in messages if isinstance(message, Tombstone)} == ({second} if keeps else {first, second})
    assert set(account.heads["companies"]) == account.there("companies")
    assert {row["properties"]["hs_primary_associated_company"] for key, row in account.heads["deals"].items() if key in deals} == {
        str(winner)
    }


def test_what_comes_out_of_the_recycle_bin_is_back(account):
    account.read("contacts")
    account.pass_(hours=3)
    key = min(account.there("contacts"))
    account.portal.archive("contacts", int(key))
    account.read("contacts", **SMALL)  # the search still shows it
    assert key not in account.heads["contacts"]
    account.pass_(hours=1)
    account.portal.restore("contacts", int(key))
    account.pass_(minutes=5)
    account.read("contacts")
    assert key in account.heads["contacts"]


def test_what_was_deleted_for_good_is_found_by_the_weekly_whole_read(account):
    account.read("contacts")
    key = min(account.there("contacts"))
    account.portal.forget("contacts", int(key))
    account.pass_(days=3)
    assert not any(isinstance(message, Start) for message in account.read("contacts"))
    assert key in account.heads["contacts"]
    account.pass_(days=4)
    assert any(isinstance(message, Complete) for message in account.read("contacts"))
    assert set(account.heads["contacts"]) == account.there("contacts")


def test_a_whole_read_that_stops_goes_on_at_its_page(tmp_path):
    for account in opened(company(2_500, per_ten_seconds=10_000), tmp_path):
        messages = account.reader().read("line_items", None, account.around)
        stopped = next(message for message in messages if isinstance(message, State))
        assert stopped.read == 1_000
        again = list(account.reader().read("line_items", stopped.value, account.around))
        assert not isinstance(again[0], Start)
        assert [message.count for message in again if isinstance(message, Complete)] == [5_000]
        assert sum(isinstance(message, Record) for message in again) == 4_000


# ── log-in ──


def test_an_access_token_that_ran_out_is_renewed_and_the_refresh_token_stays(account):
    app = {"client_id": "hubspot-app", "client_secret": "hubspot-app-secret"}
    account.safe = Pocket({**app, "refresh_token": "hubspot-refresh-1"})
    account.read("contacts")
    first = account.safe.values["access_token"]
    account.pass_(hours=1)
    account.read("contacts")
    assert account.safe.values["access_token"] != first
    assert account.safe.values["refresh_token"] == "hubspot-refresh-1"
    forms = [exchange.request for exchange in account.simulator.log if exchange.request.path == "/oauth/2026-03/token"]
    assert [form.body["client_id"] for form in forms] == ["hubspot-app", "hubspot-app"]
    assert all("authorization" not in form.headers for form in forms)


def test_a_stream_that_the_app_may_not_read_is_named_with_its_scope(account):
    def closed(request: Request) -> Response | None:
        if request.path == "/crm/v3/objects/products":
            return Response(403, error("MISSING_SCOPES", "This app hasn't been granted all required scopes"))
        return before(request)

    before = account.simulator.before
    account.simulator.before = closed
    [problem] = account.reader().check(account.around)
    assert (problem.code, problem.field) == ("CONNECT-DENIED", "crm.objects.products.read")
    with pytest.raises(Misconfigured):
        account.read("products")


def test_properties_of_your_own_come_with_a_record(account):
    account.portal.properties["deals"]["po_number"] = {"name": "po_number"}
    key = min(account.there("deals"))
    account.portal.update("deals", int(key), {"po_number": "PO-7"})
    reader = account.reader(more_properties={"deals": ["po_number"]})
    bodies = {message.key: message.body for message in reader.read("deals", None, account.around) if isinstance(message, Record)}
    assert bodies[key]["properties"]["po_number"] == "PO-7"
    [stream] = [each for each in reader.streams() if each.name == "deals"]
    assert "po_number" in stream.schema["properties"]["properties"]["properties"]
