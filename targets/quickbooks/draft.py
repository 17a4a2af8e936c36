"""A document as it is to stand at QuickBooks, before our mark and their ids are put into it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.posting.rows import Row
from targets._kit.writer import Intent
from targets.quickbooks.chart import Account, Chart, in_currency
from targets.quickbooks.config import QuickBooksTargetConfig
from targets.quickbooks.held import held

STANDS_AS = {"invoice": "Invoice", "sales_receipt": "SalesReceipt", "credit_note": "CreditMemo"}
"""What may be paid or credited, and names the buyer with it."""
FOLLOWING = ("payment", "credit_note", "refund_receipt")


class Party(NamedTuple):
    """Somebody by name."""

    entity: str
    """Customer or Vendor."""
    name: str
    currency: str = ""
    """In which he is kept, where that is not the company's own."""

    @property
    def reference(self) -> str:
        """The field in which a document names such a one."""
        return f"{self.entity}Ref"


NOBODY = Party("", "")


@dataclass(frozen=True, slots=True)
class Draft:
    """One object."""

    entity: str
    body: dict[str, Any]
    effect: Decimal = Decimal(0)
    """What it will count, signed."""
    control: str = ""
    """See `Mark.control`."""
    party: Party = NOBODY
    """Whom nobody sent as a record and who is not there yet, by name: made before this is sent."""
    parent: tuple[str, str] = ("", "")
    """Entity and id of what this pays or credits: whom that names, this names too, whatever has become of the buyer since."""

    def of(self, party: Party, remote_id: str | None) -> Draft:
        """With whom it is: as he stands there, else as somebody who is to be made."""
        if remote_id is None:
            return replace(self, party=party)
        return replace(self, body={**self.body, party.reference: {"value": remote_id}})


@dataclass(frozen=True, slots=True)
class Desk:
    """What a draft is made from."""

    intent: Intent
    chart: Chart
    config: QuickBooksTargetConfig

    def account(self, code: str) -> Account:
        """The account of that code; Held where there is none."""
        found = self.chart.account(code)
        if found is None:
            raise held(
                self.intent,
                "POST-ACCOUNT",
                f"is booked to the account {code}, and QuickBooks has none of that number or name",
                "Correct the posting's accounts, or open the account in QuickBooks.",
            )
        return found

    def customer(self) -> tuple[str | None, str]:
        """Id of the buyer, or the name under which one is to be made; Held where the posting names nobody."""
        related, own = self.intent.related.get("customer"), self.intent.own
        if related is not None:
            return self.chart.buyer_in(own.currency, related.remote_id) if own else (related.remote_id, "")
        if not self.intent.walk_in:
            raise held(
                self.intent,
                "POST-ACCOUNT",
                "names no buyer who stands in QuickBooks, and QuickBooks wants one",
                "Send the customer first, or name a walk_in buyer in the posting.",
                "customer",
            )
        name = in_currency(self.intent.walk_in, own.currency) if own else self.intent.walk_in
        return self.chart.party("Customer", name), name

    def parent(self) -> tuple[str, str]:
        """Entity and id of what this pays or credits, where that names a buyer."""
        found = self.intent.related.get("parent")
        entity = STANDS_AS.get(found.kind, "") if found and self.intent.subject.kind in FOLLOWING else ""
        return (entity, found.remote_id) if found and entity else ("", "")

    def addressed(self, draft: Draft, *, needed: bool = True) -> Draft:
        """The draft with its buyer: the parent's if there is one; a document that needs none may do without."""
        parent, known = self.parent(), "customer" in self.intent.related
        if not known and (any(parent) or not (needed or self.intent.walk_in)):
            return replace(draft, parent=parent)
        found, buyer = self.customer()
        made = draft.of(Party("Customer", buyer, self.intent.own.currency if self.intent.own else ""), found)
        return made if found is None else replace(made, parent=parent)

    def head(self) -> dict[str, Any]:
        """Date and place of any transaction."""
        location = str(self.intent.document.get("location") or "")
        department = self.config.departments.get(location)
        return {"TxnDate": self.intent.date.isoformat()} | ({"DepartmentRef": {"value": department}} if department else {})


LONGEST_TEXT = 4000


def detailed(desk: Desk, row: Row, kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    """A line of a document: its amount and text, and what its kind says of it, with the class of its place."""
    place = desk.config.classes.get(row.location)
    where = {"ClassRef": {"value": place}} if place else {}
    return {"Amount": plain(row.net), "Description": row.description[:LONGEST_TEXT], "DetailType": kind, kind: detail | where}


def plain(amount: Decimal) -> Decimal:
    """Without needless zeros and without an exponent."""
    text = f"{amount:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text) + Decimal(0)
