"""`counterfoil mail`: the mail of the morning, for cron."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import HERE, Home, Json


def mail(
    home: Home = HERE,
    company: Annotated[str | None, typer.Option("--company", help="Only this company.", show_default=False)] = None,
    show: Annotated[bool, typer.Option("--print", help="Print it instead of sending it.")] = False,
    as_json: Json = False,
) -> None:
    """Send the mail of the morning: whether it ties, and what to do first. Run it after `counterfoil reconcile`."""
    from pipelines.cli.ending import Invalid
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page, put_json
    from pipelines.hub import keys
    from pipelines.hub.vault import Vault
    from pipelines.outbound.mail import VAULT, send
    from pipelines.reconcile.mail import compose
    from pipelines.reconcile.morning import gather
    from taps._kit.errors import Misconfigured

    loaded = home_at(home)
    settings = loaded.installation.mail
    if settings is None and not show:
        raise Misconfigured("There is no mail server: add `mail:` to counterfoil.yaml, or use --print.")
    named = [company] if company else list(settings.to if settings else loaded.installation.companies)
    if unknown := [each for each in named if each not in loaded.installation.companies]:
        raise Invalid(f"There is no company {unknown[0]!r}.")
    told = []
    with hub_as_it_is(loaded) as hub:
        secrets = Vault(hub, keys.load(loaded.path)).secrets(VAULT) if settings and settings.password and not show else {}
        for each in named:
            message = compose(*gather(loaded, hub, each))
            to = settings.to.get(each, []) if settings else []
            if settings and not show:
                send(message, to, settings, secrets)
            body = message.get_body(("plain",))
            told.append({"company": each, "subject": message["Subject"], "sent_to": [] if show else to})
            if not as_json:
                sent = body.get_content() if show and body else f"Sent to {', '.join(to)}: {message['Subject']}"
                Page().say(sent)
    if as_json:
        put_json(told)
