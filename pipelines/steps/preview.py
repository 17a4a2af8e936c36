"""Preview: what some records would become and what each route would send for them. Reads the source; writes nothing anywhere.

The same mapping, posting table and writers are asked as in a run, but no hub: whatever depends on what is already booked (a parent, a
closed period, an earlier revision) is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec

from mappings.engine import Context
from mappings.identity import document_id
from mappings.language import Mapping as StreamMapping
from mappings.model import Document, Part, split
from mappings.posting import EFFECTS, Entry, Line, Move, kept_or_moved, measure, post
from mappings.problem import Problem
from pipelines.home.load import Home
from pipelines.home.settings import Posting, Route
from pipelines.steps.plan import exclusion
from pipelines.steps.run import context_of
from taps._kit.errors import CounterfoilError, Misconfigured
from taps._kit.reader import Damaged, Notice, Reader, Record
from taps._kit.registry import tap
from taps._kit.surroundings import Surroundings
from targets._kit.registry import target
from targets._kit.writer import Intent, Subject, Unpreparable, Verb, Writer

AHEAD = 20_000
"""Rows that are read on, once enough groups have begun, to find the rest of those groups."""
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True, slots=True)
class Sending:
    """What one posting of one route would do with one leg of a document."""

    route: str
    posting: str
    target: str
    mode: str
    representation: str
    part: str
    excluded: str = ""
    """Why nothing would be sent, on purpose; else empty."""
    date: date | None = None
    amount: Decimal = Decimal(0)
    unit: str = ""
    lines: tuple[Line, ...] = ()
    moves: tuple[Move, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the record, where the posting neither books nor moves stock."""
    bridge: Mapping[str, Decimal] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A canonical document and where it would go."""

    document: Document
    body: Mapping[str, Any]
    """Its fields, personal ones included, without those that hold their default."""
    sendings: tuple[Sending, ...]


@dataclass(slots=True)
class Group:
    """The source rows of one record, or of one document that several rows make."""

    key: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    excluded: str = ""


@dataclass(slots=True)
class Preview:
    """What `preview` shows."""

    connection: str
    stream: str
    mapping: str
    notes: tuple[str, ...]
    """What was detected of the source: dialect, encoding, sheet, binary floats."""
    groups: list[Group]
    problems: list[Problem]
    """About the source as a whole."""
    partial: bool
    """Reading stopped before the source's end, so that a group's later rows may be missing."""


def preview(home: Home, connection: str, stream: str, *, rows: int = 3, key: str | None = None) -> Preview:
    """The first records (or groups of rows) of a stream, or those with that key. Raises Misconfigured for names that are not there."""
    source = home.taps.get(connection)
    if source is None:
        raise Misconfigured(f"There is no connection {connection!r} to read from; there are {', '.join(home.taps) or 'none'}.")
    if stream not in source.mappings:
        raise Misconfigured(f"The connection {connection} reads no stream {stream!r}; it reads {', '.join(source.mappings)}.")
    kind = tap(source.tap)
    reader = kind.build(kind.config.model_validate(source.config), home.path)
    mapping = home.mappings[source.mappings[stream]]
    found = Preview(connection, stream, mapping.name, _notes(reader, stream), [], [], partial=False)
    _gather(found, reader, mapping, rows, key)
    context = context_of(home, source)
    sender = _Sender(home, connection)
    for group in found.groups:
        if group.rows and not group.problems:
            _translate(group, mapping, context, sender)
    return found


def _notes(reader: Reader, stream: str) -> tuple[str, ...]:
    for each in reader.streams():
        if each.name == stream:
            floats = [name for name, schema in each.schema.get("properties", {}).items() if schema.get("x-binary-float")]
            said = f"Binary floats, read as their shortest decimal: {', '.join(floats)}."
            return (*each.notes, said) if floats else each.notes
    return ()


def _gather(found: Preview, reader: Reader, mapping: StreamMapping, wanted: int, key: str | None) -> None:
    """Fill in the groups, in the order in which they begin."""
    groups: dict[str, Group] = {}
    ahead = 0
    for number, message in enumerate(reader.read(found.stream, None, Surroundings()), 1):
        if isinstance(message, Notice):
            found.problems.append(message.problem)
            continue
        if not isinstance(message, Record | Damaged):
            continue
        name, problem = _named(mapping, message, number)
        group = groups.get(name)
        if group is None and (name == key if key is not None else len(groups) < wanted):
            group = groups[name] = Group(name)
        if group is not None:
            _put(group, message, problem)
        if key is None and len(groups) >= wanted:
            ahead += 1
            if not mapping.grouped or ahead > AHEAD:
                found.partial = mapping.grouped
                break
    found.groups = list(groups.values())


def _named(mapping: StreamMapping, message: Record | Damaged, number: int) -> tuple[str, Problem | None]:
    """What the row's group is called, and what stands against it."""
    if isinstance(message, Damaged):
        return message.where, message.problem
    if not mapping.grouped:
        return message.key or f"row {number:,}", None
    group = mapping.group_key(message.body)
    return (f"row {number:,}", group) if isinstance(group, Problem) else (group, None)


def _put(group: Group, message: Record | Damaged, problem: Problem | None) -> None:
    group.rows.append({"(as it is)": message.raw} if isinstance(message, Damaged) else _decode(_encode(message.body)))
    if problem is not None:
        group.problems.append(problem)


def _translate(group: Group, mapping: StreamMapping, context: Context, sender: _Sender) -> None:
    translation = mapping.translate(group.rows, context)
    group.problems.extend(translation.problems)
    group.excluded = translation.excluded
    group.made.extend(sender.made(each) for each in translation.documents)


class _Sender:
    """The routes that start at the connection, with a writer for each of their targets; none of them is opened."""

    def __init__(self, home: Home, connection: str) -> None:
        self._connection = connection
        self._postings = [(route, posting) for route in home.routes.values() if connection in route.sources for posting in route.posting]
        self._writers: dict[str, Writer] = {}
        for _route, posting in self._postings:
            destination = home.targets[posting.target]
            kind = target(destination.target)
            self._writers[posting.target] = kind.build(kind.config.model_validate(destination.config), home.path)

    def made(self, document: Document) -> Made:
        public, private = split(document)
        body: dict[str, Any] = msgspec.json.decode(public)
        body |= msgspec.json.decode(private) if private else {}
        return Made(
            document,
            body,
            tuple(self._sending(route, posting, document, body, leg) for route, posting in self._postings for leg in document.parts()),
        )

    def _sending(self, route: Route, posting: Posting, document: Document, body: Mapping[str, Any], leg: Part) -> Sending:
        policy = posting.policy(document.type)
        representation = (policy.as_ if policy else None) or ""
        sending = Sending(route.name, posting.name, posting.target, route.mode.value, representation, leg.name)
        reason = exclusion(route, posting, policy, _columns(document), leg.business_date)
        if reason is not None:
            return replace(sending, excluded=reason)
        effect = EFFECTS[representation]
        entry: Entry | None = None
        found: list[Problem] = []
        if effect in ("money", "cost") and posting.books is not None:
            entry, found = post(document, representation=representation, books=posting.books, part=leg.name)
        amount, unit = measure(document, effect, leg.name)
        sending = replace(
            sending,
            date=entry.date if entry else leg.business_date,
            amount=amount,
            unit=unit,
            lines=entry.lines if entry else (),
            moves=kept_or_moved(document, effect),
            record=body if effect in ("record", "hours") else {},
            bridge=entry.bridge if entry else {},
        )
        return replace(sending, problems=tuple(found) or tuple(self._refusal(sending, document, body)))

    def _refusal(self, sending: Sending, document: Document, body: Mapping[str, Any]) -> Iterator[Problem]:
        """What the target's writer would say to it before it sends anything."""
        identity = document_id(self._connection, document.type, document.source_id)
        intent = Intent(
            subject=Subject(sending.target, sending.representation, str(identity), sending.part),
            verb=Verb.CREATE,
            look_up_key=identity.hex,
            idempotency_key=identity.hex,
            document=body,
            document_type=document.type,
            number=document.number(),
            date=sending.date or date.min,
            lines=sending.lines,
            moves=sending.moves,
            amount=sending.amount,
            unit=sending.unit,
            bridge=sending.bridge,
        )
        try:
            prepared = self._writers[sending.target].prepare(intent)
        except CounterfoilError as stopped:
            yield Problem("SEND-REFUSED", stopped.say, "Correct the target's connection.")
            return
        if isinstance(prepared, Unpreparable):
            yield prepared.problem


def _columns(document: Document) -> SimpleNamespace:
    """A document as plan sees it: the columns that translate would store."""
    money, cost = document.amount(), document.cost()
    return SimpleNamespace(
        type=document.type,
        deleted=document.source_deleted,
        company_id=document.company or "group",
        test=bool(getattr(document, "is_test", False)),
        amount=money[0] if money else Decimal(0),
        moves_money=document.moves_money(),
        moves_stock=document.moves_stock(),
        reserved=document.units_reserved(),
        hours=document.hours() or Decimal(0),
        cost=cost[0] if cost else Decimal(0),
    )
