"""The name that was probably meant: how every error that is about an unknown name ends."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean ledger?` for the nearest known name; '' where none is near."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {close[0]}?" if close else ""


def instead(name: str, known: Iterable[str]) -> str:
    """The nearest known name, else all there are."""
    names = list(known)
    return did_you_mean(name, names) or f"there are {', '.join(names) or 'none'}."
