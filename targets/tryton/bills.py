"""Bills and credits of suppliers: drafts of Tryton, for a person to look at, validate and post.

While a bill is a draft it is changed in place and deleted; what a person changed in it is not overwritten. Once somebody validated or
posted it, we change it no more; to take it back, it is cancelled, which Tryton does by a move of its own and refuses where it is paid.

A supplier's credit note is a supplier invoice with negative quantities, as Tryton has it. Either counts the other way round than Tryton's
total: what we owe is negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.problem import Problem
from taps.tryton.client import TrytonEdge, search
from targets._kit.remote import digest, refused
from targets._kit.writer import Answer, Intent, Receipt, Refused, Sent, Verb
from targets.tryton.catalogue import Unfit
from targets.tryton.invoices import Terms, head, shown
from targets.tryton.parties import Parties
from targets.tryton.sending import Rejected, Sender
from targets.tryton.steps import INVOICE, Tag, attempt_of, key_domain, read_tag, tag

_LINE = ("account", "description", "quantity", "unit_price", "taxes")
_TAX = ("tax", "description", "account", "base", "amount")
_READ = (
    *("state", "number", "description", "total_amount", "amount_to_pay", "party", "reference", "invoice_date", "payment_term_date"),
    *(f"lines.{name}" for name in _LINE),
    *(f"taxes.{name}" for name in _TAX),
)
_WAS = "@"
"""In our tag, between the attempt and what the bill counted before it."""
_LIVE = ["state", "!=", "cancelled"]


@dataclass(frozen=True, slots=True)
class Bill:
    """What one attempt leaves of a bill."""

    tag: Tag
    values: Mapping[str, Any]
    """Of the draft, without the tag; empty where absence is wanted. `party` may be `{"walk_in": name}`."""
    predicted: Decimal
    before: Decimal
    """What stood."""
    print: str
    """Of what we left; '' where there is nothing yet."""
    remote_id: str
    unit: str

    @property
    def number(self) -> int:
        """Tryton's id of what stands; 0 where nothing is known to."""
        return int(self.remote_id.partition(",")[2] or 0)


class Stands(NamedTuple):
    """A bill that is there."""

    id: int
    tag: Tag
    record: Mapping[str, Any]

    @property
    def is_draft(self) -> bool:
        """Whether nobody validated it yet."""
        return bool(self.record["state"] == "draft")

    @property
    def print(self) -> str:
        """Hash of what people see of it and we wrote."""
        record = self.record
        parts = [[[str(_plain(part[name])) for name in names] for part in record[of]] for of, names in (("lines", _LINE), ("taxes", _TAX))]
        said = [record[name] for name in ("party", "reference")] + [str(record[name]) for name in ("invoice_date", "payment_term_date")]
        return digest([said, *parts])[:20]


def _plain(value: Any) -> Any:
    """Numbers alike, however many zeros they have."""
    return f"{Decimal(str(value)).normalize():f}" if isinstance(value, (Decimal, float)) else value


# ── what is wanted ──


def wanted(intent: Intent, terms: Terms, of: str) -> Bill:
    """The bill of an intent. Raises Unfit."""
    booked = intent.booked or {}
    before = Decimal(booked.get("amount", 0)) if intent.verb is not Verb.CREATE else Decimal(0)
    values = {} if intent.verb is Verb.VOID else _draft(intent, terms, of)
    total = sum((line.amount for line in intent.lines if line.control), Decimal(0)) if values else Decimal(0)
    known = (intent.remote_id or "") if intent.verb is not Verb.CREATE else ""
    made = tag(intent, 1, 1)
    made = made._replace(attempt=f"{made.attempt}{_WAS}{before:f}")
    return Bill(made, values, total - before, before, str(booked.get("print", "")), known, terms.catalogue.currency)


def _draft(intent: Intent, terms: Terms, of: str) -> dict[str, Any]:
    catalogue, sign = terms.catalogue, -1 if intent.subject.kind == "bill_credit" else 1
    foreign = {line.currency for line in intent.lines} - {catalogue.currency}
    if foreign:
        say = f"{of} is booked in {', '.join(sorted(foreign))}, and the company's books in Tryton are in {catalogue.currency}."
        raise Unfit("POST-RULE", say, "Set base_currency of the posting to that of the company in Tryton.", "currency")
    catalogue.span(intent.date, of)
    control = [line for line in intent.lines if line.control]
    total = sum((line.amount for line in control), Decimal(0))
    if sign * sum((row.net + row.tax for row in intent.rows), Decimal(0)) != -total or not intent.rows:
        raise Unfit("POST-UNBALANCED", f"The lines of {of} do not sum to {-total}.", "Correct the posting rule or the document.", "lines")
    owed = sorted({line.account for line in control})
    payable = catalogue.account(owed[0], of) if len(owed) == 1 else None
    if payable is None or not payable.payable:
        say = f"{of} is owed on {', '.join(owed) or 'no account'}, and Tryton wants one payable account."
        raise Unfit("POST-ACCOUNT", say, "Give the role Payable one account of type payable.", "Payable")
    for account in (catalogue.account(row.account, of) for row in intent.rows):
        if account.payable or account.receivable:  # a draft would be taken, and refused when somebody posts it
            say = f"{of} has a line on {account.code}, which is for what is owed; Tryton would not post it."
            raise Unfit("POST-ACCOUNT", say, "Give the role of the line another account.", "account")
    lines, taxes = shown(intent, terms, sign, of)
    due = intent.document.get("due_date")
    return head(terms, payable.id, lines, taxes) | {
        "party": _supplier(intent, of),
        "invoice_date": intent.date,
        "payment_term_date": date.fromisoformat(str(due)) if due else intent.date,
        "reference": " ".join(intent.number.split()),
        "journal": catalogue.named("journal", catalogue.journals, terms.config.purchase_journal, of, "purchase_journal"),
    }


def _supplier(intent: Intent, of: str) -> Any:
    """As he stands there, else by the name that the bill says."""
    supplier, name = intent.related.get("supplier"), " ".join(str(intent.document.get("supplier_name") or "").split())
    if supplier is not None:
        return int(supplier.remote_id.partition(",")[2])
    if not name:
        raise Unfit(
            "SEND-REFUSED",
            f"{of} names no supplier that stands in Tryton, and says no name of one.",
            "Read suppliers through the same connection and send them (`supplier: {as: supplier}`), or map the supplier's name.",
            "supplier_number",
        )
    return {"walk_in": name}


# ── what is there ──


def there(edge: TrytonEdge, keys: Sequence[str], ids: Sequence[int] = ()) -> list[Stands]:
    """Bills of ours with these look-up keys or ids, oldest first; cancelled ones are not."""
    either: list[Any] = [*([["id", "in", list(ids)]] if ids else []), *([key_domain(INVOICE, keys)] if keys else [])]
    if not either:
        return []
    return list(_read(search(edge, INVOICE, [["type", "=", "in"], _LIVE, ["OR", *either]], _READ)))


def ours(edge: TrytonEdge, touched: Sequence[Any], unit: str) -> list[Receipt]:
    """Every bill of ours, as it stands."""
    domain = [["description", "like", "% cf:%"], ["type", "=", "in"], _LIVE, ["company", "=", edge.company], *touched]
    return [receipt(each, Decimal(0), unit) for each in _read(search(edge, INVOICE, domain, _READ))]


def _read(records: Sequence[Mapping[str, Any]]) -> Iterator[Stands]:
    for record in records:
        found = read_tag(record["description"])
        if found is not None:
            yield Stands(record["id"], found, record)


def effect(stands: Stands) -> Decimal:
    """What it counts: − what we owe, + what is credited to us."""
    return -Decimal(stands.record["total_amount"])


def receipt(stands: Stands, before: Decimal, unit: str) -> Receipt:
    """What stands, and what it changed."""
    now = effect(stands)
    body = {"amount": f"{now}", "print": stands.print, "status": stands.record["state"]}
    return Receipt(f"{INVOICE},{stands.id}", stands.tag.number, unit, now - before, body)


def gone(bill: Bill) -> Receipt:
    """It stands no more."""
    return Receipt(bill.remote_id, bill.tag.number, bill.unit, -bill.before, {"amount": "0", "print": "", "status": "gone"})


def of_attempt(found: Sequence[Stands], sent: Sent, unit: str) -> Receipt | None:
    """The receipt of an attempt in doubt, where its word stands; a removal leaves none."""
    for each in found:
        attempt, _at, was = each.tag.attempt.partition(_WAS)
        if each.tag.key == sent.look_up_key and attempt == attempt_of(sent.idempotency_key):
            return receipt(each, Decimal(was), unit)
    return None


# ── writing ──


def deliver(sender: Sender, intent: Intent, bill: Bill, found: Sequence[Stands], parties: Parties) -> Answer:
    """Make, change or take away the draft. Raises Doubtful, Halted."""
    of = f"{intent.subject.kind} {intent.number}"
    stands = next((each for each in found if each.id == bill.number or each.tag.key == bill.tag.key), None)
    try:
        if not bill.values:
            return _taken_back(sender, bill, stands, of)
        return _written(sender, bill, stands, parties, of)
    except Rejected as no:
        after = there(sender.edge, [bill.tag.key], [bill.number] if bill.number else ()) if no.fault else []
        if bill.values and after and after[0].tag == bill.tag:
            return receipt(after[0], bill.before, bill.unit)
        return gone(bill) if no.fault and not bill.values and not after else refused("Tryton", of, no.said)


def _written(sender: Sender, bill: Bill, stands: Stands | None, parties: Parties, of: str) -> Answer:
    if stands is not None and stands.tag == bill.tag:
        return receipt(stands, bill.before, bill.unit)
    if stands is None and bill.number:
        return _changed(f"{of} was deleted or cancelled in Tryton.")
    if stands is not None and not stands.is_draft:
        return _changed(f"{of} is {stands.record['state']} in Tryton with {-effect(stands)}: it is no draft any more.")
    if stands is not None and bill.number and stands.print != bill.print:
        return _changed(f"{of} stands otherwise in Tryton than Counterfoil left it.")
    values = _addressed(sender, bill, parties)
    if stands is None:
        record = sender.create(INVOICE, values, _READ)
    else:
        old = search(sender.edge, INVOICE, [["id", "=", stands.id]], ("lines", "taxes"))[0]
        for name in ("lines", "taxes"):
            values[name] = [["delete", old[name]], *values[name]]
        record = sender.change(INVOICE, stands.id, values, _READ)
    return receipt(Stands(record["id"], bill.tag, record), bill.before, bill.unit)


def _addressed(sender: Sender, bill: Bill, parties: Parties) -> dict[str, Any]:
    party = bill.values["party"]
    if isinstance(party, Mapping):
        party = parties.walk_in(sender, party["walk_in"])
    return {**bill.values, "party": party, "invoice_address": parties.address(party), "description": bill.tag.text()}


def _taken_back(sender: Sender, bill: Bill, stands: Stands | None, of: str) -> Answer:
    if stands is None:
        return gone(bill)
    if stands.record["state"] == "paid" or (not stands.is_draft and abs(stands.record["amount_to_pay"]) != abs(effect(stands))):
        return _changed(f"{of} is paid in Tryton, at least in part, and is not cancelled behind its payment.")
    if stands.is_draft and bill.print not in ("", stands.print):
        return _changed(f"{of} stands otherwise in Tryton than Counterfoil left it.")
    if stands.is_draft and not stands.record["number"]:
        sender.remove(INVOICE, stands.id)
    else:
        sender.act(INVOICE, stands.id, "cancel", ("state",))
    return gone(bill)


def _changed(say: str) -> Refused:
    return Refused(
        Problem(
            "SEND-CHANGED",
            say,
            "Compare both. To have ours, delete or cancel it in Tryton and have it sent anew; to keep theirs, exclude it here.",
        )
    )
