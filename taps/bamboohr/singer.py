"""The BambooHR tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.bamboohr import CONNECTOR


class TapBamboohr(ReaderTap):
    """Singer tap for BambooHR: employees, time sheet entries, and the values of its lists."""

    name = "tap-counterfoil-bamboohr"
    connector = CONNECTOR
