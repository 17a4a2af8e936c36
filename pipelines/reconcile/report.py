"""What a reconciliation found, as values: exports, close, mail and console read this and nothing else.

Amounts are exact decimals in `unit`: a currency (ISO 4217), `C62` for pieces, `HUR` for hours. Units are never added to each other.
A difference is always actual − expected: + means too much at the target.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from pipelines.reconcile.words import BreakClass, Corner, Status

ZERO = Decimal(0)
MONTH_OF_ROUNDING = "rounding of a month"
"""Kind of the break that an account's rounding of one month is, where it is more than the rules allow: it repeats, and adds nothing."""


@dataclass(frozen=True, slots=True)
class CornerTotal:
    """What one corner holds in the window: the completeness evidence of the auditor's pack."""

    sheet: str
    corner: Corner
    connection: str
    kind: str
    unit: str
    items: int
    amount: Decimal
    asked: str
    """How it was read: the stream and control that were asked, for people."""
    gaps: tuple[str, ...] = ()
    """Numbers that are missing in a run of numbers (`1002`, `1007 to 1009`), where the source numbers without gaps."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a source states of one kind and day, asked apart from the cursor, beside what was read of it: evidence of completeness."""

    sheet: str
    connection: str
    kind: str
    unit: str
    on: date | None
    """Business date; None for a statement about the whole period."""
    stated: int
    """How many the source says there are."""
    stated_amount: Decimal | None
    """Their sum, where the source states one."""
    received: int
    """How many of them the hub has received."""
    compared: int
    """How many of them the sheet compares; the control may leave out some, such as drafts."""
    compared_amount: Decimal | None
    """Their sum by the control."""
    missing: tuple[str, ...]
    """Numbers of those that the hub has not received, the first of many."""
    asked: str
    """The query; empty where nothing was asked."""
    until: datetime | None
    """What came into being later was not asked for: the hub had not read so far."""
    why: str = ""
    """Why nothing was asked."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that are missing in a run of numbers, and what the source says of them."""

    sheet: str
    connection: str
    kind: str
    numbers: str
    """`#1017`, or `#1017 to #1019`."""
    on: date | None
    """Business date of the number before."""
    explained: bool
    """By the source or by what the hub read of it before. A gap that was asked about and is not explained is a break."""
    says: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A part of a break that one class explains exactly. 0.00 where nothing but a date, a party or a status differs."""

    kind: BreakClass
    amount: Decimal
    say: str
    """For finance: what, where, how much."""
    account: str = ""
    """Of rounding: the role of the account that takes it."""


@dataclass(frozen=True, slots=True)
class Side:
    """One document as one corner holds it. Only what was compared; no personal fields."""

    corner: Corner
    connection: str
    reference: str
    """The corner's own id."""
    number: str
    on: date | None
    unit: str
    amount: Decimal
    components: tuple[tuple[str, Decimal], ...] = ()
    """goods, discount, shipping, tax, tip, gift_card, fee, rounding: other than zero, where the corner tells them."""
    party: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """A difference on one subject. Σ causes = difference."""

    key: str
    """Stable from run to run (hash of sheet, subject and unit): the work on it hangs here."""
    sheet: str
    kind: str
    """Document type: order, refund, payment, ..."""
    subject: str
    """Document id with its leg after a slash; empty for what only a target or a bank knows."""
    number: str
    unit: str
    on: date | None
    """Business date of the earliest side."""
    age: int
    """Business days (Monday to Friday) from `on` to the cut-off."""
    expected: Decimal
    actual: Decimal
    causes: tuple[Cause, ...]
    sides: tuple[Side, ...]
    suggested: str = ""
    """The command or step that would mend it, ready to be run; empty where a person must decide."""

    @property
    def difference(self) -> Decimal:
        """Actual − expected."""
        return self.actual - self.expected


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a waterfall."""

    label: str
    amount: Decimal
    count: int = 0
    role: str = "step"
    """corner (what a corner holds: these come first and add up), total (says where the sum has come to; the first line may be one),
    step (moves it), break (a class of breaks) or check (must be 0.00)."""
    note: str = ""
    """Whether the total before already contains it, and other words for who reads the line."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From the source's total to the target's, step by step. Steps and breaks add up from the first total to the last."""

    name: str
    """sales, clearing, clearing_of (one processor's, named in the title), tax, gift_cards, payouts, stock, hours."""
    title: str
    sheet: str
    unit: str
    lines: tuple[Line, ...]
    unexplained: Decimal


@dataclass(frozen=True, slots=True)
class Matched:
    """How many pairs a rule has made."""

    sheet: str
    rule: str
    """Name of the rule with its version: sync_link@1."""
    state: str
    """exact, tolerance or suggested."""
    unit: str
    pairs: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A match that a person must confirm."""

    sheet: str
    rule: str
    score: Decimal
    """0 to 1."""
    reasons: tuple[str, ...]
    left: tuple[Side, ...]
    right: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """Match and classification rates of one unit, 0 to 1, exact fractions rounded to six places."""

    unit: str
    matched_count: Decimal
    matched_value: Decimal
    classified_value: Decimal
    open_gross: Decimal
    """Σ |difference| of open breaks."""
    open_net: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """One reconciliation of one company and period. Equal inputs and rules give an equal report, byte for byte."""

    run: str
    """First twelve digits of the hash of inputs and rules: stands on every export."""
    company: str
    period: str
    """YYYY-MM, or empty for everything since the beginning."""
    as_of: datetime
    """The cut-off (UTC): part of the input."""
    timezone: str
    rules: str
    """Name and version of the rules, with their hash."""
    inputs_hash: str
    books_hash: str
    """Of the target and bank corners inside the period alone: what a certificate binds beside the results."""
    status: Status
    corners: tuple[CornerTotal, ...]
    waterfalls: tuple[Waterfall, ...]
    breaks: tuple[Break, ...]
    """By |difference|, the largest first, then by key."""
    matched: tuple[Matched, ...]
    suggestions: tuple[Suggestion, ...] = ()
    rates: tuple[Rates, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be asked, and what follows."""
    late: tuple[Break, ...] = field(default=())
    """Source events that came after the period was certified: the post-close list."""
    completeness: tuple[Stated, ...] = ()
    """What the sources state of themselves, by day."""
    numbers: tuple[Gap, ...] = ()
    """The gaps in runs of numbers, with what the sources say of them."""

    @property
    def unexplained(self) -> dict[str, Decimal]:
        """By unit; all 0 in a report that may be signed."""
        found: dict[str, Decimal] = {}
        for waterfall in self.waterfalls:
            found[waterfall.unit] = found.get(waterfall.unit, ZERO) + abs(waterfall.unexplained)
        return found


@dataclass(frozen=True, slots=True)
class Pair:
    """One matched pair, for the sheet of matches: a report does not hold them, there may be a million."""

    sheet: str
    rule: str
    kind: str
    number: str
    on: date | None
    unit: str
    expected: Decimal
    actual: Decimal
