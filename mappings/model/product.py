"""What is sold: one document for each thing that can be put on a line. A source's variants are products of their own."""

from __future__ import annotations

from typing import ClassVar, Literal

from mappings.model.base import Amount, Currency, Document, Key, Quantity, Text, YesNo


class Product(Document):
    """One sellable item."""

    type: ClassVar[str] = "product"
    title: ClassVar[str] = "Product"

    sku: Key
    """The number that lines and stock use."""
    name: Text
    description: Text | None = None
    gtin: Text | None = None
    product_group: Text | None = None
    """The source's product that this is a variant of."""
    options: tuple[Text, ...] = ()
    """What tells it from its sisters: size, colour."""
    brand: Text | None = None
    category_path: Text | None = None
    product_type: Literal["goods", "service", "bundle", "gift_card", "fee"] = "goods"
    tax_category: Text | None = None
    unit_of_measure: Text = "C62"
    """UN/ECE code; C62 is a piece."""
    list_price: Amount | None = None
    unit_cost: Amount | None = None
    currency: Currency | None = None
    weight_kg: Quantity | None = None
    tracked: YesNo = True
    """Whether stock is kept of it."""
    status: Literal["active", "archived"] = "active"

    def number(self) -> str:
        """Its sku."""
        return self.sku
