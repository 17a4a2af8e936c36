"""What a person writes under `config:` of a Gusto connection, for writing."""

from __future__ import annotations

from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator

from taps.gusto.config import GustoConfig


class GustoTargetConfig(GustoConfig):
    """One company of Gusto, as a target."""

    pay_period: Literal["weekly", "biweekly", "semimonthly", "monthly"] = Field("biweekly", description="file: how long a pay period is.")
    pay_period_start: date = Field(
        date(2026, 1, 5),
        description="file, weekly and biweekly: the first day of any one period.",
    )
    gusto_ids: dict[str, str] = Field({}, description="file: the six characters by which Gusto knows an employee, by our number.")
    time_zone: str = Field("America/New_York", description="api: the zone of shifts whose source states no instants.")

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name} is no time zone; write it like America/New_York")
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.time_zone)
