"""What ends by itself: log-ins that nobody uses, versions of an API, certificates. Known from the vault and the facts; nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from cryptography import x509
from sqlalchemy.engine import Connection

from pipelines.home.load import Home
from pipelines.home.settings import ByLocation, TapConnection
from pipelines.hub.vault import kept
from pipelines.reconcile.mail import Ending
from taps._kit.facts import Facts
from taps._kit.login import REFRESH
from taps._kit.registry import tap
from targets._kit.registry import target


def lapses(tx: Connection, home: Home, company: str | None = None) -> list[Ending]:
    """Everything whose end is known, of one company's connections or of all, the earliest first."""
    systems = dict(_systems(home, company))
    stored = {each.connection: each.stored_at for each in kept(tx) if each.name == REFRESH}
    found = [*_logins(systems, stored), *_versions(systems), *_certificates(home)]
    return sorted(found, key=lambda each: (each.on, each.what))


def _systems(home: Home, company: str | None) -> Iterator[tuple[str, Facts]]:
    """Connections of the company, with what is known of their systems."""
    for source in home.taps.values():
        if company is None or _is_of(source, company):
            yield source.name, tap(source.tap).facts
    booked = {each.target for route in home.routes.values() for each in route.posting if company is None or each.company in (None, company)}
    for destination in home.targets.values():
        if destination.name in booked:
            yield destination.name, target(destination.target).facts


def _is_of(source: TapConnection, company: str) -> bool:
    return company in (source.company.table.values() if isinstance(source.company, ByLocation) else (source.company,))


def _logins(systems: dict[str, Facts], stored: dict[str, datetime]) -> Iterator[Ending]:
    """A refresh token is stored anew at each use, so that a run puts its end off."""
    for name, facts in systems.items():
        if facts.refresh_life is not None and name in stored:
            yield Ending(f"log-in of {name} at {facts.title}, unless a run uses it before", (stored[name] + facts.refresh_life).date())


def _versions(systems: dict[str, Facts]) -> Iterator[Ending]:
    for facts in {facts.system: facts for facts in systems.values()}.values():
        if facts.served_until is not None:
            yield Ending(f"version {facts.api_version} of {facts.title}: a newer Counterfoil speaks a newer one", facts.served_until)


def _certificates(home: Home) -> Iterator[Ending]:
    mail = home.installation.mail
    if mail is not None and mail.ca_file is not None:
        with suppress(ValueError):  # no certificate at all: sending says so
            for each in x509.load_pem_x509_certificates(mail.ca_file.read_bytes()):
                yield Ending("certificate for the mail server (mail: ca_file)", each.not_valid_after_utc.date())
