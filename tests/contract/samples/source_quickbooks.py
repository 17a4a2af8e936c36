"""QuickBooks Online with seven invoices that a person typed, read three at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from taps._kit.simulator import Simulator
from tests.contract.samples.quickbooks_company import SECRETS, Company
from tests.contract.samples.remote_tap import RemoteTapSample


def simulator() -> Company:
    made = Company()
    for number in range(6):
        made.clock.forward(seconds=1)
        made.seeds.by_hand("Invoice", made.typed(Decimal(10 + number), DocNumber=f"INV-{number}"))
    return made


def _invoices(simulator: Any) -> dict[str, Any]:
    found: dict[str, Any] = simulator.books.objects["Invoice"]
    return found


def _truth(simulator: Simulator) -> dict[str, str]:
    return {
        key: f"{Decimal(each['TotalAmt']):.2f} {_utc(each['MetaData']['LastUpdatedTime'])}" for key, each in _invoices(simulator).items()
    }


def _utc(stamp: str) -> str:
    return str(datetime.fromisoformat(stamp).astimezone(UTC))


def _add(simulator: Any) -> str:
    return str(simulator.seeds.by_hand("Invoice", simulator.typed(Decimal(77)))["Id"])


def _change(simulator: Any, key: str) -> None:
    now = _invoices(simulator)[key]["TotalAmt"]
    simulator.seeds.edit_by_hand("Invoice", key, Line=simulator.typed(now + 1)["Line"])


def _delete(simulator: Any, key: str) -> None:
    simulator.books.delete("Invoice", {"Id": key, "SyncToken": _invoices(simulator)[key]["SyncToken"]})


def sample() -> RemoteTapSample:
    return RemoteTapSample(
        tap="quickbooks",
        stream="invoices",
        simulator=simulator,
        config=lambda url: {
            "base_url": url,
            "token_url": f"{url}/oauth2/v1/tokens/bearer",
            "private_network": True,
            "realm_id": "4620816365000000001",
            "page_size": 3,
        },
        secrets=SECRETS,
        wrong_secrets=SECRETS | {"access_token": "not-this-access", "refresh_token": "not-this-refresh"},
        truth=_truth,
        version_of=lambda body: f"{Decimal(body['total']):.2f} {body['updated_at']}",
        add=_add,
        change=_change,
        delete=_delete,
        future=lambda state: {**state, "newest": "2031-01-01T00:00:00+00:00"},
        personal="Berg, Ann",
    )
