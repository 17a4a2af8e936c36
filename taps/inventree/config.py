"""What a person writes under `config:` of an InvenTree connection, for reading."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class InvenTreeConfig(BaseModel):
    """One InvenTree server. The API token is the secret `token`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(description="Address of the server without /api: https://inventree.example.com.")
    private_network: bool = Field(default=False, description="The server is inside our own network; http is then allowed too.")
    page_size: int = Field(250, ge=1, le=1000, description="Rows asked for in one call.")
