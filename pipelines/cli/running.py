"""`counterfoil run`: the work itself."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.ending import Ending, Invalid
from pipelines.cli.options import HERE, Home, Json

if TYPE_CHECKING:
    from pipelines.home.load import Home as LoadedHome
    from pipelines.home.settings import Route


def run(
    routes: Annotated[list[str] | None, typer.Argument(help="The routes to run; all of them if none is named.", show_default=False)] = None,
    home: Home = HERE,
    as_json: Json = False,
    news: Annotated[
        bool, typer.Option("--news", help="Only the routes whose sources are said to have news (`counterfoil hooks`).")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 while any problem is open, however old.")] = False,
) -> int:
    """Read what is new, translate it, and deliver it: each change once. Interrupted, the next run goes on."""
    from pipelines.cli.opening import home_at, hub_for_work
    from pipelines.cli.page import Page, put_json
    from pipelines.cli.standing import how_it_stands, show_run
    from pipelines.cli.telling import Telling
    from pipelines.hub import queries
    from pipelines.sandbox.demo import peak_mb
    from pipelines.steps.run import run as run_routes

    began = time.monotonic()
    loaded = home_at(home)
    chosen = _chosen(loaded, routes or [])
    if news:
        from pipelines.home.news import take

        named = take(loaded)
        chosen = [route for route in chosen if set(route.sources) & set(named)]
    with hub_for_work(loaded) as hub, stopping_gently():
        since = hub.clock()
        with Telling() as telling:
            done = run_routes(loaded, hub, chosen, telling)
        told = how_it_stands(loaded, hub, done) | {"seconds": round(time.monotonic() - began, 3), "peak_mb": peak_mb()}
        with hub.read() as tx:
            new, all_ = queries.trouble(tx, since), queries.trouble(tx)
            codes = queries.problem_codes(tx)
    told["new"] = {"problems": new.problems, "held": new.held, "refused": new.refused}
    if as_json:
        put_json(told)
    else:
        show_run(Page(), loaded, told, codes)
    return Ending.TROUBLE if (all_ if strict else new).any else Ending.DONE


def _chosen(home: LoadedHome, names: Sequence[str]) -> list[Route]:
    from mappings.nearest import instead

    for name in names:
        if name not in home.routes:
            raise Invalid(f"There is no route {name!r}; {instead(name, home.routes)}")
    return [home.routes[name] for name in names] if names else list(home.routes.values())


@contextmanager
def stopping_gently() -> Iterator[None]:
    """Let a polite kill (SIGTERM) end like Ctrl-C, so that leases are given back at once."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
