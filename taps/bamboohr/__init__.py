"""Tap for BambooHR: employees, time sheet entries, and the values of its lists."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.bamboohr.config import BambooConfig
from taps.bamboohr.facts import FACTS
from taps.bamboohr.reader import BambooReader

CONNECTOR = TapType(name="bamboohr", title=FACTS.title, config=BambooConfig, facts=FACTS, build=BambooReader)
