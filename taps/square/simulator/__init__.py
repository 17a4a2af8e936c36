"""A simulator of Square: a seller with a state, and the calls that read it. `vendors.md` §5 and the official OpenAPI are the rules."""

from __future__ import annotations

from taps.square.simulator.seed import company
from taps.square.simulator.service import SquareSimulator

__all__ = ["SquareSimulator", "company"]
