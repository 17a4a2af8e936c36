"""The words of the hub, as they stand in its columns. The glossary in the docs is compared with them."""

from __future__ import annotations

from enum import StrEnum


class OperationState(StrEnum):
    """Where an operation is on its way to a receipt."""

    READY = "ready"
    WAITING = "waiting"
    """For a time, a parent or an open summary."""
    HELD = "held"
    """For a person or a period."""
    IN_DOUBT = "in_doubt"
    """Committed before the send; nobody knows yet."""
    DELIVERED = "delivered"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    """A newer revision took its place before anything was sent."""
    CANCELLED = "cancelled"
    """There was nothing to send."""


class Fate(StrEnum):
    """What became of a document on a posting; one at a time."""

    DELIVERED = "delivered"
    SUMMARISED = "summarised"
    MERGED = "merged"
    EXCLUDED = "excluded"
    HELD = "held"
    REFUSED = "refused"
    READY = "ready"
    WAITING = "waiting"
    IN_DOUBT = "in_doubt"


DONE = (Fate.DELIVERED, Fate.SUMMARISED, Fate.MERGED, Fate.EXCLUDED)
"""Fates after which nothing is left to do until a newer revision comes."""


class AttemptState(StrEnum):
    """What is known of one write."""

    IN_DOUBT = "in_doubt"
    DELIVERED = "delivered"
    REFUSED = "refused"
    ABSENT = "absent"
    """Looked up: the target never got it."""


class Outcome(StrEnum):
    """What translate made of a landed row; none yet is `untranslated`."""

    TRANSLATED = "translated"
    EXCLUDED = "excluded"
    PROBLEM = "problem"
    HELD = "held"
    """Another row of its group has a problem."""
    REPLACED = "replaced"
    """A newer version landed, or this one was older than the head."""
    WORKED = "worked"
    """A delete by absence or tombstone, taken into a revision."""


class Want(StrEnum):
    """Desired state of a subject."""

    PRESENT = "present"
    ABSENT = "absent"


class Cause(StrEnum):
    """Why a revision was made."""

    SOURCE = "source"
    MAPPING = "mapping"


class Origin(StrEnum):
    """Who made the remote record of a crosswalk row."""

    OURS = "ours"
    THEIRS = "theirs"
    ADOPTED = "adopted"


class PeriodStatus(StrEnum):
    """Of a company's accounting period."""

    OPEN = "open"
    LOCKED = "locked"
    CLOSED = "closed"
