"""The HubSpot tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.hubspot import CONNECTOR


class TapHubSpot(ReaderTap):
    """Singer tap for HubSpot: contacts, companies, products, deals with line items, owners."""

    name = "tap-counterfoil-hubspot"
    connector = CONNECTOR
