"""CAMT.053, the ISO 20022 bank statement: every version, read element by element in bounded memory.

The parser never sees a document type: a file that declares one is refused before its first element, so that no entity can be declared,
expanded or fetched. Names are taken without their namespace: what is read means the same in versions 1 to 13, and where an element moved
(a party is inside `Pty` since version 8, a status inside `Cd`) both places are looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from mappings.problem import Problem
from taps._kit.folder import FileTrouble, corrupt
from taps.bank.config import StatementFiles
from taps.bank.statement import (
    BOOKED,
    Bad,
    Entry,
    Item,
    Statement,
    Unreadable,
    amount_of,
    body_of,
    currency_of,
    day_of,
    gathered,
    reference_of,
)

_BLOCK = 1 << 16
_DEEPEST = 64
_STATUS = {"BOOK": BOOKED, "PDNG": "pending", "FUTR": "future", "INFO": "information"}
_ALSO_OPENS, _INTERIM = ("PRCD", "ITBD"), "ITBD"
"""What opens a statement without OPBD. An interim balance stands at the border of two pages: it closes one and opens the next."""


class Camt:
    """Bank-to-customer statements."""

    def items(self, path: Path, name: str, files: StatementFiles) -> Iterator[Item]:  # noqa: ARG002 (XML says its encoding itself)
        """Each `Stmt`, then its entries."""
        reading = _Reading(name)
        found = False
        for element in _elements(path, name):
            found = True
            yield from reading.take(element)
        if not found:
            raise _no_statement(name)


def _no_statement(name: str) -> FileTrouble:
    say = f"{name} is a CAMT.053 message without a statement: there is no Stmt in it."
    return FileTrouble(Problem("READ-DAMAGED", say, "Have the bank send the file again."))


class _Reading:
    """The statements of one file. Balances stand above the entries, as the schema has it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._now: Statement | None = None
        self._told = False
        """Whether the statement was handed on, which its account allows."""
        self._entries = 0

    def take(self, element: ET.Element) -> Iterator[Item]:
        """One child of a statement; the empty element `Stmt` stands for a statement's beginning."""
        now = self._now
        if element.tag == "Stmt" or now is None:
            self._now = Statement("")
            self._entries, self._told = 0, False
        elif element.tag == "Id":
            now.number = (element.text or "").strip()
        elif element.tag == "Acct":
            if self._told:
                raise corrupt(self._name, "CAMT.053", f"statement {now.number} has two accounts")
            now.account = _text(element, "Id/IBAN") or _text(element, "Id/Othr/Id")
            now.currency = _text(element, "Ccy")
            if now.account:
                self._told = True
                yield now
        elif element.tag == "Bal":
            self._balance(now, element)
        elif element.tag == "Ntry":
            if not self._told:
                say = f"Statement {now.number} in {self._name} does not say which account it is of."
                raise FileTrouble(Problem("READ-DAMAGED", say, "Have the bank send the file again."))
            self._entries += 1
            try:
                yield Entry(now, _entry(element, now))
            except Unreadable as trouble:
                raw = ET.tostring(element, encoding="unicode")
                yield Bad(now, f"entry {self._entries}", raw, str(trouble))

    def _balance(self, now: Statement, element: ET.Element) -> None:
        code = _text(element, "Tp/CdOrPrtry/Cd")
        opens = code == "OPBD" or (code in _ALSO_OPENS and now.opening is None)
        closes = code == "CLBD" or (code == _INTERIM and not opens and now.closing is None)
        if not opens and not closes:
            return
        try:
            amount, currency = _signed(element)
            day = day_of(_text(element, "Dt/Dt") or _text(element, "Dt/DtTm"), "day")
        except Unreadable as trouble:
            say = f"The balance {code} of statement {now.number} in {self._name} {trouble}."
            raise FileTrouble(Problem("READ-DAMAGED", say, "Have the bank send the file again.")) from None
        if opens:
            now.opening, now.opened_on, now.currency = amount, day, currency
        else:
            now.closing, now.closed_on, now.closing_currency = amount, day, currency


def _signed(element: ET.Element, default: str = "") -> tuple[Decimal, str]:
    """The amount of an entry or a balance, + into the account, and its currency."""
    amount = element.find("Amt")
    if amount is None:
        raise Unreadable("has no amount")
    value = amount_of(amount.text or "")
    way = _text(element, "CdtDbtInd") or default
    if way not in ("CRDT", "DBIT"):
        raise Unreadable("does not say whether it is credit or debit")
    return (value if way == "CRDT" else -value), amount.get("Ccy", "")


def _entry(element: ET.Element, statement: Statement) -> dict[str, Any]:
    value_on = _text(element, "ValDt/Dt") or _text(element, "ValDt/DtTm")
    booked_on = _text(element, "BookgDt/Dt") or _text(element, "BookgDt/DtTm") or value_on
    holder = element.find("Amt")
    currency = (holder.get("Ccy") if holder is not None else None) or statement.currency
    made = gathered(
        amount=lambda: _signed(element)[0],
        currency=lambda: currency_of(currency),
        booked_on=lambda: day_of(booked_on),
        value_on=lambda: day_of(value_on, "value day") if value_on else None,
    )
    status = _text(element, "Sts") or _text(element, "Sts/Cd") or "BOOK"
    reversal = _text(element, "RvslInd") in ("true", "1")
    way = "CRDT" if (_text(element, "CdtDbtInd") == "CRDT") != reversal else "DBIT"
    transactions = element.findall("NtryDtls/TxDtls")
    details = [_detail(each, way, element) for each in transactions] if len(transactions) > 1 else []
    single = _told(transactions[0], way) if len(transactions) == 1 else {}
    of_transaction = single.pop("reference", None)
    return body_of(
        account=statement.account,
        statement=statement.number,
        status=_STATUS.get(status, status.lower()),
        **made,
        reversal=reversal,
        reference=reference_of(_text(element, "AcctSvcrRef")) or of_transaction,
        customer_reference=reference_of(_text(transactions[0], "Refs/InstrId")) if len(transactions) == 1 else None,
        **single,
        code=_code(element),
        additional=_text(element, "AddtlNtryInf"),
        details=details,
    )


def _code(element: ET.Element) -> str:
    code = element.find("BkTxCd")
    if code is None:
        return ""
    domain = (_text(code, "Domn/Cd"), _text(code, "Domn/Fmly/Cd"), _text(code, "Domn/Fmly/SubFmlyCd"))
    return "/".join(filter(None, domain)) or _text(code, "Prtry/Cd")


def _detail(transaction: ET.Element, way: str, entry: ET.Element) -> dict[str, Any]:
    """One transaction of a batch. Version 2 has its amount below AmtDtls and no sign of its own."""
    holder = transaction if transaction.find("Amt") is not None else transaction.find("AmtDtls/TxAmt")
    amount, currency = None, ""
    if holder is not None:
        signs = ET.Element("signed")
        signs.extend(part for part in (holder.find("Amt"), transaction.find("CdtDbtInd")) if part is not None)
        amount, currency = _signed(signs, default=_text(entry, "CdtDbtInd"))
    return body_of(amount=amount, currency=currency, **{key: value for key, value in _told(transaction, way).items() if key in _OF_DETAIL})


_OF_DETAIL = ("reference", "end_to_end_id", "counterparty_name", "counterparty_account", "text", "remittance_reference")


def _told(transaction: ET.Element, way: str) -> dict[str, Any]:
    """Who and what for. Money that came in came from the debtor; a reversal keeps the parties of what it takes back."""
    role, agent = ("Dbtr", "DbtrAgt") if way == "CRDT" else ("Cdtr", "CdtrAgt")
    party = f"RltdPties/{role}"
    remittance = [(part.text or "").strip() for part in transaction.findall("RmtInf/Ustrd")]
    structured = [(part.text or "").strip() for part in transaction.findall("RmtInf/Strd/CdtrRefInf/Ref")]
    structured += [(part.text or "").strip() for part in transaction.findall("RmtInf/Strd/RfrdDocInf/Nb")]
    return {
        "reference": reference_of(_text(transaction, "Refs/AcctSvcrRef")),
        "end_to_end_id": reference_of(_text(transaction, "Refs/EndToEndId")),
        "counterparty_name": _text(transaction, f"{party}/Nm") or _text(transaction, f"{party}/Pty/Nm"),
        "counterparty_account": _text(transaction, f"{party}Acct/Id/IBAN") or _text(transaction, f"{party}Acct/Id/Othr/Id"),
        "counterparty_bank": _text(transaction, f"RltdAgts/{agent}/FinInstnId/BIC")
        or _text(transaction, f"RltdAgts/{agent}/FinInstnId/BICFI"),
        "text": " ".join(filter(None, remittance)) or _text(transaction, "AddtlTxInf"),
        "remittance_reference": ", ".join(filter(None, structured)),
    }


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


# ── XML, without what makes it dangerous ──


def _elements(path: Path, name: str) -> Iterator[ET.Element]:
    """For each `Stmt` an empty element of that name, then its children one by one, without namespaces."""
    parts = _Parts(name)
    parser = ET.XMLParser(target=parts)  # noqa: S314 (what makes XML dangerous begins with a document type, which _Parts refuses)
    with path.open("rb") as content:
        try:
            first = content.read(_BLOCK)
            # byte by byte up to the root: a document type is refused before the parser has seen what it declares
            place = 0
            while place < len(first) and not parts.path:
                parser.feed(first[place : place + 1])
                place += 1
            parser.feed(first[place:])
            yield from parts.taken()
            while block := content.read(_BLOCK):
                parser.feed(block)
                yield from parts.taken()
            parser.close()
        except (ET.ParseError, LookupError, ValueError) as error:
            raise corrupt(name, "CAMT.053", error) from None
    yield from parts.taken()


class _Parts:
    """Target of the parser: builds the children of a statement and nothing else."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.path: list[str] = []
        self._builder: ET.TreeBuilder | None = None
        self._depth = 0
        self._done: deque[ET.Element] = deque()

    def taken(self) -> Iterator[ET.Element]:
        """What is complete by now."""
        while self._done:
            yield self._done.popleft()

    def doctype(self, *_declared: str | None) -> None:
        """No statement has one."""
        say = f"{self._name} declares a document type (DOCTYPE), which no bank statement has: it is not read."
        raise FileTrouble(Problem("READ-DAMAGED", say, "Ask where the file comes from; the bank's own statement has none."))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition("}")[2]
        self.path.append(name)
        if len(self.path) > _DEEPEST:
            raise corrupt(self._name, "CAMT.053", f"elements are nested deeper than {_DEEPEST}")
        if self._builder is None and self.path[-2:-1] == ["Stmt"]:
            self._builder, self._depth = ET.TreeBuilder(), len(self.path)
        if self._builder is not None:
            self._builder.start(name, attributes)
        elif name == "Stmt":
            self._done.append(ET.Element("Stmt"))

    def data(self, text: str) -> None:
        """Text of an element."""
        if self._builder is not None:
            self._builder.data(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        if self._builder is not None:
            self._builder.end(tag.rpartition("}")[2])
            if len(self.path) == self._depth:
                self._done.append(self._builder.close())
                self._builder = None
        self.path.pop()

    def close(self) -> None:
        """The document ended."""
