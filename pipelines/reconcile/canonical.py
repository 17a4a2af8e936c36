"""A report as bytes, and the hashes that a signature binds. Equal reports give equal bytes on every machine."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import msgspec

from pipelines.hub.types import plain
from pipelines.reconcile.report import Break, Report

_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")
_report = msgspec.json.Decoder(Report)


def encode(report: Report) -> bytes:
    """The canonical JSON of a report: keys sorted, amounts as text, instants in UTC."""
    return _encoder.encode(report)


def decode(body: bytes | str) -> Report:
    """The report that was encoded."""
    return _report.decode(body)


def canonical(value: Any) -> str:
    """Any value that JSON can hold, in the same form."""
    return _encoder.encode(value).decode()


def digest(text: bytes | str) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def bound_hash(inputs: str, rules: str, results: str) -> str:
    """What a signature binds: SHA-256 over the three lines. An auditor has it with `printf '%s\\n%s\\n%s' … | sha256sum`."""
    return digest(f"{inputs}\n{rules}\n{results}")


def figures_hash(report: Report) -> str:
    """Hash of what a report says of the period, without when it was asked: cut-off, ages and run may move on, and it stays.

    What came late is not in it either: it belongs to the open period.
    """
    return digest(
        _encoder.encode(
            {
                "status": report.status,
                "corners": report.corners,
                "waterfalls": report.waterfalls,
                "breaks": [_figures(each) for each in report.breaks],
            }
        )
    )


def _figures(each: Break) -> tuple[str, Decimal, Decimal, list[tuple[str, Decimal]]]:
    return each.key, plain(each.expected), plain(each.actual), [(cause.kind, plain(cause.amount)) for cause in each.causes]
