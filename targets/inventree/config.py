"""What a person writes under `config:` of an InvenTree connection, for writing."""

from __future__ import annotations

from pydantic import Field

from taps.inventree.config import InvenTreeConfig


class InvenTreeTargetConfig(InvenTreeConfig):
    """One InvenTree server, as a target."""

    location: str = Field("", description="Stock location of what moves without a place: its name or its path.")
    locations: dict[str, str] = Field({}, description="Our place → stock location, where the names differ.")
    create_locations: bool = Field(default=False, description="Make a stock location that is not there, instead of holding the document.")
    order_reference: str = Field(
        "SO-{ref:04d}",
        pattern=r"^[^{}]*\{ref(:0\d{1,2}d)?\}[^{}]*$",
        max_length=60,
        description="Pattern of the references of sales orders, as the server's setting SALESORDER_REFERENCE_PATTERN has it.",
    )
    part_category: int | None = Field(None, description="Id of the category of parts that we create.")
