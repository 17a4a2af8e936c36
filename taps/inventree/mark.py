"""Our marks: which thing of ours a tracking entry, a part or a company belongs to, and which attempt wrote it.

In the notes of a stock adjustment (512 characters at most [S], searched by `search` [S]):

    R-1 of 2026-11-02 · cf 001122…4455 0011…ccdd of 001122…4455 was 0 leg 1/2 at 12:3,15:3

key and attempt; the thing, by the key that created it; the units that were booked of it before the attempt; this call of so many; and for
each stock item the location it lay in, for the entry itself does not tell. A count adds the quantity that it started from (`12:3:10`), a
transfer the quantity that it moves and where to (`12:3:2 to 4`). In the keywords of a part and the description of a company:

    cf:001122…4455:0011…ccdd

In the description of a sales order (250 characters at most [S], searched by `search` [S]) it stands behind what the attempt wants of it:

    1001 · keeps 5, kept 0 · cf:001122…4455:0011…ccdd
    1001 · handed over, kept 5 · cf:…
    1001 · called off, kept 5 · cf:…

and in the notes of each of its lines with the location, in hexadecimal, in place of the attempt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

_PAIR = r"\d+:\d+(?::\d+(?:\.\d+)?)?"
_NOTE = re.compile(
    r"(?P<head>.*?) · cf (?P<key>[0-9a-f]{24}) (?P<attempt>[0-9a-f]{16}) of (?P<thing>[0-9a-f]{24}) "
    rf"was (?P<was>-?\d+(?:\.\d+)?) leg (?P<leg>\d+)/(?P<legs>\d+) at (?P<at>{_PAIR}(?:,{_PAIR})*)(?: to (?P<to>\d+))?"
)
_WORD = re.compile(r"\s*\bcf:([0-9a-f]{24}):([0-9a-f]{16})\b")
HANDED_OVER, CALLED_OFF = "handed over", "called off"
_PROMISE = re.compile(
    rf"(?P<number>.*?) · (?P<end>keeps (?P<keeps>\d+(?:\.\d+)?)|{HANDED_OVER}|{CALLED_OFF}), kept (?P<kept>\d+(?:\.\d+)?) ·"
)
LONGEST_DESCRIPTION = 250
_NUMBER = 60
_COUNT, _MOVE, _SPLIT_CHILD = 10, 20, 42
"""Tracking types [C]: counted; moved as a whole; a part was moved away, told at the item that it was taken from."""
SEARCHED = "cf"
"""Finds every note of ours, and more; the mark's own form decides."""
ITEMS = 9
"""Stock items of one call, so that the mark fits into the notes."""


def key_of(look_up_key: str) -> str:
    """As it stands in a mark."""
    return look_up_key[-24:]


def attempt_of(idempotency_key: str) -> str:
    """As it stands in a mark."""
    return idempotency_key[-16:]


class Spot(NamedTuple):
    """Where a stock item lay when it was touched; of a count the quantity it started from, of a transfer the quantity that moves."""

    location: int
    quantity: Decimal | None = None


class Mark(NamedTuple):
    """What the notes of a tracking entry say."""

    number: str
    key: str
    attempt: str
    thing: str
    was: Decimal
    leg: int
    legs: int
    at: Mapping[int, Spot]
    """By stock item."""
    to: int | None = None
    """The location that a transfer leads to."""

    @staticmethod
    def of(notes: str | None) -> Mark | None:
        """The mark in some notes; None for notes of somebody else."""
        found = _NOTE.fullmatch(notes or "")
        if found is None:
            return None
        at: dict[int, Spot] = {}
        for pair in found["at"].split(","):
            item, place, *more = pair.split(":")
            at[int(item)] = Spot(int(place), Decimal(more[0]) if more else None)
        number = found["head"].rpartition(" of ")[0]
        to = int(found["to"]) if found["to"] else None
        was, leg, legs = Decimal(found["was"]), int(found["leg"]), int(found["legs"])
        return Mark(number, found["key"], found["attempt"], found["thing"], was, leg, legs, at, to)

    def notes(self, date: str) -> str:
        """As it is written, behind the number and the date that people know."""
        at = ",".join(
            f"{item}:{spot.location}" + (f":{spot.quantity:f}" if spot.quantity is not None else "") for item, spot in self.at.items()
        )
        to = f" to {self.to}" if self.to is not None else ""
        head = f"{self.number[:_NUMBER]} of {date}"
        return f"{head} · cf {self.key} {self.attempt} of {self.thing} was {self.was:f} leg {self.leg}/{self.legs} at {at}{to}"

    @property
    def last(self) -> bool:
        """Whether nothing of the attempt comes after this entry."""
        return self.leg == self.legs

    def moved(self, entry: Mapping[str, Any]) -> Iterator[tuple[int, Decimal]]:
        """(location, units that left it) by the deltas of an entry with this mark [C]; units that came are negative."""
        deltas = entry.get("deltas") or {}
        item = entry.get("item")
        spot = self.at[item] if isinstance(item, int) and item in self.at else next(iter(self.at.values()))
        kind = entry.get("tracking_type")
        if self.to is not None:
            if kind in (_MOVE, _SPLIT_CHILD):  # the new item has an entry of its own with the same notes: it is not counted twice
                units = _number(deltas.get("removed")) if kind == _SPLIT_CHILD else spot.quantity or Decimal(0)
                yield spot.location, units
                yield self.to, -units
        elif kind == _COUNT:
            yield spot.location, (spot.quantity or Decimal(0)) - _number(deltas.get("quantity"))
        else:
            yield spot.location, _number(deltas.get("removed")) - _number(deltas.get("added"))


class Label(NamedTuple):
    """The mark on a record."""

    key: str
    attempt: str

    @staticmethod
    def of(text: Any) -> Label | None:
        """The mark in a text; None where there is none."""
        found = _WORD.search(str(text or ""))
        return Label(found[1], found[2]) if found else None

    def onto(self, text: Any, longest: int) -> str:
        """The text with this mark instead of an older one; what people wrote stays, cut where it would not fit."""
        word = f"cf:{self.key}:{self.attempt}"
        bare = _WORD.sub("", str(text or "")).strip()[: longest - len(word) - 1].rstrip()
        return f"{bare} {word}".strip()


class Promise(NamedTuple):
    """What the description of a sales order of ours says."""

    number: str
    end: str
    """HANDED_OVER, CALLED_OFF, or '' while it keeps something."""
    keeps: Decimal
    """Pieces that are wanted."""
    kept: Decimal
    """Pieces that were kept before, by our receipts."""
    label: Label

    @staticmethod
    def of(text: Any) -> Promise | None:
        """None where it is nobody's of ours, or people changed the words."""
        found, label = _PROMISE.search(str(text or "")), Label.of(text)
        if found is None or label is None:
            return None
        end = "" if found["keeps"] else found["end"]
        return Promise(found["number"], end, Decimal(found["keeps"] or 0), Decimal(found["kept"]), label)

    def text(self) -> str:
        """As it is written."""
        what = self.end or f"keeps {self.keeps:f}"
        return self.label.onto(f"{self.number[:_NUMBER]} · {what}, kept {self.kept:f} ·", LONGEST_DESCRIPTION)


def without(text: Any) -> str:
    """A text without our mark."""
    return _WORD.sub("", str(text or "")).strip()


def _number(value: Any) -> Decimal:
    return Decimal(str(value or 0))
