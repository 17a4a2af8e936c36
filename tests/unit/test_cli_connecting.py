"""`counterfoil connect` and `check` against systems behind a log-in: what they offer, what is wrong, and consent by a pasted address."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from pipelines.cli.main import run
from pipelines.hub import keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.sandbox.demo import lay_out
from taps._kit import oauth
from taps._kit.errors import Misconfigured
from taps._kit.oauth import OAuth
from taps._kit.simulator import Request, Response, Simulator, serve
from taps._kit.surroundings import Pocket, Surroundings
from tests.contract.samples import quickbooks_company

APP = {"client_id": "app", "client_secret": "app-secret"}
REDIRECT = "https://localhost/counterfoil"


class Server(Simulator):
    """A log-in server that hands out tokens for one code."""

    def __init__(self) -> None:
        super().__init__()
        self.route("POST", "/token", self.token)
        self.forms: list[dict[str, str]] = []

    def token(self, request: Request) -> Response:
        self.forms.append(request.body)
        if request.body.get("code") != "good":
            return Response(400, {"error": "invalid_grant"})
        return Response(200, {"access_token": "access", "refresh_token": "refresh"})


@pytest.fixture
def server() -> Iterator[tuple[Server, OAuth]]:
    made = Server()
    with serve(made) as url:
        yield made, OAuth("Vendor", "https://vendor.example/authorize", f"{url}/token", "books offline")


def test_consent_is_asked_with_a_state_and_a_challenge():
    asked = oauth.consent(OAuth("Vendor", "https://vendor.example/authorize", "https://vendor.example/token", "books"), "app", REDIRECT)
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.url).query).items()}
    assert (query["client_id"], query["redirect_uri"], query["scope"], query["state"]) == ("app", REDIRECT, "books", asked.state)
    assert query["code_challenge_method"] == "S256"
    assert asked.verifier not in asked.url


def test_a_code_becomes_tokens_and_a_refused_one_changes_nothing(server):
    vendor, system = server
    safe = Pocket(dict(APP))
    asked = oauth.consent(system, "app", REDIRECT)
    with pytest.raises(Misconfigured, match="does not take the code"):
        oauth.redeem(system, Surroundings(safe=safe), "bad", asked, REDIRECT, private_network=True)
    assert safe.values == APP
    code = oauth.code_of(f"{REDIRECT}?code=good&state={asked.state}", asked)
    oauth.redeem(system, Surroundings(safe=safe), code, asked, REDIRECT, private_network=True)
    assert safe.values == APP | {"access_token": "access", "refresh_token": "refresh"}
    assert vendor.forms[-1]["code_verifier"] == asked.verifier


@pytest.mark.parametrize(
    ("came_back", "said"),
    [
        ("https://localhost/counterfoil?code=good&state=other", "Paste it whole"),
        ("https://localhost/counterfoil?state=STATE", "Paste it whole"),
        ("https://localhost/counterfoil?error=access_denied&error_description=no+thanks", "The consent was not given: no thanks"),
    ],
)
def test_what_is_no_answer_to_this_question_is_refused(came_back, said):
    asked = oauth.consent(OAuth("Vendor", "https://a.example/", "https://a.example/token"), "app", REDIRECT)
    with pytest.raises(Misconfigured, match=re.escape(said)):
        oauth.code_of(came_back.replace("STATE", asked.state), asked)


@pytest.fixture
def company() -> Iterator[tuple[quickbooks_company.Company, str]]:
    made = quickbooks_company.Company(currency="GBP")
    with serve(made) as url:
        yield made, url


def home_of(folder: Path, url: str, secrets: dict[str, str]) -> Path:
    """The sample company, with its books at QuickBooks."""
    lay_out("sample", folder)
    file = folder / "connections/ledger.yaml"
    content = yaml.safe_load(file.read_text())
    content["attributes"] |= {"target": "quickbooks", "config": quickbooks_company.config(url)}
    file.write_text(yaml.safe_dump(content))
    hub = Hub(f"sqlite:///{folder / 'hub.db'}")
    migrate(hub)
    vault = Vault(hub, keys.load(folder))
    for name, value in secrets.items():
        vault.store("ledger", name, value)
    hub.close()
    return folder


def test_connect_says_hello_and_lists_what_the_system_offers(company, tmp_path, capsys):
    home = home_of(tmp_path, company[1], quickbooks_company.SECRETS)
    assert run(["connect", "ledger", "--home", str(home), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert told["offers"]
    assert run(["connect", "ledger", "--home", str(home)]) == 0
    shown = capsys.readouterr().out
    assert "4000" in shown
    assert all(value not in shown for value in quickbooks_company.SECRETS.values())
    assert run(["check", "--home", str(home), "--json"]) == 0


def test_a_wrong_log_in_is_a_problem_of_that_connection(company, tmp_path, capsys):
    home = home_of(tmp_path, company[1], dict.fromkeys(quickbooks_company.SECRETS, "wrong"))
    assert run(["connect", "ledger", "--home", str(home)]) == 2
    assert "CONNECT-DENIED" in capsys.readouterr().out
    assert run(["check", "--home", str(home), "--json"]) == 2
    found = {each["name"]: [problem["code"] for problem in each["problems"]] for each in json.loads(capsys.readouterr().out)["connections"]}
    assert found["ledger"] == ["CONNECT-DENIED"]
    assert found["backoffice"] == []


def test_a_system_that_wants_consent_says_what_to_set_first_and_where_to_go(company, tmp_path, capsys, monkeypatch):
    home = home_of(tmp_path, company[1], {})
    assert run(["connect", "ledger", "--home", str(home)]) == 2
    assert "counterfoil secret set ledger client_id" in capsys.readouterr().err
    for name, value in APP.items():
        monkeypatch.setattr(sys, "stdin", io.StringIO(value))
        assert run(["secret", "set", "ledger", name, "--home", str(home)]) == 0
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", io.StringIO("https://localhost/counterfoil?code=x&state=y"))
    assert run(["connect", "ledger", "--home", str(home)]) == 2
    asked = capsys.readouterr().err
    assert "Open this address" in asked
    assert "app-secret" not in asked
    assert "Paste it whole" in asked
    assert run(["secret", "list", "--home", str(home)]) == 0
    assert "client_secret" in capsys.readouterr().out
    assert run(["secret", "rotate", "--home", str(home)]) == 0
