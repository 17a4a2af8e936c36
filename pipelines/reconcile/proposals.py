"""Which open invoices a receipt at the bank pays: proposals for a person, never bookings.

Pure and deterministic: the order of what comes in does not matter. The lines of a solution add up to the bank's amount exactly. Where
several solutions explain a receipt equally well, all of them are shown and none is chosen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple, Protocol, TypeVar

from mappings.model.money import allocate, exponent, rounded
from pipelines.reconcile.policy import Rules, Terms
from pipelines.reconcile.remittance import numbers, stands

ZERO = Decimal(0)
MOST_CANDIDATES = 12
"""So many documents of one payer are tried against each other; of more, sums are coincidence."""
_SCORES = {"number": Decimal("0.98"), "amount": Decimal("0.8"), "sum": Decimal("0.7"), "instalments": Decimal("0.7")}
_UNSURE = Decimal("0.3")


class _HasAmount(Protocol):
    @property
    def amount(self) -> Decimal: ...


AmountT = TypeVar("AmountT", bound=_HasAmount)


@dataclass(frozen=True, slots=True)
class Received:
    """A line of the bank that came in."""

    connection: str
    reference: str
    on: date
    unit: str
    amount: Decimal
    texts: tuple[str, ...] = ()
    """Remittance text, structured reference, end-to-end id."""
    party: str = ""
    """The payer's name as it is compared; personal."""


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What a buyer still owes on one invoice."""

    connection: str
    reference: str
    number: str
    on: date
    unit: str
    total: Decimal
    left: Decimal
    taxes: tuple[tuple[Decimal, Decimal], ...] = ()
    """For each rate: gross, and the tax in it. Σ gross = total."""
    party: str = ""
    """The customer's name as it is compared; personal."""
    rates: tuple[Decimal | None, ...] = ()
    """The rates of `taxes`, in their order; None where the sale does not say."""


@dataclass(frozen=True, slots=True)
class Line:
    """What would be booked. + what it settles of an invoice or becomes the customer's credit, − what it lowers the money by."""

    what: str
    """invoice, discount, discount_tax, bank_charge or customer_credit."""
    number: str
    amount: Decimal


class Discounted(NamedTuple):
    """What of a discount belongs to one rate of tax; both are positive."""

    net: Decimal
    tax: Decimal
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Solution:
    """One way to explain the money: Σ lines = Σ of the receipts."""

    invoices: tuple[OpenInvoice, ...]
    lines: tuple[Line, ...]
    say: str
    terms: Terms | None = None
    """By which a discount was taken; None where none was."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person is asked to confirm, for one receipt, or for several that pay one invoice together."""

    rule: str
    """number, amount, sum or instalments: how it was found."""
    received: tuple[Received, ...]
    solutions: tuple[Solution, ...]
    score: Decimal
    reasons: tuple[str, ...]

    @property
    def unique(self) -> bool:
        """Whether there is one solution only."""
        return len(self.solutions) == 1

    @property
    def sure(self) -> bool:
        """Whether it is unique and no other receipt claims the same invoice."""
        return self.unique and self.score > _UNSURE


def proposals(received: Iterable[Received], invoices: Iterable[OpenInvoice], rules: Rules) -> list[Proposal]:
    """A proposal for each receipt that can be explained, by day, amount and reference; then receipts that pay one invoice together."""
    lines = sorted((each for each in received if each.amount > 0), key=_order)
    still_open = sorted(
        (each for each in invoices if each.left > 0), key=lambda each: (each.on, each.number, each.connection, each.reference)
    )
    found = [made for line in lines if (made := _proposal(line, still_open, rules))]
    explained = {line for each in found for line in each.received}
    claimed = {invoice for each in found for solution in each.solutions for invoice in solution.invoices}
    rest = [line for line in lines if line not in explained]
    found += _together(rest, [each for each in still_open if each not in claimed])
    return _contested(found)


def _order(line: Received) -> tuple[date, Decimal, str, str]:
    return line.on, line.amount, line.connection, line.reference


def _proposal(line: Received, invoices: Sequence[OpenInvoice], rules: Rules) -> Proposal | None:
    """By number, then by payer and amount, then by sums of one payer's invoices."""
    same = [each for each in invoices if each.unit == line.unit]
    known = numbers(line.texts)
    named = [each for each in same if stands(each.number, known)]
    if named:
        return _made("number", line, _by_number(line, named, rules), "its number stands in the remittance")
    theirs = [each for each in same if line.party and each.party == line.party]
    single = [solution for each in theirs if (solution := _exact(line, (each,), rules))]
    if single:
        return _made("amount", line, single, "the payer's name is the customer's, and the amount agrees")
    if len(theirs) > MOST_CANDIDATES:
        return None
    return _made("sum", line, _sums(line, theirs, rules), "invoices of this customer add up to the amount")


def _made(rule: str, line: Received, solutions: Sequence[Solution], why: str) -> Proposal | None:
    if not solutions:
        return None
    if len(solutions) == 1:
        return Proposal(rule, (line,), tuple(solutions), _SCORES[rule], (why, "only one way to explain it", solutions[0].say))
    ways = tuple(f"way {place}: {each.say}" for place, each in enumerate(solutions, 1))
    return Proposal(rule, (line,), tuple(solutions), _UNSURE, (why, f"{len(solutions)} ways to explain it: a person must choose", *ways))


def _by_number(line: Received, named: Sequence[OpenInvoice], rules: Rules) -> list[Solution]:
    """All that are named; where two bear the same number, each of them in turn."""
    by_number: dict[str, list[OpenInvoice]] = defaultdict(list)
    for each in named:
        by_number[each.number].append(each)
    choices: list[tuple[OpenInvoice, ...]] = [()]
    for alike in by_number.values():
        choices = [(*chosen, each) for chosen in choices for each in alike][: MOST_CANDIDATES + 1]
    exact = [solution for chosen in choices if (solution := _exact(line, chosen, rules))]
    return exact or [solution for chosen in choices if (solution := _inexact(line, chosen, rules))]


def _sums(line: Received, theirs: Sequence[OpenInvoice], rules: Rules) -> list[Solution]:
    sizes = range(2, min(len(theirs), MOST_CANDIDATES) + 1)
    return [solution for size in sizes for chosen in combinations(theirs, size) if (solution := _exact(line, chosen, rules))]


def told(amount: Decimal, unit: str) -> str:
    """An amount as text, with the decimals of its currency."""
    return f"{rounded(amount, unit):f}"


def _exact(line: Received, chosen: Sequence[OpenInvoice], rules: Rules) -> Solution | None:
    """In full, or short by exactly the discount of one of the terms, if it was paid in time."""
    settled = [Line("invoice", each.number, each.left) for each in chosen]
    names = ", ".join(each.number for each in chosen)
    if sum((each.left for each in chosen), ZERO) == line.amount:
        return Solution(tuple(chosen), tuple(settled), f"pays {names} in full")
    for terms in rules.terms:
        taken = [entry for each in chosen for entry in discount(each, terms, line.on)]
        if taken and sum((each.amount for each in (*settled, *taken)), ZERO) == line.amount:
            net = -sum((each.amount for each in taken if each.what == "discount"), ZERO)
            tax = -sum((each.amount for each in taken if each.what == "discount_tax"), ZERO)
            parts = f"discount {told(net, line.unit)}, tax on it {told(tax, line.unit)}"
            say = f"pays {names} less {terms.percent:f} % within {terms.days} days: {parts}"
            return Solution(tuple(chosen), tuple(settled + taken), say, terms)
    return None


def discount(invoice: OpenInvoice, terms: Terms, paid_on: date) -> Iterator[Line]:
    """The discount of an invoice and the tax in it, at its own rates; nothing after the days, or where part of it was paid before."""
    parts = list(discounted(invoice, terms, paid_on))
    if not parts:
        return
    yield Line("discount", invoice.number, -sum((each.net for each in parts), ZERO))
    if any(each.tax for each in parts):
        yield Line("discount_tax", invoice.number, -sum((each.tax for each in parts), ZERO))


def discounted(invoice: OpenInvoice, terms: Terms, paid_on: date) -> Iterator[Discounted]:
    """The same, rate by rate."""
    if not 0 <= (paid_on - invoice.on).days <= terms.days or invoice.left != invoice.total:
        return
    gross = rounded(invoice.total * terms.percent / 100, invoice.unit)
    if not gross:
        return
    rates = invoice.taxes or ((invoice.total, ZERO),)
    shares = allocate(gross, [each for each, _tax in rates], exponent(invoice.unit))
    for place, (share, (whole, tax)) in enumerate(zip(shares, rates, strict=True)):
        of_it = rounded(share * tax / whole, invoice.unit) if whole else ZERO
        yield Discounted(share - of_it, of_it, invoice.rates[place] if invoice.rates else None)


def _inexact(line: Received, chosen: Sequence[OpenInvoice], rules: Rules) -> Solution | None:
    """Only where numbers were given: short by a bank's charge, too much, or a part of one invoice."""
    whole = sum((each.left for each in chosen), ZERO)
    settled = tuple(Line("invoice", each.number, each.left) for each in chosen)
    names, apart = ", ".join(each.number for each in chosen), line.amount - whole
    if apart > 0:
        return Solution(
            tuple(chosen), (*settled, Line("customer_credit", "", apart)), f"pays {names} and leaves {told(apart, line.unit)} as credit"
        )
    if -apart <= rules.bank_charge_cap.get(line.unit, ZERO):
        return Solution(tuple(chosen), (*settled, Line("bank_charge", "", apart)), f"pays {names}; a bank kept {told(-apart, line.unit)}")
    if len(chosen) == 1:
        say = f"pays {told(line.amount, line.unit)} of {names}; {told(-apart, line.unit)} stay open"
        return Solution(tuple(chosen), (Line("invoice", names, line.amount),), say)
    return None


def _together(lines: Sequence[Received], invoices: Sequence[OpenInvoice]) -> Iterator[Proposal]:
    """Several receipts of one payer that add up to one invoice: told where there is one set for the invoice and it needs no line twice."""
    by_party: Mapping[tuple[str, str], list[Received]] = defaultdict(list)
    for line in lines:
        if line.party:
            by_party[line.party, line.unit].append(line)
    made: list[tuple[OpenInvoice, tuple[Received, ...]]] = []
    for invoice in invoices:
        theirs = by_party.get((invoice.party, invoice.unit), [])
        if len(theirs) <= MOST_CANDIDATES:
            fitting = [line for line in theirs if line.on >= invoice.on]
            made += [(invoice, chosen) for chosen in adding_up(invoice.left, fitting)]
    shown: dict[OpenInvoice, int] = defaultdict(int)
    for invoice, chosen in made:
        others = sum(each != (invoice, chosen) and (each[0] == invoice or bool(set(each[1]) & set(chosen))) for each in made)
        shown[invoice] += 1
        if shown[invoice] <= MOST_CANDIDATES:
            yield _instalments(invoice, chosen, others)


def _instalments(invoice: OpenInvoice, chosen: tuple[Received, ...], others: int) -> Proposal:
    """One set of receipts that pays an invoice; where others fit as well, none of them is preferred."""
    lines = tuple(Line("invoice", invoice.number, each.amount) for each in chosen)
    solution = Solution((invoice,), lines, f"{len(chosen)} payments together pay {invoice.number} in full")
    unsure = f"{others} other set{'s fit' if others > 1 else ' fits'} as well: a person must choose"
    if others >= MOST_CANDIDATES:
        unsure += f"; of each invoice {MOST_CANDIDATES} are shown at most"
    reasons = ("payments of this customer add up to the invoice", unsure if others else "only one way to explain it", solution.say)
    return Proposal("instalments", chosen, (solution,), _UNSURE if others else _SCORES["instalments"], reasons)


def untried(received: Iterable[Received], invoices: Iterable[OpenInvoice], found: Iterable[Proposal]) -> Iterator[str]:
    """Sentences about receipts that nothing explains and whose sums were not tried, for there are too many to tell one from chance."""
    explained = {line for each in found for line in each.received}
    rest = sorted((each for each in received if each.amount > 0 and each.party and each not in explained), key=_order)
    still_open = [each for each in invoices if each.left > 0]
    for line in rest:
        theirs = sum((each.party, each.unit) == (line.party, line.unit) for each in still_open)
        if theirs > MOST_CANDIDATES:
            what = f"Its payer has {theirs} open invoices, and sums are tried of {MOST_CANDIDATES} at most"
            yield f"Receipt {line.reference} of {line.on}, {told(line.amount, line.unit)} {line.unit}: {what}."
    for party, unit in sorted({(line.party, line.unit) for line in rest}):
        lines = [line for line in rest if (line.party, line.unit) == (party, unit)]
        if len(lines) > MOST_CANDIDATES and any((each.party, each.unit) == (party, unit) for each in still_open):
            what = f"{len(lines)} receipts of one payer from {lines[0].reference} on, in {unit}"
            yield f"{what}: whether some of them pay an invoice together is tried among {MOST_CANDIDATES} at most."


def adding_up(whole: Decimal, candidates: Sequence[AmountT]) -> Iterator[tuple[AmountT, ...]]:
    """Sets of two and more that add up to the whole; none where there are too many to tell a sum from a coincidence."""
    if len(candidates) <= MOST_CANDIDATES:
        for size in range(2, len(candidates) + 1):
            yield from (chosen for chosen in combinations(candidates, size) if sum((each.amount for each in chosen), ZERO) == whole)


def _contested(found: Sequence[Proposal]) -> list[Proposal]:
    """Where proposals together settle more of an invoice than is open, none of them is sure any more."""
    claims: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for each in found:
        for key, amount in _claims(each).items():
            claims[key] += amount
    left = {_key(invoice): invoice.left for each in found for solution in each.solutions for invoice in solution.invoices}
    return [_unsure(each) if any(claims[key] > left[key] for key in _claims(each)) else each for each in found]


def _claims(proposal: Proposal) -> dict[tuple[str, str], Decimal]:
    """What a proposal settles at most of each invoice."""
    most: dict[tuple[str, str], Decimal] = {}
    for solution in proposal.solutions:
        for invoice in solution.invoices:
            settled = sum((line.amount for line in solution.lines if line.what == "invoice" and line.number == invoice.number), ZERO)
            most[_key(invoice)] = max(most.get(_key(invoice), ZERO), min(settled, invoice.left))
    return most


def _key(invoice: OpenInvoice) -> tuple[str, str]:
    return invoice.connection, invoice.reference


def _unsure(proposal: Proposal) -> Proposal:
    if not proposal.sure:
        return proposal
    why, _only, *rest = proposal.reasons
    return replace(proposal, score=_UNSURE, reasons=(why, "another receipt claims the same invoice: a person must choose", *rest))
