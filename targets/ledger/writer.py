"""The writer of a ledger: an intent becomes entries, entries become bytes, and receipts come from the bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.facts import Facts
from taps._kit.surroundings import Surroundings
from targets._kit.writer import Absent, Answer, Found, Intent, Metadata, Payload, Period, Receipt, Sent, Unpreparable, Whereabouts
from targets.ledger.config import LedgerConfig
from targets.ledger.facts import FACTS
from targets.ledger.journal import Journal, Written
from targets.ledger.preparation import prepare


class LedgerWriter:
    """One Beancount journal."""

    facts: Facts = FACTS

    def __init__(self, config: LedgerConfig, home: Path) -> None:
        self.folder = home / config.path
        self._config = config
        self._journal = Journal(self.folder, config)
        self._mark: dict[str, Any] = {}
        self._last: dict[str, Receipt] = {}
        self._unwatched = False
        self.newest: dict[str, tuple[str, Mapping[str, Any] | None]] = {}
        """After `open_unwatched`: local id → its newest idempotency key, and what stands (None: reversed)."""

    def open(self, checkpoint: Mapping[str, Any] | None, around: Surroundings | None = None) -> None:  # noqa: ARG002 (needs nothing)
        """Lock the folder and verify every committed byte. Raises Tampered with file and line, Misconfigured, Retryable."""
        self._journal.open(checkpoint)
        self._mark = dict(checkpoint or {})
        self._last = {}

    def open_unwatched(self) -> None:
        """Open for a run that no hub watches: what the check sums vouch for is taken as it stands, and remembered in `newest`."""
        self._unwatched = True
        for attempt in self._journal.open_unwatched():
            self._remember(attempt)

    def _remember(self, attempt: Written) -> None:
        last = attempt.entries[-1]
        self.newest[last.doc] = (attempt.ref, None if last.reversal else receipt(attempt).body)

    def close(self) -> None:
        """Let the next process in."""
        self._journal.close()

    def checkpoint(self) -> dict[str, Any]:
        """Length and hash of each file, as far as it is ours. Raises Tampered if an entry was found that no attempt claims."""
        self.settle()
        self._mark = self._journal.checkpoint()
        return self._mark

    def settle(self) -> None:
        """Judge what followed the committed part at `open`: call it after `find` was asked for all attempts in doubt.

        `send` and `checkpoint` do it by themselves. Raises Tampered for an entry that no attempt claims.
        """
        self._journal.require_usable()
        if self._journal.unsettled():
            self._journal.settle()

    def prepare(self, intent: Intent) -> Payload | Unpreparable:
        """The entries as text; nothing is read or written."""
        return prepare(intent, self._config.accounts_opened_on)

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Append the batch, durably, and answer from the bytes. A payload that the last batch wrote already is not written again."""
        self.settle()
        new = {payload.intent.idempotency_key: payload for payload in batch if payload.intent.idempotency_key not in self._last}
        known = dict(self._last)
        if new:
            written = self._journal.append([payload.body.texts for payload in new.values()], _accounts(new.values()))
            self._last = {attempt.ref: receipt(attempt) for attempt in written}
            for attempt in written if self._unwatched else ():
                self._remember(attempt)
            known |= self._last
        return [known[payload.intent.idempotency_key] for payload in batch]

    def find(self, sent: Sequence[Sent]) -> list[Whereabouts]:
        """Where the attempts are. Ask for all that are in doubt at once: what none of them claims is another's doing.

        An Absent attempt can never appear later, for its process died or gave up the lock. Store `checkpoint()` with the answers.
        Raises Tampered with file and line.
        """
        if not self._journal.usable:
            self.close()
            self.open(self._mark)
        found: list[Whereabouts] = []
        for attempt in sent:
            known = self._last.get(attempt.idempotency_key)
            if known is None:
                adopted = self._journal.adopt(attempt.idempotency_key, attempt.digest)
                known = receipt(adopted) if adopted else None
            found.append(Found(known) if known else Absent())
        self.settle()
        return found

    def read_back(self, since: datetime | None = None) -> Sequence[Receipt]:  # noqa: ARG002 - entries carry no instant
        """One receipt per attempt, oldest first, from the bytes of the file. A ledger has no clock: `since` changes nothing."""
        return [receipt(attempt) for attempt in self._journal.attempts()]

    def periods(self) -> Sequence[Period]:
        """None: a journal is never closed."""
        return []

    def metadata(self) -> Metadata:
        """Nothing: every account may be opened."""
        return Metadata()

    def check(self) -> list[Problem]:
        """What would stop a write."""
        at = self.folder
        while not at.exists():
            at = at.parent
        if at.is_dir() and _writable(at):
            return []
        say = f"The ledger's folder {self.folder} cannot be written."
        return [Problem("READ-DENIED", say, "Give the user that runs Counterfoil the right to write there, or set another path.", "path")]


def receipt(attempt: Written) -> Receipt:
    """What the file says of an attempt. Effect: Σ control postings of all its entries, so new − old for an update."""
    last = attempt.entries[-1]
    effect = sum((posting.amount for entry in attempt.entries for posting in entry.postings if posting.control), Decimal(0))
    lines = [] if last.reversal else [[p.account, str(p.amount), p.currency, p.component, p.control] for p in last.postings]
    unit = next((posting.currency for posting in last.postings if posting.control), last.postings[0].currency)
    return Receipt(last.key, last.number, unit, effect, {"date": last.date.isoformat(), "lines": lines})


def _accounts(payloads: Iterable[Payload]) -> list[str]:
    return [account for payload in payloads for account in payload.body.accounts]


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
