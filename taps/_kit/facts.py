"""Facts of a system as data: limits, keys, windows, with the strength of their evidence. Code reads them; docs print them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal


class DeliveryClass(StrEnum):
    """What a target lets us prove. See the page on delivery."""

    KEYED = "keyed"
    """A confirmed idempotency key: effect once is proved."""
    LOOKED_UP = "looked_up"
    """No key, but documents are found by our reference."""
    APPEND_ONLY = "append_only"
    """Neither: an unclean end is held as not provable."""


class Evidence(StrEnum):
    """How a fact is known."""

    TRIED = "tried"
    SPECIFIED = "specified"
    DOCUMENTED = "documented"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Where a target takes an idempotency key, how long it remembers it, and within what."""

    where: str
    window: timedelta
    scope: str


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` within `window`, counted per tenant of the system."""

    calls: int
    window: timedelta
    of: str = ""
    """Only calls with this in their path count; empty: all."""

    def counts(self, path: str) -> bool:
        """Whether a call to that path counts."""
        return self.of in path


@dataclass(frozen=True, slots=True)
class RoundingProfile:
    """How a system computes the tax of a document: of each line rounded by itself, or once of the sum at each rate; half-up."""

    tax: Literal["line", "document"]
    """Where it rounds."""
    places: int = 2
    most_per_line: Decimal = Decimal("0.005")
    """A document whose tax differs by more than this for each line has another tax, unless each line for itself is explained."""
    most: Decimal = Decimal("0.05")
    """And however many lines there are, more than this is never rounding."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One system. Only what code or docs read stands here; a later connector adds the field that it needs."""

    system: str
    title: str
    batch: int = 1
    """Documents per write call; 1 for a reader that has no calls."""
    delivery: DeliveryClass | None = None
    """None for a system that is only read."""
    idempotency: Idempotency | None = None
    visible_after: timedelta = timedelta(0)
    """How long a look-up may miss what was written; Absent is no answer before that."""
    request_timeout: timedelta = timedelta(seconds=30)
    cursor_overlap: timedelta = timedelta(0)
    verbs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per document kind, which of create, update, void, reverse, adjust the system knows."""
    own_currency: tuple[str, ...] = ()
    """Kinds that may be written in the document's own currency, with its rate."""
    minor_digits: int | None = None
    """Decimal places that the system keeps of money; None: those of the currency."""
    rounding: RoundingProfile | None = None
    """How the system computes tax; None for one that keeps what it is given."""
    hosts: tuple[str, ...] = ()
    """Host names that are spoken to; empty for a system of our own or one whose address the connection gives."""
    limits: tuple[Limit, ...] = ()
    throttles: tuple[int, ...] = (429,)
    """Status codes that say "too fast" before anything was done."""
    api_version: str = ""
    served_until: date | None = None
    """Until when the vendor promises to serve that version; None: it names no day."""
    refresh_life: timedelta | None = None
    """How long a refresh token counts that nobody uses; None: for good, there is none, or nobody says."""
    linked: bool = False
    """Whether documents have lines and name customers, items and other documents by the system's own ids. Deliver looks these up."""
    approval: str = ""
    """Who must say yes before the first call, how long it takes and what it costs; for people."""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    """Per field above, how it is known. A field that is not named is tried."""
