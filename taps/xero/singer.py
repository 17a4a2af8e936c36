"""The program `tap-counterfoil-xero`."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.xero import CONNECTOR


class TapXero(ReaderTap):
    """Reads a Xero organisation."""

    name = "tap-counterfoil-xero"
    connector = CONNECTOR
