"""A simulator of HubSpot's CRM: an account with a state, and the calls that read and write it.

The rules are the vendor's published facts. HubSpot's own OpenAPI may not be used outside and was not: its two client libraries judge
the answers.
"""

from __future__ import annotations

from taps.hubspot.simulator.portal import Portal
from taps.hubspot.simulator.seed import company
from taps.hubspot.simulator.service import HubSpotSimulator

__all__ = ["HubSpotSimulator", "Portal", "company"]
