"""An account of HubSpot with a thousand deals, whose five properties for invoices are there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taps.hubspot.simulator import HubSpotSimulator, company
from taps.hubspot.simulator.properties import defined
from targets._kit.writer import Verb
from targets.hubspot.fields import definition, names
from tests.contract.samples.remote import Case, RemoteSample

PREFIX = "counterfoil_"
INVOICE = {
    "order_number": "R-1",
    "invoice_number": "INV-1",
    "business_date": "2026-11-02",
    "due_date": "2026-12-02",
    "currency": "USD",
    "grand_total": "119.00",
    "balance": "119.00",
}
PAID = INVOICE | {"status": "paid", "balance": "0.00", "paid_on": "2026-11-20"}


def simulator() -> HubSpotSimulator:
    """Deals with the ids from 1 on, so that the n-th sale of the suite bills the n-th deal."""
    made = company(1_000, per_ten_seconds=10_000)
    made.portal["deals"].first = 1
    for name in names(PREFIX):
        given = definition(name, PREFIX)
        made.portal.properties["deals"][name] = defined(name) | given
    return made


def standing(simulator: Any, _case: str) -> int:
    """Deals on which something of ours stands."""
    rows = simulator.portal["deals"].rows.values()
    return sum(any(row.properties.get(name) for name in names(PREFIX)) for row in rows)


def sample() -> RemoteSample:
    """One kind: what the books say of a deal's invoice."""
    return RemoteSample(
        target="hubspot",
        simulator=simulator,
        config=lambda url: {"base_url": url, "private_network": True, "number_prefix": "R-"},
        secrets={"access_token": "pat-na1-hubspot-1"},
        wrong_secrets={"access_token": "pat-na1-hubspot-wrong"},
        standing=standing,
        batch=100,
        batches={"deal_invoice": 100},
        cases={
            "deal_invoice": Case(
                kind="deal_invoice",
                change=Verb.UPDATE,
                remove=Verb.VOID,
                first={"document": INVOICE, "document_type": "invoice"},
                changed={"document": PAID, "document_type": "invoice"},
                effect=Decimal(0),
                changed_effect=Decimal(0),
                unit="",
                unfit={"document": INVOICE | {"order_number": ""}},
                refused={"document": INVOICE | {"due_date": "when it suits"}},
            )
        },
    )
