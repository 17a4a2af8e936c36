"""The target as it stands, by the reader of its kind; one that has none is named, and its documents count as not read."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.posting.books import Books
from pipelines.home.load import Home
from pipelines.hub.store import Hub, resolve_sqlite
from pipelines.reconcile.bench import Bench
from pipelines.reconcile.corners import database, ledger
from taps._kit.errors import Misconfigured
from targets._kit.registry import target


def load(bench: Bench, home: Home, hub: Hub, sheet: str, connection: str, effect: str, books: Sequence[Books]) -> list[str]:  # noqa: ARG001 (what is read back over HTTP needs the hub's secrets)
    """Put what a target holds into `item`. Raises Misconfigured for a target that cannot be read back."""
    destination = home.targets[connection]
    config = target(destination.target).config.model_validate(destination.config)
    if destination.target == "ledger":
        return ledger.load(bench, home.path / config.path, sheet, connection, effect, books)  # type: ignore[attr-defined]
    if destination.target == "database":
        return database.load(bench, resolve_sqlite(config.url, home.path), sheet, connection, effect)  # type: ignore[attr-defined]
    raise Misconfigured(f"{connection}: {destination.target} cannot be read back for reconciliation yet.")
