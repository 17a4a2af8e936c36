"""What people do with a break: assign, comment, resolve, approve, reopen. Each is one transaction with its row in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.audit import Audit
from pipelines.hub.ledger_tables import break_work
from pipelines.hub.store import Hub
from pipelines.reconcile import store
from pipelines.reconcile.exports.totals import spoken
from pipelines.reconcile.rights import Actor, Refused
from pipelines.reconcile.words import SETTLING, Resolution, WorkState
from pipelines.reconcile.work import Change, Work, works, write

_LONGEST_REASON = 200
_FEW = 5
Check = Callable[[Connection, Work], None]
_WORKABLE = (WorkState.OPEN, WorkState.ASSIGNED, WorkState.IN_PROGRESS)


class Desk:
    """Where people work on the breaks of one company."""

    def __init__(self, hub: Hub, audit: Audit, company: str) -> None:
        self._hub = hub
        self._audit = audit
        self._company = company

    def assign(self, actor: Actor, key: str, owner: str) -> Work:
        """Give a break to somebody; the caller has made sure that there is such a person."""
        actor.require("assign")

        def change(known: Work) -> Change:
            _open(known)
            state = WorkState.ASSIGNED if known.state is WorkState.OPEN else known.state
            return Change("assigned", replace(known, owner=owner, state=state), f"to {owner}")

        return self._act(actor, key, change)

    def comment(self, actor: Actor, key: str, text: str) -> Work:
        """Say something. The owner's first comment means that the work has begun."""
        actor.require("comment")
        said = _said(text, "comment")

        def change(known: Work) -> Change:
            begins = known.state is WorkState.ASSIGNED and known.owner == actor.name
            return Change("commented", replace(known, state=WorkState.IN_PROGRESS) if begins else known, said)

        return self._act(actor, key, change)

    def resolve(self, actor: Actor, key: str, resolution: Resolution, *, reason: str, comment: str, limits: Mapping[str, Decimal]) -> Work:
        """Say how it was resolved. A write-off or acceptance above the limit of its unit waits for a second person."""
        actor.require("write off or accept" if resolution in SETTLING else "resolve")
        why, said = _said(reason, "reason"), _said(comment, "comment")
        if len(why) > _LONGEST_REASON:
            raise Refused(f"A reason has at most {_LONGEST_REASON} characters; the rest belongs into the comment.")

        def change(known: Work) -> Change:
            _open(known)
            settles = resolution in SETTLING
            done = replace(
                known, resolution=resolution, reason=why, proposer=actor.name, approver="", settled=known.difference if settles else None
            )
            if settles and abs(known.difference) > limits.get(known.unit, Decimal(0)):
                return Change("proposed", replace(done, state=WorkState.PENDING_APPROVAL), _how(resolution, why, said))
            return Change("resolved", replace(done, state=WorkState.RESOLVED), _how(resolution, why, said))

        return self._act(actor, key, change)

    def approve(self, actor: Actor, key: str, *, comment: str, decline: bool = False) -> Work:
        """Approve, or decline, what another has proposed."""
        actor.require("approve")
        said = _said(comment, "comment")

        def change(known: Work) -> Change:
            if known.state is not WorkState.PENDING_APPROVAL:
                raise Refused(f"{_called(known)} waits for nobody's approval: it is {_spoken(known)}.")
            if known.proposer == actor.name:
                raise Refused(f"{actor.name} proposed it and cannot approve it: a second person must.")
            if decline:
                return Change("declined", _back(known), said)
            return Change("approved", replace(known, state=WorkState.RESOLVED, approver=actor.name), said)

        return self._act(actor, key, change)

    def reopen(self, actor: Actor, key: str, *, comment: str) -> Work:
        """Take a resolution back."""
        actor.require("reopen")
        said = _said(comment, "comment")

        def change(known: Work) -> Change:
            if known.state is WorkState.CLOSED:
                raise Refused(f"{_called(known)} is closed because the difference is gone; it opens by itself if it returns.")
            if known.state not in (WorkState.RESOLVED, WorkState.PENDING_APPROVAL):
                raise Refused(f"{_called(known)} is not resolved: it is {_spoken(known)}.")
            return Change("reopened", replace(_back(known), reopened=known.reopened + 1), said)

        return self._act(actor, key, change, also=self._not_certified)

    def fixed(self, actor: Actor, key: str, command: str, code: int) -> Work:
        """Put on record that somebody ran the suggested command, and how it ended."""
        actor.require("fix")
        return self._act(actor, key, lambda known: Change("fixed", known, f"ran `{command}`, exit code {code}"))

    def _act(self, actor: Actor, key: str, change: Callable[[Work], Change], *, also: Check | None = None) -> Work:
        with self._hub.begin() as tx:
            whole = full_key(tx, self._company, key)
            known = works(tx, self._company, keys=[whole], lock=True)[whole]
            if also is not None:
                also(tx, known)
            done = change(known)
            now, after = self._hub.clock(), done.work
            content = {
                "say": done.say, "state": after.state, "owner": after.owner, "resolution": after.resolution, "reason": after.reason,
                "difference": known.difference, "unit": known.unit,
            }  # fmt: skip
            row = self._audit.record(tx, actor.signature, f"break {done.what}", f"{self._company} {whole}", content)
            write(tx, [done], actor=actor.signature, audit=row, run=known.last_run, now=now, new=frozenset())
        return after

    def _not_certified(self, tx: Connection, known: Work) -> None:
        found = store.certified(tx, self._company, known.period)
        if found is not None and known.key in store.keys_of(tx, found[1].run_id):
            raise Refused(f"{_called(known)} is explained in the certificate of {known.period}. Unlock the period first.")


def full_key(tx: Connection, company: str, given: str) -> str:
    """The key that starts so, or the one break with this number. Raises Refused where there is none, or more than one."""
    column = break_work.c
    wanted = sa.select(column.key).where(column.company_id == company).order_by(column.key).limit(_FEW)
    found = list(tx.execute(wanted.where(column.key.startswith(given, autoescape=True))).scalars()) if given else []
    found = found or list(tx.execute(wanted.where(column.number == given, column.state != WorkState.CLOSED)).scalars())
    if not found:
        raise Refused(f"{company} has no break {given!r}; `counterfoil breaks list` shows them.")
    if len(found) > 1 and given not in found:
        raise Refused(f"{given!r} may be {', '.join(found)}; give more of the key.")
    return given if given in found else found[0]


def _said(text: str, name: str) -> str:
    if not text.strip():
        raise Refused(f"A {name} is needed: whoever reads this in a year must understand it.")
    return text.strip()


def _open(known: Work) -> None:
    if known.state not in _WORKABLE:
        raise Refused(f"{_called(known)} is {_spoken(known)}; there is nothing to do before it is open again.")


def _back(known: Work) -> Work:
    state = WorkState.ASSIGNED if known.owner else WorkState.OPEN
    return replace(known, state=state, resolution="", reason="", settled=None, proposer="", approver="")


def _called(known: Work) -> str:
    return f"{known.kind} {known.number or known.key} ({spoken(known.difference)} {known.unit})"


def _spoken(known: Work) -> str:
    return f"{known.state.replace('_', ' ')}{f' as {known.resolution}' if known.resolution else ''}".replace("_", " ")


def _how(resolution: Resolution, reason: str, comment: str) -> str:
    return f"{resolution.replace('_', ' ')}: {reason}. {comment}"
