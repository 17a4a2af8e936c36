"""The rules of reconciliation: shipped as YAML, single values replaced by the home's own `reconcile.yaml`."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from taps._kit.errors import Misconfigured


class Pass(BaseModel):
    """One pass of matching."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["sync_link", "number", "amount_and_day"]
    days: int = 0


class Terms(BaseModel):
    """A discount for whoever pays in time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    percent: Decimal
    days: int
    """Counted from the invoice's date."""


class Rules(BaseModel):
    """All of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: int
    passes: tuple[Pass, ...]
    rounding_cap: Decimal
    """Of one document."""
    rounding_month_cap: Decimal
    """Of one account in one month, in each currency, whatever their signs: over it finance must act."""
    grace_days: int
    in_transit_days: int
    payout_lines: str
    """Regular expression: what an entry's text looks like that is a payout; one that no processor knows is then a break."""
    terms: tuple[Terms, ...] = ()
    """Discounts that a receipt may be short by."""
    bank_charge_cap: dict[str, Decimal] = {}
    """By currency: what banks on the way may have kept of a receipt that names its invoices."""

    @property
    def told(self) -> str:
        """Name, version and hash, for every report."""
        return f"{self.name}@{self.version} {hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]}"


def rules(home: Path) -> Rules:
    """The rules of a home. Raises Misconfigured with field and reason."""
    given: dict[str, Any] = yaml.safe_load((resources.files("pipelines.reconcile") / "rules.yaml").read_text(encoding="utf-8"))
    own = home / "reconcile.yaml"
    if own.is_file():
        given |= yaml.safe_load(own.read_text(encoding="utf-8")) or {}
    try:
        return Rules.model_validate(given)
    except ValidationError as wrong:
        lines = [f"reconcile.yaml: {'.'.join(map(str, error['loc']))}: {error['msg']}" for error in wrong.errors()]
        raise Misconfigured("\n".join(lines)) from None
