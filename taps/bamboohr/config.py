"""What a person writes under `config:` of a BambooHR connection, for reading."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class BambooConfig(BaseModel):
    """One company of BambooHR. The API key is the secret `key`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subdomain: str = Field("", pattern=r"^[a-z0-9-]*$", description="The company's name in its address: acme of acme.bamboohr.com.")
    base_url: str = Field("", description="Instead of subdomain: the whole address, with /api/v1.")
    private_network: bool = Field(default=False, description="base_url is a server of our own, inside our network.")
    page_size: int = Field(500, ge=1, le=1000, description="Employees whose fields are asked for in one call.")
    days: int = Field(62, ge=1, le=364, description="How many days back the hours are read anew in each run.")

    @model_validator(mode="after")
    def _addressed(self) -> BambooConfig:
        if bool(self.subdomain) is bool(self.base_url):
            raise ValueError("give either subdomain or base_url")
        return self

    @property
    def address(self) -> str:
        """Where the API is."""
        return self.base_url or f"https://{self.subdomain}.bamboohr.com/api/v1"
