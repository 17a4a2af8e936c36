"""Contacts and items for Xero: our customer or supplier, and our product, as elements of a call."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mappings.problem import Problem
from targets._kit.writer import Intent
from targets.xero.chart import Chart
from targets.xero.config import XeroTargetConfig
from targets.xero.documents import Made

_LONGEST_CODE, _LONGEST_ITEM_NAME, _LONGEST_NAME, _LONGEST_DESCRIPTION = 30, 50, 255, 4000


def contact(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:  # noqa: ARG001 (needs no chart)
    """A contact; its account number is the customer's or supplier's number. Xero sees by its bills that it is a supplier."""
    body = intent.document
    whole = " ".join(part for part in (body.get("first_name"), body.get("last_name")) if part)
    name = body.get("company_name") or body.get("display_name") or whole or next(iter(body.get("emails") or ()), "")
    if not name:
        who = "Supplier" if intent.subject.kind == "supplier" else "Customer"
        say = f"{who} {intent.number} has neither a name nor an address to write to; Xero wants a name."
        return Problem("MAP-REQUIRED", say, "Add a name at the source.", "display_name")
    element: dict[str, Any] = {"Name": name[:_LONGEST_NAME], "AccountNumber": intent.number[:50], "ContactStatus": "ACTIVE"}
    if body.get("status") == "archived":
        element["ContactStatus"] = "ARCHIVED"
    optional = {
        "FirstName": body.get("first_name"),
        "LastName": body.get("last_name"),
        "EmailAddress": next(iter(body.get("emails") or ()), None),
        "TaxNumber": body.get("tax_number"),
    }
    element |= {key: value[:_LONGEST_NAME] if key != "TaxNumber" else value[:50] for key, value in optional.items() if value}
    phones = [{"PhoneType": "DEFAULT", "PhoneNumber": number[:50]} for number in list(body.get("phone_numbers") or ())[:1]]
    addresses = [_address(each) for each in body.get("addresses") or ()][:2]
    return Made("Contacts", element | ({"Phones": phones} if phones else {}) | ({"Addresses": addresses} if addresses else {}))


def with_number(name: str, number: str) -> str:
    """Xero takes each name once: two customers or suppliers of one name are told apart by their numbers."""
    return f"{name[: _LONGEST_NAME - len(number) - 3]} ({number})"


def _address(each: Mapping[str, Any]) -> dict[str, str]:
    found = {"AddressType": "STREET" if each.get("type") == "shipping" else "POBOX"}
    names = {"AddressLine1": "line1", "AddressLine2": "line2", "City": "city", "Region": "region", "PostalCode": "postal_code"}
    found |= {key: str(each[name])[: 50 if key == "PostalCode" else 255] for key, name in names.items() if each.get(name)}
    return found | ({"Country": each["country"]} if each.get("country") else {})


def item(intent: Intent, chart: Chart, config: XeroTargetConfig) -> Made | Problem:  # noqa: ARG001 (needs neither)
    """An item; Xero knows it by its code, our SKU. Never tracked: stock and its cost are not Xero's (`cost_owner`)."""
    body, sku = intent.document, intent.number
    if not sku or len(sku) > _LONGEST_CODE:
        say = f"Product {sku or '(no SKU)'} cannot be an item of Xero: a code has 1 to {_LONGEST_CODE} characters."
        return Problem("MAP-TYPE", say, "Shorten the SKU at the source.", "sku")
    element: dict[str, Any] = {
        "Code": sku,
        "Name": str(body.get("name") or sku)[:_LONGEST_ITEM_NAME],
        "Description": str(body.get("description") or body.get("name") or sku)[:_LONGEST_DESCRIPTION],
        "IsSold": body.get("status") != "archived",
        "IsPurchased": True,
    }
    same = not body.get("currency") or body.get("currency") == chart.currency
    if body.get("list_price") is not None and same and element["IsSold"]:
        element["SalesDetails"] = {"UnitPrice": Decimal(str(body["list_price"]))}
    return Made("Items", element)
