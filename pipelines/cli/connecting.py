"""`counterfoil connect`: log in to a system where a person must give consent, say hello, and show what it offers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.auditing import actor
from pipelines.cli.ending import Ending
from pipelines.cli.keeping import Connection, known
from pipelines.cli.options import HERE, Home, Json

if TYPE_CHECKING:
    from pipelines.home.load import Home as Loaded
    from pipelines.hub.store import Hub
    from pipelines.steps.hello import Greeting
    from taps._kit.oauth import OAuth

_REDIRECT = "https://localhost/counterfoil"
"""Where a browser ends up if nothing else is registered: nobody answers there, and the address bar holds the code."""


def connect(
    connection: Connection,
    home: Home = HERE,
    redirect_uri: Annotated[
        str, typer.Option("--redirect-uri", help="The address that is registered with the vendor for log-ins.")
    ] = _REDIRECT,
    again: Annotated[bool, typer.Option("--again", help="Log in anew although there are tokens.")] = False,
    as_json: Json = False,
) -> int:
    """Log in to a system, say hello to it, and list the accounts, tax codes and places that it offers."""
    from pipelines.cli.opening import home_at, hub_for_work
    from pipelines.cli.page import put_json
    from pipelines.steps.hello import greet

    loaded = known(home_at(home), connection)
    with hub_for_work(loaded) as hub:
        _consent(loaded, hub, connection, redirect_uri, again=again)
        greeting = greet(loaded, hub, connection)
    if as_json:
        problems = [{"code": each.code, "say": each.say, "fix": each.fix} for each in greeting.problems]
        put_json({"ok": not problems, "problems": problems, "notes": list(greeting.notes), "offers": greeting.offers})
    else:
        _show(connection, greeting)
    return Ending.MISCONFIGURED if greeting.problems else Ending.DONE


def _consent(home: Loaded, hub: Hub, name: str, redirect_uri: str, *, again: bool) -> None:
    """Send the person to the vendor and take the code that comes back, where this is how the system logs in."""
    from pipelines.hub import keys
    from pipelines.hub.audit import Audit
    from pipelines.steps.hello import around
    from taps._kit.errors import Misconfigured
    from taps._kit.login import REFRESH
    from taps._kit.oauth import code_of, consent, redeem

    kind, config = _kind(home, name)
    oauth: OAuth | None = kind.oauth(config) if kind.oauth else None
    if oauth is None:
        return
    handed = around(home, hub, name, kind.facts)
    secrets = handed.safe.secrets()
    if secrets.get(REFRESH) and not again:
        return
    if not secrets.get("client_id"):
        raise Misconfigured(f"{oauth.title} needs an app of yours first: counterfoil secret set {name} client_id, then client_secret.")
    asked = consent(oauth, secrets["client_id"], redirect_uri)
    print(f"Open this address, log in and agree:\n\n{asked.url}\n", file=sys.stderr)
    prompt = "The browser then shows an address that begins with the redirect address. Paste it here"
    came_back = typer.prompt(prompt, err=True) if sys.stdin.isatty() else sys.stdin.read()
    redeem(oauth, handed, code_of(came_back, asked), asked, redirect_uri, private_network=bool(getattr(config, "private_network", False)))
    with hub.begin() as tx:
        Audit(hub, keys.load(home.path)).record(tx, actor(), "connect", name, {"system": kind.name})


def _kind(home: Loaded, name: str) -> tuple[Any, Any]:
    """The connector of a connection and its validated configuration."""
    from taps._kit.registry import tap
    from targets._kit.registry import target

    kind: Any = tap(home.taps[name].tap) if name in home.taps else target(home.targets[name].target)
    settings = home.taps[name].config if name in home.taps else home.targets[name].config
    return kind, kind.config.model_validate(settings)


def _show(name: str, greeting: Greeting) -> None:
    from pipelines.cli.page import Page

    page = Page()
    page.lamp("no" if greeting.problems else "ok", name)
    for problem in greeting.problems:
        page.item(f"{problem.code}: {problem.say}", problem.fix)
    for note in greeting.notes:
        page.item(note)
    for what, offered in greeting.offers.items():
        rows = offered.items() if isinstance(offered, dict) else [(each, "") for each in offered] if isinstance(offered, list) else []
        if rows:
            page.title(what.replace("_", " ").capitalize())
            page.table(("code", "what"), [(str(code), str(meaning)) for code, meaning in rows])
