"""From an intent to the text of entries: pure, so that the same intent gives the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.model.money import exponent
from mappings.posting.entry import Line
from mappings.problem import Problem
from targets._kit.bridge import bridge_of
from targets._kit.writer import Intent, Payload, Unpreparable, Verb
from targets.ledger.facts import FACTS
from targets.ledger.text import Entry, Posting, Text, account_fault, balance, digest, entry_text, is_currency, is_id, link, written


class Body(NamedTuple):
    """What `send` needs of a prepared intent."""

    texts: tuple[Text, ...]
    accounts: tuple[str, ...]


def prepare(intent: Intent, opened_on: date) -> Payload | Unpreparable:
    """The entries of one attempt.

    create: the entry. update: a reversal of what is booked, dated as it is booked, and the new entry. reverse, void: the reversal alone.
    """
    booked = _booked(intent.booked)
    problem = _fault(intent, booked, opened_on)
    if problem is not None:
        return Unpreparable(problem)
    entries = []
    if intent.verb is not Verb.CREATE:
        entries.append(_entry(intent, booked.on, [line._replace(amount=-line.amount) for line in booked.lines], reversal=True))
    if intent.verb in (Verb.CREATE, Verb.UPDATE):
        entries.append(_entry(intent, intent.date, intent.lines, reversal=False))
    places = {posting.currency: exponent(posting.currency) for entry in entries for posting in entry.postings}
    texts = tuple(entry_text(entry, places) for entry in entries)
    accounts = tuple(dict.fromkeys(posting.account for entry in entries for posting in entry.postings))
    effect = sum((posting.amount for entry in entries for posting in entry.postings if posting.control), Decimal(0))
    return Payload(intent, Body(texts, accounts), digest(texts), effect, bridge_of(intent))


class _Booked(NamedTuple):
    on: date
    lines: tuple[Line, ...]


def _booked(body: Mapping[str, Any] | None) -> _Booked:
    return _Booked(date.fromisoformat(body["date"]), lines_of(body)) if body else _Booked(date.min, ())


def lines_of(body: Mapping[str, Any]) -> tuple[Line, ...]:
    """What stands, from the body of a receipt: {"date": …, "lines": [[account, "amount", currency, component, control], …]}."""
    return tuple(
        Line(account, Decimal(amount), currency, part, bool(control)) for account, amount, currency, part, control in body["lines"]
    )


def _entry(intent: Intent, on: date, lines: Sequence[Line], *, reversal: bool) -> Entry:
    subject = intent.subject
    names = (link(number) for number in (intent.number, *intent.links))
    return Entry(
        date=on,
        kind=subject.kind,
        number=intent.number,
        reversal=reversal,
        links=tuple(dict.fromkeys(name for name in names if name)),
        key=intent.look_up_key,
        ref=intent.idempotency_key,
        doc=f"{subject.local_id}/{subject.part}" if subject.part else subject.local_id,
        verb=intent.verb.value,
        postings=tuple(Posting(*line) for line in lines),
    )


# ── what cannot be written ──


def _fault(intent: Intent, booked: _Booked, opened_on: date) -> Problem | None:
    of = f"{intent.subject.kind} {intent.number}"
    if intent.verb.value not in FACTS.verbs.get(intent.subject.kind, ()):
        return Problem("POST-RULE", f"The ledger cannot {intent.verb} {of}.", "Choose a kind that the ledger's page lists, in the route.")
    if intent.verb is not Verb.CREATE and not booked.lines:
        return Problem("SEND-CHANGED", f"Nothing is booked for {of} that could be changed.", "Ask for a reconciliation of this document.")
    keys = (intent.look_up_key, intent.idempotency_key, f"{intent.subject.local_id}/{intent.subject.part}")
    if not all(is_id(key) for key in keys):
        return Problem("SEND-REFUSED", f"A key of {of} cannot stand in the ledger.", "Use an id of at most 150 printable characters.")
    if intent.verb in (Verb.REVERSE, Verb.VOID):
        return None
    return _date_fault(intent, of, opened_on) or _lines_fault(intent, of) or _unit_fault(intent, booked, of)


def _date_fault(intent: Intent, of: str, opened_on: date) -> Problem | None:
    if intent.date >= opened_on:
        return None
    say = f"{of} is dated {intent.date}, and the ledger's accounts open on {opened_on}."
    return Problem("SEND-REFUSED", say, "Correct the date, or set accounts_opened_on earlier before the first entry.", "date")


def _lines_fault(intent: Intent, of: str) -> Problem | None:
    if not intent.lines:
        return Problem("POST-RULE", f"{of} has no lines to book.", "Exclude such documents in the route.")
    for at, line in enumerate(intent.lines):
        where = f"lines.{at}"
        fault = account_fault(line.account)
        if fault:
            say = f"{of} books to {line.account!r}, which is no account of a ledger: {fault}."
            return Problem("POST-ACCOUNT", say, "Correct the account in the route's table of accounts.", f"{where}.account")
        if not is_currency(line.currency):
            return Problem(
                "SEND-REFUSED", f"{of} has the currency {line.currency!r}.", "Use a currency code like EUR.", f"{where}.currency"
            )
        try:
            written(line.amount, exponent(line.currency))
        except ValueError as reason:
            say = f"{of} books {line.amount} {line.currency} to {line.account}: this {reason}."
            return Problem("POST-UNBALANCED", say, "Round in the posting rule and show the difference as rounding.", f"{where}.amount")
    for currency, off in balance([Posting(*line) for line in intent.lines]).items():
        if off:
            say = f"Debits and credits of {of} differ by {off} {currency}."
            return Problem("POST-UNBALANCED", say, "Correct the posting rule or the document.", "lines")
    return None


def _unit_fault(intent: Intent, booked: _Booked, of: str) -> Problem | None:
    """The effect is one amount, so its control lines have one currency, before and after."""
    units = {line.currency for line in (*intent.lines, *booked.lines) if line.control}
    if len(units) <= 1:
        return None
    say = f"{of} counts in {' and '.join(sorted(units))} at once."
    return Problem("POST-RULE", say, "Book one document per currency; where its currency changed, take it back and book it anew.", "lines")
