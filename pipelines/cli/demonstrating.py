"""`counterfoil demo`: a bundled company, from its exports to ledger and database, without network."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import HERE, Home, Json

if TYPE_CHECKING:
    from pipelines.cli.page import Page


def demo(
    name: Annotated[str, typer.Argument(help="Which example: sample or online-retail.")] = "sample",
    home: Home = HERE,
    input_: Annotated[Path | None, typer.Option("--input", help="The input file of online-retail.")] = None,
    as_json: Json = False,
) -> None:
    """Lay out an example company in the home folder, run it once, and show what came of it."""
    from pipelines.cli.page import Page, put_json
    from pipelines.cli.running import stopping_gently
    from pipelines.cli.standing import spoken
    from pipelines.cli.telling import Telling
    from pipelines.sandbox import demo as sandbox

    with Telling() as telling, stopping_gently():
        told = spoken(sandbox.demo(name, home, input_, telling))
    if as_json:
        put_json(told)
    else:
        _show(Page(), name, home, told)


def _show(page: Page, name: str, folder: Path, told: dict[str, Any]) -> None:
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.standing import show_run
    from pipelines.hub import queries

    home = home_at(folder)
    with hub_as_it_is(home) as hub, hub.read() as tx:
        codes = queries.problem_codes(tx)
        number = queries.worth_telling(tx)
    page.say(f"The example {name} in {home.path}")
    page.say()
    show_run(page, home, told, codes)
    page.title("Where to look")
    for label, place in (("ledger", told["ledger"]), ("database", told["database"])):
        if place:
            page.say(f"  {label:9} {place}")
    at = f"--home {shlex.quote(str(folder))}"
    page.title("What to try")
    page.item(f"counterfoil status {at}", "how things stand")
    page.item(f"counterfoil problems {at}", "what needs somebody, with what to do")
    if number is not None:
        page.item(f"counterfoil explain {shlex.quote(number)} {at}", "the whole story of one document")
    page.item(f"counterfoil run {at}", "again: nothing is new, so nothing is written")
