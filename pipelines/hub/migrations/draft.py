"""Write the next migration: `python -m pipelines.hub.migrations.draft what it does`.

Compares the tables of today's code with a database at the newest revision, and writes the difference as plain alembic calls: a migration
must not depend on code that goes on changing, so the hub's own column types are spelt out. Read what it wrote, add what moves data, and
set NEWEST in `pipelines.hub.schema`.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import api, produce_migrations, render
from alembic.migration import MigrationContext
from alembic.operations import ops

from pipelines.hub import ledger_tables, schema
from pipelines.hub.store import Hub
from pipelines.hub.types import Amount, Instant, Json

TABLES = ledger_tables.operation.metadata
"""Both halves: importing the second declares its tables beside those of the first."""
_TYPES: dict[type, str] = {Amount: "AMOUNT", Instant: "INSTANT", Json: "sa.Text()"}

_HEAD = '''"""{words}"""
# ruff: noqa: E501 (a table's comment is one line)

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from taps._kit.points import at

revision = "{revision}"
down_revision = {down!r}

AMOUNT = sa.Numeric(24, 6).with_variant(sa.BigInteger(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Take the step."""
'''


def _item(kind: str, value: Any, _context: api.AutogenContext) -> str | Literal[False]:
    if kind == "type" and type(value) in _TYPES:
        return _TYPES[type(value)]
    argument = getattr(value, "arg", None)
    if kind == "server_default" and isinstance(argument, sa.False_ | sa.True_):
        return "sa.false()" if isinstance(argument, sa.False_) else "sa.true()"
    return False


_OPTIONS: dict[str, Any] = {
    "render_item": _item,
    "version_table": schema.VERSION_TABLE,
    "sqlalchemy_module_prefix": "sa.",
    "alembic_module_prefix": "op.",
    "user_module_prefix": None,
}


def difference(hub: Hub) -> list[str]:
    """The calls that bring `hub` to today's tables; a crash point stands before each table."""
    order = {name: place for place, name in enumerate(TABLES.tables)}
    lines: list[str] = []
    with hub.engine.connect() as tx:
        context = MigrationContext.configure(tx, opts=_OPTIONS)
        found = produce_migrations(context, TABLES).upgrade_ops
        autogen = api.AutogenContext(context, TABLES)
        table = ""
        for change in sorted(_flat(found.ops if found else ()), key=lambda op: order.get(_table(op), len(order))):
            if _table(change) != table:
                table = _table(change)
                lines.append('at("G1")')
            lines += render.render_op(autogen, change)
    return lines


def _flat(changes: Any) -> list[ops.MigrateOperation]:
    flat: list[ops.MigrateOperation] = []
    for change in changes:
        flat += _flat(change.ops) if isinstance(change, ops.ModifyTableOps) else [change]
    return flat


def _table(change: ops.MigrateOperation) -> str:
    return str(getattr(change, "table_name", ""))


def write(words: str) -> Path:
    """The path of a new script that leads from NEWEST to today's tables."""
    folder = schema.FOLDER / "versions"
    known = sorted(path.name[:4] for path in folder.glob("[0-9]*.py"))
    down = known[-1] if known else None
    revision = f"{int(down or 0) + 1:04}"
    with tempfile.TemporaryDirectory() as scratch:
        hub = Hub(f"sqlite:///{scratch}/hub.db")
        if down:
            schema.migrate(hub)
        body = "\n".join(f"    {line}" for line in difference(hub))
        hub.close()
    path = folder / f"{revision}_{re.sub(r'[^a-z0-9]+', '_', words.lower()).strip('_')}.py"
    path.write_text(_HEAD.format(words=words, revision=revision, down=down) + body + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write(" ".join(sys.argv[1:])))  # noqa: T201 (a developer's command)
