"""What a person writes under `config:` of a ledger connection."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{1,23}")


def _currencies(value: object) -> object:
    found = [value] if isinstance(value, str) else value
    if isinstance(found, (list, tuple)):
        for currency in found:
            if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
                raise ValueError(f"{currency!r} is no currency code; write operating_currency: EUR, or a list of codes")
    return found


class LedgerConfig(BaseModel):
    """A Beancount journal in a folder of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field("ledger", min_length=1, description="Folder of the journal; a relative one starts at the home folder.")
    operating_currency: Annotated[
        tuple[str, ...], BeforeValidator(_currencies, json_schema_input_type=str | tuple[str, ...]), Field(min_length=1)
    ] = Field(description="Currency code of the books, or a list of codes.")
    title: str = Field("Books", min_length=1, max_length=120, description="Title of the journal.")
    accounts_opened_on: date = Field(date(1970, 1, 1), description="Date of every `open` directive; nothing older can be booked.")
