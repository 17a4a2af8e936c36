"""What a person writes under `config:` of a Tryton connection. The key is a secret of the connection, not a setting."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TrytonConfig(BaseModel):
    """One company of one database of a Tryton server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(min_length=1, description="Address of the server: https://erp.example.com")
    database: str = Field(pattern=r"^[\w.-]+$", description="Name of the database on that server.")
    company: int = Field(1, ge=1, description="Id of the company whose books are meant.")
    private_network: bool = Field(
        default=False, description="Whether the server stands in your own network: plain http and internal addresses are then allowed."
    )
    page_size: int = Field(500, ge=1, le=5000, description="Records a call when reading.")
