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
    from pipelines.cli.page import Page, put_json
    from pipelines.reconcile.exports.trend import HISTORY, figures, row
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
        page.table(HISTORY, [_cells(point.unit, row(point)) for point in points], right=HISTORY[3:])


def _cells(unit: str, cells: tuple[object, ...]) -> list[str]:
    """A row of the history as a terminal shows it."""
    from pipelines.cli.page import amount
    from pipelines.reconcile.exports.trend import HISTORY, RATES

    money = tuple(at for at, head in enumerate(HISTORY) if head.startswith("Open"))
    shown = []
    for at, value in enumerate(cells):
        if value is None:
            shown.append("")
        else:
            shown.append(f"{value * 100:.1f} %" if at in RATES else amount(value, unit) if at in money else str(value))  # type: ignore[operator, arg-type]
    return shown


def _told(name: str, found: Kpis, points: tuple[Point, ...]) -> dict[str, Any]:
    whole = asdict(found)
    return {"company": name} | whole | {"history": [asdict(point) for point in points]}
