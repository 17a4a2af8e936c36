"""`counterfoil retry`: a person says that refused and held documents go on their way again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pipelines.cli.auditing import actor
from pipelines.cli.ending import Ending, Invalid
from pipelines.cli.options import HERE, Home, Json


def retry(
    operations: Annotated[
        list[int] | None, typer.Argument(help="Numbers of operations, as `problems` shows them.", show_default=False)
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every refused or held operation.")] = False,
    home: Home = HERE,
    as_json: Json = False,
) -> int:
    """Let refused or held documents be sent again by the next run; use it once you have mended what stood in the way."""
    from pipelines.cli.opening import home_at, hub_for_work
    from pipelines.cli.page import Page, number, put_json
    from pipelines.hub import keys, retries
    from pipelines.hub.audit import Audit

    if bool(operations) == all_:
        raise Invalid("Name the operations to send again, or give --all.")
    loaded = home_at(home)
    with hub_for_work(loaded) as hub:
        audit = Audit(hub, keys.load(loaded.path))
        with hub.begin() as tx:
            done = retries.retry(tx, hub.clock(), None if all_ else operations)
            if done.ready:
                audit.record(tx, actor(), "retry", f"{len(done.ready)} operations", done.ready)
    if as_json:
        put_json(asdict(done))
    else:
        page = Page()
        page.say(f"{number(len(done.ready))} operations are ready; the next `counterfoil run` sends them.")
        if done.in_closed_period:
            page.say(f"{number(len(done.in_closed_period))} stay held: their period is closed.")
        if done.others:
            page.say(f"Neither refused nor held, or not there: {', '.join(str(each) for each in done.others)}.")
    return Ending.INVALID if done.others else Ending.DONE
