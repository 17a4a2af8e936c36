"""The Square target: who is hired at the source is typed once, and who left loses the till on the last day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.edge import Edge, Reply
from taps._kit.surroundings import Surroundings
from taps.square.client import Body, Square
from taps.square.facts import FACTS, STAFF_PER_CALL
from taps.square.moments import instant
from targets._kit.remote import Call, RemoteWriter, refused
from targets._kit.writer import (
    Answer,
    InDoubt,
    Intent,
    Metadata,
    NotSent,
    Payload,
    Receipt,
    Sent,
    Unpreparable,
    Verb,
    unoffered,
    unpreparable,
)
from targets.square import people
from targets.square.config import SquareTargetConfig

KINDS = ("employee",)
_NOT_ITS_FAULT = frozenset({"API_ERROR", "RATE_LIMIT_ERROR"})
"""Categories of errors that say nothing of the person."""
_PUT_BACK = "Nothing is overwritten: put back in Square what was changed, or correct the source."


class SquareWriter(RemoteWriter):
    """One Square connection."""

    facts = FACTS

    def __init__(self, config: SquareTargetConfig, home: Path) -> None:  # noqa: ARG002 (nothing of it lies in the home)
        super().__init__()
        self._config = config
        self._square: Square | None = None
        self._places: dict[str, list[str]] = {}
        """Square's locations by ours."""
        self._zone = "UTC"
        self._numbers: dict[str, list[str]] = {}
        """Ids by our number."""

    def connect(self, around: Surroundings) -> Edge:
        """With a token that is renewed."""
        self._square = Square(self._config, around)
        return self._square.edge

    @property
    def _account(self) -> Square:
        assert self._square is not None
        return self._square

    def hello(self) -> None:
        """Locations, and who has which number: what `prepare` needs of every employee."""
        known = self._account.locations
        self._zone = next((place["timezone"] for place in known.values() if place.get("timezone")), "UTC")
        by_name = {place["name"]: key for key, place in known.items() if place.get("name")} | {key: key for key in known}
        self._places = {ours: [by_name[each] for each in theirs if each in by_name] for ours, theirs in self._config.locations.items()}
        self._numbers = {}
        for row in self._team():
            if row.get("reference_id"):
                self._numbers.setdefault(row["reference_id"], []).append(row["id"])

    def check(self) -> list[Problem]:
        """Locations of the connection that Square does not have."""
        known = {name for key, place in self._account.locations.items() for name in (key, place.get("name"))}
        missing = sorted({each for theirs in self._config.locations.values() for each in theirs if each not in known})
        fix = "Correct locations of the connection."
        return [Problem("MAP-LOOKUP", f"Square has no location {each!r}.", fix, "locations") for each in missing]

    def metadata(self) -> Metadata:
        """Locations that there are."""
        return Metadata({"locations": sorted(self._account.locations)})

    def _team(self) -> Iterator[Body]:
        cursor: str | None = None
        while True:
            page = self._account.searched("/v2/team-members/search", "team_members", {"limit": self._config.staff_per_page}, cursor)
            yield from page.rows
            cursor = page.cursor
            if not cursor:
                return

    def _member(self, member_id: str) -> Body | None:
        reply = self.edge.read(f"/v2/team-members/{member_id}")
        return reply.body.get("team_member") if reply.good else None

    # ── prepare ──

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """Reads what stands where somebody is changed: who was changed by others meanwhile is not overwritten."""
        of = f"{intent.subject.kind} {intent.number}"
        stopped = unoffered(FACTS, intent, of)
        if stopped is not None:
            return stopped
        if intent.verb is not Verb.CREATE and not (intent.booked and intent.remote_id):
            return unpreparable(
                "SEND-CHANGED", f"Nothing stands at Square for {of} that could be changed.", "Ask for a reconciliation of it."
            )
        fields = people.fields_of(intent, self._places)
        held = people.unfit(fields, intent, of, self._places)
        if held is not None:
            return held
        found = [intent.remote_id] if intent.remote_id else self._numbers.get(intent.number, [])
        if len(found) > 1:
            say = f"Square has {len(found)} team members with the reference {intent.number}."
            return unpreparable("SEND-CHANGED", say, "Give each of them a reference of its own in Square.", "employee_number")
        member = self._member(str(found[0])) if found else None
        if intent.booked and (member is None or not people.PRINTS.stands(member, intent.booked["print"])):
            return unpreparable("SEND-CHANGED", f"{of} was changed in Square since we wrote it.", _PUT_BACK)
        return self._payload(intent, fields, member)

    def _payload(self, intent: Intent, fields: dict[str, Any], member: Body | None) -> Payload | Unpreparable:
        """With the status: who left is INACTIVE, and whose last day is still to come stays ACTIVE until that day is over."""
        last = people.last_day(intent.document)
        left = intent.verb is Verb.VOID or intent.document.get("employment_status", "active") != "active"
        over = people.ends(last, self._zone) if last else None
        to_come = over is not None and over > self._around.clock() and intent.verb is not Verb.VOID
        status, until = "INACTIVE" if left or over else "ACTIVE", None
        if to_come:
            now = {**fields, "status": "ACTIVE"}
            if member is None or not people.PRINTS.stands(member, people.PRINTS.of(now)):
                status = "ACTIVE"  # what else there is to say is said now
            else:
                until = over
        fields = {**fields, "status": status}
        if member is not None and member.get("is_owner") and status != "ACTIVE":
            say = f"Team member {intent.number} owns the Square account, and an owner stays."
            return unpreparable("SEND-REFUSED", say, "Give the account to another owner in Square, or exclude this person.")
        body = {"id": member["id"] if member else None, "fields": fields, "until": until.isoformat() if until else None}
        return Payload(intent, body, people.PRINTS.of(fields), Decimal(0), {})

    # ── send ──

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Who still works waits for the last day; the others go."""
        now = self._around.clock()
        later = {id(each): datetime.fromisoformat(each.body["until"]) for each in batch if each.body["until"]}
        waits = {key: until for key, until in later.items() if until > now}
        sent = iter(super().send([each for each in batch if id(each) not in waits]))
        return [NotSent(waits[id(each)], "its last day is not over yet") if id(each) in waits else next(sent) for each in batch]

    def calls(self, batch: Sequence[Payload]) -> Iterator[Call]:
        """New ones under their idempotency key, known ones under their id; each is judged for itself (Square: non-transactional)."""
        for path, known in (("/v2/team-members/bulk-create", False), ("/v2/team-members/bulk-update", True)):
            these = [each for each in batch if bool(each.body["id"]) is known]
            for start in range(0, len(these), STAFF_PER_CALL):
                some = tuple(these[start : start + STAFF_PER_CALL])
                yield Call("POST", path, some, {"team_members": {_key(each): {"team_member": each.body["fields"]} for each in some}})

    def judge(self, call: Call, reply: Reply) -> list[Answer]:
        """One answer for each person, read from what Square answers for them."""
        if not reply.good or not isinstance(reply.body, dict):
            said = _said(reply.body.get("errors") if isinstance(reply.body, dict) else None) or f"status {reply.status}"
            return [refused(FACTS.title, _of(each), said) for each in call.payloads]
        answers = reply.body.get("team_members") or {}
        return [self._answer(each, answers.get(_key(each)) or {}) for each in call.payloads]

    def _answer(self, payload: Payload, said: Mapping[str, Any]) -> Answer:
        member = said.get("team_member")
        errors = said.get("errors") or []
        if member:
            number = payload.intent.number
            self._numbers[number] = sorted({*self._numbers.get(number, ()), member["id"]})
            return _receipt(member, payload.digest)
        if not errors or any(error.get("category") in _NOT_ITS_FAULT for error in errors):
            return InDoubt(f"{FACTS.title} does not say what became of it")
        return refused(FACTS.title, _of(payload), _said(errors))

    # ── look-up ──

    def look_up(self, sent: Sequence[Sent]) -> list[Receipt | None]:
        """By the fields that the attempt wrote, our number among them."""
        team = list(self._team())
        found = [next((row for row in team if people.PRINTS.stands(row, each.digest)), None) for each in sent]
        return [_receipt(row, each.digest) if row else None for row, each in zip(found, sent, strict=True)]

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:
        """Everybody with a number; changed since then, if said."""
        rows = (row for row in self._team() if row.get("reference_id"))
        return [_receipt(row, "") for row in rows if since is None or instant(row["updated_at"]) >= since]


def _key(payload: Payload) -> str:
    """What Square calls it in its answer."""
    return str(payload.body["id"] or payload.intent.idempotency_key)


def _of(payload: Payload) -> str:
    return f"{payload.intent.subject.kind} {payload.intent.number}"


def _receipt(member: Mapping[str, Any], wanted: str) -> Receipt:
    """A team member as it stands; of its fields only a hash is kept."""
    print_ = people.PRINTS.standing(member, wanted or "001")
    return Receipt(str(member["id"]), str(member.get("reference_id") or ""), "", Decimal(0), {"print": print_})


def _said(errors: Sequence[Mapping[str, Any]] | None) -> str:
    """Codes and fields, never Square's sentence, which may repeat what was sent."""
    return "; ".join(" ".join(filter(None, (str(each.get("code", "")), str(each.get("field") or "")))) for each in errors or [])
