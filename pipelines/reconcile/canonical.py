"""The hashes that a signature binds. The results are the JSON file that people export: `sha256sum` of that file is what is signed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from pipelines.reconcile.exports.json import to_json
from pipelines.reconcile.report import Report

_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")
_MOVING = (
    "run",
    "as_of",
    "rules",
    "inputs_hash",
    "books_hash",
    "matched",
    "suggestions",
    "rates",
    "notes",
    "late",
    "completeness",
    "numbers",
)
"""Fields of a report that may move on although the figures of its period stay."""


def canonical(value: Any) -> str:
    """Any value that JSON can hold, the same text for equal values."""
    return _encoder.encode(value).decode()


def digest(text: bytes | str) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def bound_hash(inputs: str, rules: str, results: str) -> str:
    """What a signature binds: SHA-256 over three lines, the hash of the inputs, the rules, and the hash of the results."""
    return digest(f"{inputs}\n{rules}\n{results}")


def figures_hash(report: Report) -> str:
    """Hash of what a report says of its period: totals, waterfalls and breaks.

    Cut-off, ages and run may move on, and it stays. What came late is not in it either: it belongs to the open period.
    """
    found = json.loads(to_json(report))["report"]
    kept = {name: value for name, value in found.items() if name not in _MOVING}
    kept["breaks"] = [{name: value for name, value in each.items() if name not in ("age", "suggested")} for each in kept["breaks"]]
    return digest(canonical(kept))
