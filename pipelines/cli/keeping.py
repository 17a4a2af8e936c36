"""`counterfoil secret`: passwords, keys and tokens of connections, sealed in the hub. A value is typed or piped, never an argument."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.auditing import actor
from pipelines.cli.ending import Invalid
from pipelines.cli.options import HERE, Home, Json

if TYPE_CHECKING:
    from pipelines.home.load import Home as Loaded

app = typer.Typer(help="Keep the secrets of connections.", rich_markup_mode=None, no_args_is_help=True)

Connection = Annotated[str, typer.Argument(help="The name of the connection, as its file is called.", show_default=False)]
Name = Annotated[str, typer.Argument(help="What the secret is called, as the connector's page says.", show_default=False)]


@app.callback()
def secret() -> None:
    """Keep the secrets of connections."""


@app.command("set")
def put(connection: Connection, name: Name, home: Home = HERE) -> None:
    """Seal a secret in the hub. Its value is asked for, or read from a pipe."""
    from pipelines.cli.opening import home_at, hub_for_work
    from pipelines.cli.page import Page
    from pipelines.hub import keys
    from pipelines.hub.audit import Audit
    from pipelines.hub.vault import Vault

    loaded = known(home_at(home), connection)
    value = typer.prompt(f"{name} of {connection}", hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    if not value.strip():
        raise Invalid("Nothing was given. Type the value, or pipe it: counterfoil secret set CONNECTION NAME < file")
    with hub_for_work(loaded) as hub:
        held = keys.load(loaded.path)
        version = Vault(hub, held).store(connection, name, value.strip())
        with hub.begin() as tx:
            Audit(hub, held).record(tx, actor(), "secret-set", f"{connection}/{name}", {"version": version})
    Page().say(f"Sealed {name} of {connection} (version {version}).")


@app.command("list")
def show(home: Home = HERE, as_json: Json = False) -> None:
    """List which secrets there are and since when; never what they are."""
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page, put_json
    from pipelines.hub.vault import kept

    with hub_as_it_is(home_at(home)) as hub, hub.read() as tx:
        found = kept(tx)
    if as_json:
        put_json([each._asdict() for each in found])
        return
    if not found:
        Page().say("There are no secrets yet. `counterfoil secret set CONNECTION NAME` seals one.")
        return
    rows = [(each.connection, each.name, str(each.version), f"{each.stored_at:%Y-%m-%d %H:%M}") for each in found]
    Page().table(("connection", "secret", "version", "stored (UTC)"), rows)


@app.command("rotate")
def rotate(home: Home = HERE) -> None:
    """Make a new master key and seal every secret anew under it. The old key stays, for it proves the older part of the audit log."""
    from pipelines.cli.opening import home_at, hub_for_work
    from pipelines.cli.page import Page
    from pipelines.hub import keys
    from pipelines.hub.audit import Audit
    from pipelines.hub.vault import Vault

    loaded = home_at(home)
    with hub_for_work(loaded) as hub:
        held = keys.add(loaded.path)
        count = Vault(hub, held).reseal()
        with hub.begin() as tx:
            Audit(hub, held).record(tx, actor(), "key-rotate", "hub", {"resealed": count})
    Page().say(f"There is a new master key in {loaded.path / keys.FILE}; {count} sealed values were sealed anew. Keep a copy of the file.")


def known(home: Loaded, connection: str) -> Loaded:
    """The home, if it has this connection. Raises Invalid with the name that was probably meant."""
    from mappings.nearest import instead

    names = [*home.taps, *home.targets, *(["mail"] if home.installation.mail else [])]
    if connection not in names:
        raise Invalid(f"There is no connection {connection!r}; {instead(connection, names)}")
    return home
