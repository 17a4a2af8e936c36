"""A CRM's won deals flow through the hub into the books: both equations hold, a second run writes nothing, what is lost is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from taps._kit.simulator import serve
from taps.hubspot.simulator import HubSpotSimulator, company
from tests._kit.front import Front

STREAMS = ("companies", "contacts", "products", "owners", "deals")
ACCOUNTS = {
    "Receivable": "Assets:Receivable",
    "Sales": "Income:Sales",
    "ManualSales": "Income:ManualSales",
    "Discounts": "Income:Discounts",
    "SalesTaxPayable": "Liabilities:SalesTax",
    "Rounding": "Expenses:Rounding",
}
BOOKS = {
    "name": "books",
    "target": "ledger",
    "books": {"base_currency": "USD", "accounts": ACCOUNTS},
    "order": {"as": "invoice"},
    "*": {"exclude": "no money"},
}
SHELF = {"name": "shelf", "target": "stock", "customer": {"as": "contact"}, "product": {"as": "item"}, "*": {"exclude": "no list of ours"}}


class Crm(Front):
    """The simulated account's home."""

    def __init__(self, home: Path, url: str, simulator: HubSpotSimulator) -> None:
        source = {
            "tap": "hubspot",
            "config": {"base_url": url, "private_network": True},
            "mappings": {stream: f"hubspot/{stream}" for stream in STREAMS},
        }
        super().__init__(home, source, clock=simulator.clock, secrets={"access_token": "pat-na1-hubspot-1"}, posting=[BOOKS, SHELF])

    def owed(self) -> Decimal:
        """What the books say that buyers owe."""
        return sum(self.booked("Assets:Receivable"), Decimal(0))


@pytest.fixture
def simulator() -> HubSpotSimulator:
    return company(25)


@contextmanager
def opened(home: Path, simulator: HubSpotSimulator) -> Iterator[Crm]:
    """The home while the account is there."""
    with serve(simulator) as url:
        made = Crm(home, url, simulator)
        yield made
        made.hub.close()


@pytest.fixture
def crm(tmp_path: Path, simulator: HubSpotSimulator) -> Iterator[Crm]:
    with opened(tmp_path, simulator) as made:
        yield made


def won(simulator: HubSpotSimulator) -> Decimal:
    """What the won deals are worth, by their line items, or by themselves where they have none."""
    portal, total = simulator.portal, Decimal(0)
    for deal in portal["deals"].truth():
        if deal.properties.get("hs_is_closed_won") == "true":
            lines = [portal["line_items"].get(each) for each in portal.links("deals", deal.id).get("line_items", {})]
            total += sum((Decimal(line.properties["amount"]) for line in lines if line), Decimal(0)) or Decimal(deal.properties["amount"])
    return total


def test_won_deals_flow_into_the_books_and_a_second_run_writes_nothing(crm, simulator):
    portal = simulator.portal
    simulator.clock.forward(hours=2)
    first = crm.run()
    assert first.problems == 0
    assert (first.written["ledger"], first.written["stock"]) == (21, 19)  # won deals; five companies, ten contacts, four products
    assert crm.owed() == won(simulator) > 5_000
    assert crm.unbalanced() == []
    simulator.clock.forward(hours=1)
    assert crm.run().written == {"ledger": 0, "stock": 0}

    firm = portal["companies"].truth()[0].id
    portal.create(
        "deals",
        {"dealname": "A talk", "dealstage": "closedwon", "amount": "1200", "closedate": "2026-11-02T15:00:00Z"},
        {"companies": [firm]},
    )
    deals = [row.id for row in portal["deals"].truth()]
    portal.update("line_items", next(iter(portal.links("deals", deals[0])["line_items"])), {"quantity": "7"})
    portal.update("deals", deals[1], {"dealstage": "contractsent"})
    portal.archive("deals", deals[2])
    portal.merge("deals", deals[3], deals[4])
    simulator.clock.forward(hours=1)
    second = crm.run()
    assert second.problems == 0
    assert crm.owed() == won(simulator)
    assert sum(crm.booked("Income:ManualSales"), Decimal(0)) == -1200
    assert crm.unbalanced() == []
    simulator.clock.forward(hours=1)
    assert crm.run().written == {"ledger": 0, "stock": 0}


def test_a_buyer_does_not_wait_for_an_employer_who_is_a_lead(crm, simulator):
    portal = simulator.portal
    employer = portal.create("companies", {"name": "Employer", "lifecyclestage": "lead"}).id
    buyer = portal.create("contacts", {"email": "x@example.com"}, {"companies": [employer]}).id
    portal.create("deals", {"dealstage": "closedwon", "amount": "10", "closedate": "2026-11-02T15:00:00Z"}, {"contacts": [buyer]})
    simulator.clock.forward(hours=2)
    crm.run()
    with crm.hub.read() as tx:
        fates = tx.exec_driver_sql(
            "SELECT fate, COUNT(*) FROM disposition WHERE posting = 'shelf' AND fate <> 'excluded' GROUP BY fate"
        ).all()
    assert [tuple(row) for row in fates] == [("delivered", 20)]  # five companies, eleven contacts, four products; not the employer


def test_a_deal_that_is_only_touched_is_read_and_booked_no_second_time(crm, simulator):
    simulator.clock.forward(hours=2)
    crm.run()
    for deal in simulator.portal["deals"].truth():
        simulator.portal["deals"].change(deal.id)
    simulator.clock.forward(hours=1)
    again = crm.run()
    assert again.written == {"ledger": 0, "stock": 0}
    assert crm.unbalanced() == []
