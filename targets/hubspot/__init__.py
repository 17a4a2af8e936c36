"""Writes what the books say of an invoice onto the deal that it came from, in HubSpot."""

from taps.hubspot.client import oauth
from taps.hubspot.facts import FACTS
from targets._kit.registry import TargetType
from targets.hubspot.config import HubSpotTargetConfig
from targets.hubspot.writer import KINDS, HubSpotWriter

CONNECTOR = TargetType(
    name="hubspot", title=FACTS.title, config=HubSpotTargetConfig, facts=FACTS, kinds=KINDS, build=HubSpotWriter, oauth=oauth
)
