"""What an export shows beside a report: who signed, what was done, who works on a break. Whoever keeps these things hands them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.reconcile.report import Break
from pipelines.reconcile.words import WorkState

if TYPE_CHECKING:
    from pipelines.reconcile.kpis import Kpis


@dataclass(frozen=True, slots=True)
class SignOff:
    """One signature under a reconciliation."""

    role: str
    """preparer or reviewer."""
    person: str
    statement: str
    """The sentence that was signed, as it stood then."""
    signed_at: datetime
    """UTC."""
    bound_hash: str
    """SHA-256 of what was signed: inputs, rules and results."""
    frozen: str = ""
    """Why the signature no longer counts (a balance changed since); empty while it does."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that somebody did."""

    at: datetime
    """UTC."""
    actor: str
    action: str
    subject: str


@dataclass(frozen=True, slots=True)
class Work:
    """Where the work on a break stands; `key` is `Break.key`."""

    key: str
    state: WorkState
    owner: str = ""
    reason: str = ""
    """How it was resolved: reposted, written_off, ...; empty while it is open."""
    comment: str = ""
    changed_at: datetime | None = None
    """UTC."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A break that was open before this period and still is, or that closed since."""

    found: Break
    since: date
    """The day of the run that saw it first."""
    state: WorkState
    owner: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RollLine:
    """One line of the roll-forward of open breaks: open at the start, new, resolved, closed by themselves, reopened, open at the end."""

    label: str
    unit: str
    count: int
    gross: Decimal
    """Σ |difference|."""
    net: Decimal
    """Σ difference."""


@dataclass(frozen=True, slots=True)
class Extras:
    """Everything that an export can show and a report does not hold. Each part may be left out; its sheet then says so."""

    sign_offs: tuple[SignOff, ...] = ()
    statement: str = ""
    """What a signature says, for the lines of those who have not signed yet."""
    audit: tuple[AuditLine, ...] | None = None
    work: tuple[Work, ...] = ()
    carried: tuple[Carried, ...] | None = None
    roll_forward: tuple[RollLine, ...] = ()
    kpis: Kpis | None = None
    """How it goes over time, at the moment of the export."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """More lines for the sheet of parameters: decisions of the company, versions of the configuration."""
    legal_name: str = ""
    """The company as it stands in the register; the short name where it is empty."""
    link: str = ""
    """Address of a break in the console, with `{key}` in it; no links where it is empty."""

    def work_on(self) -> dict[str, Work]:
        """The work by the key of its break."""
        return {each.key: each for each in self.work}
