"""What a person writes under `config:` of a HubSpot connection."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from taps.hubspot.facts import BASE_URL, BATCH, LIST_ROWS, SEARCH_ROWS, SEARCHES_PER_SECOND


class HubSpotConfig(BaseModel):
    """One account of HubSpot. Secrets: access_token; for consent also client_id, client_secret, refresh_token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(BASE_URL, description="Address of the service.")
    private_network: bool = Field(default=False, description="Whether the service is a simulator in our own network.")
    page_size: int = Field(LIST_ROWS, ge=1, le=LIST_ROWS, description="Records of one page of a list.")
    search_page_size: int = Field(SEARCH_ROWS, ge=1, le=SEARCH_ROWS, description="Records of one page of a search.")
    searches_per_second: int = Field(SEARCHES_PER_SECOND, ge=1, le=50, description="Searches that HubSpot answers in a second.")
    batch: int = Field(BATCH, ge=1, le=BATCH, description="Records of one batch call.")
    whole_every_days: int = Field(7, ge=1, le=90, description="After so many days a stream is read whole again, which shows what is gone.")
    tax_number_property: str = Field("vat_number", description="Name of the property of companies that holds the tax number.")
    payment_terms_property: str = Field("payment_terms", description="Name of the property of companies that holds the payment terms.")
    more_properties: Mapping[str, tuple[str, ...]] = Field(
        {}, description="Properties of your own that a stream brings as well, for mappings of your own: {deals: [po_number]}."
    )
