"""Receipts at the bank against open invoices, as the hub holds both; what `proposals` finds becomes suggestions of the report."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from pipelines.home.load import Home
from pipelines.hub.ledger_tables import disposition
from pipelines.hub.store import Hub
from pipelines.hub.tables import document
from pipelines.hub.words import Fate
from pipelines.reconcile.bench import Bench
from pipelines.reconcile.causes import Window
from pipelines.reconcile.policy import Rules
from pipelines.reconcile.proposals import OpenInvoice, Proposal, Received, proposals, told, untried
from pipelines.reconcile.report import Side, Suggestion
from pipelines.reconcile.words import Corner

ZERO = Decimal(0)
SHEET = "bank/receipts"
_OWED_AS = ("invoice", "deal_invoice")
_OURS = ("gift_card", "store_credit")
_REMITTANCE = ("description", "remittance_reference", "end_to_end_id", "customer_reference")
_NAMES = ("display_name", "company_name")
_NOT_WORD = re.compile(r"[\W_]+")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def suggestions(
    bench: Bench, hub: Hub, sources: Sequence[str], rules: Rules, window: Window, without: AbstractSet[tuple[str, str]] = frozenset()
) -> tuple[list[Suggestion], list[str]]:
    """Proposals for the entries of the bank that are no payouts, each of which waits for a person; sentences about what was not tried.

    `without`: entries that somebody has dismissed, by connection and reference.
    """
    found, notes = proposed(bench, hub, sources, rules, without)
    return [_suggestion(each) for each in found if any(window.holds(line.on) for line in each.received)], notes


def proposed(
    bench: Bench, hub: Hub, sources: Sequence[str], rules: Rules, without: AbstractSet[tuple[str, str]] = frozenset()
) -> tuple[list[Proposal], list[str]]:
    """The same as they were worked out, of any day; the bench is one whose bank was paired."""
    entries = {(row["connection"], row["ref"]) for row in bench.rows("SELECT connection, ref FROM elsewhere WHERE amount > 0")} - without
    if not entries:
        return [], []
    with hub.read() as tx:
        received, invoices = list(_received(tx, entries)), list(open_invoices(tx, sources))
    found = proposals(received, invoices, rules)
    return found, list(untried(received, invoices, found))


def sources_of(home: Home, company: str) -> list[str]:
    """The connections whose documents are booked as money of a company."""
    postings = ((route, posting) for route in home.routes.values() for posting in route.posting if posting.company in (None, company))
    return sorted({source for route, posting in postings if posting.effect == "money" for source in route.sources})


def _received(tx: sa.Connection, entries: set[tuple[str, str]]) -> Iterator[Received]:
    """Entries that came in and were not taken back by the bank."""
    for row in _current(tx, "bank_transaction", sorted({connection for connection, _ref in entries})):
        body = _whole(row)
        if (row.connection_id, row.source_id) in entries and row.amount > 0 and not body.get("reversal"):
            texts = tuple(str(body[name]) for name in _REMITTANCE if body.get(name))
            party = _name(body.get("counterparty_name"))
            yield Received(row.connection_id, row.source_id, row.business_date, row.currency, row.amount, texts, party)


def open_invoices(tx: sa.Connection, sources: Sequence[str]) -> Iterator[OpenInvoice]:
    """Sales that were delivered as an invoice, with what their payments, credit notes and our own cards leave of them."""
    owed = set(
        tx.execute(
            sa.select(disposition.c.document_id).where(
                disposition.c.effect == "money", disposition.c.representation.in_(_OWED_AS), disposition.c.fate == Fate.DELIVERED
            )
        ).scalars()
    )
    settled: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for row in _current(tx, "payment", sources):
        settled[row.parent_id] += row.amount
    for row in _current(tx, "refund", sources):
        settled[row.parent_id] -= row.amount
    names = _parties(tx, sources)
    for row in _current(tx, "order", sources):
        if row.document_id in owed:
            body = _whole(row)
            cards = sum((Decimal(each["amount"]) for each in body.get("tenders") or () if each["tender_type"] in _OURS), ZERO)
            left = row.amount - settled[row.document_id] - cards
            party = names.get(str(body.get("customer_id")), "") or names.get((row.connection_id, row.party), "")
            of_rates = list(_taxes(body, row.amount))
            taxes, rates = tuple((gross, tax) for gross, tax, _rate in of_rates), tuple(rate for _gross, _tax, rate in of_rates)
            yield OpenInvoice(
                row.connection_id, row.source_id, row.number, row.business_date, row.currency, row.amount, left, taxes, party, rates
            )  # fmt: skip


def _taxes(body: Mapping[str, Any], total: Decimal) -> Iterator[tuple[Decimal, Decimal, Decimal | None]]:
    """(gross, tax in it, rate) for each rate of tax; what no line explains counts as untaxed."""
    rates = {each.get("line_number"): str(each.get("rate")) for each in body.get("tax_lines") or ()}
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for line in body.get("lines") or ():
        tax = Decimal(line.get("tax_amount") or 0)
        net = Decimal(line["net_amount"]) - (tax if body.get("tax_inclusive") else ZERO)
        of_rate = sums[rates.get(line.get("line_number"), rates.get(None, "")) if tax else ""]
        of_rate[0] += net + tax
        of_rate[1] += tax
    sums[""][0] += total - sum((gross for gross, _tax in sums.values()), ZERO)
    kept = [(gross, tax, _rate(text)) for text, (gross, tax) in sorted(sums.items()) if gross]
    whole = (total, sum((tax for _gross, tax, _of in kept), ZERO), None)
    yield from kept if all(gross * total > 0 for gross, _tax, _of in kept) else [whole]


def _rate(text: str) -> Decimal | None:
    """A rate as the sale states it; None where it states none."""
    return Decimal(text) if text and text != "None" else None


def _parties(tx: sa.Connection, sources: Sequence[str]) -> dict[object, str]:
    """The name of each customer as it is compared, by document, and by connection and customer number."""
    found: dict[object, str] = {}
    for row in _current(tx, "customer", sources):
        body = _whole(row)
        person = " ".join(filter(None, (body.get("first_name"), body.get("last_name"))))
        name = next((body[each] for each in _NAMES if body.get(each)), person)
        if name:
            keys = (str(row.document_id), (row.connection_id, row.number), (row.connection_id, row.source_id))
            found |= dict.fromkeys(keys, _name(name))
    return found


def _current(tx: sa.Connection, kind: str, connections: Iterable[str]) -> Iterable[Any]:
    columns = ("document_id", "connection_id", "source_id", "number", "business_date", "currency", "amount", "parent_id", "party", "body")
    return tx.execute(
        sa.select(*(document.c[name] for name in columns), document.c.private)
        .where(document.c.type == kind, document.c.connection_id.in_(list(connections)), document.c.current, document.c.deleted.is_(False))
        .order_by(document.c.connection_id, document.c.source_id)
    )


def _whole(row: Any) -> dict[str, Any]:
    body: dict[str, Any] = _decode(row.body)
    return body | _decode(row.private) if row.private else body


def _name(name: str | None) -> str:
    return _NOT_WORD.sub(" ", (name or "").casefold()).strip()


def _suggestion(found: Proposal) -> Suggestion:
    invoices = {(each.connection, each.reference): each for solution in found.solutions for each in solution.invoices}
    left = tuple(
        Side(Corner.HUB, each.connection, each.reference, each.number, each.on, each.unit, each.left) for each in invoices.values()
    )
    right = tuple(Side(Corner.BANK, each.connection, each.reference, "", each.on, each.unit, each.amount) for each in found.received)
    booked = [
        f"would book {line.what.replace('_', ' ')} {line.number}{' ' if line.number else ''}{told(line.amount, found.received[0].unit)}"
        for solution in (found.solutions if found.unique else ())
        for line in solution.lines
    ]
    return Suggestion(SHEET, f"receipt_{found.rule}@1", found.score, (*found.reasons, *booked), left, right)
