"""Log-ins: a token is never lost, and one that others renewed meanwhile is taken."""

from __future__ import annotations

import base64
import threading
import time
from datetime import timedelta

import pytest

from taps._kit import points
from taps._kit.edge import Edge
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.facts import Facts
from taps._kit.login import ACCESS, REFRESH, KeyLogin, OAuthLogin, PasswordLogin
from taps._kit.simulator import Response, Simulator, serve
from taps._kit.surroundings import Pocket, Surroundings

FACTS = Facts(system="acme", title="Acme", request_timeout=timedelta(seconds=5))


class Shared(Pocket):
    """Secrets that many hands reach for; remembers in which order they were stored."""

    def __init__(self, **values):
        super().__init__(dict(values))
        self.right = threading.Lock()
        self.stored = []

    def lock(self):
        return self.right

    def store(self, name, value):
        assert self.right.locked(), "tokens are stored under the lock"
        self.stored.append((name, value))
        super().store(name, value)


class Server:
    """A token endpoint whose refresh tokens are for one use."""

    def __init__(self, *, rotates=True):
        self.good = "refresh-0"
        self.calls = 0
        self.rotates = rotates
        self.say = None

    def __call__(self, refresh_token):
        self.calls += 1
        if self.say is not None:
            return self.say
        time.sleep(0.02)  # long enough for the others to come to the lock
        if refresh_token != self.good:
            return 400, {"error": "invalid_grant"}
        if not self.rotates:
            return 200, {ACCESS: f"access-{self.calls}"}
        self.good = f"refresh-{self.calls}"
        return 200, {ACCESS: f"access-{self.calls}", REFRESH: self.good}


@pytest.fixture
def safe():
    return Shared(access_token="access-0", refresh_token="refresh-0")


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def hands(safe, server):
    """Log-ins of several threads that all used the token that ran out."""
    made = [OAuthLogin("Acme", safe, server) for _ in range(4)]
    for each in made:
        assert each.headers()["Authorization"] == "Bearer access-0"
    return made


# ── one refresh for all ──


def test_threads_that_meet_at_the_lock_spend_one_refresh_token(hands, safe, server):
    start = threading.Barrier(len(hands))
    done = []

    def renew(hand):
        start.wait()
        done.append((hand.renew(), hand.headers()["Authorization"]))

    threads = [threading.Thread(target=renew, args=(hand,)) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert done == [(True, "Bearer access-1")] * len(hands)
    assert server.calls == 1
    assert safe.secrets() == {ACCESS: "access-1", REFRESH: "refresh-1"}


def test_who_comes_after_the_others_takes_what_they_stored(hands, server):
    first, late, *_others = hands
    assert first.renew()
    assert late.renew()
    assert server.calls == 1
    assert late.headers()["Authorization"] == "Bearer access-1"
    assert late.renew()  # now that one ran out
    assert server.calls == 2


def test_a_refresh_that_did_not_help_is_not_repeated_by_the_edge(safe, server):
    simulator = Simulator()
    simulator.route("GET", "/things", lambda _request: Response(401, {}))
    with serve(simulator) as url:
        login = OAuthLogin("Acme", safe, server)
        edge = Edge(FACTS, url, login, Surroundings(safe=safe, sleep=lambda _seconds: None), private_network=True)
        with pytest.raises(Misconfigured, match="refuses our log-in") as told:
            edge.read("/things")
    assert (server.calls, len(simulator.log)) == (1, 2)
    assert "access-" not in str(told.value)


def test_threads_that_call_with_a_token_that_ran_out_all_get_their_answer(safe, server):
    simulator = Simulator()
    good = {"bearer access-1"}
    simulator.route(
        "GET",
        "/things",
        lambda request: Response(200, {}) if request.headers["authorization"].lower() in good else Response(401, {}),
    )
    answers = []
    with serve(simulator) as url:

        def read():
            login = OAuthLogin("Acme", safe, server)
            edge = Edge(FACTS, url, login, Surroundings(safe=safe), private_network=True)
            answers.append(edge.read("/things").status)
            edge.close()

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert answers == [200] * 4
    assert server.calls == 1


# ── nothing is lost ──


def test_the_refresh_token_is_stored_before_the_access_token(hands, safe):
    hands[0].renew()
    assert safe.stored == [(REFRESH, "refresh-1"), (ACCESS, "access-1")]


def test_who_dies_between_the_two_goes_on_with_the_new_refresh_token(hands, safe, server, monkeypatch):
    def dies(name, value):
        if name == ACCESS:
            raise KeyboardInterrupt
        Shared.store(safe, name, value)

    monkeypatch.setattr(safe, "store", dies, raising=False)
    with pytest.raises(KeyboardInterrupt):
        hands[0].renew()
    monkeypatch.undo()
    assert not safe.right.locked()
    assert safe.secrets() == {ACCESS: "access-0", REFRESH: "refresh-1"}
    assert hands[1].renew()
    assert safe.secrets() == {ACCESS: "access-2", REFRESH: "refresh-2"}
    assert server.calls == 2


def test_the_crash_point_lies_between_the_answer_and_the_store(hands, safe):
    seen = []
    points.arm("T1", lambda: seen.append(dict(safe.secrets())))
    try:
        hands[0].renew()
    finally:
        points.disarm()
    assert seen == [{ACCESS: "access-0", REFRESH: "refresh-0"}]


def test_a_server_that_does_not_rotate_leaves_the_refresh_token(safe):
    OAuthLogin("Acme", safe, Server(rotates=False)).renew()
    assert safe.secrets() == {ACCESS: "access-1", REFRESH: "refresh-0"}


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_refresh_keeps_the_old_secrets_and_says_what_to_do(status, hands, safe, server):
    server.say = status, {"error": "invalid_grant", "error_description": "refresh-0 is unknown"}
    with pytest.raises(Misconfigured, match="counterfoil connect") as told:
        hands[0].renew()
    assert "refresh-0" not in str(told.value)
    assert safe.stored == []
    assert safe.secrets() == {ACCESS: "access-0", REFRESH: "refresh-0"}
    assert not safe.right.locked()


@pytest.mark.parametrize("answer", [(500, {}), (200, {}), (200, {REFRESH: "refresh-9"}), (302, {"message": "refresh-0"})])
def test_an_answer_without_a_token_keeps_the_old_secrets_and_may_go_better_later(answer, hands, safe, server):
    server.say = answer
    with pytest.raises(Retryable) as told:
        hands[0].renew()
    assert "refresh-" not in str(told.value)
    assert safe.stored == []
    assert not safe.right.locked()
    server.say = None
    assert hands[0].renew()


# ── the first token ──


def test_a_first_access_token_is_asked_for(server):
    safe = Shared(refresh_token="refresh-0")
    login = OAuthLogin("Acme", safe, server, {"X-Tenant": "7"})
    assert login.headers() == {"Authorization": "Bearer access-1", "X-Tenant": "7"}
    assert login.headers()["Authorization"] == "Bearer access-1"
    assert server.calls == 1


@pytest.mark.parametrize("known", [{}, {ACCESS: "access-0"}])
def test_a_connection_without_a_refresh_token_is_to_be_connected(known, server):
    login = OAuthLogin("Acme", Shared(**known), server)
    with pytest.raises(Misconfigured, match="counterfoil connect"):
        login.renew()
    assert server.calls == 0


# ── keys ──


def test_a_key_stands_in_its_header_with_its_scheme():
    safe = Pocket({"token": "k"})
    assert KeyLogin(safe, "token").headers() == {"Authorization": "Bearer k"}
    assert KeyLogin(safe, "token", scheme="Token").headers() == {"Authorization": "Token k"}
    assert KeyLogin(safe, "token", "X-Shopify-Access-Token", "", {"A": "b"}).headers() == {"X-Shopify-Access-Token": "k", "A": "b"}
    assert KeyLogin(safe, "token").renew() is False


def test_a_password_stands_behind_its_user_and_a_lone_key_before_any_word():
    safe = Pocket({"key": "kä"})
    for user, pair in (("ann", "ann:kä"), ("", "kä:x")):
        header = PasswordLogin(safe, "key", user).headers()["Authorization"]
        assert base64.b64decode(header.removeprefix("Basic ")).decode() == pair
    assert PasswordLogin(safe, "key").renew() is False


@pytest.mark.parametrize("login", [KeyLogin, PasswordLogin])
@pytest.mark.parametrize("secrets", [{}, {"key": ""}])
def test_a_missing_key_says_how_to_set_it(login, secrets):
    with pytest.raises(Misconfigured, match="counterfoil secret set CONNECTION key"):
        login(Pocket(secrets), "key").headers()


def test_no_log_in_shows_its_secrets(hands):
    hands[0].headers()
    made = [KeyLogin(Pocket({"key": "access-0"}), "key"), PasswordLogin(Pocket({"key": "access-0"}), "key")]
    said = [repr(each) for each in (OAuthLogin("Acme", Pocket({ACCESS: "access-0"}), Server()), *made)]
    assert all("access-0" not in each for each in said)
