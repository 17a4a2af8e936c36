"""Writes accounting, stock and people into a Tryton server of one's own, over its REST interface."""

from taps.tryton.facts import FACTS, KINDS
from targets._kit.registry import TargetType
from targets.tryton.config import TrytonTargetConfig
from targets.tryton.writer import TrytonWriter

CONNECTOR = TargetType(name="tryton", title=FACTS.title, config=TrytonTargetConfig, facts=FACTS, kinds=KINDS, build=TrytonWriter)
