"""Writes parts, customers and stock into InvenTree."""

from __future__ import annotations

from taps.inventree.facts import FACTS
from targets._kit.registry import TargetType
from targets.inventree.config import InvenTreeTargetConfig
from targets.inventree.writer import KINDS, InvenTreeWriter

CONNECTOR = TargetType(name="inventree", title=FACTS.title, config=InvenTreeTargetConfig, facts=FACTS, kinds=KINDS, build=InvenTreeWriter)
