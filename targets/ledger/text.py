"""Our own corner of Beancount's syntax: writing an entry, and reading back exactly what we write and nothing else.

    2010-12-01 * "invoice" "536365" ^536365
      cf-key: "5d0c…"                 look-up key: the thing
      cf-ref: "5d0c…:1:0"             idempotency key: the attempt
      cf-doc: "1f0e…"                 local id, with "/part" where the document has parts
      cf-verb: "create"               create, update, reverse or void
      cf-sum: "9f86d081884c7d65"      check sum of this entry and of everything before it
      Assets:Receivable  139.12 GBP
        component: "receivable"
        control: TRUE                 counts for the total of the document
      Income:Sales  -139.12 GBP
        component: "goods"
    (an empty line ends the entry)

An update is two entries with one `cf-ref`: a reversal (tag `#reversal`) and the new state. The check sums form a chain, so that an edit,
a deletion or a new order of entries can be named by its line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

_TEXT = r'"((?:[^"\\\n]|\\.)*)"'
_HEAD = re.compile(rf"(\d{{4}}-\d\d-\d\d) \* {_TEXT} {_TEXT}( #reversal)?((?: \^[A-Za-z0-9_/.-]+)*)\n")
_META = re.compile(rf"  cf-key: {_TEXT}\n  cf-ref: {_TEXT}\n  cf-doc: {_TEXT}\n  cf-verb: \"(create|update|reverse|void)\"\n")
_SUM = re.compile(r'  cf-sum: "([0-9a-f]{16})"\n')
_POSTING = re.compile(rf"  ([^\s\"]+)  (-?\d+(?:\.\d+)?) ([A-Z][A-Z0-9]*)\n    component: {_TEXT}\n(    control: TRUE\n)?")
_ANY_LINE = re.compile(
    rf"(?:\d{{4}}-\d\d-\d\d \* {_TEXT} {_TEXT}( #reversal)?(?: \^[A-Za-z0-9_/.-]+)*"
    rf"|  cf-(?:key|ref|doc|verb|sum): {_TEXT}|  [^\s\"]+  -?\d+(?:\.\d+)? [A-Z][A-Z0-9]*|    component: {_TEXT}|    control: TRUE)"
)
_ROOTS = frozenset(("Assets", "Liabilities", "Equity", "Income", "Expenses"))
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{1,23}")
_NOT_IN_LINK = re.compile(r"[^A-Za-z0-9_/.-]+")
_LONGEST = 200

FIRST_SUM = "0" * 16
"""What the first entry's check sum follows."""


class Malformed(ValueError):
    """A text that we did not write. `line` counts from 0 within the text."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


class Posting(NamedTuple):
    """One line of an entry, as `Receipt.body` holds it (amount as text there)."""

    account: str
    amount: Decimal
    currency: str
    component: str
    control: bool


class Entry(NamedTuple):
    """One entry as it stands in the file."""

    date: date
    kind: str
    number: str
    reversal: bool
    links: tuple[str, ...]
    key: str
    ref: str
    doc: str
    verb: str
    postings: tuple[Posting, ...]


# ── names and numbers ──


@lru_cache(maxsize=4096)
def account_fault(account: str) -> str:
    """Why Beancount would refuse this account name; '' if it would not. Its rule: core/account.py, ACC_COMP_TYPE_RE and _NAME_RE."""
    parts = account.split(":")
    if parts[0] not in _ROOTS:
        return f"it must start with one of {', '.join(sorted(_ROOTS))}"
    if len(parts) == 1:
        return "it needs a part after the first, as in Assets:Bank"
    for part in parts[1:]:
        if not part or not (part[0].isupper() or part[0].isdecimal()):
            return f"its part {part!r} must start with a capital letter or a digit"
        if not all(letter.isalpha() or letter.isdecimal() or letter == "-" for letter in part):
            return f"its part {part!r} may hold letters, digits and hyphens only"
    return ""


def is_currency(code: str) -> bool:
    """Whether Beancount takes this as a currency."""
    return _CURRENCY.fullmatch(code) is not None


def written(amount: Decimal, places: int) -> str:
    """The amount with that many decimals; never an exponent, never a negative zero. Raises ValueError if digits would be lost."""
    if not amount.is_finite():
        raise ValueError("is not a number")
    text = f"{amount:.{places}f}"
    if Decimal(text) != amount:
        raise ValueError(f"has more than {places} decimals")
    return text if amount else text.removeprefix("-")


def quoted(text: str) -> str:
    """A Beancount string: quotes and backslashes escaped, on one line, at most 200 characters, always valid UTF-8."""
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    if not shown.isprintable():
        shown = "".join(letter if letter.isprintable() else " " for letter in shown)
    if '"' in shown or "\\" in shown:
        shown = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def is_id(text: str) -> bool:
    """Whether a key can stand in an entry as it is, digit for digit."""
    return bool(text) and len(text) <= _LONGEST and text.isprintable()


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text) if "\\" in text else text


def link(number: str) -> str:
    """A document's number as a Beancount link; '' if nothing of it may stand in one."""
    return _NOT_IN_LINK.sub("-", number).strip("-")[:_LONGEST]


# ── writing ──


class Text(NamedTuple):
    """An entry before its check sum, which goes between the two halves."""

    head: str
    postings: str


def entry_text(entry: Entry, places: dict[str, int]) -> Text:
    """The entry as text. `places`: decimals of each currency. The same entry gives the same text, always."""
    tag = " #reversal" if entry.reversal else ""
    links = "".join(f" ^{name}" for name in entry.links)
    head = (
        f"{entry.date.isoformat()} * {quoted(entry.kind)} {quoted(entry.number)}{tag}{links}\n"
        f"  cf-key: {quoted(entry.key)}\n  cf-ref: {quoted(entry.ref)}\n  cf-doc: {quoted(entry.doc)}\n"
        f'  cf-verb: "{entry.verb}"\n'
    )
    lines = []
    for posting in entry.postings:
        lines.append(
            f"  {posting.account}  {written(posting.amount, places[posting.currency])} {posting.currency}\n"
            f"    component: {quoted(posting.component)}\n"
        )
        if posting.control:
            lines.append("    control: TRUE\n")
    return Text(head, "".join(lines) + "\n")


def sealed(text: Text, before: str) -> tuple[str, str]:
    """The entry's bytes-to-be with its check sum, and that sum. `before`: the sum of the entry before it."""
    own = chained(before, text)
    return f'{text.head}  cf-sum: "{own}"\n{text.postings}', own


def chained(before: str, text: Text) -> str:
    """The check sum of an entry that follows `before`."""
    return hashlib.sha256(f"{before}\n{text.head}{text.postings}".encode()).hexdigest()[:16]


def digest(texts: Iterable[Text]) -> str:
    """Hash of what an attempt writes, its place in the file apart."""
    found = hashlib.sha256()
    for text in texts:
        found.update(f"{text.head}{text.postings}".encode())
    return found.hexdigest()


# ── reading ──


def read_entry(block: str, before: str) -> tuple[Entry, Text, str]:
    """The entry of one block (with its empty line), its text and its check sum. Raises Malformed at the first line that is not ours."""
    head = _expect(_HEAD, block, 0)
    meta = _expect(_META, block, head.end())
    total = _expect(_SUM, block, meta.end())
    postings = []
    at = total.end()
    while found := _POSTING.match(block, at):
        account, amount, currency, component, control = found.groups()
        postings.append(Posting(account, Decimal(amount), currency, _unquoted(component), control is not None))
        at = found.end()
    if not postings or block[at:] != "\n":
        raise Malformed("this line is not one that Counterfoil writes", _line(block, at))
    text = Text(block[: meta.end()], block[total.end() :])
    own = chained(before, text)
    if own != total.group(1):
        raise Malformed("this entry, or the one before it, was changed, moved or removed", 0)
    key, ref, doc, verb = meta.groups()
    entry = Entry(
        _day(head.group(1)),
        _unquoted(head.group(2)),
        _unquoted(head.group(3)),
        head.group(4) is not None,
        tuple(name[1:] for name in head.group(5).split()),
        _unquoted(key),
        _unquoted(ref),
        _unquoted(doc),
        verb,
        tuple(postings),
    )
    return entry, text, own


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Malformed("this date does not exist", 0) from None


def _expect(pattern: re.Pattern[str], block: str, at: int) -> re.Match[str]:
    found = pattern.match(block, at)
    if found is None:
        raise Malformed("this line is not one that Counterfoil writes", _line(block, at))
    return found


def _line(block: str, at: int) -> int:
    """The first line that could not be one of ours anywhere; else the one at that place."""
    lines = block.removesuffix("\n\n").split("\n")
    odd = (number for number, line in enumerate(lines) if not _ANY_LINE.fullmatch(line))
    return next(odd, block.count("\n", 0, at))


def torn_fault(rest: str) -> int | None:
    """The line (from 0) at which an incomplete entry stops being the beginning of one of ours; None if it is one, cut anywhere."""
    ends_an_entry = False
    for at, line in enumerate(rest.split("\n")[:-1]):
        if not (_ANY_LINE.fullmatch(line) or (line == "" and ends_an_entry)):
            return at
        ends_an_entry = line != ""
    return None


def balance(postings: Sequence[Posting]) -> dict[str, Decimal]:
    """Sum per currency."""
    sums: dict[str, Decimal] = {}
    for posting in postings:
        sums[posting.currency] = sums.get(posting.currency, Decimal(0)) + posting.amount
    return sums
