"""How the simulated organisation answers: envelopes, documents with their instants, refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from taps._kit.simulator import Response
from taps.xero.simulator.books import Books, Document, day_ticks, ticks

_HAS_ERRORS = {"Invoices": "HasErrors", "CreditNotes": "HasErrors", "Payments": "HasValidationErrors", "Contacts": "HasValidationErrors"}
_NO_STATUS = ("BankTransfers", "Allocations")
_CREATED = {"BankTransfers": "CreatedDateUTC"}
_OF_ELEMENTS = ("ValidationErrors", "BankTransactionID", "CreditNoteID", "ContactID", "InvoiceID", "ItemID")
_NOTHING = ("Accounts", "TaxRates", "Currencies", "TrackingCategories", "Organisations", "Allocations")


def shown(resource: str, document: Mapping[str, Any]) -> Document:
    """A document as it is answered: dates in ticks, nothing of our own."""
    answer = {name: _value(value) for name, value in document.items() if not name.startswith("_")}
    if "_updated" in document and resource not in ("TrackingCategories", *_CREATED):
        answer["UpdatedDateUTC"] = ticks(document["_updated"])
    if resource in _CREATED and "_created" in document:
        answer[_CREATED[resource]] = ticks(document["_created"])
    return answer


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return ticks(value)
    if isinstance(value, date):
        return day_ticks(value)
    if isinstance(value, dict):
        return {name: _value(each) for name, each in value.items()}
    return [_value(each) for each in value] if isinstance(value, list) else value


def refused(resource: str, element: Mapping[str, Any], wrong: Sequence[str]) -> Document:
    """An element of an answer with its errors; its values as they were sent."""
    answer = {**element, "ValidationErrors": [{"Message": text} for text in wrong]}
    if resource in _HAS_ERRORS:
        answer[_HAS_ERRORS[resource]] = True
    if resource not in _NO_STATUS:
        answer["StatusAttributeString"] = "ERROR"
    return answer


def taken(resource: str, document: Mapping[str, Any]) -> Document:
    """An element of an answer without errors."""
    answer = shown(resource, document)
    if resource in _HAS_ERRORS:
        answer[_HAS_ERRORS[resource]] = False
    if resource not in (*_NO_STATUS, *_NOTHING):
        answer["StatusAttributeString"] = "OK"
    return answer


def envelope(books: Books, resource: str, elements: Sequence[Any], pagination: Mapping[str, int] | None = None) -> Response:
    """A good answer."""
    paging = {"pagination": dict(pagination)} if pagination else {}
    head = {"Id": books.new_id(), "Status": "OK", "ProviderName": "Counterfoil", "DateTimeUTC": ticks(books.clock())}
    return Response(200, {**head, **paging, resource: list(elements)})


def invalid(elements: Sequence[Mapping[str, Any]], message: str = "A validation exception occurred") -> Response:
    """400 as the OpenAPI file shapes it: ErrorNumber, Type, Message and the elements with their errors."""
    named = [{name: each[name] for name in each if name in _OF_ELEMENTS} for each in elements]
    body = {"ErrorNumber": 10, "Type": "ValidationException", "Message": message, "Elements": named}
    return Response(400, body)
