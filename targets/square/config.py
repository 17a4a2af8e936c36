"""What a person writes under `config:` of a Square connection, for writing."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from taps._kit.oauth import OAuth
from taps.square import client
from taps.square.config import SquareConfig
from taps.square.facts import SCOPES_TO_WRITE


class SquareTargetConfig(SquareConfig):
    """One seller's account, as a target."""

    locations: dict[str, list[str]] = Field(
        {},
        description="Where staff of one of our locations may work: Square's locations, by name or id.",
    )


def oauth(config: SquareTargetConfig) -> OAuth:
    """Consent to staff being read and written, and to nothing else."""
    return replace(client.oauth(config), scopes=SCOPES_TO_WRITE)
