"""A document in its own currency at Xero: the rate as Xero writes it, and the base amount that Xero makes of it.

Xero states a rate as units of the currency for one unit of base, with six decimals (Invoice.CurrencyRate in its OpenAPI file). It is the
reciprocal of ours, so that a large document may differ from our entry by cents: that is told in the bridge of its receipt, as fx.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mappings.model.money import round_half_up
from mappings.posting import Own
from mappings.problem import Problem
from targets._kit import currency
from targets._kit.writer import Intent
from targets.xero.chart import Chart

_PLACES = 6


def rate_of(own: Own) -> Decimal:
    """Units of the currency for one unit of base."""
    return round_half_up(1 / own.rate, _PLACES)


def named(own: Own) -> Mapping[str, Any]:
    """How an invoice or credit note says it."""
    return {"CurrencyCode": own.currency, "CurrencyRate": rate_of(own)}


def in_base(amount: Decimal, rate: Decimal | None) -> Decimal:
    """What an amount is in base, half-up to the cent (the rounding is not confirmed)."""
    return amount if not rate or rate == 1 else round_half_up(amount / rate, 2)


def turned(intent: Intent) -> Intent:
    """The intent with its lines and rows in its own currency, and its bridge with what Xero's rate makes otherwise."""
    own = intent.own
    return intent if own is None else currency.turned(intent, lambda amount: in_base(amount, rate_of(own)))


def unknown(intent: Intent, chart: Chart) -> Problem | None:
    """Held where the organisation has not added the currency; what follows another document is in that one's currency."""
    own = intent.own
    if own is None or "parent" in intent.related or own.currency in chart.currencies:
        return None
    return Problem(
        "POST-RATE",
        f"{intent.number} is in {own.currency}, which this Xero organisation has not added to its currencies.",
        f"Add {own.currency} in Xero (it needs a plan with multi-currency), or set `documents_in: base` of the books.",
        "documents_in",
    )
