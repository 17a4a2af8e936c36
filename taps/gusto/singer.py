"""The Gusto tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.gusto import CONNECTOR


class TapGusto(ReaderTap):
    """Singer tap for Gusto: employees, time sheets and payroll results."""

    name = "tap-counterfoil-gusto"
    connector = CONNECTOR
