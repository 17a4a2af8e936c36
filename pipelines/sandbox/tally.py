"""Counting documents by kind and fate."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from pipelines.sandbox.trade import ZERO


class Tally(dict[str, dict[str, dict[str, Any]]]):
    """Kind of document → fate → {count, amount: {currency: total}}."""

    def add(self, kind: str, fate: str, amount: Decimal = ZERO, currency: str = "") -> None:
        """One document more."""
        sums = self.setdefault(kind, {}).setdefault(fate, {"count": 0, "amount": defaultdict(Decimal)})
        sums["count"] += 1
        if currency:
            sums["amount"][currency] += amount

    def plain(self) -> dict[str, Any]:
        """As YAML writes it, amounts as text."""
        return {
            kind: {
                fate: {"count": sums["count"], "amount": {currency: f"{total:f}" for currency, total in sorted(sums["amount"].items())}}
                for fate, sums in sorted(fates.items())
            }
            for kind, fates in sorted(self.items())
        }
