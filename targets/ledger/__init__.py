"""Writes accounting documents into a Beancount journal, the embedded default for the books."""

from targets._kit.registry import TargetType
from targets.ledger.config import LedgerConfig
from targets.ledger.facts import FACTS, KINDS
from targets.ledger.writer import LedgerWriter

CONNECTOR = TargetType(name="ledger", title=FACTS.title, config=LedgerConfig, facts=FACTS, kinds=KINDS, build=LedgerWriter)
