"""The Vendure tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.vendure import CONNECTOR


class TapVendure(ReaderTap):
    """Singer tap for Vendure: orders, customers, products, stock."""

    name = "tap-counterfoil-vendure"
    connector = CONNECTOR
