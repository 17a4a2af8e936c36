"""Writes contacts, suppliers, items, sales, bills, payments, expenses, transfers and journals into QuickBooks Online."""

from __future__ import annotations

from taps.quickbooks.client import oauth
from taps.quickbooks.facts import FACTS
from targets._kit.registry import TargetType
from targets.quickbooks.config import QuickBooksTargetConfig
from targets.quickbooks.purchases import unwilling
from targets.quickbooks.writer import QuickBooksWriter

CONNECTOR = TargetType(
    name="quickbooks",
    title=FACTS.title,
    config=QuickBooksTargetConfig,
    facts=FACTS,
    kinds=tuple(FACTS.verbs),
    build=QuickBooksWriter,
    oauth=oauth,
    unwilling=unwilling,
)
