"""What a person writes under `config:` of a QuickBooks Online connection that is read."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class QuickBooksConfig(BaseModel):
    """One company of QuickBooks Online. Secrets: client_id, client_secret, refresh_token, access_token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    realm_id: str = Field(pattern=r"^[0-9]{1,30}$", description="Number of the company, as QuickBooks shows it under Billing.")
    base_url: str = Field(
        "https://quickbooks.api.intuit.com",
        description="Address of the service; https://sandbox-quickbooks.api.intuit.com for a trial company.",
    )
    token_url: str = Field(
        "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", description="Where tokens are refreshed; the same for trial companies."
    )
    private_network: bool = Field(default=False, description="Whether the service is a simulator in our own network.")
    page_size: int = Field(1000, ge=1, le=1000, description="Objects of one page.")
    read_from: date = Field(date(2000, 1, 1), description="Documents that were last changed before this day are not read.")
