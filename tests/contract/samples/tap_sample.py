"""What a tap's sample tells the contract suite. Each tap brings `tests/contract/samples/tap_NAME.py` with `sample(home) -> TapSample`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taps._kit.surroundings import Surroundings


@dataclass(frozen=True)
class TapSample:
    """A source small enough to be read many times, and more than one State long."""

    home: Path
    config: dict[str, Any]
    stream: str
    rows: int
    """How many rows a full read hands out, damaged ones too."""
    damaged: int
    twice: int
    """How many rows are equal to an earlier one and have no key that would tell them apart."""
    add: Callable[[], list[dict[str, Any]]]
    """Add rows to the source; gives back their bodies."""
    drift: Callable[[], str]
    """Give the source a new column; gives back its name."""
    broken: list[tuple[dict[str, Any], str]]
    """Configurations that `check` must find fault with, each with the code of the problem."""
    refused: list[dict[str, Any]]
    """Configurations that the model must refuse, a misspelt name among them."""
    future: Callable[[dict[str, Any]], dict[str, Any]]
    """Turns a State's value into one of a later version."""
    around: Surroundings = field(default_factory=Surroundings)
