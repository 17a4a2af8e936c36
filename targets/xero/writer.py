"""Writes to Xero: batches with an answer for each element, documents of two steps, and look-ups by our mark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from mappings.problem import Problem
from taps._kit.edge import Edge, Reply
from taps._kit.errors import Fatal
from taps._kit.surroundings import Surroundings
from taps.xero.client import Organisation, connect, day, instant, params
from taps.xero.facts import FACTS
from taps.xero.marks import NUMBERS, PREFIX, attempt_of, begins, is_bought, key_of, mark_of
from taps.xero.rows import ID_OF
from targets._kit.remote import Call, RemoteWriter, digest
from targets._kit.writer import Answer, InDoubt, Intent, Metadata, Payload, Period, Receipt, Refused, Sent, Unpreparable, Verb
from targets.xero import chart as charts
from targets.xero.chart import Chart
from targets.xero.config import XeroTargetConfig
from targets.xero.judging import elements_of, is_taken, refusal
from targets.xero.plans import NEW, Plan, Step
from targets.xero.preparation import APPENDED, Desk, allocation, prepared
from targets.xero.receipts import RESOURCES, is_gone, receipt, together

_ONE_BY_ONE = ("BankTransfers",)
"""PUT takes a list and has no summarizeErrors: one bad transfer would refuse the others."""
_NO_ARRAY_ERRORS = {("PUT", "BankTransfers")}
_SKEW = timedelta(minutes=5)


class _Progress(NamedTuple):
    """How far a payload has come in this send."""

    stage: int = 0
    made: Receipt | None = None
    refused: Refused | None = None
    instead: bool = False
    effect: Decimal = Decimal(0)


class XeroWriter(RemoteWriter):
    """One organisation to write to."""

    facts = FACTS

    def __init__(self, config: XeroTargetConfig, home: Path) -> None:  # noqa: ARG002 (needs no folder)
        super().__init__()
        self._config = config
        self._chart = Chart()
        self._progress: dict[int, _Progress] = {}
        self._apart: set[int] = set()
        """Payloads of a call that was refused as a whole: nothing of it was done, and each goes by itself."""
        self._unallocated: list[Step] = []

    def connect(self, around: Surroundings) -> Edge:
        """The edge of the organisation."""
        return connect(self._config, around)

    def hello(self) -> None:
        """Read the lists that everything else needs."""
        self._chart = charts.read(self._organisation, self._config)

    @property
    def _organisation(self) -> Organisation:
        return Organisation(self.edge, self._config.page_size)

    def periods(self) -> Sequence[Period]:
        """Lock dates of the organisation."""
        return self._chart.periods()

    def metadata(self) -> Metadata:
        """Accounts, tax types, tracking, lock dates; and the drafts that payments wait for."""
        return Metadata(self._chart.offers())

    def check(self) -> list[Problem]:
        """Settings that name what the organisation does not have."""
        return charts.faults(self._chart, self._config)

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """The payload, or why there is none. Reads only for payments, transfers and credit notes that change."""
        return prepared(intent, Desk(self._organisation, self._chart, self._config, self.facts.verbs))

    # ── calls ──

    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """Step by step: the first of every document, then the second of those whose first was taken."""
        self._progress, self._apart = {}, set()
        waiting, stage = list(batch), 0
        while waiting:
            yield from self._stage(waiting, stage)
            for each in waiting:
                instead = _plan(each).instead
                if self._at(each).instead and instead is not None:
                    yield self._call(instead, (each,), [instead.element])
            stage += 1
            waiting = [each for each in waiting if self._at(each).stage == stage < len(_plan(each).steps)]
        for payload in batch:
            plan = _plan(payload)
            if self._at(payload).refused is not None and self._at(payload).stage > 0 and plan.restore is not None:
                yield self._call(plan.restore, (payload,), [plan.restore.element])
        for step in self._unallocated:
            yield Call(step.method, f"/{step.resource}{step.path}", (), step.element)
        self._unallocated = []

    def _at(self, payload: Payload) -> _Progress:
        return self._progress.get(id(payload), _Progress())

    def _stage(self, payloads: Sequence[Payload], stage: int) -> Iterator[Call]:
        groups: dict[tuple[str, str], list[Payload]] = defaultdict(list)
        for payload in payloads:
            step = _plan(payload).steps[stage]
            if step.path:
                made = self._at(payload).made
                path = step.path.replace(NEW, made.remote_id if made else NEW)
                yield self._call(step._replace(path=path), (payload,), [])
            else:
                groups[step.method, step.resource].append(payload)
        for (method, resource), some in groups.items():
            size = 1 if method == "PUT" and resource in _ONE_BY_ONE else self._config.batch
            for start in range(0, len(some), size):
                part = some[start : start + size]
                elements = [_plan(each).steps[stage].element for each in part]
                yield self._call(Step(method, resource, {}), tuple(part), elements)
                for each, element in zip(part, elements, strict=True):
                    if id(each) in self._apart:
                        yield self._call(Step(method, resource, {}), (each,), [element])

    def _call(self, step: Step, payloads: tuple[Payload, ...], elements: Sequence[Mapping[str, Any]]) -> Call:
        asked = dict(params(step.resource)) if not step.path else {}
        if not step.path and (step.method, step.resource) not in _NO_ARRAY_ERRORS:
            asked["summarizeErrors"] = "false"
        body: Any = {step.resource: list(elements)} if not step.path else step.element
        parts = [f"{each.intent.idempotency_key}{each.digest}{self._at(each).stage}" for each in payloads]
        key = sha256(f"{step.method}{step.resource}{step.path}{digest(body)}{''.join(parts)}".encode()).hexdigest()
        reading = step.method in ("GET", "DELETE")
        headers = {} if reading else {"Idempotency-Key": key}
        return Call(step.method, f"/{step.resource}{step.path}", payloads, None if reading else body, asked, headers)

    # ── answers ──

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """One answer for each payload; for one that has another step to go, InDoubt until that is answered."""
        if not reply.good and len(call.payloads) > 1:
            self._apart |= {id(payload) for payload in call.payloads}
            return [InDoubt("goes by itself")] * len(call.payloads)
        found = elements_of(call, reply)
        if found is None:
            return [InDoubt("Xero answered for other documents than were sent")] * len(call.payloads)
        return [self._answer(payload, element) for payload, element in zip(call.payloads, found, strict=True)]

    def _answer(self, payload: Payload, element: Mapping[str, Any]) -> Answer:
        so_far, plan = self._at(payload), _plan(payload)
        if so_far.refused is not None:  # the restore of what was deleted before
            return self._restored(so_far.refused, element)
        step = plan.steps[so_far.stage]
        fault = refusal(payload.intent, step, element)
        if fault is not None and payload.intent.verb is Verb.VOID and so_far.stage == plan.main:
            gone = self._gone_already(payload, step)
            fault, element = (None, gone) if gone is not None else (fault, element)
        if so_far.stage > plan.main:  # set against its invoice, or left open: the document stands either way
            self._progress[id(payload)] = so_far._replace(stage=so_far.stage + 1)
            return so_far.made or InDoubt("its first step is not known")
        if fault is not None and not so_far.instead and self._may_be_called_otherwise(payload, step, element):
            self._progress[id(payload)] = so_far._replace(instead=True)
            return InDoubt("tried again under another name")
        if fault is not None:
            self._progress[id(payload)] = so_far._replace(refused=fault)
            return fault
        effect = so_far.effect
        if so_far.stage < plan.main:
            effect += self._removed(payload, step, element)
            self._progress[id(payload)] = so_far._replace(stage=so_far.stage + 1, effect=effect)
            return InDoubt("half done")
        made = self._receipt(payload, step, element)
        if payload.intent.verb is Verb.VOID:
            made = made._replace(effect=made.effect + effect - plan.gone)
        self._progress[id(payload)] = so_far._replace(stage=so_far.stage + 1, made=made)
        return made

    def _gone_already(self, payload: Payload, step: Step) -> Mapping[str, Any] | None:
        """The document, where a person voided or deleted it before us: what is wanted is so."""
        if step.path or step.resource not in (*NUMBERS, "BankTransactions", "ManualJournals"):
            return None
        found = self._organisation.one(step.resource, str(payload.intent.remote_id))
        return found if found is not None and is_gone(step.resource, found) else None

    def _may_be_called_otherwise(self, payload: Payload, step: Step, element: Mapping[str, Any]) -> bool:
        """A contact's name may be another one's; an invoice's number only that of a document that was voided or deleted."""
        if _plan(payload).instead is None or not is_taken(element):
            return False
        if step.resource not in NUMBERS:
            return True
        name = NUMBERS[step.resource]
        same = list(self._organisation.rows(step.resource, f'{name}=="{step.element[name]}"'))
        return bool(same) and all(is_gone(step.resource, each) for each in same)

    def _removed(self, payload: Payload, step: Step, element: Mapping[str, Any]) -> Decimal:
        """What a step before the last takes away, where the thing stands on several documents."""
        if payload.intent.verb is not Verb.VOID or step.resource not in APPENDED:
            return Decimal(0)
        return receipt(step.resource, element, Verb.VOID, self._chart).effect

    def _receipt(self, payload: Payload, step: Step, element: Mapping[str, Any]) -> Receipt:
        intent = payload.intent
        if step.method == "GET":  # nothing was to be changed
            return receipt(step.resource, element, intent.verb, self._chart, _plan(payload).content)._replace(effect=Decimal(0))
        made = receipt(step.resource, element, intent.verb, self._chart, _plan(payload).content)
        if made.body["status"] in ("DRAFT", "SUBMITTED") and not is_bought(element):
            self._chart.drafts.add(made.remote_id)
        if intent.verb is Verb.ADJUST:
            body = {**made.body, "standing": str(Decimal((intent.booked or {}).get("standing", "0")) + made.effect)}
            appended = not _plan(payload).main
            return made._replace(remote_id=intent.remote_id if appended and intent.remote_id else made.remote_id, body=body)
        return made

    def _restored(self, refused: Refused, element: Mapping[str, Any]) -> Refused:
        again = not element.get("ValidationErrors")
        told = (
            "What stood there before was entered again."
            if again
            else "What stood there before is deleted now, and could not be entered again."
        )
        return Refused(Problem(refused.problem.code, f"{refused.problem.say} {told}", refused.problem.fix, refused.problem.field))

    # ── looking up ──

    def look_up(self, sent: Sequence[Sent]) -> list[Receipt | None]:
        """By the key in our mark; a change only where the mark is that of the attempt, an end only where nothing stands any more."""
        keys: dict[str, list[str]] = defaultdict(list)
        for attempt in sent:
            for resource in RESOURCES.get(attempt.subject.kind, ()):
                keys[resource].append(begins(attempt.look_up_key))
        there: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for resource, starts in keys.items():
            for document in self._organisation.marked(resource, list(dict.fromkeys(starts))):
                mark = mark_of(resource, document)
                if mark is not None:
                    there[resource, mark.key].append(document)
        return [self._found(attempt, there) for attempt in sent]

    def _found(self, attempt: Sent, there: Mapping[tuple[str, str], list[dict[str, Any]]]) -> Receipt | None:
        for resource in RESOURCES.get(attempt.subject.kind, ()):
            documents = there.get((resource, key_of(attempt.look_up_key)), [])
            if documents:
                return self._proof(attempt, resource, documents)
        return None

    def _proof(self, attempt: Sent, resource: str, documents: Sequence[dict[str, Any]]) -> Receipt | None:
        standing = [each for each in documents if not is_gone(resource, each)]
        if attempt.verb is Verb.VOID:
            ended = [receipt(resource, each, Verb.VOID, self._chart) for each in documents if _ended_since(resource, each, attempt)]
            total = sum((each.effect for each in ended), Decimal(0))
            return ended[0]._replace(effect=total) if ended and not standing else None
        if attempt.verb is Verb.CREATE:
            self._remember(resource, standing[:1])
            return receipt(resource, (standing or documents)[0], Verb.CREATE, self._chart)
        mine = [each for each in standing if (mark := mark_of(resource, each)) and mark.attempt == attempt_of(attempt.idempotency_key)]
        if not mine:
            return None
        made = receipt(resource, mine[0], attempt.verb, self._chart)
        if attempt.verb is not Verb.ADJUST:
            self._remember(resource, mine)
            return made
        whole = together(resource, sorted(standing, key=lambda each: each is mine[0]), self._chart)
        return whole._replace(effect=made.effect)

    def _remember(self, resource: str, credits_: Sequence[Mapping[str, Any]]) -> None:
        """A credit note that ought to be set against an invoice and is not: the next send does it."""
        for each in credits_ if resource == "CreditNotes" else ():
            mark = mark_of(resource, each)
            if mark and mark.about and each.get("Status") == "AUTHORISED" and each.get("RemainingCredit") == each["Total"]:
                on = day(each.get("Date"))
                step = allocation(each["CreditNoteID"], mark.about[0], each["Total"], on.isoformat() if on else "")
                self._unallocated.append(step)

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """What stands there of ours; payments and transfers of one thing together."""
        found: list[tuple[str, Receipt]] = []
        for resource in ID_OF:
            rows = [each for each in self._organisation.marked(resource, [PREFIX], since) if not is_gone(resource, each)]
            groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for each in rows:
                mark = mark_of(resource, each)
                if mark is not None:
                    groups[mark.key if resource in APPENDED else str(each[ID_OF[resource]])].append(each)
            found += [(str(some[0].get("UpdatedDateUTC", "")), self._together(resource, some, since)) for some in groups.values()]
        return [each for _updated, each in sorted(found, key=lambda pair: pair[0])]

    def _together(self, resource: str, some: Sequence[dict[str, Any]], since: datetime | None) -> Receipt:
        if resource in APPENDED and since is not None:  # the others of this thing may be older
            mark = mark_of(resource, some[0])
            if mark is None:
                raise Fatal("A document of ours has lost its mark while it was read.")
            starts = [f"{PREFIX}{mark.key}"]
            some = [each for each in self._organisation.marked(resource, starts) if not is_gone(resource, each)]
        return together(resource, some, self._chart)


def _plan(payload: Payload) -> Plan:
    plan: Plan = payload.body
    return plan


def _ended_since(resource: str, document: Mapping[str, Any], attempt: Sent) -> bool:
    """Whether the document ended in this attempt. One that was replaced before ended earlier; transfers do not say when."""
    if not is_gone(resource, document):
        return False
    updated = document.get("UpdatedDateUTC")
    return resource != "Payments" or not updated or instant(updated) >= attempt.since - _SKEW
