"""The Square tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.square import CONNECTOR


class TapSquare(ReaderTap):
    """Singer tap for Square: orders, payments, refunds, payouts, buyers, goods, staff and their hours."""

    name = "tap-counterfoil-square"
    connector = CONNECTOR
