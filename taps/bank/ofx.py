"""OFX and QFX: SGML of version 1, where a value has no end tag, and XML of version 2, read by one scanner.

Nothing is expanded but the five entities of XML and numbered characters, and a document type or an entity declaration is refused. OFX
tells the balance at the end only, so opening + entries = closing cannot be checked.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.problem import Problem
from taps._kit.folder import FileTrouble, corrupt
from taps._kit.text_lines import SAMPLE, encoding_of
from taps.bank.config import StatementFiles
from taps.bank.statement import BOOKED, Bad, Entry, Item, Statement, Unreadable, amount_of, body_of, currency_of, gathered, reference_of

_BLOCK = 1 << 18
_LONGEST = 1 << 20
"""Characters between two tags."""
_STATEMENTS = {"STMTRS", "CCSTMTRS"}
_ENTRY = "STMTTRN"
_AGGREGATES = {
    *_STATEMENTS, _ENTRY, "BANKACCTFROM", "CCACCTFROM", "BANKACCTTO", "CCACCTTO", "PAYEE", "LEDGERBAL", "AVAILBAL", "CURRENCY",
    "ORIGCURRENCY", "BANKTRANLISTP", "STATUS", "BALLIST",
}  # fmt: skip
"""Elements with elements inside that matter here; a value is known by them and its own name."""
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos|nbsp)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}
_CDATA = "![CDATA["
_DECLARED = re.compile(rb"encoding\s*=\s*[\"']([\w.-]+)", re.IGNORECASE)
_HEADER = re.compile(rb"(ENCODING|CHARSET)\s*:\s*([\w-]+)", re.IGNORECASE)
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)(?:\d{2,6}(?:\.\d*)?)?(?:\[[^\]]*\])?")
_COMMA = re.compile(r"[-+]?\d+,\d*")


class Ofx:
    """Bank and credit card statements."""

    def items(self, path: Path, name: str, files: StatementFiles) -> Iterator[Item]:  # noqa: ARG002 (OFX says its encoding itself)
        """Each statement response, then its transactions."""
        reading = _Reading(name)
        for tag, value in _tags(path, name):
            yield from reading.take(tag, value)
        if not reading.ended:
            raise corrupt(name, "OFX", "there is no </OFX> at its end")
        if not reading.statements:
            raise FileTrouble(Problem("READ-EMPTY", f"{name} is an OFX file without a statement.", "Look whether the download went wrong."))


class _Reading:
    """Where the scanner is, and the values of the aggregates that are open."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[str] = []
        self._values: dict[str, str] = {}
        """Of the entry that is open, by path below it: NAME, BANKACCTTO.ACCTID."""
        self._now: Statement | None = None
        self._entries = 0
        self._told = False
        """Whether the statement was handed on, which its account allows."""
        self.ended = False
        self.statements = 0

    def take(self, tag: str, value: str) -> Iterator[Item]:
        """One tag and the text behind it."""
        if tag.startswith("/"):
            self.ended |= tag == "/OFX"
            if tag[1:] in self._open:
                while self._open and (closed := self._open.pop()) != tag[1:]:
                    pass
                yield from self._closed(closed)
        elif tag in _AGGREGATES and not value:
            self._open.append(tag)
            self._begin(tag)
        elif value:
            self._value(tag, value)

    def _begin(self, tag: str) -> None:
        if tag in _STATEMENTS:
            self._now, self._entries, self._told = Statement(""), 0, False
        elif tag in (_ENTRY, "STATUS"):
            self._values = {}

    def _value(self, tag: str, value: str) -> None:
        inside = self._open[-1] if self._open else ""
        if _ENTRY in self._open:
            below = self._open[self._open.index(_ENTRY) + 1 :]
            self._values.setdefault(".".join([*below, tag]), value)
        elif inside == "STATUS":
            self._values[tag] = value
        elif self._now is not None:
            self._of_statement(self._now, inside, tag, value)

    def _of_statement(self, now: Statement, inside: str, tag: str, value: str) -> None:
        if inside in ("BANKACCTFROM", "CCACCTFROM") and tag == "ACCTID":
            now.account = "".join(value.split())
        elif inside in _STATEMENTS and tag == "CURDEF":
            now.currency = now.closing_currency = value
        elif inside == "LEDGERBAL" and tag in ("BALAMT", "DTASOF"):
            try:
                if tag == "BALAMT":
                    now.closing = _number(value)
                else:
                    now.closed_on = _day(value, "day of the balance")
            except Unreadable as trouble:
                raise corrupt(self._name, "OFX", f"the ledger balance {trouble}") from None

    def _closed(self, tag: str) -> Iterator[Item]:
        now = self._now
        if tag == "STATUS" and self._values.get("SEVERITY", "").upper() == "ERROR":
            code, message = self._values.get("CODE", ""), self._values.get("MESSAGE", "")
            say = f"In {self._name} the bank answers with error {' '.join(filter(None, (code, message)))[:200]} instead of a statement."
            raise FileTrouble(Problem("READ-DAMAGED", say, "Download the statement again."))
        if now is None:
            return
        if tag in ("BANKACCTFROM", "CCACCTFROM") and now.account:
            if self._told:
                raise corrupt(self._name, "OFX", "a statement has two accounts")
            self._told = True
            self.statements += 1
            yield now
        elif tag in _STATEMENTS:
            self._now = None
        elif tag == _ENTRY and "BANKTRANLISTP" not in self._open:
            yield from self._entry(now)

    def _entry(self, now: Statement) -> Iterator[Item]:
        if not self._told:
            raise corrupt(self._name, "OFX", "a statement does not say which account it is of")
        self._entries += 1
        try:
            yield Entry(now, _body(now, self._values))
        except Unreadable as trouble:
            raw = "\n".join(f"<{name}>{value}" for name, value in self._values.items())
            number = self._values.get("FITID", "")
            yield Bad(now, f"entry {self._entries}{f' (FITID {number})' if number else ''}", raw, str(trouble))


def _body(now: Statement, values: dict[str, str]) -> dict[str, Any]:
    if "CORRECTFITID" in values:
        raise Unreadable("takes back or replaces an earlier entry (CORRECTFITID), which is not done automatically")
    made = gathered(
        booked_on=lambda: _day(values.get("DTPOSTED", ""), "booking day (DTPOSTED)"),
        value_on=lambda: _day(values["DTAVAIL"], "value day") if values.get("DTAVAIL") else None,
        amount=lambda: _number(values.get("TRNAMT", "")),
        currency=lambda: currency_of(values.get("CURRENCY.CURSYM") or now.currency),
    )
    name = values.get("NAME") or values.get("PAYEE.NAME") or ""
    return body_of(
        account=now.account,
        status=BOOKED,
        **made,
        reference=reference_of(values.get("FITID")),
        customer_reference=reference_of(values.get("CHECKNUM") or values.get("REFNUM")),
        counterparty_name=name,
        counterparty_account="".join((values.get("BANKACCTTO.ACCTID") or values.get("CCACCTTO.ACCTID") or "").split()),
        code=values.get("TRNTYPE", ""),
        text=values.get("MEMO") or name,
    )


def _number(text: str) -> Decimal:
    """OFX allows a comma for the point."""
    return amount_of(text.replace(",", ".") if _COMMA.fullmatch(text.strip()) else text, "amount")


def _day(text: str, what: str) -> date:
    """The day as it is written: the bank's own, whatever zone stands behind it."""
    bare = text.strip()
    if not bare:
        raise Unreadable(f"has no {what}")
    found = _DAY.fullmatch(bare)
    if found is not None:
        with suppress(ValueError):
            return date(*map(int, found.group(1, 2, 3)))
    raise Unreadable(f"has the {what} {bare[:40]!r}, which is no day of the calendar")


# ── the scanner ──


def _tags(path: Path, name: str) -> Iterator[tuple[str, str]]:
    """Each tag in capitals, and the text behind it."""
    with path.open("rb") as content:
        encoding = _encoding(content.read(SAMPLE))
        content.seek(0)
        try:
            text = io.TextIOWrapper(content, encoding=encoding, errors="strict", newline=None)
            now, value = "", ""
            begun = False
            for part in _whole(_parts(text, name)):
                if part.startswith(_CDATA):
                    value += part.removeprefix(_CDATA).replace("]]>", "", 1)
                    continue
                if begun:
                    yield now, value.strip()
                now, value = _tag(part, name)
                begun |= now == "OFX"
            yield now, value.strip()
        except (UnicodeDecodeError, LookupError) as error:
            raise corrupt(name, "OFX", error) from None


def _whole(parts: Iterator[str]) -> Iterator[str]:
    """The parts, those of a CDATA section put together again: a `<` inside one begins no tag."""
    for part in parts:
        whole = part
        while whole.startswith(_CDATA) and "]]>" not in whole and len(whole) < _LONGEST and (more := next(parts, None)) is not None:
            whole += f"<{more}"
        yield whole


def _tag(part: str, name: str) -> tuple[str, str]:
    """Name and text of what stands behind a `<`; a comment is nothing."""
    if part.startswith("!--"):
        return "", ""
    tag, _end, value = part.partition(">")
    if tag.startswith("!"):
        say = f"{name} declares a document type or an entity (<{tag[:20]}), which no bank statement does: it is not read."
        raise FileTrouble(Problem("READ-DAMAGED", say, "Ask where the file comes from; the bank's own statement has none."))
    words = tag.split()
    return (words[0].upper().rstrip("/") if words else "", _unescaped(value))


def _parts(text: io.TextIOWrapper, name: str) -> Iterator[str]:
    """What stands between two `<`."""
    rest = ""
    while block := text.read(_BLOCK):
        if "\0" in block:
            raise corrupt(name, "OFX", "there is a NUL in it")
        *whole, rest = (rest + block).split("<")
        yield from whole
        if len(rest) > _LONGEST:
            raise corrupt(name, "OFX", f"there are more than {_LONGEST} characters behind one tag")
    yield rest


def _unescaped(value: str) -> str:
    return _ENTITY.sub(_character, value) if "&" in value else value


def _character(found: re.Match[str]) -> str:
    if found.group(1):
        return _NAMED[found.group(1)]
    code = int(found.group(2)) if found.group(2) else int(found.group(3), 16)
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"  # noqa: PLR2004 (what Unicode has)


def _encoding(sample: bytes) -> str:
    """By its mark, its XML declaration or the header of version 1, where USASCII stands before the code page in CHARSET."""
    found = encoding_of(sample)
    if found not in ("utf-8", "cp1252"):
        return found
    declared = _DECLARED.search(sample[:1000])
    if declared:
        return declared.group(1).decode("ascii")
    header = {name.upper(): value.upper() for name, value in _HEADER.findall(sample[:1000])}
    if header.get(b"ENCODING") in (b"UTF-8", b"UNICODE") or header.get(b"CHARSET") in (b"UTF-8", b"65001"):
        return "utf-8"
    page = header.get(b"CHARSET", b"").decode("ascii")
    page = f"cp{page}" if page.isdigit() else page
    try:
        return codecs.lookup(page).name if found != "utf-8" or sample.isascii() else found
    except LookupError:
        return found
