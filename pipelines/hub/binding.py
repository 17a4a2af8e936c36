"""The hub is bound to the place where its database lives, so that a copied home never delivers beside the original.

PostgreSQL: the server's system identifier and the database's oid. SQLite: machine, file system and inode of the file. A dump that was
restored, a copied folder and a restored backup are other places, and stay read-only until a person says `counterfoil adopt-hub`. Never
bound: a worker's host. Not seen: a copy of a whole PostgreSQL server, block by block, since a failover looks the same.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.ledger_tables import binding as table
from pipelines.hub.store import Hub
from taps._kit.errors import Misconfigured

_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def bind(hub: Hub, by: str) -> None:
    """Bind the hub to where its database is now: at its creation, and when a person adopts it (`by`)."""
    with hub.begin() as tx:
        bind_within(tx, hub, by)


def bind_within(tx: Connection, hub: Hub, by: str) -> None:
    """The same inside a transaction that is open."""
    number = (tx.execute(sa.select(sa.func.max(table.c.binding_id))).scalar() or 0) + 1
    tx.execute(sa.insert(table).values(binding_id=number, place=place(tx, hub), bound_at=hub.clock(), bound_by=by))


def require_bound(hub: Hub) -> None:
    """Raise Misconfigured before a live delivery from a hub that is not where it was bound."""
    moved = check_binding(hub)
    if moved:
        raise Misconfigured(moved)


def check_binding(hub: Hub) -> str | None:
    """A sentence if the database is not where it was bound, else None."""
    with hub.read() as tx:
        row = tx.execute(sa.select(table.c.place, table.c.bound_at).order_by(table.c.binding_id.desc()).limit(1)).first()
        here = place(tx, hub)
    if row is None:
        return "This hub is bound to no place, so nothing is delivered from it. If it is the one that counts: counterfoil adopt-hub."
    differences = _differences(row.place, here)
    if not differences:
        return None
    return (
        f"This hub was bound on {row.bound_at:%Y-%m-%d} to another place (different: {', '.join(differences)}). It may be a copy, so"
        " nothing is delivered from it. Make sure that the other one is stopped, then: counterfoil adopt-hub."
    )


def place(tx: Connection, hub: Hub) -> dict[str, str]:
    """Where the database lives, as far as it can be known."""
    if not hub.sqlite:
        server, database = tx.exec_driver_sql(
            "SELECT s.system_identifier, d.oid FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()"
        ).one()
        return {"server": str(server), "database": str(database)}
    file = hub.engine.url.database or ""
    status = Path(file).stat()
    return {
        "machine": _machine(),
        "file": str(status.st_ino),
        "device": str(status.st_dev),
        "file system": str(os.statvfs(file).f_fsid),
    }


def _machine() -> str:
    for path in _MACHINE_IDS:
        if path.is_file():
            return hashlib.sha256(f"counterfoil {path.read_text(encoding='ascii').strip()}".encode()).hexdigest()[:16]
    return ""


def _differences(bound: dict[str, str], here: dict[str, str]) -> list[str]:
    """What differs. A device may be numbered anew at a restart, and a file system may have no id of its own: one of the two must agree."""
    names = sorted(name for name in bound.keys() | here.keys() if bound.get(name) != here.get(name))
    both = {"device", "file system"}
    return names if both <= set(names) else [name for name in names if name not in both]
