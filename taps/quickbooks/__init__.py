"""Tap for QuickBooks Online: what stands in the books, ours and what was typed by hand."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.quickbooks.client import oauth
from taps.quickbooks.config import QuickBooksConfig
from taps.quickbooks.facts import FACTS
from taps.quickbooks.reader import QuickBooksReader

CONNECTOR = TapType(name="quickbooks", title=FACTS.title, config=QuickBooksConfig, facts=FACTS, build=QuickBooksReader, oauth=oauth)
