"""A report as JSON, and back: the data file that a signature names by its SHA-256.

    {"format": "counterfoil reconciliation 1", "report": {...}, "totals": [...]}

Equal reports give equal bytes: keys are sorted, decimals are texts with at least two places and no zeros beyond, instants are UTC. `report`
has the fields of `pipelines.reconcile.report.Report` under their own names; `totals` repeats the sums of each unit, so that a reader can
check that it read everything. Matched pairs are not in it (there may be a million): the workbook and the CSV hold them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from pipelines.reconcile.exports.keep import keep
from pipelines.reconcile.exports.totals import path, plain, totals
from pipelines.reconcile.report import Report
from taps._kit.errors import Tampered

FORMAT = "counterfoil reconciliation 1"
_LATER = ("completeness", "numbers")
"""Fields that reports of older versions do not have: left out where empty, so that a stored report stays the bytes that were signed."""


def write(report: Report, folder: Path) -> Path:
    """Write the report; the path of the file."""
    return keep(path(report, folder, "json"), to_json(report))


def to_json(report: Report) -> bytes:
    """The report as canonical JSON (UTF-8, a line feed at the end)."""
    whole = {"format": FORMAT, "report": report, "totals": totals(report)}
    built = _canonical(msgspec.to_builtins(whole, builtin_types=(Decimal, datetime)))
    for name in _LATER:
        if not built["report"][name]:
            del built["report"][name]
    return (json.dumps(built, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def from_json(content: bytes) -> Report:
    """The report that was written. Raises Tampered where it is not what `to_json` writes."""
    try:
        whole = json.loads(content)
        report = msgspec.convert(whole["report"], Report)
    except (ValueError, KeyError, TypeError) as wrong:
        raise Tampered(f"This is no reconciliation of ours: {wrong}.") from wrong
    if to_json(report) != content:
        raise Tampered("The file was changed since it was written: its totals or its form are not those of its report.")
    return report


def schema() -> dict[str, Any]:
    """The JSON Schema of `report`."""
    return msgspec.json.schema(Report)


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return {name: _canonical(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    return value
