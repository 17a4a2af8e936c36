"""Bank statements in files."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.bank.config import BankConfig
from taps.bank.reader import FACTS, BankReader

CONNECTOR = TapType(name="bank", title=FACTS.title, config=BankConfig, facts=FACTS, build=BankReader)
