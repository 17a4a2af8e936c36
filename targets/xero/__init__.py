"""Writes to Xero: invoices, credit notes, bank transactions, payments, transfers and journals, contacts and items."""

from taps.xero.client import oauth
from taps.xero.facts import FACTS
from targets._kit.registry import TargetType
from targets.xero.config import XeroTargetConfig
from targets.xero.preparation import BUILDERS
from targets.xero.writer import XeroWriter

CONNECTOR = TargetType(
    name="xero", title=FACTS.title, config=XeroTargetConfig, facts=FACTS, kinds=tuple(BUILDERS), build=XeroWriter, oauth=oauth
)
