"""The file in which people's decisions on receipts stand: one row for each entry of the bank, whatever became of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = "desk/receipts.jsonl"
ACCEPTED, TAKEN_BACK, DISMISSED = "accepted", "taken_back", "dismissed"


def rows(home: Path) -> dict[str, dict[str, Any]]:
    """Every row by its id, `CONNECTION:ENTRY`."""
    file = home / FILE
    if not file.is_file():
        return {}
    return {row["id"]: row for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())}


def dismissed(home: Path) -> set[tuple[str, str]]:
    """Entries that pay none of our invoices, as somebody said: (connection, reference)."""
    found = (identity.partition(":") for identity, row in rows(home).items() if row["decision"] == DISMISSED)
    return {(connection, reference) for connection, _colon, reference in found}
