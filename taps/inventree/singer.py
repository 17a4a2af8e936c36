"""The InvenTree tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.inventree import CONNECTOR


class TapInvenTree(ReaderTap):
    """Singer tap for InvenTree: stock, its history, parts, companies, locations and orders."""

    name = "tap-counterfoil-inventree"
    connector = CONNECTOR
