"""Customers, suppliers, items and employees: records that are replaced as they change.

Found by our look-up key: in the code of a party behind its number (the database of Tryton keeps codes unique), among the identifiers of
a product. An item that a person made under the same code is taken as it is, and gets our identifier. What a person changed since is
not overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.problem import Problem
from taps.tryton.client import TrytonEdge, search
from targets._kit.remote import digest, refused
from targets._kit.writer import Answer, Intent, Receipt, Refused, Verb
from targets.tryton.catalogue import Catalogue, Unfit
from targets.tryton.config import TrytonTargetConfig
from targets.tryton.sending import Rejected, Sender

NOTHING = Decimal(0)
"""What a record counts."""
_SHORT = 20
PARTY, EMPLOYEE, PRODUCT, TEMPLATE = "party.party", "company.employee", "product.product", "product.template"


def mark(look_up_key: str) -> str:
    """Our key as records carry it."""
    return f"cf:{look_up_key[-_SHORT:]}"


class Wish(NamedTuple):
    """What a record should say."""

    kind: str
    mark: str
    number: str
    shape: Mapping[str, Any]
    """JSON; the same that `Found.shape` says of a record that is there."""

    @property
    def digest(self) -> str:
        """Hash of it."""
        return fingerprint(self.mark, self.shape)


class Found(NamedTuple):
    """A record that is there."""

    id: int
    model: str
    mark: str
    number: str
    shape: Mapping[str, Any]
    record: Mapping[str, Any]
    whole: bool = True
    """False: an employee's party without the employee."""

    @property
    def name(self) -> str:
        """As Tryton refers to it."""
        return f"{self.model},{self.id}"


def fingerprint(own_mark: str, shape: Mapping[str, Any]) -> str:
    """Hash of what a record says."""
    return digest([own_mark, shape])


def text(value: Any) -> str:
    """A field as one line, '' for none."""
    return " ".join(str(value or "").split())


# ── what is wanted ──


def wish(intent: Intent, config: TrytonTargetConfig, catalogue: Catalogue) -> Wish:
    """The record of an intent. Raises Unfit."""
    of = f"{intent.subject.kind} {intent.number}"
    if not text(intent.number):
        raise Unfit("SEND-REFUSED", f"{of} has no number.", "Correct it in the front office, or in the mapping.", "number")
    body, active = intent.document, intent.verb is not Verb.VOID
    shapes: dict[str, Callable[[], dict[str, Any]]] = {
        "contact": lambda: _contact(body, intent, catalogue),
        "supplier": lambda: _contact(body, intent, catalogue),
        "employee": lambda: _employee(body, intent),
        "item": lambda: _item(body, config, catalogue, of),
        "part": lambda: _item(body, config, catalogue, of),
    }
    shape = shapes[intent.subject.kind]() | {"active": active and body.get("status", "active") != "archived"}
    return Wish(intent.subject.kind, mark(intent.look_up_key), text(intent.number), shape)


def _name(body: Mapping[str, Any], otherwise: str) -> str:
    whole = text(body.get("display_name")) or text(body.get("company_name"))
    return whole or text(f"{body.get('first_name') or ''} {body.get('last_name') or ''}") or otherwise


def _contact(body: Mapping[str, Any], intent: Intent, catalogue: Catalogue) -> dict[str, Any]:
    addresses = sorted(body.get("addresses") or (), key=lambda each: each.get("type") != "billing")
    first: Mapping[str, Any] = addresses[0] if addresses else {}
    return {
        "name": _name(body, text(intent.number)),
        "street": "\n".join(filter(None, (text(first.get("line1")), text(first.get("line2"))))),
        "city": text(first.get("city")),
        "postal_code": text(first.get("postal_code")),
        "country": catalogue.countries.get(text(first.get("country") or body.get("country"))),
        "emails": sorted({text(each) for each in body.get("emails") or () if text(each)}),
        "phones": sorted({text(each) for each in body.get("phone_numbers") or () if text(each)}),
    }


def _employee(body: Mapping[str, Any], intent: Intent) -> dict[str, Any]:
    return {
        "name": text(body.get("preferred_name"))
        if not body.get("first_name") and body.get("preferred_name")
        else _name(body, intent.number),
        "start": str(body.get("hire_date") or ""),
        "end": str(body.get("termination_date") or ""),
        "emails": [text(body["work_email"])] if text(body.get("work_email")) else [],
    }


def _item(body: Mapping[str, Any], config: TrytonTargetConfig, catalogue: Catalogue, of: str) -> dict[str, Any]:
    if not text(body.get("sku")):
        raise Unfit("SEND-REFUSED", f"{of} has no SKU.", "Correct it in the front office, or in the mapping.", "sku")
    price = body.get("list_price") if body.get("currency") in (None, "", catalogue.currency) else None
    return {
        "name": text(body.get("name")) or text(body["sku"]),
        "code": text(body["sku"]),
        "type": "service" if body.get("product_type") in ("service", "gift_card", "fee") else "goods",
        "list_price": "" if price in (None, "") else f"{Decimal(str(price)).normalize():f}",
        "category": catalogue.named("accounting category", catalogue.categories, config.item_category, of, "item_category")
        if config.item_category
        else None,
        "unit": catalogue.named("unit", catalogue.units, config.unit, of, "unit"),
    }


# ── what is there ──

_PARTY_READ = (
    "code",
    "name",
    "active",
    *(f"addresses.{name}" for name in ("street", "city", "postal_code", "country")),
    *(f"contact_mechanisms.{name}" for name in ("type", "value")),
)
_PRODUCT_READ = (
    "code",
    "active",
    "identifiers.code",
    *(f"template.{name}" for name in ("name", "type", "list_price", "account_category", "default_uom", "active")),
)


def there(edge: TrytonEdge, kind: str, marks: Sequence[str]) -> dict[str, Found]:
    """The records with these marks."""
    if kind in ("item", "part"):
        found = [
            _product(each, marks) for each in search(edge, PRODUCT, [["identifiers.code", "in", list(marks)]], _PRODUCT_READ, inactive=True)
        ]
    else:
        coded = [["code", "like", f"%/{each}"] for each in marks]
        parties = search(edge, PARTY, [["OR", *coded]], _PARTY_READ, inactive=True) if coded else []
        found = _employees(edge, parties) if kind == "employee" else [_party(each) for each in parties]
    return {each.mark: each for each in found}


def same_code(edge: TrytonEdge, code: str) -> Found | None:
    """A product that a person made under this code."""
    made = search(edge, PRODUCT, [["code", "=", code]], _PRODUCT_READ, most=1)
    return _product(made[0], ()) if made else None


def _party(record: Mapping[str, Any]) -> Found:
    first: Mapping[str, Any] = record["addresses"][0] if record["addresses"] else {}
    ways = record["contact_mechanisms"]
    number, _slash, own = record["code"].rpartition("/")
    shape = {
        "name": record["name"],
        "street": first.get("street") or "",
        "city": first.get("city") or "",
        "postal_code": first.get("postal_code") or "",
        "country": first.get("country"),
        "emails": sorted(way["value"] for way in ways if way["type"] == "email"),
        "phones": sorted(way["value"] for way in ways if way["type"] == "phone"),
        "active": record["active"],
    }
    return Found(record["id"], PARTY, own, number, shape, record)


def _employees(edge: TrytonEdge, parties: Sequence[Mapping[str, Any]]) -> list[Found]:
    of = [each["id"] for each in parties]
    working = (
        search(edge, EMPLOYEE, [["party", "in", of], ["company", "=", edge.company]], ("party", "start_date", "end_date"), inactive=True)
        if of
        else []
    )
    by_party = {each["party"]: each for each in working}
    found = []
    for party in parties:
        person, read = by_party.get(party["id"]), _party(party)
        shape = {
            "name": party["name"],
            "start": str((person or {}).get("start_date") or ""),
            "end": str((person or {}).get("end_date") or ""),
            "emails": read.shape["emails"],
            "active": party["active"],
        }
        number = person["id"] if person else party["id"]
        found.append(Found(number, EMPLOYEE if person else PARTY, read.mark, read.number, shape, party, whole=person is not None))
    return found


def _product(record: Mapping[str, Any], marks: Sequence[str]) -> Found:
    template, price = record["template"], record["template"]["list_price"]
    own = next((each["code"] for each in record["identifiers"] if each["code"] in marks), "")
    shape = {
        "name": template["name"],
        "code": record["code"],
        "type": template["type"],
        "list_price": "" if price is None else f"{price.normalize():f}",
        "category": template["account_category"],
        "unit": template["default_uom"],
        "active": record["active"] and template["active"],
    }
    return Found(record["id"], PRODUCT, own, record["code"], shape, record)


# ── receipts ──


def receipt(found: Found, number: str = "") -> Receipt:
    """What stands there of a record; records count nothing."""
    return Receipt(found.name, number or found.number, "", NOTHING, {"fingerprint": fingerprint(found.mark, found.shape)})


def deliver(
    sender: Sender, intent: Intent, wanted: Wish, found: Found | None, write: Callable[[Sender, Wish, Found | None], None]
) -> Answer:
    """Write the record, and read it back. Raises Doubtful, Halted."""
    of = f"{wanted.kind} {wanted.number}"
    stands = fingerprint(found.mark, found.shape) if found else ""
    booked = (intent.booked or {}).get("fingerprint")
    if found and intent.verb is not Verb.CREATE and stands not in (booked, wanted.digest):
        say = f"{of} stands otherwise in Tryton than Counterfoil left it."
        return Refused(Problem("SEND-CHANGED", say, "Take over in the front office what was changed there; then have it sent anew."))
    try:
        if found is None or not found.whole or stands != wanted.digest:
            write(sender, wanted, found)
    except Rejected as no:
        if not no.fault:
            return refused("Tryton", of, no.said)
        after = there(sender.edge, wanted.kind, [wanted.mark]).get(wanted.mark)
        return receipt(after, wanted.number) if after and after.whole and after.shape == wanted.shape else refused("Tryton", of, no.said)
    return receipt(there(sender.edge, wanted.kind, [wanted.mark])[wanted.mark], wanted.number)
