"""The target as it stands, by the reader of its kind; one that has none is named, and its documents count as not read."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.home.load import Home
from pipelines.home.settings import Posting
from pipelines.hub.store import Hub, resolve_sqlite
from pipelines.reconcile.bench import Bench
from pipelines.reconcile.controls import Control, find
from pipelines.reconcile.corners import database, ledger, readback
from taps._kit.errors import Misconfigured
from targets._kit.registry import target

_BY_CODE = ("ledger", "database")
"""Targets whose own stores are read as they lie there."""


def control(home: Home, connection: str) -> Control | None:
    """The control by whose SQL a target is read back; None where there is none, or its store is read by code."""
    system = home.targets[connection].target
    found = None if system in _BY_CODE else find(home.path, connection, system)
    return found if found and found.held else None


def load(
    bench: Bench, home: Home, hub: Hub, sheet: str, connection: str, effect: str, postings: Sequence[Posting], asked: Control | None
) -> list[str]:
    """Put what a target holds into `item`, by its `control`. Raises Misconfigured for a target that cannot be read back."""
    destination = home.targets[connection]
    config = target(destination.target).config.model_validate(destination.config)
    books = [posting.books for posting in postings if posting.books]
    if destination.target == "ledger":
        return ledger.load(bench, home.path / config.path, sheet, connection, effect, books)  # type: ignore[attr-defined]
    if destination.target == "database":
        return database.load(bench, resolve_sqlite(config.url, home.path), sheet, connection, effect)  # type: ignore[attr-defined]
    if asked is None or not asked.held.get(effect):
        raise Misconfigured(
            f"{connection}: nothing says how {destination.target} is read back for {effect}. Write controls/{connection}.yaml, `target`."
        )
    return readback.load(bench, home, hub, sheet, destination, effect, asked, postings)
