"""Reads the books, stock and people of a Tryton server of one's own, as they stand there; and what every call to Tryton needs."""

from taps._kit.registry import TapType
from taps.tryton.config import TrytonConfig
from taps.tryton.facts import FACTS
from taps.tryton.reader import TrytonReader

CONNECTOR = TapType(name="tryton", title=FACTS.title, config=TrytonConfig, facts=FACTS, build=TrytonReader)
