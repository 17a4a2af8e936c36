"""The words of reconciliation: corners, classes of breaks with what they mean and what to do, states of the work on them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Corner(StrEnum):
    """One side of a reconciliation."""

    SOURCE = "source"
    HUB = "hub"
    TARGET = "target"
    BANK = "bank"


class BreakClass(StrEnum):
    """Why two corners differ. Each explains its amount exactly; UNKNOWN says that nothing did."""

    MISSING_IN_TARGET = "MISSING_IN_TARGET"
    MISSING_IN_SOURCE = "MISSING_IN_SOURCE"
    TIMING = "TIMING"
    IN_TRANSIT = "IN_TRANSIT"
    DUPLICATE_TARGET = "DUPLICATE_TARGET"
    DUPLICATE_SOURCE = "DUPLICATE_SOURCE"
    AMOUNT = "AMOUNT"
    TAX = "TAX"
    ROUNDING = "ROUNDING"
    FEE = "FEE"
    DISCOUNT = "DISCOUNT"
    SHIPPING = "SHIPPING"
    TIP = "TIP"
    GIFT_CARD = "GIFT_CARD"
    FX = "FX"
    CURRENCY = "CURRENCY"
    DATE = "DATE"
    PERIOD = "PERIOD"
    PARTY = "PARTY"
    STATUS = "STATUS"
    REFUND_MISSING = "REFUND_MISSING"
    CHARGEBACK = "CHARGEBACK"
    RESERVE = "RESERVE"
    QTY = "QTY"
    COST = "COST"
    HOURS = "HOURS"
    RATE = "RATE"
    MAPPING = "MAPPING"
    LOCKED_PERIOD = "LOCKED_PERIOD"
    REJECTED = "REJECTED"
    STALE = "STALE"
    UNKNOWN = "UNKNOWN"


class Meaning(NamedTuple):
    """What finance reads about a class."""

    title: str
    means: str
    do: str
    owner: str
    """Who usually acts: finance, IT or store."""


MEANINGS: dict[BreakClass, Meaning] = {
    BreakClass.MISSING_IN_TARGET: Meaning(
        "Missing at the target",
        "The source has it, the target does not, and nothing is under way.",
        "Run `counterfoil run`; if the target had it once, ask who deleted it.",
        "finance",
    ),
    BreakClass.MISSING_IN_SOURCE: Meaning(
        "Not known at the source",
        "It stands at the target, and no source knows it: typed by hand, written by another program, or gone at the source.",
        "Void it at the target, or accept it with a reason.",
        "finance",
    ),
    BreakClass.TIMING: Meaning(
        "On its way",
        "It is known and not delivered yet: ready, waiting, or in doubt.",
        "Nothing; it closes by itself once it is delivered.",
        "IT",
    ),
    BreakClass.IN_TRANSIT: Meaning(
        "In transit",
        "The payout was issued and the bank has not booked it yet.",
        "Wait; after three bank days ask the processor.",
        "finance",
    ),
    BreakClass.DUPLICATE_TARGET: Meaning(
        "Twice at the target", "One sale stands at the target more than once.", "Void the later one.", "finance"
    ),
    BreakClass.DUPLICATE_SOURCE: Meaning(
        "Twice at the source", "The source states one thing more than once.", "Correct it at the source.", "store"
    ),
    BreakClass.AMOUNT: Meaning(
        "Another amount",
        "Both have it, with another amount of goods, and no other class explains that.",
        "Open both, correct the wrong one.",
        "finance",
    ),
    BreakClass.TAX: Meaning(
        "Another tax", "The net agrees, the tax does not.", "Look at the tax code of the lines and its mapping.", "finance"
    ),
    BreakClass.ROUNDING: Meaning(
        "Rounding",
        "The target's own arithmetic, run again, gives exactly this difference.",
        "Nothing; it is booked on the account for rounding or written off.",
        "finance",
    ),
    BreakClass.FEE: Meaning("Fee", "A fee that only one side knows, or knows with another amount.", "Post the fee.", "finance"),
    BreakClass.DISCOUNT: Meaning("Discount", "The discount stands on one side only.", "Map the discount.", "IT"),
    BreakClass.SHIPPING: Meaning("Shipping", "Shipping stands on one side only.", "Map shipping.", "IT"),
    BreakClass.TIP: Meaning("Tip", "The tip stands on one side only.", "Map the tip.", "IT"),
    BreakClass.GIFT_CARD: Meaning("Gift card", "A gift card stands on one side only.", "Map gift cards as liability or tender.", "IT"),
    BreakClass.FX: Meaning(
        "Exchange rate", "Equal in the document's currency, booked at another rate.", "Look at the rate's source and day.", "finance"
    ),
    BreakClass.CURRENCY: Meaning(
        "Another currency", "The same document in another currency.", "Stop; correct the currency before anything else.", "finance"
    ),
    BreakClass.DATE: Meaning("Another day", "Equal, on another day of the same period.", "Look at the day's cut-off.", "finance"),
    BreakClass.PERIOD: Meaning("Another period", "Equal, in another period.", "Look at cut-off and locked periods.", "finance"),
    BreakClass.PARTY: Meaning("Another customer", "Equal, for another customer or employee.", "Merge or correct the customer.", "finance"),
    BreakClass.STATUS: Meaning(
        "Another status", "Equal, but open here and settled or void there.", "Replay the event, or settle it.", "finance"
    ),
    BreakClass.REFUND_MISSING: Meaning("Refund on one side", "A refund stands on one side only.", "Post the refund.", "finance"),
    BreakClass.CHARGEBACK: Meaning(
        "Chargeback on one side", "A dispute stands on one side only.", "Post it, and answer the dispute in time.", "finance"
    ),
    BreakClass.RESERVE: Meaning(
        "Reserve", "The processor holds money back that the books do not know.", "Book the reserve as receivable.", "finance"
    ),
    BreakClass.QTY: Meaning("Another quantity", "Units differ.", "Count, then adjust the stock.", "store"),
    BreakClass.COST: Meaning("Another cost", "Units agree, their value does not.", "Look at the unit cost.", "finance"),
    BreakClass.HOURS: Meaning("Other hours", "Hours differ.", "Look for a missing punch or a rounding rule.", "store"),
    BreakClass.RATE: Meaning("Another wage", "Hours agree, their bucket or rate does not.", "Look at the pay rule.", "finance"),
    BreakClass.MAPPING: Meaning(
        "Held",
        "It is held for a person: something in the configuration or the data is missing.",
        "`counterfoil problems` says what; then `counterfoil retry`.",
        "IT",
    ),
    BreakClass.LOCKED_PERIOD: Meaning(
        "Locked period", "Its period is closed at the target.", "Open the period, or adjust in the next one.", "finance"
    ),
    BreakClass.REJECTED: Meaning(
        "Refused", "The target said no.", "`counterfoil problems` says why; mend it, then `counterfoil retry`.", "finance"
    ),
    BreakClass.STALE: Meaning(
        "Edited since",
        "One side was edited after it was booked.",
        "Run again, so that the change is booked; if the target was edited, decide which is right.",
        "finance",
    ),
    BreakClass.UNKNOWN: Meaning("Unknown", "No class explains it.", "Open both documents, then file it as a bug.", "finance"),
}
"""One row for each class; the docs print it, a test compares."""


class WorkState(StrEnum):
    """Where the work on a break stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    PENDING_APPROVAL = "pending_approval"
    RESOLVED = "resolved"
    CLOSED = "closed"
    """By itself: the difference is gone."""


class Resolution(StrEnum):
    """How a break was resolved."""

    FIXED_IN_SOURCE = "fixed_in_source"
    REPOSTED = "reposted"
    ADJUSTED = "adjusted"
    DUPLICATE = "duplicate"
    WRITTEN_OFF = "written_off"
    ACCEPTED = "accepted"


SETTLING = (Resolution.WRITTEN_OFF, Resolution.ACCEPTED)
"""Resolutions after which the difference stays, explained. After any other it must be gone in the next run, or the break opens again."""


class Stage(StrEnum):
    """How far the close of a period has come."""

    DRAFT = "draft"
    PREPARED = "prepared"
    REVIEWED = "reviewed"
    CERTIFIED = "certified"
    DECERTIFIED = "decertified"
    """The books changed after the certificate, or somebody unlocked the period; its signatures stay as they are."""
    WITHDRAWN = "withdrawn"
    """Prepared anew before it was certified."""


class Status(StrEnum):
    """What a reconciliation says as a whole."""

    TIES = "ties"
    """No break is open."""
    BREAKS = "breaks"
    """Every difference is named, some are open."""
    INVALID = "invalid"
    """The waterfall does not end at 0.00 unexplained: a bug of the reconciliation, never to be signed."""
