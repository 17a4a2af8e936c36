"""Writes stock, people and records into tables of any SQL database, the embedded default for both."""

from targets._kit.registry import TargetType
from targets.database.config import DatabaseConfig
from targets.database.facts import FACTS, KINDS
from targets.database.writer import DatabaseWriter

CONNECTOR = TargetType(name="database", title=FACTS.title, config=DatabaseConfig, facts=FACTS, kinds=KINDS, build=DatabaseWriter)
