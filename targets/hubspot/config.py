"""What a person writes under `config:` of a HubSpot connection that is written to."""

from __future__ import annotations

from pydantic import Field

from taps.hubspot.config import HubSpotConfig


class HubSpotTargetConfig(HubSpotConfig):
    """One account of HubSpot whose deals are told what became of their invoices."""

    number_prefix: str = Field("HS-", description="What stands before the deal's id in the number of its sale.")
    property_prefix: str = Field(
        "counterfoil_", pattern=r"^[a-z][a-z0-9_]*$", description="What the names of our five properties of deals begin with."
    )
    create_properties: bool = Field(
        default=False, description="Whether properties that are not there yet are made; needs the scope crm.schemas.deals.write."
    )
