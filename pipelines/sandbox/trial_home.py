"""A home folder for the sandbox: a connection to each system, its secrets sealed, and example routes from front to back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from mappings.shipped import names
from pipelines.home.load import load
from pipelines.hub import keys
from pipelines.hub.schema import migrate
from pipelines.hub.store import Hub
from pipelines.hub.vault import Vault
from pipelines.sandbox.systems import System
from taps._kit.errors import Misconfigured

COMPANY = "marble_and_moss"
_TIMEZONE = "America/New_York"
_HEAD = "# Written by `counterfoil sandbox`: it is good for as long as that sandbox runs.\n"
_BOOKED = ("order", "refund", "payment", "fee", "payout", "dispute")
_AS = {"order": "invoice", "refund": "credit_note", "payment": "payment", "fee": "spend", "payout": "transfer", "dispute": "spend"}
_DECISIONS = {"gift_cards": "multi_purpose", "service_charges": "revenue", "chargebacks_lost": "loss", "gift_cards_expired": "income"}
BOOKS = {"till_to_books": ("square", "xero"), "shop_to_books": ("shopify", "quickbooks")}
"""Example routes: from which system into whose books."""
STAFF = {"staff_to_till": ("bamboohr", "square")}
"""And from which system staff goes where it works."""


def connections(systems: Sequence[System]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, system and attributes of each connection: a tap where mappings are shipped for it, and a target where there is one.

    A system that is both gets two: the books that are written keep the plain name, and `SYSTEM_reads` reads them; elsewhere the tap keeps
    it, and `SYSTEM_writes` writes.
    """
    for system in systems:
        facts = system.facts()
        streams = {name.partition("/")[2]: name for name in names() if name.startswith(f"{system.name}/")}
        reads, writes = (f"{system.name}_reads", system.name) if system.trial.accounts else (system.name, f"{system.name}_writes")
        if streams:
            about = {"company": COMPANY, "timezone": _TIMEZONE}
            yield reads, system.name, {"tap": system.name, **about, "config": facts["reads"]["config"], "mappings": streams}
        if facts["writes"]:
            both = {"same_account": reads} if streams else {}
            yield writes if streams else system.name, system.name, {**facts["writes"], **both}


def refuse(home: Path) -> None:
    """Raise Misconfigured where a home is there already: its hub knows what the systems of another sandbox held."""
    if (home / "counterfoil.yaml").exists():
        raise Misconfigured(
            f"{home.resolve()} is a home folder already, and a sandbox begins anew: name another folder, or remove this one."
        )


def write(home: Path, systems: Sequence[System]) -> None:
    """Make the folder with its hub and sealed secrets. Raises Misconfigured where a home is there already."""
    refuse(home)
    company = {"legal_name": "Marble & Moss Inc.", "base_currency": "USD", "timezone": _TIMEZONE}
    _put(home / "counterfoil.yaml", {"hub": "sqlite:///hub.db", "companies": {COMPANY: company}})
    made = list(connections(systems))
    for name, _system, attributes in made:
        _component(home / f"connections/{name}.yaml", "Connection", attributes)
    for system in systems:
        for name, table in system.trial.lookups.items():
            _put(home / f"lookups/{name}.yaml", dict(table))
    known = {system.name: system for system in systems}
    writers = {system: name for name, system, attributes in made if "target" in attributes}
    for name, (front, back) in BOOKS.items():
        if front in known and back in known:
            _component(home / f"routes/{name}.yaml", "Route", _route(front, _books(writers[back], known[back].trial.accounts)))
    for name, (front, back) in STAFF.items():
        if front in known and back in writers:
            posting = {"name": "staff", "target": writers[back], "company": COMPANY, "employee": {"as": "employee"}}
            _component(home / f"routes/{name}.yaml", "Route", _route(front, posting | {"*": {"exclude": "no staff"}}))
    _seal(home, {name: known[system].trial.secrets for name, system, _ in made})


def _books(target: str, accounts: Mapping[str, str]) -> dict[str, Any]:
    """Each document for itself."""
    books = {"base_currency": "USD", "gift_cards_taken": "with_payment", "decisions": _DECISIONS, "accounts": dict(accounts)}
    posting: dict[str, Any] = {"name": "books", "target": target, "company": COMPANY, "walk_in": "Walk-in buyer", "books": books}
    posting |= {kind: {"as": _AS[kind]} for kind in _BOOKED}
    posting |= {"customer": {"as": "contact"}, "product": {"as": "item"}}
    return posting | {"test_order": {"exclude": "test orders are not sales"}, "*": {"exclude": "not for the books"}}


def _route(front: str, posting: Mapping[str, Any]) -> dict[str, Any]:
    """Everything since the past began."""
    began = datetime.now(UTC).date() - timedelta(days=400)
    return {"sources": [front], "start": {"business_date": str(began)}, "mode": "auto", "posting": [dict(posting)]}


def _put(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _component(file: Path, kind: str, attributes: Mapping[str, Any]) -> None:
    _put(file, {"type": f"pipelines.components.{kind}", "attributes": dict(attributes)})


def _seal(home: Path, secrets: Mapping[str, Mapping[str, str]]) -> None:
    hub = Hub(load(home).hub_url)
    try:
        migrate(hub)
        vault = Vault(hub, keys.load(home))
        for connection, values in secrets.items():
            for name, value in values.items():
                vault.store(connection, name, value)
    finally:
        hub.close()
