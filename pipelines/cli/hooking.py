"""`counterfoil hooks`: listens for what systems have to say, and marks which streams have news."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.ending import Ending
from pipelines.cli.options import HERE, Home

if TYPE_CHECKING:
    from pipelines.home.load import Home as Loaded
    from taps._kit.webhooks import Mailbox

SECRET = "webhook_key"  # noqa: S105 (its name)


def hooks(
    address: Annotated[
        str, typer.Option("--address", help="The public address under which the systems reach this, without the connection.")
    ],
    home: Home = HERE,
    port: Annotated[int, typer.Option("--port", help="Port on this machine, behind your own proxy; 0: a free one.")] = 8767,
) -> int:
    """Listen on this machine for webhooks: a good one marks its streams, and `counterfoil run --news` or Dagster reads them."""
    from pipelines.cli.opening import home_at
    from pipelines.home import news
    from taps._kit.errors import Misconfigured
    from taps._kit.webhooks import Receiver

    loaded = home_at(home)
    boxes = mailboxes(loaded, address)
    if not boxes:
        raise Misconfigured(f"No connection has the secret {SECRET}. Set it: counterfoil secret set CONNECTION {SECRET}")
    try:
        import uvicorn
    except ImportError:
        raise Misconfigured("Listening needs the extra `sandbox`: pip install 'counterfoil[sandbox]'.") from None
    for box in boxes:
        print(f"{box.connection}: {box.address}", file=sys.stderr)
    receiver = Receiver(boxes, lambda connection, streams: news.put(loaded.path, connection, streams), lambda: datetime.now(UTC))
    uvicorn.run(receiver, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    return Ending.DONE


def mailboxes(home: Loaded, address: str) -> list[Mailbox]:
    """Every connection of a system that calls, and whose secret is set."""
    from pipelines.cli.opening import hub_for_work
    from pipelines.hub.around import surroundings
    from taps._kit.registry import tap
    from taps._kit.webhooks import HOOKS, Mailbox

    found = []
    with hub_for_work(home) as hub:
        for name, connection in sorted(home.taps.items()):
            if connection.tap not in HOOKS:
                continue
            secret = surroundings(hub, home.path, name, tap(connection.tap).facts).safe.secrets().get(SECRET)
            if secret:
                found.append(Mailbox(name, HOOKS[connection.tap], f"{address.rstrip('/')}/{name}", secret))
    return found
