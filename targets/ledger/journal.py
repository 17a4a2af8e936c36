"""The journal's three files as one thing: opened and verified, grown by whole attempts, settled after a crash.

    main.beancount       options and includes, written once
    accounts.beancount   one `open` an account, in the order of first use
    entries.beancount    the entries, in the order of sending

What follows the committed part when the journal is opened belongs to attempts that were in doubt. It is kept until `adopt` has heard
of all of them; then `settle` cuts an entry that was torn by a crash, and stops at anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, NamedTuple

from taps._kit.errors import Fatal, Tampered
from taps._kit.points import at
from targets._kit.lock import Lock
from targets.ledger.config import LedgerConfig
from targets.ledger.files import Grown, make_folder, trouble
from targets.ledger.text import FIRST_SUM, Entry, Malformed, Text, digest, quoted, read_entry, sealed, torn_fault

MAIN, ACCOUNTS, ENTRIES = "main.beancount", "accounts.beancount", "entries.beancount"
_NOTICE = "; Kept by Counterfoil. Entries of your own go into a file of yours that includes this one.\n"
_OPEN = re.compile(r"(\d{4}-\d\d-\d\d) open ([^\s\"]+)\n")
_MOST_UNCLAIMED = 20_000


class Written(NamedTuple):
    """One attempt as it stands in the file: an entry, or a reversal and the new entry."""

    ref: str
    entries: tuple[Entry, ...]
    digest: str
    line: int
    end: int
    seal: str


class Journal:
    """The files of one ledger. Opened by one process at a time."""

    def __init__(self, folder: Path, config: LedgerConfig) -> None:
        self.folder = folder
        self._config = config
        self._lock = Lock(folder / ".lock", "The ledger")
        self._main, self._accounts, self._entries = (Grown(folder / name) for name in (MAIN, ACCOUNTS, ENTRIES))
        self._opened: dict[str, None] = {}
        self._seal = FIRST_SUM
        self._unclaimed: dict[str, Written] = {}
        self._claimed: set[str] = set()
        self._opening: list[str] = []
        self._torn_at: int | None = None
        self._absent = False
        self.usable = False

    # ── opening ──

    def _take(self) -> None:
        make_folder(self.folder)
        try:
            self._lock.take()
        except OSError as error:
            raise trouble(self.folder, error) from error

    def open(self, checkpoint: Mapping[str, Any] | None) -> None:
        """Lock, verify what is committed, read what follows. Raises Tampered, Misconfigured, Retryable."""
        self._take()
        try:
            self._open(checkpoint or {})
        except BaseException:
            self.close()
            raise
        self.usable = True

    def open_unwatched(self) -> Iterator[Written]:
        """Open without a checkpoint, for a run that no hub watches: take what the chain of check sums vouches for, cut a torn end.

        Gives every attempt that stands in the file; the journal is usable when they are exhausted.
        """
        self._take()
        for grown, fault in ((self._entries, self._entries_fault), (self._accounts, self._accounts_fault), (self._main, self._main_fault)):
            grown.open(None, fault)
        self._write_main()
        used: dict[str, None] = {}
        end = 0
        for attempt in self.attempts():
            used.update(dict.fromkeys(posting.account for entry in attempt.entries for posting in entry.postings))
            end, self._seal = attempt.end, attempt.seal
            yield attempt
        for chunk in self._entries.chunks(0, end):
            self._entries.take(chunk)
        self._torn_at, self._absent = (end if self._entries.size() > end else None), True
        self._opening = self._accounts_of(self._accounts.read(0, self._accounts.size()), 1)
        self._cut_torn(end)
        self._cut_accounts(used.keys())
        self._accounts.take(self._accounts.read(0, self._accounts.size()))
        self._opened, self._opening, self._absent, self.usable = dict.fromkeys(self._opening), [], False, True

    def _open(self, marks: Mapping[str, Any]) -> None:
        entries = marks.get(ENTRIES)
        self._seal = entries["sum"] if entries else FIRST_SUM
        self._entries.open(entries, self._entries_fault)
        self._accounts.open(marks.get(ACCOUNTS), self._accounts_fault)
        self._main.open(marks.get(MAIN), self._main_fault)
        self._write_main()
        self._opened = dict.fromkeys(self._accounts_of(self._accounts.read(0, self._accounts.length), 1))
        tail = self._accounts.read(self._accounts.length, self._accounts.size())
        self._opening = self._accounts_of(tail, self._accounts.lines + 1)
        self._read_tail()

    def _write_main(self) -> None:
        if self._main.length:
            if self._main.size() > self._main.length:
                raise Tampered(f"{self._main.path}, line {self._main.lines + 1}: this was added by somebody else.")
            return
        wanted = self._main_text().encode()
        there = self._main.read(0, self._main.size())
        if there and not wanted.startswith(there):
            line, why = self._main_fault() or (1, "this file was changed")
            raise Tampered(f"{self._main.path}, line {line}: {why}. Give the ledger a folder of its own.")
        if there != wanted:
            try:
                self._main.write(wanted, 0)
                self._main.sync()
            except OSError as error:
                raise trouble(self.folder, error) from error
        self._main.take(wanted)

    def _main_text(self) -> str:
        currencies = "".join(f'option "operating_currency" "{currency}"\n' for currency in self._config.operating_currency)
        return f'{_NOTICE}option "title" {quoted(self._config.title)}\n{currencies}include "{ACCOUNTS}"\ninclude "{ENTRIES}"\n'

    def _read_tail(self) -> None:
        """Whole attempts that follow the committed part, and where a torn one begins."""
        good = self._entries.length
        for attempt in self._attempts(good, self._entries.lines + 1, self._seal):
            if attempt.ref in self._unclaimed:
                raise Tampered(f"{self._entries.path}, line {attempt.line}: this entry stands here twice.")
            if len(self._unclaimed) == _MOST_UNCLAIMED:
                raise Tampered(f"{self._entries.path}, line {attempt.line}: it holds many entries that this hub did not write.")
            self._unclaimed[attempt.ref] = attempt
            good = attempt.end
        self._torn_at = good if self._entries.size() > good else None

    def _attempts(self, start: int, first_line: int, seal: str) -> Iterator[Written]:
        """Whole attempts from a place on, in constant memory. Raises Tampered at a complete entry that is not ours."""
        halves: list[tuple[int, Entry, Text]] = []
        for block, end, line in self._blocks(start, first_line):
            try:
                entry, text, seal = read_entry(block, seal)
            except Malformed as fault:
                raise Tampered(f"{self._entries.path}, line {line + fault.line}: {fault.why}.") from fault
            if halves and halves[0][1].ref != entry.ref:
                raise Tampered(f"{self._entries.path}, line {line}: a reversal stands here without the entry that replaces it.")
            halves.append((line, entry, text))
            if not (entry.verb == "update" and entry.reversal):
                yield Written(entry.ref, tuple(half[1] for half in halves), digest(half[2] for half in halves), halves[0][0], end, seal)
                halves = []

    def _blocks(self, start: int, line: int) -> Iterator[tuple[str, int, int]]:
        """Complete blocks from a place on: text with its empty line, where it ends, its first line. Stops at a torn one."""
        rest = b""
        at_byte = start
        for chunk in self._entries.chunks(start, self._entries.size()):
            rest += chunk
            begin = 0
            while (stop := rest.find(b"\n\n", begin)) >= 0:
                raw = rest[begin : stop + 2]
                if b"\0" in raw:
                    return
                yield raw.decode("utf-8", "replace"), at_byte + stop + 2, line
                line += raw.count(b"\n")
                begin = stop + 2
            rest, at_byte = rest[begin:], at_byte + begin

    # ── after a crash ──

    def adopt(self, ref: str, expected: str) -> Written | None:
        """What the attempt wrote, if it is there as a whole; it is ours from now on. Call for all attempts in doubt, then `settle`.

        Raises Tampered if it is there and is not what was prepared.
        """
        found = self._unclaimed.get(ref)
        if found is None:
            self._absent = True
            return None
        if found.digest != expected:
            raise Tampered(f"{self._entries.path}, line {found.line}: this entry is not the one that was sent.")
        self._claimed.add(ref)
        return found

    def settle(self) -> None:
        """Keep what was adopted, cut a torn rest, and make both durable. Raises Tampered at anything that nobody claims."""
        for ref, attempt in self._unclaimed.items():
            if ref not in self._claimed:
                number = attempt.entries[-1].number
                raise Tampered(f'{self._entries.path}, line {attempt.line}: this hub did not write the entry "{number}" that stands here.')
        adopted = list(self._unclaimed.values())
        end = adopted[-1].end if adopted else self._entries.length
        self._cut_torn(end)
        self._cut_accounts({posting.account for attempt in adopted for entry in attempt.entries for posting in entry.postings})
        self._entries.sync()
        self._accounts.sync()
        self._accounts.take(self._accounts.read(self._accounts.length, self._accounts.size()))
        self._entries.take(self._entries.read(self._entries.length, end))
        if adopted:
            self._seal = adopted[-1].seal
        self._opened.update(dict.fromkeys(self._opening))
        self._unclaimed, self._claimed, self._opening, self._absent = {}, set(), [], False

    def _cut_torn(self, end: int) -> None:
        if self._torn_at is None:
            return
        rest = self._entries.read(end, self._entries.size())
        line = self._entries.lines + self._entries.read(self._entries.length, end).count(b"\n") + 1
        fault = torn_fault(rest.split(b"\0", 1)[0].decode("utf-8", "replace"))
        if fault is not None or not self._absent:
            raise Tampered(f"{self._entries.path}, line {line + (fault or 0)}: this was added by somebody else.")
        self._entries.cut(end)
        self._torn_at = None

    def _cut_accounts(self, used: AbstractSet[str]) -> None:
        """Keep the `open` lines that adopted entries need: they are the first ones, for they stand in the order of first use."""
        kept = []
        for account in self._opening:
            if account not in used:
                break
            kept.append(account)
        missing = used - self._opened.keys() - set(kept)
        if missing:
            raise Tampered(f"{self._accounts.path}: the line that opens {min(missing)} was taken away.")
        wanted = self._accounts.length + len(self._opens(kept))
        if self._accounts.size() != wanted:
            line = self._accounts.lines + len(kept) + 1
            if not self._absent:
                raise Tampered(f"{self._accounts.path}, line {line}: this was added by somebody else.")
            self._accounts.cut(wanted)
        self._opening = kept

    # ── growing ──

    def append(self, attempts: Sequence[Sequence[Text]], accounts: Sequence[str]) -> list[Written]:
        """Write the attempts in one append, durably, and read them back from the file. Raises Retryable if the disk is full.

        After any exception the journal must be opened again, and its attempts looked up, before it takes another append.
        """
        self.require_usable()
        for grown in (self._main, self._accounts, self._entries):
            if grown.size() != grown.length:
                raise Tampered(f"{grown.path}, line {grown.lines + 1}: somebody else changes this file while we write it.")
        self.usable = False
        try:
            self._append_accounts(accounts)
            written = self._append_entries(attempts)
        except OSError as error:
            raise trouble(self.folder, error) from error
        self.usable = True
        return written

    def require_usable(self) -> None:
        """Raise Fatal unless the journal is open and its last append went well."""
        if not self.usable:
            raise Fatal("The ledger was not opened, or its last append failed: open it again first.")

    def _append_accounts(self, accounts: Sequence[str]) -> None:
        new = [account for account in dict.fromkeys(accounts) if account not in self._opened]
        if not new:
            return
        data = self._opens(new)
        self._accounts.write(data, self._accounts.length)
        self._accounts.sync()
        self._accounts.take(data)
        self._opened.update(dict.fromkeys(new))

    def _append_entries(self, attempts: Sequence[Sequence[Text]]) -> list[Written]:
        seal = self._seal
        parts = []
        for attempt in attempts:
            for text in attempt:
                part, seal = sealed(text, seal)
                parts.append(part)
        data = "".join(parts).encode()
        start, half = self._entries.length, len(data) // 2
        self._entries.write(data[:half], start)
        at("B1")
        self._entries.write(data[half:], start + half)
        at("H1")
        self._entries.sync()
        back = self._entries.read(start, start + len(data))
        if back != data:
            raise Fatal(f"{self._entries.path} does not give back what was written to it. Check the disk.")
        written = self._read_attempts(back.decode(), [len(attempt) for attempt in attempts])
        self._entries.take(back)
        self._seal = seal
        return written

    def _read_attempts(self, text: str, counts: Sequence[int]) -> list[Written]:
        blocks = iter(text[:-2].split("\n\n"))
        seal, line = self._seal, self._entries.lines + 1
        written = []
        for count in counts:
            entries, texts, first = [], [], line
            for _ in range(count):
                block = next(blocks) + "\n\n"
                entry, read, seal = read_entry(block, seal)
                entries.append(entry)
                texts.append(read)
                line += block.count("\n")
            written.append(Written(entries[-1].ref, tuple(entries), digest(texts), first, 0, seal))
        return written

    def _opens(self, accounts: Sequence[str]) -> bytes:
        day = self._config.accounts_opened_on.isoformat()
        return "".join(f"{day} open {account}\n" for account in accounts).encode()

    # ── looking ──

    def checkpoint(self) -> dict[str, Any]:
        """What is committed, file by file."""
        return {
            MAIN: self._main.mark(),
            ACCOUNTS: self._accounts.mark(),
            ENTRIES: self._entries.mark() | {"sum": self._seal},
        }

    def unsettled(self) -> bool:
        """Whether something follows the committed part that `settle` has not judged yet."""
        return bool(self._unclaimed or self._opening) or self._torn_at is not None or self._accounts.size() > self._accounts.length

    def attempts(self) -> Iterator[Written]:
        """Every attempt in the file, oldest first, in constant memory. Raises Tampered."""
        return self._attempts(0, 1, FIRST_SUM)

    def close(self) -> None:
        """Let go of files and lock."""
        self.usable = False
        for grown in (self._main, self._accounts, self._entries):
            grown.close()
        self._opened, self._unclaimed, self._claimed, self._opening, self._torn_at, self._absent = {}, {}, set(), [], None, False
        self._lock.free()

    # ── naming what was changed ──

    def _entries_fault(self) -> tuple[int, str] | None:
        seal = FIRST_SUM
        for block, _end, line in self._blocks(0, 1):
            try:
                _entry, _text, seal = read_entry(block, seal)
            except Malformed as fault:
                return line + fault.line, fault.why
        return None

    def _accounts_fault(self) -> tuple[int, str] | None:
        expected = dict.fromkeys(posting.account for attempt in self.attempts() for entry in attempt.entries for posting in entry.postings)
        there = self._accounts.read(0, self._accounts.size()).decode("utf-8", "replace").splitlines(keepends=True)
        for line, account in enumerate(expected):
            if line >= len(there) or there[line] != self._opens([account]).decode():
                return line + 1, f"this line should open {account}"
        return None

    def _main_fault(self) -> tuple[int, str] | None:
        there = self._main.read(0, self._main.size()).decode("utf-8", "replace").splitlines()
        for line, wanted in enumerate(self._main_text().splitlines()):
            if line >= len(there) or there[line] != wanted:
                return line + 1, f"this line should be {wanted}"
        return None

    def _accounts_of(self, data: bytes, line: int) -> list[str]:
        """The accounts that the complete lines of `data` open."""
        complete = data[: data.rfind(b"\n") + 1].decode("utf-8", "replace")
        found = []
        for number, text in enumerate(complete.splitlines(keepends=True)):
            match = _OPEN.fullmatch(text)
            if match is None:
                raise Tampered(f"{self._accounts.path}, line {line + number}: this line is not one that Counterfoil writes.")
            found.append(match.group(2))
        return found
