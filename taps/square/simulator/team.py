"""Team members as the simulator takes them: made, changed and listed. Facts: the OpenAPI, and Square's pages on the Team API.

Two rules are Square's in its pages only: an address of mail belongs to one team member (CONFLICT when one is made, BAD_REQUEST when one
is changed), and a team member that is not there is a BAD_REQUEST.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from taps._kit.simulator import Request
from taps.square.facts import STAFF_PER_CALL
from taps.square.moments import instant
from taps.square.simulator.answers import Body, Refused, sliced
from taps.square.simulator.shop import Shop

_LONGEST_KEY = 45
"""vendors.md §5 and OpenAPI: CreateTeamMemberRequest.idempotency_key."""
_MOST, _DEFAULT = 200, 100
"""OpenAPI: SearchTeamMembersRequest.limit."""
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
"""E.164 (OpenAPI: TeamMember.phone_number)."""
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_READ_ONLY = ("id", "is_owner", "created_at", "updated_at")


class Team:
    """The calls of the Team API on one seller."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._kept: dict[str, tuple[str, str]] = {}
        """By idempotency key: what was asked, and who was made. A window is published nowhere: kept for ever."""

    def calls(self) -> Iterator[tuple[str, str, Callable[..., Body]]]:
        """Method, path and handler."""
        yield "POST", "/v2/team-members/search", self.search
        yield "POST", "/v2/team-members/bulk-create", self._create_many
        yield "POST", "/v2/team-members/bulk-update", self._update_many
        yield "POST", "/v2/team-members", lambda request: {"team_member": self._create(request.body.get("idempotency_key"), request.body)}
        yield "GET", "/v2/team-members/jobs", lambda _request: {"jobs": self.shop.jobs}
        yield "GET", "/v2/team-members/{member_id}", lambda _request, member_id: {"team_member": self._one(member_id)}
        yield "PUT", "/v2/team-members/{member_id}", lambda request, member_id: {"team_member": self._update(member_id, request.body)}

    def search(self, request: Request) -> Body:
        """In the order of creation; by place, status or owner where asked (OpenAPI: SearchTeamMembersFilter)."""
        wanted = (request.body.get("query") or {}).get("filter") or {}
        table = self.shop.team
        rows = [body for _at, key in table.since("created_at", instant("1970-01-01T00:00:00Z")) if (body := table.shown(key))]
        return sliced(request, "team_members", [row for row in rows if _fits(row, wanted)], _MOST, _DEFAULT)

    def _one(self, member_id: str) -> Body:
        found = self.shop.team.get(member_id)
        if found is None:
            raise Refused("BAD_REQUEST", "team_member_id")
        return found

    # ── making ──

    def _create(self, key: str | None, asked: Mapping[str, Any]) -> Body:
        """The same key with the same data gives the same person; with other data it is refused (IDEMPOTENCY_KEY_REUSED)."""
        stated = {name: value for name, value in (asked.get("team_member") or {}).items() if value is not None}
        if key is not None and not 0 < len(key) <= _LONGEST_KEY:
            raise Refused("VALUE_TOO_LONG" if key else "VALUE_TOO_SHORT", "idempotency_key")
        said = json.dumps(stated, sort_keys=True, default=str)
        if key and key in self._kept:
            before, member_id = self._kept[key]
            if before != said:
                raise Refused("IDEMPOTENCY_KEY_REUSED", "idempotency_key")
            return self._one(member_id)
        self._refuse(stated, "", "CONFLICT")
        made = {"status": "ACTIVE", **{name: value for name, value in stated.items() if name not in _READ_ONLY}, "is_owner": False}
        made |= {"id": self.shop.new("TM"), "created_at": self.shop.now(), "updated_at": self.shop.now()}
        made.setdefault("assigned_locations", {"assignment_type": "ALL_CURRENT_AND_FUTURE_LOCATIONS"})
        if key:
            self._kept[key] = (said, made["id"])
        return self.shop.team.put(self._waged(made, {}))

    def _create_many(self, request: Request) -> Body:
        """As many as can be made are made; the others say why (OpenAPI: BulkCreateTeamMembers)."""
        return _each(request, self._create)

    # ── changing ──

    def _update(self, member_id: str, asked: Mapping[str, Any]) -> Body:
        """What is named is changed, null clears (OpenAPI: UpdateTeamMemberRequest); the owner stays (pages on the Team API)."""
        before = self._one(member_id)
        stated = {name: value for name, value in (asked.get("team_member") or {}).items() if name not in _READ_ONLY}
        if before["is_owner"] and stated.get("status", "ACTIVE") != "ACTIVE":
            raise Refused("BAD_REQUEST", "status")
        after = {name: value for name, value in {**before, **stated}.items() if value is not None}
        self._refuse(after, member_id, "BAD_REQUEST")
        return self.shop.team.put(self._waged({**after, "updated_at": self.shop.now()}, before))

    def _update_many(self, request: Request) -> Body:
        """By id; as in making many (OpenAPI: BulkUpdateTeamMembers)."""
        return _each(request, self._update)

    def _refuse(self, body: Mapping[str, Any], member_id: str, taken: str) -> None:
        for name in ("given_name", "family_name"):
            if not str(body.get(name) or "").strip():
                raise Refused("MISSING_REQUIRED_PARAMETER" if not member_id else "BAD_REQUEST", name)
        if body.get("phone_number") and not _PHONE.fullmatch(body["phone_number"]):
            raise Refused("INVALID_PHONE_NUMBER", "phone_number")
        mail = str(body.get("email_address") or "").lower()
        if mail and not _MAIL.fullmatch(mail):
            raise Refused("INVALID_EMAIL_ADDRESS", "email_address")
        others = (row for row in self.shop.team.truth() if row["id"] != member_id)
        if mail and any(str(row.get("email_address") or "").lower() == mail for row in others):
            raise Refused(taken, "email_address", 409 if taken == "CONFLICT" else 400)
        places = (body.get("assigned_locations") or {}).get("location_ids") or []
        if any(place not in self.shop.locations for place in places):
            raise Refused("BAD_REQUEST", "assigned_locations.location_ids")

    def _waged(self, member: Body, before: Mapping[str, Any]) -> Body:
        """Jobs by their id; their titles are the job's (OpenAPI: CreateTeamMemberRequest, WageSetting)."""
        wages = member.get("wage_setting")
        if not wages or wages == before.get("wage_setting"):
            return member
        titles = {job["id"]: job["title"] for job in self.shop.jobs}
        jobs = wages.get("job_assignments") or []
        if not jobs or any(job.get("job_id") not in titles for job in jobs):
            raise Refused("BAD_REQUEST", "wage_setting.job_assignments")
        named = [{**job, "job_title": titles[job["job_id"]]} for job in jobs]
        version = ((before.get("wage_setting") or {}).get("version") or 0) + 1
        return {**member, "wage_setting": {**wages, "job_assignments": named, "version": version, "updated_at": self.shop.now()}}


def _fits(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    assigned = row.get("assigned_locations") or {}
    everywhere = assigned.get("assignment_type") == "ALL_CURRENT_AND_FUTURE_LOCATIONS"
    places = set(wanted.get("location_ids") or [])
    return (
        wanted.get("status") in (None, row["status"])
        and (not wanted.get("is_owner") or row["is_owner"])
        and (not places or everywhere or bool(places & set(assigned.get("location_ids") or [])))
    )


def _each(request: Request, make: Callable[[str, Mapping[str, Any]], Body]) -> Body:
    """Each of at most twenty-five for itself: the person, or what is wrong."""
    asked = request.body.get("team_members") or {}
    if not 0 < len(asked) <= STAFF_PER_CALL:
        raise Refused("BAD_REQUEST", "team_members")
    answers: Body = {}
    for key, each in asked.items():
        try:
            answers[key] = {"team_member": make(key, each)}
        except Refused as refused:
            answers[key] = {"errors": refused.response.body["errors"]}
    return {"team_members": answers}
