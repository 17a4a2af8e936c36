"""Tap for Xero: what stands in the books, ours and what was typed by hand."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.xero.client import oauth
from taps.xero.config import XeroConfig
from taps.xero.facts import FACTS
from taps.xero.reader import XeroReader

CONNECTOR = TapType(name="xero", title=FACTS.title, config=XeroConfig, facts=FACTS, build=XeroReader, oauth=oauth)
