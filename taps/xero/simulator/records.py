"""Contacts and items of the simulated organisation."""

from __future__ import annotations

from taps.xero.simulator.books import Books, Document

_LONGEST = {
    "Contacts": {"Name": 255, "FirstName": 255, "LastName": 255, "EmailAddress": 255, "ContactNumber": 50, "AccountNumber": 50},
    "Items": {"Code": 30, "Name": 50, "Description": 4000, "PurchaseDescription": 4000},
}
"""maxLength in the OpenAPI file."""


def contact(books: Books, element: Document, old: Document | None) -> tuple[Document, list[str]]:
    """The contact as it would stand, and what is wrong with it."""
    document = {"ContactStatus": "ACTIVE", **(old or {}), **element}
    wrong = _too_long("Contacts", document)
    name = str(document.get("Name", "")).strip()
    if not name:
        wrong.append("The contact name must be specified.")
    for each in books.documents["Contacts"].values():
        same = each["Name"].casefold() == name.casefold() and each["ContactStatus"] == document["ContactStatus"] == "ACTIVE"
        if same and each["ContactID"] != document.get("ContactID"):
            wrong.append(
                f"The contact name {name} is already assigned to another contact. "
                "The contact name must be unique across all active contacts."
            )
    return document, wrong


def item(books: Books, element: Document, old: Document | None) -> tuple[Document, list[str]]:
    """The item as it would stand, and what is wrong with it."""
    document = {"IsSold": True, "IsPurchased": True, "IsTrackedAsInventory": False, **(old or {}), **element}
    wrong = _too_long("Items", document)
    if not document.get("Code"):
        wrong.append("Code is mandatory")
    if not document["IsSold"]:  # "If IsSold is updated to false then Description and SalesDetails values will be nulled."
        document |= {"Description": "", "SalesDetails": {}}
    if (document.get("SalesDetails") or {}).get("UnitPrice", 0) < 0:
        wrong.append("The unit price must not be negative")  # not confirmed in these words
    for side in ("SalesDetails", "PurchaseDetails"):
        code = (document.get(side) or {}).get("AccountCode")
        if code and books.find_account({"Code": code}) is None:
            wrong.append(f"The account code '{code}' of {side} is not valid")
    return document, wrong


def _too_long(resource: str, document: Document) -> list[str]:
    longest = _LONGEST[resource]
    return [
        f"{name} must not be longer than {longest[name]} characters"
        for name in longest
        if len(str(document.get(name) or "")) > longest[name]
    ]
