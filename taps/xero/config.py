"""What a person writes under `config:` of a Xero connection that is read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from taps.xero.facts import BASE_URL, TOKEN_URL


class XeroConfig(BaseModel):
    """One organisation of Xero. Secrets: client_id, client_secret, refresh_token, access_token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: str = Field(
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        description="The organisation's tenant id, as https://api.xero.com/connections lists it after the log-in.",
    )
    base_url: str = Field(BASE_URL, description="Address of the accounting service.")
    token_url: str = Field(TOKEN_URL, description="Where tokens are refreshed.")
    private_network: bool = Field(default=False, description="Whether the service is a simulator in our own network.")
    page_size: int = Field(100, ge=1, le=1000, description="Documents of one page; Xero takes up to 1000.")
