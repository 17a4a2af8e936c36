"""What a person writes under `config:` of a Square connection."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class SquareConfig(BaseModel):
    """One seller's account. Secrets: access_token, and for tokens that renew themselves refresh_token, client_id, client_secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(
        "https://connect.squareup.com", description="Address of the service; https://connect.squareupsandbox.com for a trial account."
    )
    private_network: bool = Field(default=False, description="Whether the service is a simulator in our own network.")
    read_from: date = Field(date(2009, 1, 1), description="What was last changed before this day is not read.")
    orders_per_page: int = Field(1000, ge=1, le=1000, description="Orders of one answer; Square's own default is 500.")
    rows_per_page: int = Field(100, ge=1, le=100, description="Payments, refunds, payouts, buyers and gift card activities of one answer.")
    goods_per_page: int = Field(1000, ge=1, le=1000, description="Catalogue objects, stock changes and drawer shifts of one answer.")
    staff_per_page: int = Field(200, ge=1, le=200, description="Team members, timecards and gift cards of one answer.")
    look_back_days: int = Field(
        45,
        ge=1,
        le=365,
        description="How long payouts, timecards and drawer shifts are read again, because Square cannot list their changes.",
    )
