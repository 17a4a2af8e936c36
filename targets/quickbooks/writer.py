"""The writer: intents become drafts, drafts become calls of up to thirty, answers become receipts.

Two things are tried once more within a round: a name that is taken gets its number behind it (6240), and a document whose version moved
though what we wrote in it did not (a payment was applied to it) is changed from its new version (5010). If somebody else changed what we
wrote, the change is refused, and a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.edge import Edge, Reply
from taps._kit.errors import Fatal
from taps._kit.facts import Facts
from taps._kit.surroundings import Surroundings
from taps.quickbooks.client import ALWAYS, Company, connect
from taps.quickbooks.facts import FACTS
from taps.quickbooks.marks import into
from targets._kit.bridge import bridge_of
from targets._kit.remote import Call, RemoteWriter, digest
from targets._kit.writer import Answer, Intent, Metadata, Payload, Period, Receipt, Sent, Subject, Unpreparable, Verb
from targets.quickbooks import foreign, money, purchases, records, sales
from targets.quickbooks.answers import PEOPLE, RECORDS, print_of
from targets.quickbooks.asking import standing, whereabouts
from targets.quickbooks.chart import Chart, named_for
from targets.quickbooks.config import QuickBooksTargetConfig
from targets.quickbooks.draft import Desk, Draft, Party
from targets.quickbooks.held import Held, held
from targets.quickbooks.judging import Round
from targets.quickbooks.prepared import BOUGHT, Prepared, is_removal, key_field, mark_for, note_field, removal

_BUILDERS: Mapping[str, Callable[[Desk], Draft]] = {
    "contact": records.contact,
    "supplier": records.supplier,
    "item": records.item,
    "invoice": sales.sale,
    "credit_note": sales.sale,
    "sales_receipt": sales.sale,
    "refund_receipt": sales.sale,
    "bill": purchases.bought,
    "bill_credit": purchases.bought,
    "payment": money.payment,
    "spend": money.spend,
    "transfer": money.transfer,
    "journal": money.journal,
    "cost_journal": money.cost_journal,
}
_LONGEST_REQUEST_ID = 36


class QuickBooksWriter(RemoteWriter):
    """One company."""

    facts: Facts = FACTS

    def __init__(self, config: QuickBooksTargetConfig, home: Path) -> None:  # noqa: ARG002 (needs no folder)
        super().__init__()
        self._config = config
        self._chart: Chart | None = None
        self._round: Round | None = None
        self._names: dict[tuple[str, str], Subject] = {}
        """Who took a name in this run: the next one of that name gets its number at once."""

    # ── open ──

    def connect(self, around: Surroundings) -> Edge:
        """The edge of the service."""
        return connect(self._config, around)

    def hello(self) -> None:
        """Read what the company offers."""
        self._chart = Chart(self.company, self._config)

    @property
    def company(self) -> Company:
        """The company behind the open edge."""
        return Company(self.edge, self._config.realm_id)

    @property
    def chart(self) -> Chart:
        """What the company offers."""
        if self._chart is None:
            raise Fatal("The writer of QuickBooks Online is not open.")
        return self._chart

    def periods(self) -> Sequence[Period]:
        """Closed up to the closing date of the books."""
        return self.chart.periods()

    def metadata(self) -> Metadata:
        """Accounts, tax codes and the closing date."""
        return self.chart.metadata()

    def check(self) -> list[Problem]:
        """Items that the configuration names and that do not fit; asked of an open writer."""
        if self._chart is None:
            return []
        found = []
        for label in self._config.items:
            account = self._chart.account(label)
            why = self._chart.item_of(account) if account else "QuickBooks has no such account"
            if isinstance(why, str):
                found.append(Problem("POST-ACCOUNT", f"The account {label}: {why}.", "Correct items of the connection.", f"items.{label}"))
        return found

    # ── prepare ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """The object as it is to stand, with our mark."""
        try:
            turned = intent if is_removal(intent.verb) else foreign.turned(intent, self.chart)
            made = self._prepared(turned)
        except Held as stopped:
            return Unpreparable(stopped.problem)
        body = {key: value for key, value in made.body.items() if key != "SyncToken"}
        return Payload(intent, made, digest([made.entity, made.operation, body]), made.mark.after - made.before, bridge_of(turned))

    def _prepared(self, intent: Intent) -> Prepared:
        kind, booked = intent.subject.kind, intent.booked or {}
        if intent.verb not in FACTS.verbs.get(kind, ()):
            raise held(
                intent,
                "SEND-REFUSED",
                f"cannot be taken to QuickBooks as a {kind} by {intent.verb.value}",
                "Choose another representation.",
            )
        before = Decimal(booked.get("effect", "0"))
        if is_removal(intent.verb):
            return self._removal(intent, booked, before)
        desk = Desk(intent, self.chart, self._config)
        draft = foreign.named(_BUILDERS[kind](desk), intent)
        mark = mark_for(intent, before, draft.effect, draft.control)
        numbered = {key_field(draft.entity): mark.key} if key_field(draft.entity) else {}
        body: dict[str, Any] = {**draft.body, **numbered, note_field(draft.entity): mark.text()}
        if intent.verb is Verb.CREATE:
            return Prepared(draft.entity, "create", body, mark, before, party=draft.party, parent=draft.parent)
        if booked["entity"] != draft.entity:
            raise held(
                intent,
                "SEND-CHANGED",
                f"stands in QuickBooks as a {booked['entity']}, and would be a {draft.entity} now",
                "Undo it, and send it again.",
            )
        current = self._current(intent, booked)
        body |= {"Id": booked["id"], "SyncToken": current["SyncToken"], "sparse": True}
        body[note_field(draft.entity)] = into(current.get(note_field(draft.entity)), mark)
        return Prepared(draft.entity, "update", body, mark, before, booked["print"], draft.party, draft.parent)

    def _removal(self, intent: Intent, booked: Mapping[str, Any], before: Decimal) -> Prepared:
        entity = str(booked["entity"])
        if entity in BOUGHT:
            self._require_unpaid(intent, entity, str(booked["id"]))
        mark = mark_for(intent, before, Decimal(0))
        identity: dict[str, Any] = {"Id": booked["id"], "SyncToken": booked["token"]}
        if entity not in RECORDS:
            identity |= {"sparse": True} if removal(entity) == "void" else {}
            return Prepared(entity, removal(entity), identity, mark, before, booked["print"])
        current = self._current(intent, booked)
        identity["SyncToken"] = current["SyncToken"]
        body: dict[str, Any] = {
            **identity,
            "sparse": True,
            "Active": False,
            note_field(entity): into(current.get(note_field(entity)), mark),
        }
        return Prepared(entity, "update", body, mark, before, booked["print"])

    def _require_unpaid(self, intent: Intent, entity: str, remote_id: str) -> None:
        """A bill that is deleted would leave its payment without a bill: held until a person took the payment away."""
        found = self.company.one(entity, remote_id) or {}
        settled = Decimal(found.get("TotalAmt") or 0) - Decimal(found.get("Balance", found.get("TotalAmt")) or 0)
        if settled:
            raise held(
                intent,
                "SEND-REFUSED",
                f"is to be taken back, and in QuickBooks {settled:.2f} of it is paid or applied",
                "Take the payment away in QuickBooks first, then `counterfoil retry`; or leave the bill and have the supplier credit it.",
            )

    def _current(self, intent: Intent, booked: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a change starts from: of a record what stands now, since people write into its notes too; else what we left."""
        if booked["entity"] not in RECORDS:
            return {"SyncToken": booked["token"]}
        current = self.company.one(str(booked["entity"]), str(booked["id"]))
        if current is None or print_of(current) != booked["print"]:
            raise held(intent, "SEND-CHANGED", "was changed in QuickBooks by somebody else", "Compare both, and resend it or leave it.")
        return current

    # ── send ──

    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """Buyers and suppliers whom nobody sent and who are not there yet, then thirty objects a call, then what is worth a second try."""
        self.chart.ask_anew()
        self._round = turn = Round(self.company, self.chart, self._around)
        yield from self._parties(dict.fromkeys(payload.body.party for payload in batch if payload.body.party.name))
        ready = [payload for payload in batch if not payload.body.party.name or self.chart.party(*payload.body.party[:2])]
        self.chart.learn_buyers(payload.body.parent for payload in ready)
        for payload in ready:
            made: Prepared = payload.body
            name = made.body.get("DisplayName" if made.entity in PEOPLE else "Name")
            holder = self._names.setdefault((made.entity, str(name).casefold()), payload.intent.subject) if name else payload.intent.subject
            if made.operation == "create" and holder != payload.intent.subject:
                turn.rename(payload)
        yield from self._packed(turn, ready)
        while turn.again:
            chosen, turn.again = turn.again, []
            for together in (True, False):
                yield from self._packed(
                    turn, [payload for payload, batched in chosen if batched is together], FACTS.batch if together else 1
                )

    def _parties(self, wanted: Iterable[Party]) -> Iterator[Call]:
        """Make who is not there; under a second name where the first was not to be had."""
        for party in wanted:
            for shown in named_for(*party[:2]):
                if self.chart.party(*party[:2]) is None:
                    body: dict[str, Any] = {"DisplayName": shown}
                    body |= {"CurrencyRef": {"value": party.currency}} if party.currency else {}
                    yield Call("POST", f"{self.company.root}/{party.entity.lower()}", (), body, self._params(body))

    def _packed(self, turn: Round, payloads: Sequence[Payload], size: int = FACTS.batch) -> Iterator[Call]:
        for start in range(0, len(payloads), size):
            chunk = tuple(payloads[start : start + size])
            yield self._single(turn, chunk[0]) if len(chunk) == 1 else self._batch(turn, chunk)

    def _single(self, turn: Round, payload: Payload) -> Call:
        made: Prepared = payload.body
        body = turn.body(payload)
        said = {"void": {"operation": "update", "include": "void"}, "delete": {"operation": "delete"}}.get(made.operation, {})
        if made.operation == "void" and made.entity == "Invoice":
            said = {"operation": "void"}
        return Call("POST", f"{self.company.root}/{made.entity.lower()}", (payload,), body, self._params(body, said))

    def _batch(self, turn: Round, payloads: tuple[Payload, ...]) -> Call:
        items = []
        for place, payload in enumerate(payloads):
            made: Prepared = payload.body
            void = {"operation": "update", "optionsData": "void"} if made.operation == "void" else {"operation": made.operation}
            items.append({"bId": str(place), **void, made.entity: turn.body(payload)})
        body = {"BatchItemRequest": items}
        return Call("POST", f"{self.company.root}/batch", payloads, body, self._params(body))

    def _params(self, body: Mapping[str, Any], said: Mapping[str, str] | None = None) -> dict[str, str]:
        """With a request id that is the same for the same request, and another for any other."""
        name = sha256(digest([body, dict(said or {})]).encode()).hexdigest()[:_LONGEST_REQUEST_ID]
        return {**(said or {}), **ALWAYS, "requestid": name}

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """One answer per payload; see judging."""
        if self._round is None:
            raise Fatal("An answer of QuickBooks Online came before its call.")
        return self._round.judge(call, reply)

    # ── look back ──

    def look_up(self, sent: Sequence[Sent]) -> list[Receipt | None]:
        """By key or mark; see asking."""
        return whereabouts(self.company, sent, self.chart.currency)

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """Everything of ours that changed since then."""
        return standing(self.company, since, self.chart.currency)
