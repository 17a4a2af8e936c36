"""The calls that make a record say what it should."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from targets.tryton.records import EMPLOYEE, PARTY, PRODUCT, TEMPLATE, Found, Wish, same_code
from targets.tryton.sending import Sender

_ADDRESS = ("street", "city", "postal_code", "country")


def write(sender: Sender, wanted: Wish, found: Found | None) -> None:
    """Create or change it. Raises Doubtful, Halted, Rejected."""
    if wanted.kind in ("item", "part"):
        _item(sender, wanted, found)
    elif wanted.kind == "employee":
        _employee(sender, wanted, found)
    else:
        _party(sender, wanted, found)


def _party(sender: Sender, wanted: Wish, found: Found | None) -> int:
    values: dict[str, Any] = {name: wanted.shape[name] for name in ("name", "active")}
    address = {name: wanted.shape[name] or None for name in _ADDRESS if name in wanted.shape}
    ways = [{"type": "email", "value": value} for value in wanted.shape["emails"]]
    ways += [{"type": "phone", "value": value} for value in wanted.shape.get("phones", ())]
    if found is None:
        values |= {"code": f"{wanted.number}/{wanted.mark}", "addresses": [["create", [address]]]}
        values |= {"contact_mechanisms": [["create", ways]]} if ways else {}
        return int(sender.create(PARTY, values, ("id",))["id"])
    record = found.record
    if address:
        first = record["addresses"][0]["id"] if record["addresses"] else None
        values["addresses"] = [["write", [first], address]] if first else [["create", [address]]]
    values["contact_mechanisms"] = _ways(record, ways)
    sender.change(PARTY, record["id"], values, ("id",))
    return int(record["id"])


def _ways(record: Mapping[str, Any], ways: list[dict[str, str]]) -> list[list[Any]]:
    """Only what differs: mails and phones that are gone, and new ones. Other ways to reach somebody stay."""
    have = {(each["type"], each["value"]): each["id"] for each in record["contact_mechanisms"] if each["type"] in ("email", "phone")}
    want = {(each["type"], each["value"]): each for each in ways}
    gone = [number for key, number in have.items() if key not in want]
    new = [each for key, each in want.items() if key not in have]
    return [["delete", gone]] * bool(gone) + [["create", new]] * bool(new)


def _employee(sender: Sender, wanted: Wish, found: Found | None) -> None:
    """The party first: alone it is harmless, and it is found again by its code."""
    party = _party(sender, wanted, found)
    dates = {"start_date": _day(wanted.shape["start"]), "end_date": _day(wanted.shape["end"])}
    if found is not None and found.whole:
        sender.change(EMPLOYEE, found.id, dates, ("id",))
    else:
        sender.create(EMPLOYEE, {"party": party, "company": sender.edge.company, **dates}, ("id",))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _item(sender: Sender, wanted: Wish, found: Found | None) -> None:
    shape, ours = wanted.shape, {"identifiers": [["create", [{"code": wanted.mark}]]]}
    price = Decimal(shape["list_price"]) if shape["list_price"] else None
    values = {"name": shape["name"], "list_price": price, "active": shape["active"]}
    if found is not None:
        sender.change(TEMPLATE, found.record["template"]["id"], {**values, "code": shape["code"]}, ("id",))
        return
    made_by_hand = same_code(sender.edge, shape["code"])
    if made_by_hand is not None:
        sender.change(PRODUCT, made_by_hand.id, ours, ("id",))
        return
    fixed = {"code": shape["code"], "type": shape["type"], "default_uom": shape["unit"], "account_category": shape["category"]}
    selling = {"salable": True, "sale_uom": shape["unit"]}
    sender.create(TEMPLATE, {**values, **fixed, **selling, "products": [["create", [ours]]]}, ("id",))
