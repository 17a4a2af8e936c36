"""The Singer program `tap-counterfoil-tryton`."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.tryton import CONNECTOR


class TapTryton(ReaderTap):
    """A Tryton server as a Singer tap."""

    name = "tap-counterfoil-tryton"
    connector = CONNECTOR
