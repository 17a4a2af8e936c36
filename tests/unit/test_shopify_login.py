"""Tokens of an hour and of one's own app: a new one is kept before it is used, and none is ever lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from taps._kit import points
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.oauth import code_of, consent, redeem
from taps._kit.reader import Record
from taps._kit.surroundings import Pocket, Surroundings
from taps.shopify import CONNECTOR
from taps.shopify.config import ShopifyConfig
from taps.shopify.facts import SCOPES
from taps.shopify.reader import ShopifyReader
from taps.shopify.simulator import ShopifySimulator
from taps.shopify.simulator.tokens import CLIENT_ID, CLIENT_SECRET, CODE, TOKEN_PATH
from tests._kit.histories import straight

APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


class Kept(Pocket):
    """Secrets; remembers what the shop had heard of when each was stored."""

    def __init__(self, simulator: ShopifySimulator, **values: str) -> None:
        super().__init__(dict(values))
        self.simulator = simulator
        self.stored: list[tuple[str, str]] = []

    def store(self, name: str, value: str) -> None:
        assert value not in self.used(), "it was used before it was kept"
        self.stored.append((name, value))
        super().store(name, value)

    def used(self) -> set[str]:
        calls = [each.request for each in self.simulator.log]
        bodies = [call.body for call in calls if isinstance(call.body, dict)]
        return {call.headers.get("x-shopify-access-token", "") for call in calls} | {str(body.get("refresh_token")) for body in bodies}


@pytest.fixture
def simulator() -> ShopifySimulator:
    made = ShopifySimulator(10, seed=2)
    made.clock.forward(minutes=5)
    return made


@pytest.fixture
def url(simulator: ShopifySimulator) -> Iterator[str]:
    with straight(simulator) as address:
        yield address


def read(simulator: ShopifySimulator, url: str, safe: Pocket, login: str) -> list[Any]:
    shop = ShopifyConfig(base_url=url, private_network=True, login=login)  # type: ignore[arg-type]  # one of three words
    around = Surroundings(clock=simulator.clock, safe=safe, sleep=simulator.clock.sleep)
    return [each for each in ShopifyReader(shop, Path()).read("locations", None, around) if isinstance(each, Record)]


def token_calls(simulator: ShopifySimulator) -> int:
    return sum(each.request.path == TOKEN_PATH for each in simulator.log)


def test_a_token_of_an_hour_is_refreshed_and_each_is_kept_before_it_is_used(simulator, url):
    safe = Kept(simulator, **APP, refresh_token=simulator.tokens.refresh)
    for hours in range(3):
        assert len(read(simulator, url, safe, "expiring")) == 3
        assert len(read(simulator, url, safe, "expiring")) == 3
        assert token_calls(simulator) == hours + 1
        simulator.clock.forward(minutes=61)
    assert [name for name, _ in safe.stored] == ["refresh_token", "access_token"] * 3
    assert len({value for _, value in safe.stored}) == 6


@pytest.mark.parametrize("fault", ["drop_after", "truncate", "status_after"])
def test_a_refresh_whose_answer_is_lost_is_asked_again_with_the_old_token(simulator, url, fault):
    safe = Kept(simulator, **APP, refresh_token=simulator.tokens.refresh)
    simulator.faults.add(fault, path=TOKEN_PATH, status=502)
    with pytest.raises(Retryable):
        read(simulator, url, safe, "expiring")
    assert len(read(simulator, url, safe, "expiring")) == 3


def test_who_dies_between_the_answer_and_the_keeping_gets_another(simulator, url):
    safe = Kept(simulator, **APP, refresh_token=simulator.tokens.refresh)
    points.arm("T1", _die)
    try:
        with pytest.raises(KeyboardInterrupt):
            read(simulator, url, safe, "expiring")
    finally:
        points.disarm()
    assert safe.stored == []
    assert len(read(simulator, url, safe, "expiring")) == 3


def _die() -> None:
    raise KeyboardInterrupt


def test_a_refresh_token_is_over_when_its_replacement_was_used(simulator, url):
    first = simulator.tokens.refresh
    safe = Kept(simulator, **APP, refresh_token=first)
    for _ in range(2):
        read(simulator, url, safe, "expiring")
        simulator.clock.forward(minutes=61)
    with pytest.raises(Misconfigured, match="Connect it again"):
        read(simulator, url, Pocket(APP | {"refresh_token": first}), "expiring")


def test_an_app_of_ones_own_needs_no_refresh_token(simulator, url):
    safe = Kept(simulator, **APP)
    assert len(read(simulator, url, safe, "client_credentials")) == 3
    simulator.clock.forward(hours=23)
    read(simulator, url, safe, "client_credentials")
    assert token_calls(simulator) == 1
    simulator.clock.forward(hours=2)
    assert len(read(simulator, url, safe, "client_credentials")) == 3
    assert token_calls(simulator) == 2
    assert [name for name, _ in safe.stored] == ["access_token", "access_token"]


@pytest.mark.parametrize("login", ["expiring", "client_credentials"])
def test_a_wrong_secret_of_the_app_is_told_without_it(simulator, url, login):
    wrong = Pocket(APP | {"client_secret": "shpss_wrong", "refresh_token": simulator.tokens.refresh})
    with pytest.raises(Misconfigured) as told:
        read(simulator, url, wrong, login)
    assert "shpss_wrong" not in str(told.value)


def test_without_consent_it_says_what_to_do(simulator, url):
    with pytest.raises(Misconfigured, match="counterfoil connect"):
        read(simulator, url, Pocket(APP), "expiring")


def test_consent_gives_the_first_tokens_which_run_out(simulator, url):
    shop = ShopifyConfig(base_url=url, private_network=True, login="expiring")
    assert CONNECTOR.oauth is not None
    oauth = CONNECTOR.oauth(shop)
    assert oauth is not None
    asked = consent(oauth, CLIENT_ID, "https://localhost/counterfoil")
    query = {name: value for name, [value] in parse_qs(urlsplit(asked.url).query).items()}
    assert urlsplit(asked.url).path == "/admin/oauth/authorize"
    assert query["scope"].split(",") == list(SCOPES)
    assert "code_challenge" not in query
    safe = Kept(simulator, **APP)
    around = Surroundings(clock=simulator.clock, safe=safe, sleep=simulator.clock.sleep)
    back = f"https://localhost/counterfoil?code={CODE}&state={asked.state}&shop=harbour.myshopify.com"
    redeem(oauth, around, code_of(back, asked), asked, "https://localhost/counterfoil", private_network=True)
    assert [name for name, _ in safe.stored] == ["refresh_token", "access_token"]
    assert len(read(simulator, url, safe, "expiring")) == 3


def test_a_token_that_lasts_asks_nobody():
    assert CONNECTOR.oauth is not None
    assert CONNECTOR.oauth(ShopifyConfig(base_url="https://a.myshopify.com")) is None
