"""Instants as Square writes them, and the local clock of a location."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo


def instant(text: str) -> datetime:
    """An RFC 3339 text as an instant."""
    return datetime.fromisoformat(text).astimezone(UTC)


def written(moment: datetime) -> str:
    """An instant as Square takes it and as text sorts: UTC, always with milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def local(text: str | None, timezone: str | None) -> str | None:
    """What the clock on the wall of a location showed, without an offset: a mapping counts its business day from it."""
    zone = _zone(timezone) if timezone else None
    if not text or zone is None:
        return None
    return instant(text).astimezone(zone).replace(tzinfo=None).isoformat()


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None


def version(row: dict[str, Any], *fields: str) -> str | None:
    """When a row was last changed, as text that sorts; the first of the fields that it has."""
    found = next((row[name] for name in fields if row.get(name)), None)
    return written(instant(found)) if found else None
