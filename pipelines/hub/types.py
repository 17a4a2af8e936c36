"""Column types that are exact on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

SCALE = 6
"""Decimal places that the hub keeps of any amount; the canonical model refuses more."""
_UNIT = Decimal(1).scaleb(-SCALE)
_FACTOR = 10**SCALE
_LIMIT = 2**63

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="string", order="sorted")


LARGEST = Decimal(10**12)
"""What one document may be worth, or move: below it sums of many fit into 64 bits of millionths too."""


Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A whole number that is a primary key: on SQLite INTEGER makes it the row's own number, which saves an index."""


class Amount(TypeDecorator[Decimal]):
    """An exact signed decimal: NUMERIC(24, 6) on PostgreSQL, millionths in a 64-bit integer on SQLite, so that SUM is exact there too."""

    impl = sa.Numeric(24, SCALE)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type on this database."""
        return dialect.type_descriptor(sa.BigInteger() if dialect.name == "sqlite" else sa.Numeric(24, SCALE))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Towards the database."""
        if value is None or dialect.name != "sqlite":
            return value
        scaled = value * _FACTOR
        whole = int(scaled)
        if whole != scaled or not -_LIMIT < whole < _LIMIT:
            raise ValueError(f"{value} does not fit {SCALE} decimal places in 64 bits")
        return whole

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """From the database."""
        if value is None:
            return None
        return plain(Decimal(value).scaleb(-SCALE) if dialect.name == "sqlite" else Decimal(value))


def plain(value: Decimal) -> Decimal:
    """The same number without padding zeros and without an exponent: 12.500000 is 12.5, 1E+2 is 100."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short.as_tuple().exponent > 0 else short  # type: ignore[operator]  # finite, so a number


class Instant(TypeDecorator[datetime]):
    """A UTC instant: TIMESTAMP WITH TIME ZONE on PostgreSQL, ISO text on SQLite (sorts as it means)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type on this database."""
        return dialect.type_descriptor(sa.String(32) if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Towards the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a zone never enters the hub")
        utc = value.astimezone(UTC)
        return utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if dialect.name == "sqlite" else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """JSON as text, keys sorted, decimals as strings: the same value is the same text on every machine."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 (same on both)
        """Towards the database."""
        return None if value is None else _encoder.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 (same on both)
        """From the database."""
        return None if value is None else _decoder.decode(value)
