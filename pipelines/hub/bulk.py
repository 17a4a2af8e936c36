"""Many rows at once, as fast as each database takes them: what SQLAlchemy's own executemany spends on each row is most of a batch.

`insert` binds through the columns' own types, so that what is stored is what `sa.insert` would store; a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

_Bind = Callable[[Any], Any] | None


def insert(tx: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same keys. SQLite: one prepared statement; PostgreSQL: COPY."""
    if not rows:
        return
    names = tuple(rows[0])
    columns = [[row[name] for row in rows] for name in names]
    for place, bind in enumerate(_binds(table, names, tx.dialect)):
        if bind is not None:
            columns[place] = [bind(value) for value in columns[place]]
    values = list(zip(*columns, strict=True))
    quoted = ", ".join(names)
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(f"INSERT INTO {table.name} ({quoted}) VALUES ({', '.join('?' * len(names))})", values)  # noqa: S608 (our own names)
        return
    raw: Any = tx.connection.dbapi_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({quoted}) FROM STDIN") as copy:
        for row in values:
            copy.write_row(row)


def _binds(table: sa.Table, names: tuple[str, ...], dialect: Dialect) -> list[_Bind]:
    return [_bind(table.c[name].type, dialect) for name in names]


@cache
def _bind(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> _Bind:
    if dialect.name == "postgresql" and isinstance(kind, sa.Uuid):
        return None
    bind: _Bind = kind.dialect_impl(dialect).bind_processor(dialect)
    return bind


def among(tx: Connection, column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """`column IN values` with one parameter, however many values there are: texts, whole numbers or UUIDs."""
    if tx.dialect.name == "postgresql":
        return column == sa.any_(sa.bindparam(None, list(values), type_=sa.ARRAY(column.type)))
    listed = json.dumps([value.hex if isinstance(value, UUID) else value for value in values])
    return column.in_(sa.select(sa.type_coerce(sa.func.json_each(listed).table_valued("value").c.value, column.type)))


def length(tx: Connection, column: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    """How long a text is, in bytes or characters, whichever the database has without a function of ours."""
    return sa.func.octet_length(column) if tx.dialect.name == "postgresql" else sa.func.length(column)
