"""Tap for Vendure: orders with everything that hangs on them, customers, products, stock."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.vendure.config import VendureConfig
from taps.vendure.facts import FACTS
from taps.vendure.reader import VendureReader
from taps.vendure.totals import VendureTotals

CONNECTOR = TapType(name="vendure", title=FACTS.title, config=VendureConfig, facts=FACTS, build=VendureReader, totals=VendureTotals)
