"""Tap for InvenTree: stock items and their history, parts, companies, locations, purchase and sales orders."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.inventree.config import InvenTreeConfig
from taps.inventree.facts import FACTS
from taps.inventree.reader import InvenTreeReader

CONNECTOR = TapType(name="inventree", title=FACTS.title, config=InvenTreeConfig, facts=FACTS, build=InvenTreeReader)
