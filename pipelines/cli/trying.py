"""`counterfoil sandbox`: every simulated system at once, and a home folder that is connected to them."""

from __future__ import annotations

import shlex
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.cli.page import Page
    from pipelines.sandbox.systems import System

_GOOD_PORTS = 1024, 65_000


def sandbox(
    home: Annotated[Path | None, typer.Option("--home", help="Write a home folder there that is connected to every system.")] = None,
    orders: Annotated[int, typer.Option("--orders", min=0, max=1_000_000, help="Orders that shop and till have sold before.")] = 300,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another past.")] = 0,
    port_base: Annotated[int, typer.Option("--port-base", help="Port of the first system; 0 for any that are free.")] = 0,
    faults: Annotated[float, typer.Option("--faults", min=0, max=0.9, help="Chance that a call goes wrong, 0 to 0.9.")] = 0.0,
    live: Annotated[float, typer.Option("--live", min=0, help="Something new happens in each system every so many seconds; 0: no.")] = 0.0,
    as_json: Json = False,
) -> int:
    """Start every simulated system on this machine, for a trial without credentials. Ctrl-C ends it."""
    from pipelines.cli.ending import Ending
    from pipelines.cli.page import Page, put_json
    from pipelines.cli.running import stopping_gently
    from pipelines.sandbox import trial_home
    from pipelines.sandbox.systems import Wishes, served
    from taps._kit.errors import Misconfigured

    if port_base and not _GOOD_PORTS[0] <= port_base <= _GOOD_PORTS[1]:
        raise Misconfigured(f"--port-base is 0 or between {_GOOD_PORTS[0]} and {_GOOD_PORTS[1]}.")
    if home is not None:
        trial_home.refuse(home)
    try:
        with stopping_gently(), served(Wishes(orders, seed, port_base, faults, live)) as systems:
            if home is not None:
                trial_home.write(home, systems)
            if as_json:
                put_json(_told(systems, home, orders, seed))
            else:
                _show(Page(), systems, home)
            sys.stdout.flush()
            threading.Event().wait()
    except KeyboardInterrupt:
        print("The sandbox has ended; what its systems held is gone.", file=sys.stderr)
    return Ending.INTERRUPTED


def _told(systems: Sequence[System], home: Path | None, orders: int, seed: int) -> dict[str, Any]:
    from pipelines.sandbox.trial_home import connections

    made = {name: {"system": system, **attributes} for name, system, attributes in connections(systems)}
    return {
        "systems": [system.facts() for system in systems],
        "connections": made,
        "home": str(home.resolve()) if home else None,
        "orders": orders,
        "seed": seed,
    }


def _show(page: Page, systems: Sequence[System], home: Path | None) -> None:
    page.say(f"{len(systems)} simulated systems are running on this machine. Ctrl-C ends them, and what they hold is gone.")
    page.say()
    page.table(("system", "address"), [(system.name, system.url) for system in systems])
    if home is None:
        _show_connections(page, systems)
        return
    at = f"--home {shlex.quote(str(home))}"
    page.title(f"The home folder {home} is connected to all of them. In another shell:")
    page.item(f"counterfoil check {at}", "asks each of them whether it can be used")
    page.item(f"counterfoil preview square orders {at}", "shows what would be sent, and writes nothing")
    page.item(f"counterfoil run {at}", "brings till and shop into the books; a second run writes nothing")
    page.item(f"counterfoil status {at}", "shows what became of every document")


def _show_connections(page: Page, systems: Sequence[System]) -> None:
    import yaml

    from pipelines.sandbox.trial_home import connections

    trials = {system.name: system.trial for system in systems}
    for name, system, attributes in connections(systems):
        page.title(f"connections/{name}.yaml")
        page.say(yaml.safe_dump({"type": "pipelines.components.Connection", "attributes": attributes}, sort_keys=False).rstrip())
        for secret, value in trials[system].secrets.items():
            page.say(f"# counterfoil secret set {name} {secret}    and type: {value}")
    page.title("The secrets open nothing but these simulators. `counterfoil sandbox --home FOLDER` writes and seals all of it for you.")
