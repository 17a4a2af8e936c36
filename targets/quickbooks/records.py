"""Customers, suppliers and items."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from targets.quickbooks.chart import LONGEST_NAME
from targets.quickbooks.draft import Desk, Draft, plain
from targets.quickbooks.held import held

_LONGEST_ITEM, _LONGEST_PART = 100, 100
_TYPES = {"service": "Service", "fee": "Service", "gift_card": "Service", "bundle": "NonInventory"}
"""What a product becomes that is no goods."""


def contact(desk: Desk) -> Draft:
    """A customer. Names stand once in QuickBooks: where ours is taken, the number goes behind it."""
    document = desk.intent.document
    _require_currency(desk, document)
    names = {
        "GivenName": _part(document.get("first_name")),
        "FamilyName": _part(document.get("last_name")),
        "CompanyName": _part(document.get("company_name")),
    }
    return Draft("Customer", _present(_party(desk, "Customer") | names))


def supplier(desk: Desk) -> Draft:
    """A vendor. Its tax number is not sent: QuickBooks shows it masked, so that it could not be compared (unconfirmed)."""
    _require_currency(desk, desk.intent.document)
    body = _party(desk, "Supplier")
    body.pop("ShipAddr", None)
    return Draft("Vendor", _present(body | {"CompanyName": _part(desk.intent.document.get("display_name"))}))


def _party(desk: Desk, title: str) -> dict[str, Any]:
    """What is known of either."""
    document = desk.intent.document
    body: dict[str, Any] = {
        "DisplayName": display_name(document, f"{title} {desk.intent.number}"),
        "Active": document.get("status", "active") == "active",
    }
    emails, phones = document.get("emails") or [], document.get("phone_numbers") or []
    if emails:
        body["PrimaryEmailAddr"] = {"Address": emails[0]}
    if phones:
        body["PrimaryPhone"] = {"FreeFormNumber": phones[0]}
    for kind, field in (("billing", "BillAddr"), ("shipping", "ShipAddr")):
        found = next((each for each in document.get("addresses") or [] if each.get("type", "billing") == kind), None)
        if found:
            body[field] = _address(found)
    return body


def display_name(document: Mapping[str, Any], otherwise: str) -> str:
    """The name that people look for; something with its number where the source has none."""
    person = " ".join(str(document[part]) for part in ("first_name", "last_name") if document.get(part))
    text = document.get("display_name") or document.get("company_name") or person or otherwise
    return _sayable(str(text))[:LONGEST_NAME]


def numbered(body: Mapping[str, Any], number: str) -> dict[str, Any]:
    """The same under a name that says its number, where the name alone is taken (6240)."""
    field, longest = ("DisplayName", LONGEST_NAME) if "DisplayName" in body else ("Name", _LONGEST_ITEM)
    ending = f" ({_sayable(number)})"
    return {**body, field: f"{str(body[field])[: longest - len(ending)]}{ending}"}


def item(desk: Desk) -> Draft:
    """A thing that is sold."""
    document, config = desk.intent.document, desk.config
    _require_currency(desk, document)
    product = str(document.get("product_type") or "goods")
    income = config.item_accounts.get(product)
    if income is None:
        raise held(
            desk.intent,
            "POST-ACCOUNT",
            f"is a product of type {product}, and the connection names no income account for these",
            f"Add `{product}` to item_accounts of the connection.",
            "product_type",
        )
    sku = str(document.get("sku") or desk.intent.number)
    body: dict[str, Any] = {
        "Name": _sayable(str(document.get("name") or sku))[:_LONGEST_ITEM],
        "Sku": sku,
        "Description": document.get("description"),
        "Type": _TYPES.get(product, config.item_type if document.get("tracked", True) else "NonInventory"),
        "IncomeAccountRef": {"value": desk.account(income).remote_id},
        "UnitPrice": plain(Decimal(document["list_price"])) if document.get("list_price") is not None else None,
        "Active": document.get("status", "active") == "active",
    }
    if body["Type"] == "Inventory":
        body |= _stock(desk)
    return Draft("Item", _present(body))


def _stock(desk: Desk) -> dict[str, Any]:
    """What an inventory item needs besides; quantities are not ours to say here."""
    config = desk.config
    start = config.inventory_start_on.isoformat() if config.inventory_start_on else None
    return {
        "TrackQtyOnHand": True,
        "QtyOnHand": 0,
        "InvStartDate": start,
        "AssetAccountRef": {"value": desk.account(config.inventory_account).remote_id},
        "ExpenseAccountRef": {"value": desk.account(config.cogs_account).remote_id},
    }


def _require_currency(desk: Desk, document: Mapping[str, Any]) -> None:
    currency = document.get("currency")
    if currency and currency != desk.chart.currency:
        raise held(
            desk.intent,
            "POST-RATE",
            f"is kept in {currency}, and the QuickBooks company keeps its books in {desk.chart.currency}",
            "Leave its currency out of the mapping, or send it to a company of that currency.",
            "currency",
        )


def _address(found: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "line1": "Line1",
        "line2": "Line2",
        "city": "City",
        "region": "CountrySubDivisionCode",
        "postal_code": "PostalCode",
        "country": "Country",
    }
    return {theirs: found[ours] for ours, theirs in names.items() if found.get(ours)}


def _part(text: Any) -> str | None:
    return str(text)[:_LONGEST_PART] if text else None


def _sayable(text: str) -> str:
    """Colons divide levels in QuickBooks, and a name is one line."""
    return " ".join(text.replace(":", " ").split())


def _present(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}
