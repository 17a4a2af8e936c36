"""What a record of the Singer program must be: a journal entry. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mappings.posting.entry import Line
from taps._kit.errors import Fatal


class _Line(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    account: str = Field(min_length=1)
    amount: Decimal
    currency: str = Field(min_length=3)
    component: str = "line"
    control: bool = False


class JournalEntry(BaseModel):
    """{date, number, lines: [{account, amount, currency, component, control}]}; number, component and control may be left out."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    date: date
    number: str = ""
    lines: list[_Line] = Field(min_length=2)

    @field_validator("date", mode="before")
    @classmethod
    def _day_of(cls, value: object) -> object:
        """A moment counts by the day it is written with: the record's source knows its own zone."""
        return value.date() if isinstance(value, datetime) else value[:10] if isinstance(value, str) else value

    def posted(self) -> tuple[Line, ...]:
        """The lines as a writer takes them."""
        return tuple(Line(line.account, line.amount, line.currency, line.component, line.control) for line in self.lines)


def entry(stream: str, key: str, record: Mapping[str, Any]) -> JournalEntry:
    """The record as an entry. Raises Fatal, which names stream, record and every field that is missing or wrong, but no value of it."""
    try:
        return JournalEntry.model_validate(record)
    except ValidationError as refused:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg'].lower()}" for each in refused.errors(include_input=False))
        raise Fatal(
            f"Stream {stream}, record {key} is no journal entry ({wrong}). It needs a date, and lines with account, amount and currency."
        ) from None
