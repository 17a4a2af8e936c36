"""What a person writes under `config:` of a Vendure connection."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from taps.vendure.facts import MOST_ROWS

_WITH_OVERLAP = MOST_ROWS - 1
"""A page that follows another asks for that one's last row too."""


class VendureConfig(BaseModel):
    """One server. Secrets: api_key; or username and password of an administrator. The tap keeps the secret session."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(description="Address of the server, without the path of its API.")
    admin_path: str = Field("/admin-api", pattern=r"^/\S+$", description="Path of the Admin API (adminApiPath).")
    private_network: bool = Field(default=False, description="Whether the server is in our own network.")
    channel: str | None = Field(None, description="Token of the channel that is read; the default channel, with all orders, if left out.")
    read_from: date | None = Field(None, description="Orders placed before this day (UTC) are not read.")
    page_size: int = Field(50, ge=1, le=_WITH_OVERLAP, description="Orders or other rows that one call brings whole.")
    sweep_size: int = Field(900, ge=1, le=_WITH_OVERLAP, description="Orders that one call of the sweep looks at for a sign of change.")
    whole_sweep_hours: int = Field(
        0, ge=0, description="Every order is looked at once in so many hours, in between those of the look-back only; 0: at each read."
    )
    look_back_days: int = Field(90, ge=1, description="Orders placed in so many days are looked at in each read.")
