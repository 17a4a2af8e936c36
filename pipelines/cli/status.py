"""`counterfoil status`: how things stand, from the hub alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.cli.options import HERE, Home, Json

if TYPE_CHECKING:
    from pipelines.cli.page import Page
    from pipelines.home.load import Home as LoadedHome
    from pipelines.hub.equations import Balance
    from pipelines.hub.queries import LastRead
    from pipelines.hub.store import Hub

_MOST_DIFFERENCES = 20
_OUTCOMES = ("translated", "repeated", "replaced", "excluded", "problem", "held", "untranslated")


def status(home: Home = HERE, as_json: Json = False) -> None:
    """Show how things stand: what became of the documents, both equations, open problems, and what to do next."""
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page, number, put_json
    from pipelines.cli.standing import how_it_stands, next_steps, show_codes, show_equations, show_fates, show_next
    from pipelines.hub import queries
    from pipelines.steps.run import Report

    loaded = home_at(home)
    with hub_as_it_is(loaded) as hub:
        told = how_it_stands(loaded, hub, Report())
        for of_a_run in ("landed", "written"):
            del told[of_a_run]
        with hub.read() as tx:
            reads, codes = queries.reads(tx), queries.problem_codes(tx)
        differences = [] if told["balanced"]["route"] else _differences(loaded, hub)
    if as_json:
        routes = {route.name: {"mode": route.mode.value, "schedule": route.schedule} for route in loaded.routes.values()}
        put_json(
            {
                **told,
                "routes": routes,
                "differences": differences,
                "open_problems": [asdict(each) for each in codes],
                "reads": [asdict(each) for each in reads],
                "next": next_steps(loaded, told, codes),
            }
        )
        return
    page = Page()
    show_fates(page, told)
    show_equations(page, told)
    _show_differences(page, differences)
    page.title("Operations")
    page.table(
        ("state", "how many"),
        [(state.replace("_", " "), number(count)) for state, count in sorted(told["operations"].items())],
        right=("how many",),
    )
    page.title("What was read")
    outcomes = {each["stream"]: each for each in told["intake"]}
    lines = [_stream(each, outcomes.get(f"{each.connection}/{each.stream}", {})) for each in reads]
    page.table(("stream", "rows", *_OUTCOMES, "last read (UTC)"), lines, right=("rows", *_OUTCOMES))
    show_codes(page, codes)
    show_next(page, loaded, told, codes)


def _stream(read: LastRead, outcome: dict[str, Any]) -> list[str]:
    """One line of what was read: rows, and what became of them."""
    from pipelines.cli.page import moment, number

    counts = [number(outcome.get(name, 0)) if outcome.get(name) else "" for name in _OUTCOMES]
    unfinished = " (not finished)" if read.reading else ""
    return [f"{read.connection}/{read.stream}", number(read.rows), *counts, moment(read.at) + unfinished]


def _differences(home: LoadedHome, hub: Hub) -> list[dict[str, Any]]:
    """Where the route equation is red: posting, day, and by how much."""
    from pipelines.hub import equations

    found: list[Balance] = []
    with hub.read() as tx:
        for route in home.routes.values():
            postings = [(posting.name, posting.effect) for posting in route.posting]
            found += [each for each in equations.route(tx, route.name, route.sources, postings) if not each.balanced]
    return [
        {"posting": f"{each.route}/{each.posting}", "day": each.day, "unit": each.unit, "difference": each.difference}
        for each in found[:_MOST_DIFFERENCES]
    ]


def _show_differences(page: Page, differences: list[dict[str, Any]]) -> None:
    from pipelines.cli.page import amount

    if differences:
        rows = [(each["posting"], each["day"], amount(each["difference"], each["unit"])) for each in differences]
        page.table(("posting", "business date", "too much at the target"), rows, right=("too much at the target",))
