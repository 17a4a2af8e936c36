"""The HTTP edge: whom it reaches, what it tries again, and how a write ends. No call of these tests leaves the loopback addresses."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProtocolError, SSLError
from urllib3.util import connection as urllib3_connection

from taps._kit.edge import Blocked, Edge, Lost, NotThere, Reply, Throttled
from taps._kit.errors import Misconfigured, Retryable
from taps._kit.facts import Facts
from taps._kit.login import KeyLogin
from taps._kit.peers import is_public
from taps._kit.simulator import Clock, Response, Simulator, serve
from taps._kit.surroundings import Pocket, Surroundings

FACTS = Facts(system="acme", title="Acme", request_timeout=timedelta(seconds=5), throttles=(429, 509))
KEY = "top-secret-key"


class Acme(Simulator):
    """Answers what it is told, and counts what was done."""

    def __init__(self):
        super().__init__()
        self.done = 0
        self.next = []
        for method in ("GET", "POST"):
            self.route(method, "/things", self._things)

    def _things(self, _request):
        if self.next:
            return self.next.pop(0)
        self.done += 1
        return Response(200, {"amount": Decimal("10.10")})


@pytest.fixture
def acme():
    return Acme()


@pytest.fixture
def slept():
    return []


@pytest.fixture
def around(acme, slept):
    def sleep(seconds):
        slept.append(seconds)
        acme.clock.sleep(seconds)

    return Surroundings(clock=acme.clock, safe=Pocket({"key": KEY}), sleep=sleep)


@pytest.fixture
def edge(acme, around):
    with serve(acme) as url:
        made = Edge(FACTS, f"{url}/", KeyLogin(around.safe, "key"), around, private_network=True)
        yield made
        made.close()


def public(base_url, facts=FACTS):
    around = Surroundings(clock=Clock(), safe=Pocket({"key": KEY}), sleep=lambda _seconds: None)
    return Edge(facts, base_url, KeyLogin(around.safe, "key"), around)


# ── whom it reaches ──

INSIDE = [
    "169.254.169.254",  # where clouds keep their keys
    "127.0.0.1",
    "127.8.9.10",
    "127.1",  # short for 127.0.0.1
    "2130706433",  # 127.0.0.1 as one number
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.1.1",
    "3232235777",  # 192.168.1.1 as one number
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",  # the same for clouds over IPv6
    "[fec0::1]",
    "[ff02::1]",
    "[2002:7f00:1::]",  # 127.0.0.1 by 6to4
    "[2002:a9fe:a9fe::]",
    "[64:ff9b::10.0.0.1]",  # 10.0.0.1 by NAT64
    "[64:ff9b::169.254.169.254]",
    "[2001:0:7f00:1::]",
    "[2001:db8::1]",
    "localhost",
]


@pytest.fixture
def no_connection(monkeypatch):
    """Nobody is knocked at."""

    def refuse(address, *_more, **_named):
        raise AssertionError(f"a connection to {address} was begun")

    monkeypatch.setattr(urllib3_connection, "create_connection", refuse)


@pytest.mark.usefixtures("no_connection")
@pytest.mark.parametrize("host", INSIDE)
def test_our_own_network_is_never_knocked_at(host):
    edge = public(f"https://{host}/api")
    with pytest.raises(Misconfigured, match="inside our own network") as told:
        edge.read("/latest/meta-data")
    assert KEY not in str(told.value)
    with pytest.raises(Misconfigured, match="inside our own network"):
        edge.write("POST", "/latest/meta-data", {})


@pytest.mark.usefixtures("no_connection")
@pytest.mark.parametrize("addresses", [["10.0.0.5"], ["8.8.8.8", "10.0.0.5"], ["2606:4700::1111", "::1"]])
def test_a_name_that_leads_inside_is_never_knocked_at(addresses, monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_named: found)
    with pytest.raises(Misconfigured, match="inside our own network"):
        public("https://innocent.example.com").read("/")


class Line:
    """A connection that somebody else's name server arranged."""

    def __init__(self, peer):
        self.peer = peer
        self.sent = b""
        self.closed = False

    def getpeername(self):
        return (self.peer, 443)

    def sendall(self, data):
        self.sent += data

    def close(self):
        self.closed = True


@pytest.mark.parametrize("peer", ["127.0.0.1", "169.254.169.254", "::1", "fe80::1%eth0"])
def test_a_name_that_resolves_anew_is_left_before_a_byte_is_sent(peer, monkeypatch):
    line = Line(peer)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_named: [(2, 1, 6, "", ("8.8.8.8", 443))])
    monkeypatch.setattr(urllib3_connection, "create_connection", lambda *_given, **_named: line)
    with pytest.raises(Misconfigured, match="inside our own network"):
        public("https://rebinding.example.com").read("/")
    assert (line.sent, line.closed) == (b"", True)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::", "64:ff9b::8.8.8.8"])
def test_the_internet_is_reached(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.acme.com",
        "ftp://api.acme.com",
        "api.acme.com",
        "",
        "https://evil.com",
        "https://evilacme.com",
        "https://acme.com.evil.com",
        "https://acme.com@evil.com",
        "https://evil.com#acme.com",
        "https://evil.com/acme.com",
        "https://user:password@api.acme.com",
        "https://user@api.acme.com",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_not_the_systems_is_refused(base_url):
    with pytest.raises(Misconfigured) as told:
        public(base_url, replace(FACTS, hosts=("acme.com",)))
    assert "password@" not in str(told.value)


def test_the_systems_own_hosts_are_taken():
    for host in ("acme.com", "api.acme.com", "eu.api.acme.com"):
        public(f"https://{host}/v1", replace(FACTS, hosts=("acme.com",)))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["https://127.0.0.1:1/", "/things"])
def test_a_redirect_is_not_followed(status, where, acme, edge):
    for call in (lambda: edge.read("/things"), lambda: edge.write("POST", "/things", {})):
        acme.next = [Response(status, None, {"location": where})]
        with pytest.raises(Misconfigured, match="elsewhere"):
            call()
    assert len(acme.log) == 2


def test_the_environment_is_not_believed(acme, edge, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert edge.read("/things").good
    assert acme.log[0].request.headers["authorization"] == f"Bearer {KEY}"


# ── how a write ends ──


def test_a_write_that_is_answered_is_a_reply_with_exact_numbers(acme, edge):
    reply = edge.write("POST", "/things", {"amount": Decimal("0.10")}, params={"n": "1"}, headers={"X-Once": "abc"})
    assert isinstance(reply, Reply)
    assert (reply.status, reply.good, reply.body) == (200, True, {"amount": Decimal("10.10")})
    (seen,) = acme.log
    assert (seen.request.body, seen.request.query, seen.request.headers["x-once"]) == ({"amount": Decimal("0.10")}, {"n": "1"}, "abc")


@pytest.mark.parametrize(
    ("fault", "how", "done"),
    [
        ("drop_before", {}, 0),
        ("drop_after", {}, 1),
        ("truncate", {}, 1),
        ("html", {}, 0),
        ("status_before", {"status": 500}, 0),
        ("status_before", {"status": 503}, 0),
        ("status_before", {"status": 408}, 0),
        ("status_after", {"status": 502}, 1),
    ],
)
def test_a_write_that_nobody_knows_of_is_lost_and_not_tried_again(fault, how, done, acme, edge):
    acme.faults.add(fault, **how)
    outcome = edge.write("POST", "/things", {})
    assert isinstance(outcome, Lost), outcome
    assert outcome.reason
    assert (acme.done, len(acme.log)) == (done, 1)


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("40", 40),
        ("0", 0),
        ("66975", 66_975),
        ("", 60),
        ("soon", 60),
        ("2.5", 60),
        ("-5", 60),
        ("Mon, 02 Nov 2026 09:02:00 GMT", 120),
        ("Mon, 02 Nov 2026 09:02:00 -0000", 120),
        ("Mon, 02 Nov 2026 10:02:00 +0100", 120),
        ("Mon, 02 Nov 2026 08:00:00 GMT", 0),
        ("9" * 40, 7 * 86_400),
        ("Mon, 02 Nov 9998 08:00:00 GMT", 7 * 86_400),
    ],
)
def test_too_fast_is_blocked_until_the_system_says(said, wait, acme, around, edge, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    held = []
    edge.around = replace(around, hold=held.append)
    acme.faults.add("throttle", retry_after=said)
    outcome = edge.write("POST", "/things", {})
    monkeypatch.undo()
    time.tzset()
    assert isinstance(outcome, Blocked)
    assert outcome.not_before == acme.clock() + timedelta(seconds=wait)
    assert held == [outcome.not_before]
    assert (acme.done, len(acme.log)) == (0, 1)


def test_a_status_that_the_facts_name_as_too_fast_is_blocked_too(acme, edge):
    acme.next = [Response(509, {}, {"retry-after": "5"})]
    assert isinstance(edge.write("POST", "/things", {}), Blocked)


@pytest.mark.parametrize("status", [400, 402, 403, 404, 409, 410, 412, 422, 428])
def test_a_refusal_is_a_reply(status, acme, edge):
    acme.next = [Response(status, {"message": "no"})]
    reply = edge.write("POST", "/things", {})
    assert (reply.status, reply.good, reply.body) == (status, False, {"message": "no"})
    acme.next = [Response(status, b"<h1>no</h1>")]
    assert edge.write("POST", "/things", {}).body == "<h1>no</h1>"
    acme.next = [Response(status)]
    assert edge.write("POST", "/things", {}).body is None


def broken(*errors):
    """A session whose calls fail like this."""

    def request(*_given, **_named):
        raise errors[0]

    return request


NOT_SENT = [
    requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused"))),
    requests.ConnectTimeout(MaxRetryError(None, "/", ConnectTimeoutError(None, "slow"))),
    requests.exceptions.SSLError(MaxRetryError(None, "/", SSLError(ssl.SSLCertVerificationError("expired")))),
]
SENT = [
    requests.ReadTimeout("slow"),
    requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))),
    requests.exceptions.ChunkedEncodingError(ProtocolError("half an answer")),
    requests.exceptions.SSLError(MaxRetryError(None, "/", SSLError(ssl.SSLError("bad record mac")))),
    requests.exceptions.ContentDecodingError("no gzip"),
]


@pytest.mark.parametrize("error", NOT_SENT, ids=lambda error: type(error).__name__)
def test_what_failed_before_the_connection_stood_is_blocked(error, acme, edge, monkeypatch):
    monkeypatch.setattr(edge._session, "request", broken(error))
    outcome = edge.write("POST", "/things", {})
    assert isinstance(outcome, Blocked)
    assert outcome.not_before > acme.clock()


@pytest.mark.parametrize("error", SENT, ids=lambda error: type(error).__name__)
def test_what_failed_after_the_connection_stood_is_lost(error, edge, monkeypatch):
    monkeypatch.setattr(edge._session, "request", broken(error))
    assert isinstance(edge.write("POST", "/things", {}), Lost)


def test_a_port_where_nobody_listens_is_blocked(around):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        edge = Edge(FACTS, f"http://127.0.0.1:{taken.getsockname()[1]}", KeyLogin(around.safe, "key"), around, private_network=True)
        assert isinstance(edge.write("POST", "/things", {}), Blocked)


# ── log-in ──


class Badge:
    """A log-in whose first token ran out."""

    def __init__(self, *tokens):
        self.tokens = list(tokens)
        self.renewed = 0

    def headers(self):
        return {"Authorization": f"Bearer {self.tokens[0]}"}

    def renew(self):
        self.renewed += 1
        if len(self.tokens) > 1:
            self.tokens.pop(0)
            return True
        return False


@pytest.mark.parametrize("method", ["read", "write"])
def test_a_token_that_ran_out_is_renewed_once_and_the_call_goes_again(method, acme, edge):
    edge._login = Badge("old-token", "new-token")
    acme.faults.add("unauthorized")
    reply = edge.read("/things") if method == "read" else edge.write("POST", "/things", {})
    assert (reply.good, edge._login.renewed, acme.done) == (True, 1, 1)
    assert [each.request.headers["authorization"] for each in acme.log] == ["Bearer old-token", "Bearer new-token"]


@pytest.mark.parametrize("tokens", [("only-token",), ("old-token", "new-token")])
def test_a_log_in_that_stays_refused_is_told_without_its_token(tokens, acme, edge):
    edge._login = Badge(*tokens)
    acme.faults.add("unauthorized", times=9)
    with pytest.raises(Misconfigured, match="refuses our log-in") as told:
        edge.write("POST", "/things", {})
    assert (acme.done, len(acme.log)) == (0, len(tokens))
    assert "token" not in str(told.value)


def test_a_missing_secret_is_named(edge):
    edge._login = KeyLogin(Pocket({}), "key")
    with pytest.raises(Misconfigured, match="secret key is not set"):
        edge.read("/things")


# ── budget ──


def budget(*answers):
    """A budget that answers like this, and then always yes."""
    left = list(answers)
    return lambda _path: left.pop(0) if left else None


def test_a_write_waits_a_minute_for_the_budget_and_no_longer(acme, around, slept, edge):
    now = acme.clock()
    edge.around = replace(around, budget=budget(now + timedelta(seconds=60)))
    assert edge.write("POST", "/things", {}).good
    assert slept == [60]
    late = acme.clock() + timedelta(seconds=61)
    edge.around = replace(around, budget=budget(late))
    outcome = edge.write("POST", "/things", {})
    assert outcome == Blocked(late, "the call limit is used up")
    assert (acme.done, slept) == (1, [60])


def test_a_write_asks_the_budget_once_for_a_call_and_again_for_the_second_one(acme, around, edge):
    asked = []
    edge.around = replace(around, budget=asked.append)
    edge.write("POST", "/things", {})
    assert asked == ["/things"]
    edge._login = Badge("old-token", "new-token")
    acme.faults.add("unauthorized")
    edge.write("POST", "/things", {})
    assert len(asked) == 3


def test_a_read_waits_a_minute_for_the_budget_and_tells_of_a_longer_wait(acme, around, slept, edge):
    edge.around = replace(around, budget=budget(acme.clock() + timedelta(seconds=59)))
    assert edge.read("/things").good
    assert slept[0] == 59
    late = acme.clock() + timedelta(hours=18)
    edge.around = replace(around, budget=budget(late))
    with pytest.raises(Throttled) as told:
        edge.read("/things")
    assert told.value.not_before == late
    assert acme.done == 1


# ── reading ──


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "truncate", "html", "status_before", "status_after"])
def test_a_read_is_tried_again_with_longer_and_longer_pauses(fault, acme, slept, edge):
    acme.faults.add(fault, times=4, status=503)
    assert edge.read("/things").good
    assert len(acme.log) == 5
    assert len(slept) == 4
    assert all(pause <= 31 for pause in slept)
    assert slept[-1] > slept[0]


def test_a_read_that_never_goes_well_ends_after_five_tries(acme, edge):
    acme.faults.add("status_before", times=99, status=500)
    with pytest.raises(Retryable, match="500") as told:
        edge.read("/things")
    assert len(acme.log) == 5
    assert KEY not in str(told.value)


def test_a_read_waits_as_long_as_told_and_not_eighteen_hours(acme, slept, edge):
    acme.faults.add("throttle", retry_after="7")
    assert edge.read("/things").good
    assert slept[0] == 7
    acme.faults.add("throttle", retry_after="66975")
    before = acme.clock()
    with pytest.raises(Throttled) as told:
        edge.read("/things")
    assert told.value.not_before == before + timedelta(seconds=66_975)
    assert acme.clock() == before


def test_a_read_that_is_forbidden_names_what_it_wanted(acme, edge):
    acme.next = [Response(403, {"message": "no"})]
    with pytest.raises(Misconfigured, match="/things"):
        edge.read("/things")


def test_a_read_may_be_a_post_that_changes_nothing(acme, edge):
    assert edge.read("/things", method="POST", body={"query": "q"}, headers={"X-A": "b"}).good
    (seen,) = acme.log
    assert (seen.request.method, seen.request.body, seen.request.headers["x-a"]) == ("POST", {"query": "q"}, "b")


# ── secrets ──


def test_no_secret_in_any_error(acme, edge, monkeypatch):
    said = []
    for error in (*NOT_SENT, *SENT, requests.ConnectionError(f"https://acme.com/?key={KEY}")):
        monkeypatch.setattr(edge._session, "request", broken(error))
        said.append(repr(edge.write("POST", "/things", {"key": KEY})))
        with pytest.raises(Retryable) as told:
            edge.read("/things", {"key": KEY})
        said += [str(told.value), told.value.log, repr(told.value.__cause__)]
    assert all(KEY not in each for each in said)
    assert KEY not in repr(edge.around)


def test_calls_that_left_are_counted(acme, edge):
    edge.read("/things")
    acme.faults.add("status_before")
    edge.write("POST", "/things", {})
    assert edge.calls == len(acme.log) == 2


# ── files that the system has laid down ──


def test_a_file_comes_line_by_line_without_our_log_in(acme, around, tmp_path):
    (tmp_path / "file").write_bytes(b"one\n" + b"x" * 200_000 + b"\nlast")
    acme.route("GET", "/file", lambda _request: Response(200, tmp_path / "file"))
    with serve(acme) as url:
        edge = Edge(FACTS, url, KeyLogin(around.safe, "key"), around, private_network=True)
        assert [len(line) for line in edge.lines(f"{url}/file", ())] == [4, 200_001, 4]
    assert KEY not in str(acme.log[-1].request.headers)


@pytest.mark.parametrize("fault", ["truncate", "drop_before"])
def test_a_file_that_breaks_off_is_no_whole_one(acme, around, tmp_path, fault):
    (tmp_path / "file").write_bytes(b"line\n" * 100_000)
    acme.route("GET", "/file", lambda _request: Response(200, tmp_path / "file"))
    acme.faults.add(fault)
    with serve(acme) as url:
        edge = Edge(FACTS, url, KeyLogin(around.safe, "key"), around, private_network=True)
        with pytest.raises(Retryable, match="broke off"):
            list(edge.lines(f"{url}/file", ()))


def test_a_file_that_is_not_there_says_how(acme, around):
    with serve(acme) as url:
        edge = Edge(FACTS, url, KeyLogin(around.safe, "key"), around, private_network=True)
        with pytest.raises(NotThere) as told:
            list(edge.lines(f"{url}/nothing", ()))
    assert told.value.status == 404


@pytest.mark.parametrize(
    "address",
    [
        "http://files.example/a",
        "https://elsewhere.example/a",
        "https://files.example.evil.test/a",
        "https://evilfiles.example/a",
        "https://user:word@files.example/a",
        "file:///etc/passwd",
        "https://127.0.0.1/a",
    ],
)
def test_a_file_elsewhere_is_not_fetched(around, address):
    edge = Edge(replace(FACTS, hosts=("acme.example",)), "https://acme.example", KeyLogin(around.safe, "key"), around)
    with pytest.raises(Misconfigured, match="none of its own"):
        list(edge.lines(address, ("files.example",)))
    assert edge.calls == 0


def test_in_a_private_network_only_the_systems_own_address_gives_files(around):
    edge = Edge(FACTS, "http://127.0.0.1:9", KeyLogin(around.safe, "key"), around, private_network=True)
    with pytest.raises(Misconfigured, match="none of its own"):
        list(edge.lines("http://127.0.0.1:10/a", ("127.0.0.1",)))


# ── what a good status hides ──


def verdict(acme):
    """The judge of a system that tells of everything with status 200."""

    def judge(reply):
        said = reply.body.get("error")
        if said == "too fast":
            return Blocked(acme.clock() + timedelta(seconds=int(reply.body["rest"])), "it says that we are too fast")
        return Lost("it says that something went wrong") if said == "inside" else reply

    return judge


@pytest.fixture
def judged(acme, around):
    held = []
    with serve(acme) as url:
        made = Edge(FACTS, url, KeyLogin(around.safe, "key"), replace(around, hold=held.append), private_network=True, judge=verdict(acme))
        yield made, held
        made.close()


def test_a_limit_in_a_good_answer_is_waited_for_and_told_to_everybody(acme, slept, judged):
    edge, held = judged
    acme.next = [Response(200, {"error": "too fast", "rest": 7})]
    expected = acme.clock() + timedelta(seconds=7)
    assert edge.read("/things").body == {"amount": Decimal("10.10")}
    assert (slept[0], held) == (7, [expected])
    late = acme.clock() + timedelta(hours=18)
    acme.next = [Response(200, {"error": "too fast", "rest": 18 * 3600})]
    with pytest.raises(Throttled) as told:
        edge.read("/things")
    assert (told.value.not_before, held[-1]) == (late, late)


def test_a_fault_in_a_good_answer_is_tried_five_times(acme, slept, judged):
    edge, held = judged
    acme.next = [Response(200, {"error": "inside"})] * 4
    assert edge.read("/things").good
    assert (len(acme.log), len(slept), held) == (5, 4, [])
    acme.next = [Response(200, {"error": "inside"})] * 9
    with pytest.raises(Retryable, match="something went wrong"):
        edge.read("/things")
    assert len(acme.log) == 10


def test_a_write_whose_good_answer_hides_a_limit_or_a_fault_is_judged_too_and_not_sent_again(acme, judged):
    edge, held = judged
    acme.next = [Response(200, {"error": "too fast", "rest": 7})]
    not_before = acme.clock() + timedelta(seconds=7)
    assert edge.write("POST", "/things", {}) == Blocked(not_before, "it says that we are too fast")
    assert held == [not_before]
    acme.next = [Response(200, {"error": "inside"})]
    assert edge.write("POST", "/things", {}) == Lost("it says that something went wrong")
    assert len(acme.log) == 2


def test_only_a_good_answer_is_judged(acme, judged):
    edge, _held = judged
    acme.next = [Response(422, {"error": "inside"})]
    assert edge.write("POST", "/things", {}).status == 422
