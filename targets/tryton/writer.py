"""The writer of Tryton: look-ups of a whole batch at once, then each document by itself, from a draft to its last state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.edge import Reply, Throttled
from taps._kit.errors import Fatal, Retryable
from taps._kit.facts import Facts
from taps._kit.points import at
from taps._kit.surroundings import Surroundings
from taps.tryton.client import TrytonEdge, connect, path
from taps.tryton.facts import DRAFTED, FACTS, MOVING, RECORDS
from taps.tryton.values import encode
from targets._kit.bridge import bridge_of
from targets._kit.remote import Call, RemoteWriter, digest, refused, soon
from targets._kit.writer import Answer, InDoubt, Intent, Metadata, NotSent, Payload, Period, Receipt, Sent, Unpreparable, Verb
from targets.tryton import bills, documents, hours, reading, recording, records
from targets.tryton.catalogue import Catalogue, Unfit, load
from targets.tryton.config import TrytonTargetConfig
from targets.tryton.goods import PIECES
from targets.tryton.parties import Parties
from targets.tryton.planning import Planner, models_of
from targets.tryton.sending import Doubtful, Halted, Sender
from targets.tryton.steps import INVOICE, MACHINES, Plan, Standing, attempt_of, standing

_BILLS = "bills"
"""What was found of bills, beside what was found by key."""


class TrytonWriter(RemoteWriter):
    """Books, stock and people of one company."""

    facts: Facts = FACTS

    def __init__(self, config: TrytonTargetConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home folder)
        super().__init__()
        self._config = config
        self._planner: Planner | None = None

    def connect(self, around: Surroundings) -> TrytonEdge:
        """The edge of this connection."""
        return connect(self._config, around)

    @property
    def edge(self) -> TrytonEdge:
        """The open edge."""
        opened = super().edge
        if not isinstance(opened, TrytonEdge):
            raise Fatal("The writer of Tryton is open to something else.")
        return opened

    def hello(self) -> None:
        """Read what the company offers. Raises Misconfigured for a wrong key, database or company."""
        self._planner = Planner(self.edge, self._config, load(self.edge, self._config))
        self._parties = Parties(self.edge)

    @property
    def catalogue(self) -> Catalogue:
        """What was read when the writer was opened."""
        return self.planner.catalogue

    @property
    def planner(self) -> Planner:
        """Makes documents of intents, with what was read when the writer was opened."""
        if self._planner is None:
            raise Fatal("The writer of Tryton is not open.")
        return self._planner

    def periods(self) -> Sequence[Period]:
        """The periods of the books."""
        return self.catalogue.periods()

    def metadata(self) -> Metadata:
        """Accounts, taxes, journals, closed periods, locations, works."""
        return self.catalogue.metadata()

    # ── preparing ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """What will be written; reads products and what is to be taken back, and remembers the former."""
        kind, of = intent.subject.kind, f"{intent.subject.kind} {intent.number}"
        if intent.verb.value not in FACTS.verbs.get(kind, ()):
            say = f"Tryton cannot {intent.verb} {of}."
            return Unpreparable(Problem("POST-RULE", say, "Choose a kind that the page of Tryton lists, in the route."))
        try:
            return self._prepared(intent, kind, of)
        except Unfit as unfit:
            return Unpreparable(unfit.problem)

    def _prepared(self, intent: Intent, kind: str, of: str) -> Payload:
        if kind in RECORDS:
            wanted = records.wish(intent, self._config, self.catalogue)
            return Payload(intent, wanted, wanted.digest, records.NOTHING, {})
        if kind == "time_entry":
            entry = hours.entry(intent, self._config, self.catalogue, of)
            change = hours.total(entry) - hours.booked(intent)
            body = digest(encode([entry.key, entry.attempt, entry.lines, entry.fixed, str(intent.verb)]))
            return Payload(intent, entry, body, change, bridge_of(intent))
        if kind in DRAFTED:
            bill = self.planner.bill(intent, of)
            return Payload(
                intent, bill, digest(encode([bill.tag.text(), bill.remote_id, bill.print, bill.values])), bill.predicted, bridge_of(intent)
            )
        plan = self.planner.plan(intent, of)
        said = digest(encode([intent.look_up_key, [[step.model, step.tag.text(), step.values, step.pays] for step in plan.steps]]))
        return Payload(intent, plan, said, plan.predicted, bridge_of(intent))

    # ── sending ──

    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """The calls that write, one document after the other: creation and each button. Look-ups come on top, one a model and batch."""
        for payload in batch:
            if isinstance(payload.body, Plan):
                for step in payload.body.steps:
                    yield Call("POST", path(step.model), (payload,), encode(step.values))
                    for action in dict.fromkeys(MACHINES[step.model].actions.values()):
                        if action != "draft":
                            yield Call("POST", path(step.model, action=action), (payload,))
            elif isinstance(payload.body, bills.Bill):
                yield Call("POST", path(INVOICE), (payload,), encode(payload.body.values))
            else:
                yield Call("POST", path(hours.LINE if isinstance(payload.body, hours.Entry) else records.PARTY), (payload,))

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """A refusal; what went well is read back by the steps themselves."""
        said = reply.body.get("message", "") if isinstance(reply.body, dict) else f"it answers with {reply.status}"
        return [refused(FACTS.title, f"{each.intent.subject.kind} {each.intent.number}", said) for each in call.payloads]

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """One answer per payload, in order. Each is by itself: one that is refused or lost harms no other."""
        try:
            found = self._found(batch)
        except Retryable as unanswered:  # nothing was written yet
            return [NotSent(self._later(unanswered), unanswered.say) for _ in batch]
        answers: list[Answer] = []
        halted: Halted | None = None
        for payload in batch:
            if halted is None:
                answer, halted = self._one(payload, found)
                answers.append(answer)
                at("B1")
            else:
                answers.append(NotSent(halted.not_before, f"{FACTS.title}: {halted.reason}"))
        return answers

    def _one(self, payload: Payload, found: Mapping[str, Any]) -> tuple[Answer, Halted | None]:
        sender = Sender(self.edge)
        try:
            return self._deliver(sender, payload, found), None
        except Doubtful as doubt:
            return InDoubt(f"{FACTS.title}: {doubt}"), None
        except Retryable as unanswered:  # a look-up between two calls
            if sender.begun:
                return InDoubt(unanswered.say), None
            halted = Halted(self._later(unanswered), unanswered.say)
            return NotSent(halted.not_before, halted.reason), halted
        except Halted as halted:
            said = f"{FACTS.title}: {halted.reason}"
            return (InDoubt(said) if sender.begun else NotSent(halted.not_before, said)), halted

    def _later(self, unanswered: Retryable) -> datetime:
        return unanswered.not_before if isinstance(unanswered, Throttled) else soon(self._around)

    def _deliver(self, sender: Sender, payload: Payload, found: Mapping[str, Any]) -> Answer:
        intent, body = payload.intent, payload.body
        if isinstance(body, records.Wish):
            return records.deliver(sender, intent, body, found.get(body.mark), recording.write)
        if isinstance(body, hours.Entry):
            return hours.deliver(sender, intent, body, found.get(body.key, ()))
        if isinstance(body, bills.Bill):
            return bills.deliver(sender, intent, body, found[_BILLS], self._parties)
        return documents.deliver(sender, payload, found.get(intent.look_up_key, ()), self._parties)

    def _found(self, batch: Sequence[Payload]) -> dict[str, Any]:
        """What is there already of the batch: one search for each model."""
        found: dict[str, Any] = {}
        plans = [payload for payload in batch if isinstance(payload.body, Plan)]
        models = {model for payload in plans for model in models_of(payload.intent.subject.kind)}
        for document in standing(self.edge, sorted(models), sorted({payload.intent.look_up_key for payload in plans})):
            found.setdefault(document.tag.key, []).append(document)
        for kind in RECORDS:
            marks = [each.body.mark for each in batch if isinstance(each.body, records.Wish) and each.body.kind == kind]
            found |= records.there(self.edge, kind, marks) if marks else {}
        found |= hours.there(self.edge, [each.body.key for each in batch if isinstance(each.body, hours.Entry)])
        drafts = [payload.body for payload in batch if isinstance(payload.body, bills.Bill)]
        found[_BILLS] = bills.there(self.edge, [each.tag.key for each in drafts], [each.number for each in drafts if each.number])
        steps = [step for payload in plans for step in payload.body.steps]
        parties = [values.get("party") for values in (*(step.values for step in steps), *(each.values for each in drafts))]
        self._parties.learn(party for party in parties if isinstance(party, int))
        return found

    # ── asking ──

    def look_up(self, sent: Sequence[Sent]) -> list[Receipt | None]:
        """By our key. A document that is not in its last state is not there: it is found again, and finished, when it is sent again."""
        by_kind: dict[str, list[Sent]] = defaultdict(list)
        for each in sent:
            by_kind[each.subject.kind].append(each)
        found: dict[int, Receipt | None] = {}
        for kind, asked in by_kind.items():
            look = self._look_up_documents
            if kind in RECORDS:
                look = self._look_up_records
            elif kind == "time_entry":
                look = self._look_up_hours
            elif kind in DRAFTED:
                look = self._look_up_bills
            found |= {id(each): receipt for each, receipt in zip(asked, look(kind, asked), strict=True)}
        return [found[id(each)] for each in sent]

    def _look_up_documents(self, kind: str, sent: Sequence[Sent]) -> list[Receipt | None]:
        there: dict[str, list[Standing]] = defaultdict(list)
        for document in standing(self.edge, models_of(kind), sorted({each.look_up_key for each in sent})):
            if document.done:
                there[document.tag.key].append(document)
        return [self._whole(kind, each, there[each.look_up_key]) for each in sent]

    def _whole(self, kind: str, sent: Sent, there: Sequence[Standing]) -> Receipt | None:
        attempt = attempt_of(sent.idempotency_key)
        mine = sorted((each for each in there if each.tag.attempt == attempt), key=lambda each: each.tag.leg)
        if not mine or len(mine) != mine[0].tag.legs:
            return None
        before = [each for each in there if each.tag.attempt != attempt]
        unit = PIECES if kind in MOVING else self.catalogue.currency
        return documents.receipt(mine[0].tag.number, unit, mine, before, "")

    def _look_up_records(self, kind: str, sent: Sequence[Sent]) -> list[Receipt | None]:
        there = records.there(self.edge, kind, [records.mark(each.look_up_key) for each in sent])
        answers: list[Receipt | None] = []
        for each in sent:
            found = there.get(records.mark(each.look_up_key))
            same = found is not None and found.whole
            if found is not None and each.verb is not Verb.CREATE:
                same = same and records.fingerprint(found.mark, found.shape) == each.digest
            answers.append(records.receipt(found) if found and same else None)
        return answers

    def _look_up_bills(self, kind: str, sent: Sequence[Sent]) -> list[Receipt | None]:  # noqa: ARG002 (one of four that are called alike)
        found = bills.there(self.edge, sorted({each.look_up_key for each in sent}))
        return [bills.of_attempt(found, each, self.catalogue.currency) for each in sent]

    def _look_up_hours(self, kind: str, sent: Sequence[Sent]) -> list[Receipt | None]:  # noqa: ARG002 (one of four that are called alike)
        attempts = [attempt_of(each.idempotency_key) for each in sent]
        there = hours.attempted(self.edge, attempts)
        return [hours.receipt(there[attempt], attempt) if hours.written(there.get(attempt, ()), attempt) else None for attempt in attempts]

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """Every thing of ours, each with what all its documents say now; with `since`, of what was made or changed from then on."""
        found = reading.documents_of(self.edge, since, self.catalogue.currency)
        found += bills.ours(self.edge, reading.touched(since), self.catalogue.currency)
        return [*found, *reading.hours_of(self.edge, since), *reading.records_of(self.edge, since)]
