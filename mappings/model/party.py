"""Who and where: customers, suppliers and our own places."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from mappings.model.base import PII, Country, Currency, Document, Key, Text, Value, YesNo


class Address(Value):
    """A postal address. Personal as a whole."""

    type: Literal["billing", "shipping"] = "billing"
    line1: Text | None = None
    line2: Text | None = None
    city: Text | None = None
    region: Text | None = None
    postal_code: Text | None = None
    country: Country | None = None


class Party(Document):
    """What customers and suppliers share."""

    display_name: Annotated[Text | None, PII] = None
    tax_number: Annotated[Text | None, PII] = None
    emails: Annotated[tuple[Text, ...], PII] = ()
    phone_numbers: Annotated[tuple[Text, ...], PII] = ()
    addresses: Annotated[tuple[Address, ...], PII] = ()
    country: Country | None = None
    """For tax; kept apart from the address because it is not personal."""
    currency: Currency | None = None
    payment_terms: Text | None = None
    status: Literal["active", "archived"] = "active"


class Customer(Party):
    """Someone who buys: a person or an organization."""

    type: ClassVar[str] = "customer"
    title: ClassVar[str] = "Customer"

    customer_type: Literal["person", "organization"] = "person"
    first_name: Annotated[Text | None, PII] = None
    last_name: Annotated[Text | None, PII] = None
    company_name: Annotated[Text | None, PII] = None
    tax_exempt: YesNo = False
    marketing_consent: YesNo | None = None
    parent_id: UUID | None = None

    def parents(self) -> tuple[UUID, ...]:
        """The organization that it belongs to."""
        return (self.parent_id,) if self.parent_id else ()


class Supplier(Party):
    """Someone we buy from."""

    type: ClassVar[str] = "supplier"
    title: ClassVar[str] = "Supplier"


class Location(Document):
    """A place of ours where goods lie or sales happen."""

    type: ClassVar[str] = "location"
    title: ClassVar[str] = "Location"

    name: Key
    location_type: Literal["store", "warehouse", "online", "virtual"] = "store"
    country: Country | None = None
    currency: Currency | None = None
    business_day_cutoff: Text | None = None
    """Local time at which the next business day begins, such as 04:00."""
    status: Literal["active", "archived"] = "active"
