"""A secret while it is in memory, and how it is kept out of every text that people see."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "•••"


class Secret(str):
    """A string that shows only its mask in str(), repr() and f-strings; compared, joined and encoded it is the value.

    Write `"Bearer " + secret`, not an f-string: a mask that is sent is refused, a value that is logged is out.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def reveal(self) -> str:
        """The value as a plain string."""
        return "".join(self)


def redact(text: str, values: Iterable[str]) -> str:
    """`text` without any of the secret values, as they are or as URL, JSON or base64 would write them; the longest goes first."""
    forms = {form for value in values if value for form in _forms("".join(value))}
    for form in sorted(forms, key=lambda form: (-len(form), form)):
        text = text.replace(form, MASK)
    return text


def _forms(value: str) -> tuple[str, ...]:
    in_json = json.dumps(value)[1:-1]
    return value, quote(value, safe=""), quote(value), quote_plus(value), in_json, base64.b64encode(value.encode()).decode()
