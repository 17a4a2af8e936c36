"""A QuickBooks Online company to try against, without Intuit."""

from __future__ import annotations

from taps.quickbooks.simulator.refusals import Refusal
from taps.quickbooks.simulator.server import QuickBooksSimulator

__all__ = ["QuickBooksSimulator", "Refusal"]
