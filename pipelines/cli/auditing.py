"""`counterfoil audit verify` and `adopt-hub`: that the log is what was written, and that this hub is the one that counts."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from pipelines.cli.ending import Ending, Invalid
from pipelines.cli.options import HERE, Home, Json

app = typer.Typer(help="Prove the log of who did what.", rich_markup_mode=None, no_args_is_help=True)


def actor() -> str:
    """Who acts from this command line, for the log: the account at the operating system."""
    import getpass

    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"cli:{os.getuid()}"


@app.callback()
def audit() -> None:
    """Prove the log of who did what."""


@app.command("verify")
def verify(
    home: Home = HERE,
    anchor: Annotated[str | None, typer.Option("--anchor", help="What an earlier verify printed: shows a tail cut off since.")] = None,
    as_json: Json = False,
) -> int:
    """Check the audit log row by row, and print an anchor to keep elsewhere."""
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page, put_json
    from pipelines.hub import keys
    from pipelines.hub.audit import Anchor, Audit
    from taps._kit.errors import Misconfigured

    loaded = home_at(home)
    if keys.VARIABLE not in os.environ and not (loaded.path / keys.FILE).exists():
        raise Misconfigured(f"The key that proves the log is not here: neither {keys.VARIABLE} nor {loaded.path / keys.FILE}.")
    count, _, chain = (anchor or "").partition(":")
    if anchor is not None and not (count.isdigit() and chain):
        raise Invalid("An anchor looks like 12:3f9a…, as `counterfoil audit verify` prints it.")
    with hub_as_it_is(loaded) as hub:
        log = Audit(hub, keys.load(loaded.path))
        broken = log.verify(Anchor(int(count), chain) if anchor is not None else None)
        end = log.anchor()
    if as_json:
        put_json({"ok": broken is None, "broken_at": broken, "rows": end.count, "anchor": f"{end.count}:{end.chain}"})
    elif broken is None:
        page = Page()
        page.say(f"The audit log is as it was written: {end.count:,} rows.")
        page.say(f"Anchor to keep elsewhere: {end.count}:{end.chain}")
    else:
        raise Invalid(f"The audit log is not what was written: row {broken:,} was changed or is missing. Keep this database as it is.")
    return Ending.DONE if broken is None else Ending.INVALID


def adopt_hub(home: Home = HERE) -> None:
    """Say that this hub, moved or restored, is the one that counts from now on; stop the other one first."""
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page
    from pipelines.hub import keys
    from pipelines.hub.audit import Audit
    from pipelines.hub.binding import bind_within, check_binding, place

    loaded = home_at(home)
    with hub_as_it_is(loaded) as hub:
        if check_binding(hub) is None:
            Page().say("This hub is where it was bound; there is nothing to adopt.")
            return
        audit = Audit(hub, keys.load(loaded.path))
        with hub.begin() as tx:
            bind_within(tx, hub, actor())
            audit.record(tx, actor(), "adopt-hub", "hub", place(tx, hub))
    Page().say("Adopted: this hub delivers from now on. Its original, if it still exists, must not run any more.")
