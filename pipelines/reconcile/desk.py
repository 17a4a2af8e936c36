"""What people decide of proposed receipts: a row of `HOME/desk/receipts.jsonl`, which a connection reads like any other source.

A receipt has one row, whatever happens to it, so that it cannot be allocated twice; what was accepted is booked by the routes that read
the connection, each payment exactly once, and taken back by them when the row says so.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.home.load import Home
from pipelines.hub.audit import Audit
from pipelines.hub.store import Hub
from pipelines.hub.tables import document
from pipelines.reconcile import finding, receipts
from pipelines.reconcile.booking import bookable, booked
from pipelines.reconcile.corners import bank
from pipelines.reconcile.decided import ACCEPTED, DISMISSED, FILE, TAKEN_BACK, dismissed, rows
from pipelines.reconcile.policy import rules
from pipelines.reconcile.proposals import OpenInvoice, Proposal
from pipelines.reconcile.report import Pair, Report
from pipelines.reconcile.rights import Actor, Refused
from pipelines.reconcile.run import reconcile
from taps._kit.errors import Misconfigured

MAPPING = "desk/receipts"


@dataclass(frozen=True, slots=True)
class Decisions:
    """The receipts of one company, and what was decided of them."""

    home: Home
    hub: Hub
    audit: Audit
    company: str

    def proposed(self) -> list[Proposal]:
        """What a reconciliation of this moment proposes, without what was decided meanwhile."""
        return self.looked()[0]

    def looked(self) -> tuple[list[Proposal], list[str]]:
        """The same, and sentences about receipts of which sums were not tried."""
        found: list[Proposal] = []
        bounds: list[str] = []
        asked, sources = rules(self.home.path), receipts.sources_of(self.home, self.company)

        def take(report: Report, pairs: Iterable[Pair]) -> Report:
            if isinstance(pairs, finding.Pairs) and bank.is_paired(pairs.table):
                made, notes = receipts.proposed(pairs.table, self.hub, sources, asked, dismissed(self.home.path))
                found.extend(made)
                bounds.extend(notes)
            return report

        reconcile(self.home, self.hub, as_of=self.hub.clock(), company=self.company, then=take)
        decided = {identity for identity, row in rows(self.home.path).items() if row["decision"] == ACCEPTED}
        return [each for each in found if not decided & {_identity(each, place) for place in range(len(each.received))}], bounds

    def accept(self, actor: Actor, entry: str, reason: str) -> list[dict[str, Any]]:
        """Decide that the receipt with this reference pays what is proposed; the rows, as they were before where it was accepted already.

        Raises Refused where nothing, or more than one way, is proposed, or where it takes more than payments to book it.
        """
        actor.require("resolve")
        self._connection()
        with _locked(self.home.path):
            return self._accept(actor, entry, reason)

    def _accept(self, actor: Actor, entry: str, reason: str) -> list[dict[str, Any]]:
        known = [row for row in rows(self.home.path).values() if row["entry"] == entry and row["decision"] == ACCEPTED]
        if known:
            return known
        chosen = [each for each in self.proposed() if entry in {line.reference for line in each.received}]
        if len(chosen) != 1 or not chosen[0].sure:
            raise Refused(f"There is no proposal for {entry!r} that could be accepted: none, or more than one way to explain it.")
        bookable(self.home, self.company, {line.what for line in chosen[0].solutions[0].lines})
        return self._put(actor, reason, list(self._decided(chosen[0])))

    def dismiss(self, actor: Actor, entry: str, reason: str) -> list[dict[str, Any]]:
        """Decide that the receipt pays none of our invoices: nothing is proposed for it any more, until it is taken back.

        Raises Refused where the bank has no such entry, or it was accepted.
        """
        actor.require("resolve")
        with _locked(self.home.path):
            known = [row for row in rows(self.home.path).values() if row["entry"] == entry and row["decision"] != TAKEN_BACK]
            if any(row["decision"] == ACCEPTED for row in known):
                raise Refused(f"{entry} was accepted; take that back first: counterfoil receipts undo {entry} --reason …")
            return known or self._put(actor, reason, [self._dismissed(entry)])

    def _dismissed(self, entry: str) -> dict[str, Any]:
        c = document.c
        mine = [each.name for each in self.home.taps.values() if each.tap == "bank" and each.company == self.company]
        wanted = sa.select(c.connection_id, c.business_date, c.currency).where(
            c.type == "bank_transaction", c.source_id == entry, c.connection_id.in_(mine), c.current, c.deleted.is_(False)
        )
        with self.hub.read() as tx:
            found = tx.execute(wanted).all()
        if len(found) != 1:
            raise Refused(f"{'No bank' if not found else 'More than one bank'} of {self.company} has an entry {entry!r}.")
        line = found[0]
        return {
            "id": f"{line.connection_id}:{entry}", "entry": entry, "decision": DISMISSED, "booked_on": line.business_date.isoformat(),
            "currency": line.currency, "payments": [],
        }  # fmt: skip

    def take_back(self, actor: Actor, entry: str, reason: str) -> list[dict[str, Any]]:
        """Take a decision back: the payments of an accepted receipt end with the next run, a dismissed one is proposed again."""
        actor.require("resolve")
        with _locked(self.home.path):
            known = [row for row in rows(self.home.path).values() if row["entry"] == entry and row["decision"] != TAKEN_BACK]
            if not known:
                raise Refused(f"No receipt {entry!r} was accepted or dismissed.")
            return self._put(actor, reason, [{**row, "decision": TAKEN_BACK} for row in known])

    def _decided(self, proposal: Proposal) -> Iterator[dict[str, Any]]:
        """One row for each line of the bank; several lines pay one invoice each with its own amount."""
        solution = proposal.solutions[0]
        several = len(proposal.received) > 1
        with self.hub.read() as tx:
            orders = {invoice.number: self._order(tx, invoice) for invoice in solution.invoices}
        for place, line in enumerate(proposal.received):
            paid = solution.lines[place : place + 1] if several else solution.lines
            yield {
                "id": _identity(proposal, place),
                "entry": line.reference,
                "decision": ACCEPTED,
                "booked_on": line.on.isoformat(),
                "currency": line.unit,
                **booked(solution, paid, orders, line),
            }

    def _order(self, tx: sa.Connection, invoice: OpenInvoice) -> str:
        c = document.c
        where = (c.connection_id == invoice.connection, c.source_id == invoice.reference, c.type == "order", c.current)
        identity = str(tx.execute(sa.select(c.document_id).where(*where)).scalar_one())
        for row in rows(self.home.path).values():
            if row["decision"] == ACCEPTED and any(each["order"] == identity for each in row["payments"]):
                known = sa.select(c.seq).where(c.source_id == f"{row['id']}/{identity}", c.type == "payment", c.current)
                if tx.execute(known).first() is None:
                    raise Refused(f"{invoice.number} has a receipt that was accepted and not run yet: `counterfoil run`, then look again.")
        return identity

    def _put(self, actor: Actor, reason: str, decided: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Log the decision, then make it: killed between the two, it was not made, and nothing is booked that nobody answers for."""
        if not reason.strip():
            raise Refused("A reason is needed: whoever reads this in a year must understand it.")
        made = [{**row, "by": actor.name, "reason": reason.strip(), "at": self.hub.clock().isoformat()} for row in decided]
        with self.hub.begin() as tx:
            for row in made:
                self.audit.record(tx, actor.signature, f"receipt {row['decision']}", f"{self.company} {row['entry']}", row)
        _write(self.home.path, rows(self.home.path) | {row["id"]: row for row in made})
        return made

    def _connection(self) -> None:
        names = {each.name for each in self.home.taps.values() if MAPPING in each.mappings.values()}
        if not any(names & set(route.sources) for route in self.home.routes.values()):
            raise Misconfigured(
                f"No route reads what is decided. Make a connection with the tap `files` over {FILE} and the mapping {MAPPING}, "
                "and name it under the sources of the route that books the invoices; docs/receipts.md shows it."
            )


def _identity(proposal: Proposal, place: int) -> str:
    line = proposal.received[place]
    return f"{line.connection}:{line.reference}"


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One decision at a time, whatever process it comes from."""
    (home / FILE).parent.mkdir(exist_ok=True)
    with (home / f"{FILE}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(home: Path, made: dict[str, dict[str, Any]]) -> None:
    """The whole file anew, on disk before it takes the old one's place."""
    draft = home / f"{FILE}.new"
    with draft.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(made[key], sort_keys=True, ensure_ascii=False) + "\n" for key in sorted(made))
        out.flush()
        os.fsync(out.fileno())
    draft.replace(home / FILE)
