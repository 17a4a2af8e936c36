"""What a tap over HTTP tells the contract suite. Each brings `tests/contract/samples/source_NAME.py` with `sample() -> RemoteTapSample`."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from taps._kit.simulator import Simulator


@dataclass(frozen=True)
class RemoteTapSample:
    """One tap with its simulator. Every function works on the simulator's state, without the tap."""

    tap: str
    stream: str
    """The one that changes most: orders, employees."""
    simulator: Callable[[], Simulator]
    """A fresh one that holds at least three pages of the stream at the page size of `config`."""
    config: Callable[[str], dict[str, Any]]
    """For a simulator under that URL; with a small page size."""
    secrets: dict[str, str]
    wrong_secrets: dict[str, str]
    truth: Callable[[Simulator], dict[str, str]]
    """What the stream holds now: key → something that changes with every change of the record (a version, a hash of its body)."""
    version_of: Callable[[dict[str, Any]], str]
    """The same something, from a record's body as the tap hands it over."""
    add: Callable[[Simulator], str]
    """Add a record at the simulator's time; its key."""
    change: Callable[[Simulator, str], None]
    """Change the record of that key at the simulator's time."""
    delete: Callable[[Simulator, str], None] | None
    """Delete it; None where the system deletes nothing."""
    future: Callable[[dict[str, Any]], dict[str, Any]]
    """Turns a State's value into one from the future, as a restored hub or a wrong clock leaves it."""
    personal: str = ""
    """A personal value that stands in a record: it may not show in an error."""
    happen: Callable[[Simulator, random.Random], None] | None = None
    """One random event of this system's life, where add, change and delete are not all there is."""
