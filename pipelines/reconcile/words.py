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
        "The source has the document, the target does not, and nothing is on its way.",
        "Run `counterfoil run`. If the target once had it, ask there who deleted it.",
        "finance",
    ),
    BreakClass.MISSING_IN_SOURCE: Meaning(
        "Not known at the source",
        "The target has an entry that no source knows: typed by hand, written by another program, or deleted at the source since.",
        "Void it at the target, or accept it with a reason.",
        "finance",
    ),
    BreakClass.TIMING: Meaning(
        "On its way",
        "The document is known and not booked yet: it is ready to go, waits for another, or its answer is awaited.",
        "Nothing. It closes by itself once it is booked.",
        "IT",
    ),
    BreakClass.IN_TRANSIT: Meaning(
        "In transit",
        "The processor has issued the payout, and the bank has not booked it yet.",
        "Wait. After three bank days ask the processor.",
        "finance",
    ),
    BreakClass.DUPLICATE_TARGET: Meaning(
        "Twice at the target",
        "One document of the source stands at the target more than once.",
        "Void the later one at the target, and find out who or what entered it.",
        "finance",
    ),
    BreakClass.DUPLICATE_SOURCE: Meaning(
        "Twice at the source",
        "The source has the same document under two numbers or ids.",
        "Cancel one of them at the source.",
        "store",
    ),
    BreakClass.AMOUNT: Meaning(
        "Another amount",
        "Both sides have the document, with different amounts for the goods, and no other class explains the difference.",
        "Open both documents and correct the wrong one.",
        "finance",
    ),
    BreakClass.TAX: Meaning(
        "Another tax",
        "The net amount agrees, the tax does not.",
        "Compare the tax codes of the lines, then correct the code or its mapping.",
        "finance",
    ),
    BreakClass.ROUNDING: Meaning(
        "Rounding",
        "The target rounds tax differently: its arithmetic, run again over its lines, gives exactly this, at most 0.05 a document.",
        "Nothing. Book it to the account for rounding at month end, or write it off. A month over its limit is a break: accept it.",
        "finance",
    ),
    BreakClass.FEE: Meaning(
        "Fee",
        "A processor's fee is booked on one side only, or with another amount.",
        "Book the fee as the processor states it.",
        "finance",
    ),
    BreakClass.DISCOUNT: Meaning(
        "Discount",
        "One side has a discount that the other lacks, and the difference is exactly that discount.",
        "Map the discount to an account, then run again.",
        "IT",
    ),
    BreakClass.SHIPPING: Meaning(
        "Shipping",
        "One side has a shipping charge that the other lacks, and the difference is exactly that charge.",
        "Map shipping to an account, then run again.",
        "IT",
    ),
    BreakClass.TIP: Meaning(
        "Tip",
        "One side has a tip that the other lacks, and the difference is exactly that tip.",
        "Map tips to the account of tips payable, then run again.",
        "IT",
    ),
    BreakClass.GIFT_CARD: Meaning(
        "Gift card",
        "A gift card was sold or redeemed on one side only, and the difference is exactly its amount.",
        "Map gift cards sold to the liability and gift cards redeemed to its reduction, then run again.",
        "IT",
    ),
    BreakClass.FX: Meaning(
        "Exchange rate",
        "The amounts agree in the document's currency and differ in that of the books: they were converted at different rates.",
        "Compare the rates with their source and day; book what remains as exchange gain or loss.",
        "finance",
    ),
    BreakClass.CURRENCY: Meaning(
        "Another currency",
        "The two sides have the document in different currencies.",
        "Stop here and correct the currency first: every other figure of the document depends on it.",
        "finance",
    ),
    BreakClass.DATE: Meaning(
        "Another day",
        "The amounts agree; the two sides have them on different days of the same period.",
        "Compare time zone and end of day of the source with the date at the target.",
        "finance",
    ),
    BreakClass.PERIOD: Meaning(
        "Another period",
        "The amounts agree; the two sides have them in different periods.",
        "Move the entry, or carry it over and accrue it where it belongs.",
        "finance",
    ),
    BreakClass.PARTY: Meaning(
        "Another customer",
        "The amounts agree; the customer or employee differs.",
        "Merge the two records, or correct the document.",
        "finance",
    ),
    BreakClass.STATUS: Meaning(
        "Another status",
        "The amounts agree; one side says open, the other paid, refunded or void.",
        "Book the payment, refund or void that is missing.",
        "finance",
    ),
    BreakClass.REFUND_MISSING: Meaning(
        "Refund on one side",
        "A refund was made or booked on one side only.",
        "Book the refund, or ask the shop why the money went back.",
        "finance",
    ),
    BreakClass.CHARGEBACK: Meaning(
        "Chargeback on one side",
        "A customer's bank has taken a payment back, and only one side knows of it.",
        "Book the disputed amount and its fee, and answer the dispute before its deadline.",
        "finance",
    ),
    BreakClass.RESERVE: Meaning(
        "Reserve",
        "The processor holds money back that the books do not show; or the stock keeps other pieces for an order than it promises.",
        "Book the reserve as a receivable from the processor; in the stock, allocate or free what differs.",
        "finance",
    ),
    BreakClass.QTY: Meaning(
        "Another quantity",
        "The two sides have different numbers of pieces.",
        "Count the shelf, then adjust the side that is wrong.",
        "store",
    ),
    BreakClass.COST: Meaning(
        "Another cost",
        "The pieces agree, their value does not.",
        "Compare the cost of a piece on both sides; revalue where it is wrong.",
        "finance",
    ),
    BreakClass.HOURS: Meaning(
        "Other hours",
        "The two sides have different hours for an employee and day.",
        "Look for a clock-in or clock-out that is missing, or a rule that rounds time.",
        "store",
    ),
    BreakClass.RATE: Meaning(
        "Another wage",
        "The hours agree; their pay rate, or their split into regular and overtime, does not.",
        "Compare the pay rule of the job on both sides.",
        "finance",
    ),
    BreakClass.MAPPING: Meaning(
        "Held for a person",
        "It was not sent: an account, tax code or other setting is missing, or the document itself lacks something.",
        "`counterfoil problems` says what is missing. Add it, then `counterfoil retry`.",
        "IT",
    ),
    BreakClass.LOCKED_PERIOD: Meaning(
        "Locked period",
        "It was not booked: its period is closed at the target.",
        "Open the period, or book it in an open one with a reference to the old.",
        "finance",
    ),
    BreakClass.REJECTED: Meaning(
        "Refused by the target",
        "It was sent, and the target did not accept it.",
        "`counterfoil problems` says why. Mend that, then `counterfoil retry`.",
        "finance",
    ),
    BreakClass.STALE: Meaning(
        "Edited since",
        "One side was edited after the document was booked, and the other has not followed.",
        "Edited at the source: run `counterfoil run`, which books the change. Edited at the target: decide which is right.",
        "finance",
    ),
    BreakClass.UNKNOWN: Meaning(
        "Unknown",
        "No class explains the difference.",
        "Open both documents. If they agree to your eye, report it as a bug.",
        "finance",
    ),
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
