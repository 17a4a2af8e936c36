"""What the simulated server checks, as Django REST framework says it: {field: [message]}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from taps.inventree.simulator.tables import Row

_MOST_DIGITS, _PLACES = 15, 5
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TAG = re.compile(r"<[a-zA-Z/][^>]*>")
"""HTML is refused in every text [C]."""
_LONGEST = {
    "part": {"name": 100, "IPN": 100, "description": 250, "keywords": 250},
    "company": {"name": 100, "description": 500, "phone": 50, "tax_id": 50, "contact": 100},
    "location": {"name": 100, "description": 250},
    "sales_order": {"description": 250, "customer_reference": 64},
    "sales_line": {"reference": 100, "notes": 500},
}
"""maxLength of the specification."""

Errors = dict[str, Any]


class Invalid(Exception):
    """A 400 with its body."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(str(errors))
        self.errors = errors


def checked(kind: str, body: Any, *, partial: bool) -> Row:
    """The fields of a record that has a name; raises Invalid with every field that is wrong."""
    if isinstance(body, Mapping) and not partial and not body.get("name"):
        raise Invalid({"name": ["This field is required."]})
    return texts(kind, body)


def texts(kind: str, body: Any) -> Row:
    """The fields of a record; raises Invalid with every text that is too long or no text."""
    if not isinstance(body, Mapping):
        raise Invalid({"non_field_errors": ["Invalid data. Expected a dictionary, but got something else."]})
    errors: Errors = {}
    for name, longest in _LONGEST[kind].items():
        if len(str(body.get(name) or "")) > longest:
            errors[name] = [f"Ensure this field has no more than {longest} characters."]
        if _TAG.search(str(body.get(name) or "")):
            errors[name] = ["Remove HTML tags from this value"]
    if body.get("email") and not _EMAIL.fullmatch(str(body["email"])):
        errors["email"] = ["Enter a valid email address."]
    if errors:
        raise Invalid(errors)
    return dict(body)


def quantity_of(value: Any) -> Decimal:
    """The quantity of an adjustment: at most 15 digits, 5 of them decimals, not negative [C]."""
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise Invalid({"quantity": ["A valid number is required."]}) from None
    _sign, digits, exponent = number.as_tuple()
    if isinstance(exponent, int) and -exponent > _PLACES:
        raise Invalid({"quantity": [f"Ensure that there are no more than {_PLACES} decimal places."]})
    if len(digits) > _MOST_DIGITS:
        raise Invalid({"quantity": [f"Ensure that there are no more than {_MOST_DIGITS} digits in total."]})
    if number < 0:
        raise Invalid({"quantity": ["Ensure this value is greater than or equal to 0."]})
    return number


def required(body: Any, name: str) -> Any:
    """A field that must be there."""
    value = body.get(name) if isinstance(body, Mapping) else None
    if value is None:
        raise Invalid({name: ["This field is required."]})
    return value


def known(table: Mapping[int, Row], name: str, value: Any) -> Row:
    """The row that a primary key names."""
    if value not in table:
        raise Invalid({name: [f'Invalid pk "{value}" - object does not exist.']})
    return table[value]
