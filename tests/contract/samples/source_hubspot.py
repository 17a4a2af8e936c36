"""An account of HubSpot with thirty deals, read in pages of seven: deals are merged, archived, and change with their line items."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from taps._kit.simulator import Simulator
from taps.hubspot.simulator import HubSpotSimulator, Portal, company
from taps.hubspot.simulator.table import Row
from taps.hubspot.sweep import instant, written
from tests.contract.samples.remote_tap import RemoteTapSample

_LINE = {"name": "Mug", "hs_sku": "MUG-1", "quantity": "2", "price": "14.50"}


def _portal(simulator: Simulator) -> Portal:
    assert isinstance(simulator, HubSpotSimulator)
    return simulator.portal


def _add(simulator: Simulator) -> str:
    portal = _portal(simulator)
    firm = portal["companies"].truth()[0].id
    deal = portal.create("deals", {"dealname": "Mugs", "dealstage": "closedwon"}, {"companies": [firm]})
    portal.create("line_items", _LINE, {"deals": [deal.id]})
    return str(deal.id)


def _change(simulator: Simulator, key: str) -> None:
    _portal(simulator).update("deals", int(key), {"description": f"changed at {simulator.clock()}"})


def _happen(simulator: Simulator, chance: random.Random) -> None:
    """Besides what every system does: line items are edited and taken away, deals are merged and come out of the recycle bin."""
    portal = _portal(simulator)
    deals = [row.id for row in portal["deals"].truth()]
    what = chance.choice(("add", "change", "archive", "restore", "merge", "line", "line", "unlink"))
    if what == "add" or len(deals) < 5:
        _add(simulator)
    elif what == "change":
        _change(simulator, str(chance.choice(deals)))
    elif what == "archive":
        portal.archive("deals", chance.choice(deals))
    elif what == "restore":
        for row in list(portal["deals"].listed(-1, archived=True))[:1]:
            portal.restore("deals", row.id)
    elif what == "merge":
        portal.merging_keeps_the_first = chance.random() < 0.5
        portal.merge("deals", *chance.sample(deals, 2))
    else:
        deal = chance.choice(deals)
        for line in list(portal.links("deals", deal).get("line_items", {}))[:1]:
            if what == "line":
                portal.update("line_items", line, {"description": f"edited at {simulator.clock()}"})
            else:
                portal.unlink("deals", deal, "line_items", line)


def _truth(simulator: Simulator) -> dict[str, str]:
    portal = _portal(simulator)

    def lines(deal: Row) -> list[str]:
        found = [portal["line_items"].get(each) for each in portal.links("deals", deal.id).get("line_items", {})]
        return sorted(f"{line.id} {written(line.updated)}" for line in found if line)

    return {str(deal.id): f"{written(deal.updated)} {lines(deal)}" for deal in portal["deals"].truth()}


def _version(body: dict[str, Any]) -> str:
    lines = sorted(f"{line['id']} {line['properties']['hs_lastmodifieddate']}" for line in body["line_items"])
    return f"{body['updatedAt']} {lines}"


def _future(state: dict[str, Any]) -> dict[str, Any]:
    ahead = timedelta(days=400)
    return {name: written(instant(value) + ahead) if name in ("since", "whole") else value for name, value in state.items()}


def sample() -> RemoteTapSample:
    """Deals are the stream; what is archived, and what is merged into another deal, is deleted."""
    return RemoteTapSample(
        tap="hubspot",
        stream="deals",
        simulator=lambda: company(30),
        config=lambda url: {"base_url": url, "private_network": True, "page_size": 7, "search_page_size": 5, "batch": 4},
        secrets={"access_token": "pat-na1-hubspot-1"},
        wrong_secrets={"access_token": "pat-na1-hubspot-wrong"},
        truth=_truth,
        version_of=_version,
        add=_add,
        change=_change,
        delete=lambda simulator, key: _portal(simulator).archive("deals", int(key)),
        future=_future,
        personal="Ada",
        happen=_happen,
    )
