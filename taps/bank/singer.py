"""The bank tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.bank import CONNECTOR


class TapBank(ReaderTap):
    """Singer tap for bank statements: CAMT.053, MT940, OFX or QFX, and CSV."""

    name = "tap-counterfoil-bank"
    connector = CONNECTOR
