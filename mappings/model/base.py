"""What every canonical document has: the envelope, strict field types, the mark of personal data, and the questions that steps ask.

Numbers never come in as binary floats: a float is an error even where its value is whole. Equal values give equal documents: 2.5 and
2.500 are stored alike, so that a source that writes its numbers otherwise makes no new revision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache
from typing import Annotated, Any, ClassVar, LiteralString, NamedTuple, TypeAlias, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError

ZERO = Decimal(0)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST_NUMBER = 60
_BOUNDS: LiteralString = "the number is not finite or has more than 20 digits before the point"
_TRAPS = [Inexact, InvalidOperation]
_WHOLE, _CENT, _MICRO, _PICO = Decimal(1), Decimal("0.01"), Decimal("0.000001"), Decimal("1E-12")
_AS_WHOLE = Context(prec=20, traps=_TRAPS)
_AS_CENTS = Context(prec=22, traps=_TRAPS)
_AS_MICROS = Context(prec=26, traps=_TRAPS)
_AS_PICOS = Context(prec=32, traps=_TRAPS)


@lru_cache(maxsize=8192)
def _of_text(text: str) -> Decimal:
    """A number written as text. Stored documents are read back often, and prices repeat."""
    bare = text.strip()
    if len(bare) <= _LONGEST_NUMBER and _NUMBER.fullmatch(bare):
        return Decimal(bare)
    raise PydanticCustomError("decimal_text", "the text is not a number")


def _decimal(value: Any) -> Decimal:
    """A finite number from an int, a Decimal or text; a PydanticCustomError says what else it was."""
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, Decimal):
        if value.is_finite():
            return value
        raise PydanticCustomError("decimal_bounds", _BOUNDS)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float):
        raise PydanticCustomError("decimal_float", "a binary float cannot stand for an exact number; give a decimal or its text")
    raise PydanticCustomError("decimal_type", "a number is needed")


def _exact(value: Decimal, context: Context, step: Decimal, decimals: int) -> Decimal:
    """The value without needless zeros, or an error where it has more than 20 integer digits or `decimals` decimals."""
    try:
        fixed = context.quantize(value, step)
    except Inexact:
        raise PydanticCustomError("decimal_places", "the number has more than {decimals} decimals", {"decimals": decimals}) from None
    except InvalidOperation:
        raise PydanticCustomError("decimal_bounds", _BOUNDS) from None
    return Decimal(format(fixed, "f").rstrip("0").rstrip("."))


def to_amount(value: Any) -> Decimal:
    """An amount of money: at least two decimals, at most six, none of them needless."""
    number = value if type(value) is Decimal and value.is_finite() else _decimal(value)
    if not number:
        return ZERO
    try:
        return _AS_CENTS.quantize(number, _CENT)
    except (Inexact, InvalidOperation):
        return _exact(number, _AS_MICROS, _MICRO, 6)


def to_quantity(value: Any) -> Decimal:
    """A count, a weight or hours: at most six decimals, none of them needless."""
    number = value if type(value) is Decimal and value.is_finite() else _decimal(value)
    if not number:
        return ZERO
    try:
        return _AS_WHOLE.quantize(number, _WHOLE)
    except (Inexact, InvalidOperation):
        return _exact(number, _AS_MICROS, _MICRO, 6)


def to_rate(value: Any) -> Decimal:
    """A tax or exchange rate: at most twelve decimals, none of them needless."""
    number = _decimal(value)
    return _exact(number, _AS_PICOS, _PICO, 12) if number else ZERO


def to_whole(value: Any) -> int:
    """A whole number; 3 and Decimal('3.0') are, 3.5, True and a float are not."""
    if type(value) is int:
        return value
    number = _decimal(value)
    try:
        return int(_AS_WHOLE.quantize(number, _WHOLE))
    except (Inexact, InvalidOperation):
        raise PydanticCustomError("whole_number", "a whole number of at most 20 digits is needed") from None


def to_day(value: Any) -> date:
    """A calendar day: a date or its ISO text, never an instant or a number."""
    if type(value) is date:
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("day_text", "the text is not a day such as 2026-01-31") from None
    raise PydanticCustomError("day_type", "a day is needed")


def to_instant(value: Any) -> datetime:
    """An instant: a datetime with its offset, or the ISO text of one; kept in UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("instant_text", "the text is not an instant such as 2026-01-31T12:00:00Z") from None
    if not isinstance(value, datetime):
        raise PydanticCustomError("instant_type", "an instant is needed")
    if value.tzinfo is None:
        raise PydanticCustomError("instant_zone", "the instant does not say its offset from UTC")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def to_yes_no(value: Any) -> bool:
    """True or False and nothing that looks like it."""
    if value is True or value is False:
        return value
    raise PydanticCustomError("yes_no", "true or false is needed")


class PersonalMark:
    """Marks a document's field as personal: it is stored apart from the body and never quoted in a problem."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Carry the mark into the JSON Schema."""
        return {**handler(schema), "x-pii": True}


PII = PersonalMark()

_DECIMAL_TEXT = {"type": "string", "format": "decimal"}
Amount: TypeAlias = Annotated[Decimal, PlainValidator(to_amount), WithJsonSchema({**_DECIMAL_TEXT, "x-kind": "amount"})]
Quantity: TypeAlias = Annotated[Decimal, PlainValidator(to_quantity), WithJsonSchema({**_DECIMAL_TEXT, "x-kind": "quantity"})]
Rate: TypeAlias = Annotated[Decimal, PlainValidator(to_rate), WithJsonSchema({**_DECIMAL_TEXT, "x-kind": "rate"})]
Whole: TypeAlias = Annotated[int, PlainValidator(to_whole), WithJsonSchema({"type": "integer"})]
Day: TypeAlias = Annotated[date, PlainValidator(to_day), WithJsonSchema({"type": "string", "format": "date"})]
Instant: TypeAlias = Annotated[datetime, PlainValidator(to_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
YesNo: TypeAlias = Annotated[bool, PlainValidator(to_yes_no), WithJsonSchema({"type": "boolean"})]
Text: TypeAlias = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
Key: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00]*$")]
Currency: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Country: TypeAlias = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]+$")]
"""ISO 3166 code where the source has it, else the country's name as the source writes it."""


class Value(BaseModel):
    """A part of a document: immutable, and without a field that the model does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ExternalRef(Value):
    """How another system names the same document."""

    system: Key
    type: Key
    id: Key


class StockLine(NamedTuple):
    """Units of one item at one place: + leaves the stock, − comes back."""

    item: str
    location: str
    units: Decimal
    unit_cost: Decimal | None


def cost_of(lines: Iterable[StockLine], currency: str | None) -> tuple[Decimal, str] | None:
    """Units times unit cost, in the currency given; None where no line knows its cost or nobody says the currency."""
    known = [line.units * line.unit_cost for line in lines if line.unit_cost is not None]
    return (sum(known, ZERO), currency) if known and currency else None


class Part(NamedTuple):
    """A leg of a document with a business date of its own; `name` is '' where a document has one leg only."""

    name: str
    business_date: date | None


class Document(Value):
    """A canonical document: one thing of the front office in one revision."""

    type: ClassVar[str]
    title: ClassVar[str]
    personal: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields that are marked PII."""

    source_id: Key
    """The source's own id, unique for its connection and type."""
    source_number: Text | None = None
    """The number as people know it."""
    source_version: Text | None = None
    source_created_at: Instant | None = None
    source_updated_at: Instant | None = None
    source_deleted: YesNo = False
    business_date: Day | None = None
    """The day to which the source counts it, in its own zone and cut-off."""
    company: Text | None = None
    """The legal entity; set when the document is translated."""
    location_timezone: Text | None = None
    custom_fields: dict[Key, Text] = {}
    external_refs: tuple[ExternalRef, ...] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the PII marks, and refuse one inside a nested part: there it would stay in the body."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.personal = frozenset(name for name, field in cls.model_fields.items() if PII in field.metadata)
        for name, field in cls.model_fields.items():
            if name not in cls.personal and any(_holds_pii(part) for part in parts_of(field.annotation)):
                raise TypeError(f"{cls.__name__}.{name} has personal fields inside: mark the whole field")

    def number(self) -> str:
        """The number as people know it, else the source's id."""
        return self.source_number or self.source_id

    def amount(self) -> tuple[Decimal, str] | None:
        """What it counts in money, signed, exact and in its own currency; None where it has no amount at all."""
        return None

    def cost(self) -> tuple[Decimal, str] | None:
        """Cost of the goods that leave (+) or come back (−), as far as the document knows it; None where it has none."""
        return None

    def moves_money(self) -> bool:
        """Whether any money component is other than zero; lines that cancel each other out still move money."""
        amount = self.amount()
        return amount is not None and amount[0] != 0

    def stock(self) -> Iterator[StockLine]:
        """What it takes out of stock (+) and brings back (−), line by line."""
        return iter(())

    def units(self) -> Decimal:
        """Net units out of stock."""
        return sum((line.units for line in self.stock()), ZERO)

    def moves_stock(self) -> bool:
        """Whether any item at any place is left with other than zero net units."""
        net: dict[tuple[str, str], Decimal] = {}
        for line in self.stock():
            place = (line.item, line.location)
            net[place] = net.get(place, ZERO) + line.units
        return any(net.values())

    def reserved(self) -> Iterator[StockLine]:
        """What it promises of the stock and has not handed over yet, line by line, positive."""
        return iter(())

    def units_reserved(self) -> Decimal:
        """Units that it keeps from others."""
        return sum((line.units for line in self.reserved()), ZERO)

    def hours(self) -> Decimal | None:
        """Worked hours; None where it is no record of work."""
        return None

    def party(self) -> tuple[str, str] | None:
        """Type and number of whom it is with, such as `("supplier", "S1")`; None where it names nobody."""
        return None

    def parents(self) -> tuple[UUID, ...]:
        """Documents that this one hangs on."""
        return ()

    def parts(self) -> tuple[Part, ...]:
        """Its legs, in the order in which they happen."""
        return (Part("", self.business_date),)


def parts_of(annotation: Any) -> Iterator[type[Value]]:
    """The Value classes inside a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, Value):
        yield annotation
    for argument in get_args(annotation):
        yield from parts_of(argument)


def _holds_pii(part: type[Value]) -> bool:
    """Whether a nested class has a marked field, at any depth."""
    return any(
        PII in field.metadata or any(_holds_pii(inner) for inner in parts_of(field.annotation)) for field in part.model_fields.values()
    )
