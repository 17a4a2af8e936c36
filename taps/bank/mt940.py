"""MT940, the SWIFT customer statement, as banks really write it.

Seen in real files and read: headers of every kind between messages, :28: for :28C:, several :86: below one :61:, blank lines, an account
with its currency at the end, a first line of :61: that goes on with a name (Rabobank), a value day of 30 February. A statement without
:60: or :62: is cut off and refused.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.folder import corrupt
from taps._kit.text_lines import SAMPLE, encoding_of, text_lines, undecoded
from taps.bank.config import StatementFiles
from taps.bank.mt940_text import information
from taps.bank.statement import BOOKED, Bad, Entry, Item, Statement, Unreadable, amount_of, body_of, gathered, reference_of

_TAG = re.compile(r":(\d\d[A-Z]?|940|NS):(.*)", re.DOTALL)
_END = re.compile(r"-(\}.*|X*)")
_BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})([\d.,]+)")
_LINE = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4})?(?P<mark>R?[CD])(?P<funds>[A-Z])?(?P<amount>\d[\d]*(?:,\d*)?|,\d+)(?P<type>[NFS][A-Z0-9]{3})(?P<rest>.*)"
)
_REFERENCE = 16
"""Characters of the customer's reference."""
_LONGEST_FIELD = 400
"""Lines of one field."""
_CENTURY = 80
"""Two digits of a year from here on are of the last century."""
_FEBRUARY, _DAYS = 2, 30

_Field = tuple[str, list[str]]


class Mt940:
    """Customer statement messages."""

    def items(self, path: Path, name: str, files: StatementFiles) -> Iterator[Item]:
        """Each message from :20: on is a statement; pages of one are statements of their own, which their balances link."""
        with path.open("rb") as content:
            encoding = files.encoding or encoding_of(content.read(SAMPLE))
        message = _Message(name)
        for tag, lines in _fields(path, name, encoding):
            yield from message.take(tag, lines)
        yield from message.end()
        if not message.statements:
            raise corrupt(name, "MT940", "there is no :20: in it")


def _fields(path: Path, name: str, encoding: str) -> Iterator[_Field]:
    """Tag and lines of each field; what stands between two messages is passed over."""
    field: _Field | None = None
    for raw in text_lines(path, encoding):
        if undecoded(raw, encoding) is not None or "\0" in raw:
            raise corrupt(name, "MT940", f"there are bytes in it that are not {encoding}; name its `encoding` in the connection")
        line = raw.removesuffix("\r").removeprefix("\ufeff")
        found = _TAG.match(line.rpartition("{4:")[2])
        if found or _END.fullmatch(line.rstrip()):
            if field is not None:
                yield field
            field = (found.group(1), [found.group(2)]) if found else None
        elif field is not None and line.strip():
            field[1].append(line)
            if len(field[1]) > _LONGEST_FIELD:
                raise corrupt(name, "MT940", f"field :{field[0]}: has more than {_LONGEST_FIELD} lines")
    if field is not None:
        yield field


class _Message:
    """The message that is being read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._now: Statement | None = None
        self._line: list[str] | None = None
        """The :61: that waits for its :86:."""
        self._about: list[list[str]] = []
        self._entries = 0
        self.statements = 0

    def take(self, tag: str, lines: list[str]) -> Iterator[Item]:
        """One field."""
        if tag == "86":
            self._about.append(lines)
            return
        yield from self._entry()
        if tag == "20":
            yield from self.end()
            self._now = Statement("", number=lines[0].strip())
            self._entries = 0
        elif self._now is None:
            return
        elif tag in ("25", "25P"):
            self._now.account = "".join(lines[0].split())
        elif tag in ("28", "28C"):
            self._now.number = lines[0].strip() if lines[0].strip("0/ ") else self._now.number  # 00000/00 is no number
        elif tag in ("60F", "60M"):
            yield from self._open(self._now, lines[0])
        elif tag in ("62F", "62M"):
            self._now.closed_on, self._now.closing_currency, self._now.closing = self._balance(self._now, lines[0])
        elif tag == "61":
            self._line, self._about = lines, []

    def end(self) -> Iterator[Item]:
        """The message is over: it must have had both balances."""
        yield from self._entry()
        now, self._now = self._now, None
        if now is not None and (now.opening is None or now.closing is None):
            missing = "opening balance (:60F:)" if now.opening is None else "closing balance (:62F:)"
            raise corrupt(self._name, "MT940", f"statement {now.number} has no {missing}")

    def _open(self, now: Statement, text: str) -> Iterator[Item]:
        if now.opening is not None:
            raise corrupt(self._name, "MT940", f"statement {now.number} has two opening balances")
        now.opened_on, now.currency, now.opening = self._balance(now, text)
        now.account = now.account.removesuffix(now.currency)
        if not now.account:
            raise corrupt(self._name, "MT940", f"statement {now.number} does not name its account in :25:")
        self.statements += 1
        yield now

    def _balance(self, now: Statement, text: str) -> tuple[date, str, Decimal]:
        found = _BALANCE.match(text.strip())
        wrong = corrupt(self._name, "MT940", f"statement {now.number} has the balance {text.strip()[:40]!r}")
        if found is None:
            raise wrong
        try:
            day, _shifted = _day(found.group(2), "day")
            amount = amount_of(found.group(4).replace(",", "."))
        except Unreadable:
            raise wrong from None
        return day, found.group(3), amount if found.group(1) == "C" else -amount

    def _entry(self) -> Iterator[Item]:
        now, lines, about, self._line, self._about = self._now, self._line, self._about, None, []
        if now is None or lines is None:
            return
        if now.opening is None:
            raise corrupt(self._name, "MT940", f"statement {now.number} has entries before its opening balance (:60F:)")
        self._entries += 1
        try:
            yield Entry(now, self._body(now, lines, about))
        except Unreadable as trouble:
            raw = "\n".join([":61:" + "\n".join(lines), *(":86:" + "\n".join(each) for each in about)])
            yield Bad(now, f"entry {self._entries}", raw, str(trouble))

    def _body(self, now: Statement, lines: list[str], about: list[list[str]]) -> dict[str, Any]:
        found = _LINE.match(lines[0])
        if found is None:
            raise Unreadable("has a field :61: that is not made as it should be")
        made = gathered(
            value=lambda: _day(found["value"], "value day"),
            booked_on=lambda: _entry_day(found["entry"], found["value"]),
            amount=lambda: amount_of(found["amount"].replace(",", ".")),
        )
        value_on, shifted = made["value"]
        if shifted:
            now.notes.append(_thirtieth(self._name, now, self._entries, value_on))
        amount = made["amount"]
        own, _slashes, bank = found["rest"].partition("//")
        told = information(about)
        owner: dict[str, Any] = {"customer_reference": reference_of(own) or told.get("customer_reference")}
        if len(own) > _REFERENCE:  # Rabobank: the other account in 16 characters, then its name
            owner = {"counterparty_account": reference_of(own[:_REFERENCE]), "counterparty_name": own[_REFERENCE:].strip()}
        additional = " ".join(filter(None, (*(line.strip() for line in lines[1:]), told.pop("additional", ""))))
        return body_of(**{
            "account": now.account,
            "statement": now.number,
            "status": BOOKED,
            "booked_on": made["booked_on"],
            "value_on": value_on,
            "amount": amount if found["mark"] in ("C", "RD") else -amount,
            "currency": now.currency,
            "reversal": found["mark"].startswith("R"),
            "reference": reference_of(bank),
            **{key: value for key, value in told.items() if value},
            **{key: value for key, value in owner.items() if value},
            "code": found["type"] + (f"/{told['code']}" if told.get("code") else ""),
            "additional": additional,
        })  # fmt: skip


def _day(text: str, what: str) -> tuple[date, bool]:
    """YYMMDD, and whether it was 30 February, which banks write that count 30 days to a month: the last day of February is meant."""
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    year += 1900 if year >= _CENTURY else 2000
    shifted = month == _FEBRUARY and calendar.monthrange(year, month)[1] < day <= _DAYS
    try:
        return date(year, month, calendar.monthrange(year, month)[1] if shifted else day), shifted
    except ValueError:
        raise Unreadable(f"has the {what} {text}, which is no day of the calendar") from None


def _entry_day(text: str | None, value: str) -> date:
    """The booking day, MMDD, in the year that brings it nearest to the value day; the value day where the bank leaves it out."""
    try:
        value_on, _shifted = _day(value, "value day")
    except Unreadable:
        value_on = None
    if text is None or value_on is None:
        return value_on or date.min  # the value day is told of as what is wrong
    days = []
    for year in (value_on.year - 1, value_on.year, value_on.year + 1):
        with suppress(ValueError):
            days.append(date(year, int(text[:2]), int(text[2:])))
    if not days:
        raise Unreadable(f"has the booking day {text}, which is no day of the calendar")
    return min(days, key=lambda day: abs(day - value_on))


def _thirtieth(name: str, now: Statement, number: int, read: date) -> Problem:
    say = (
        f"Entry {number} of statement {now.number} in {name} has a value day in February that no calendar has; it is taken for "
        f"{read.isoformat()}, as banks mean it that count 30 days to a month."
    )
    return Problem(
        "READ-DAMAGED", say, "Look whether the value day is right; amount and booking day are as the bank wrote them.", "value_on"
    )
