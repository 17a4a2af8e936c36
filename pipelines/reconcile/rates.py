"""A pair whose document is in another currency than the books: which currency it stands in, and what its rate explains."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pipelines.reconcile.report import Cause
from pipelines.reconcile.words import BreakClass

_PRECISION = Decimal("0.000001")
"""Of a rate: what two that differ by less than this share of themselves give is told as rounding."""


def other_currency(row: Mapping[str, Any]) -> str:
    """How a document's currency is another one at the target; '' where it is its own or that of the books."""
    own, unit, stated = row["own_unit"], row["l_unit"], row["r_stated_unit"]
    if unit != row["r_unit"]:
        return f"is in {unit} and stands in {row['r_unit']}"
    if stated not in (None, own, unit):
        return f"is in {own} and stands in {stated}"
    whole = own_total(row)
    if own not in (unit, stated) and whole == row["r_amount"] != row["l_amount"]:
        return f"is {whole} {own} and stands as {row['r_amount']} {unit}: the same number in another currency"
    return ""


def own_total(row: Mapping[str, Any]) -> Decimal | None:
    """What the source expects of the document's total, in its own currency."""
    return None if row["own_card"] is None or row["own_amount"] is None else row["own_amount"] + row["own_card"]


def agree(row: Mapping[str, Any]) -> bool:
    """Whether the target states the document's own amount in its own currency: only the rate can then be another."""
    stated = row["own_unit"] != row["l_unit"] and row["own_unit"] == row["r_stated_unit"]
    return stated and bool(row["rate"]) and own_total(row) == row["r_stated_amount"]


def of_rate(row: Mapping[str, Any], what: str, target: str, share: Decimal, cap: Decimal) -> Cause:
    """What a rate explains: cents, where it is ours as precisely as the target writes rates."""
    rate, booked = row["rate"], row["r_rate"]
    says = f"{what} is {row['own_amount']} {row['own_unit']}"
    if abs(booked - rate) <= rate * _PRECISION and abs(share) <= cap:
        return Cause(BreakClass.ROUNDING, share, f"{says}: {target}'s own arithmetic at {booked:f} gives {share} more than {rate:f}.")
    since = f", edited there {row['edited']}" if row["edited"] else ""
    return Cause(BreakClass.FX, share, f"{says}: expected at {rate:f}, booked at {booked:.6f}{since}.")
