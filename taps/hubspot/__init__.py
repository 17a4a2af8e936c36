"""Tap for HubSpot: the CRM's parties, products, and deals with their line items."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.hubspot.client import oauth
from taps.hubspot.config import HubSpotConfig
from taps.hubspot.facts import FACTS
from taps.hubspot.reader import HubSpotReader
from taps.hubspot.totals import HubSpotTotals

CONNECTOR = TapType(
    name="hubspot", title=FACTS.title, config=HubSpotConfig, facts=FACTS, build=HubSpotReader, oauth=oauth, totals=HubSpotTotals
)
