"""Writes employees and their hours into BambooHR."""

from taps.bamboohr.facts import FACTS
from targets._kit.registry import TargetType
from targets.bamboohr.config import BambooTargetConfig
from targets.bamboohr.writer import KINDS, BambooWriter

CONNECTOR = TargetType(name="bamboohr", title=FACTS.title, config=BambooTargetConfig, facts=FACTS, kinds=KINDS, build=BambooWriter)
