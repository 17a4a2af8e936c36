"""Tap for Square: tills and their money. Orders, payments, refunds, payouts, buyers, goods, staff and their hours."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.square.client import oauth
from taps.square.config import SquareConfig
from taps.square.facts import FACTS
from taps.square.reader import SquareReader
from taps.square.totals import SquareTotals

CONNECTOR = TapType(
    name="square", title=FACTS.title, config=SquareConfig, facts=FACTS, build=SquareReader, oauth=oauth, totals=SquareTotals
)
