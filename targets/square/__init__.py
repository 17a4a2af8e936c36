"""Writes team members into Square."""

from taps.square.facts import FACTS
from targets._kit.registry import TargetType
from targets.square.config import SquareTargetConfig, oauth
from targets.square.writer import KINDS, SquareWriter

CONNECTOR = TargetType(
    name="square", title=FACTS.title, config=SquareTargetConfig, facts=FACTS, kinds=KINDS, build=SquareWriter, oauth=oauth
)
