"""`counterfoil kpis`: how reconciliation goes over time."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import HERE, CompanyName, Home, Json, Limit

if TYPE_CHECKING:
    from pipelines.reconcile.kpis import Kpis, Point


def kpis(
    home: Home = HERE,
    company: CompanyName = None,
    every: Annotated[bool, typer.Option("--every", help="Each run, not only the newest of each period.")] = False,
    limit: Limit = 36,
    as_json: Json = False,
) -> None:
    """Show the key figures of a company and their history: rates of match, open value, time to resolve, hours saved."""
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page, amount, put_json
    from pipelines.reconcile.exports.trend import HISTORY, cells, figures, percent
    from pipelines.reconcile.run import company_of
    from pipelines.reconcile.trend import trend

    loaded = home_at(home)
    name = company_of(loaded, company)
    with hub_as_it_is(loaded) as hub:
        found = trend(hub, loaded, name)
    points = (found.history if every else found.newest())[-limit:]
    if as_json:
        put_json(_told(name, found, points))
        return
    page = Page()
    page.title(f"Key figures of {loaded.installation.companies[name].legal_name}")
    page.table(("", ""), [(each.name, str(each)) for each in figures(found)], right=("",))
    if points:
        page.title("History")
        page.table(
            HISTORY, [["" if each is None else str(each) for each in cells(point, percent, amount)] for point in points], right=HISTORY[3:]
        )


def _told(name: str, found: Kpis, points: tuple[Point, ...]) -> dict[str, Any]:
    whole = asdict(found)
    return {"company": name} | whole | {"history": [asdict(point) for point in points]}
