"""How a look-up knows what an attempt wrote, where the system has no field for a key of ours: by the fields that it wrote.

The digest that is stored with an attempt says which fields it wrote (its first digits, a mask) and a hash of them, so that it can be
computed again from what stands there. Fields are compared as people read them; `plain` says how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from targets._kit.remote import digest

_MASK = 3


@dataclass(frozen=True, slots=True)
class Prints:
    """Digests over these fields. At most twelve; their order is part of what is stored, so add at the end only."""

    fields: tuple[str, ...]
    plain: Callable[[str, Any], str]
    """Name and value to the text that is compared."""

    def of(self, values: Mapping[str, Any]) -> str:
        """The digest of these values, with the fields that it is of."""
        mask = sum(1 << place for place, name in enumerate(self.fields) if name in values)
        return f"{mask:0{_MASK}x}" + digest([self.plain(name, values[name]) for name in self.fields if name in values])[:37]

    def standing(self, row: Mapping[str, Any], wanted: str) -> str:
        """The digest of what stands in the fields that another digest is of."""
        mask = int(wanted[:_MASK], 16)
        return self.of({name: row.get(name) for place, name in enumerate(self.fields) if mask >> place & 1})

    def stands(self, row: Mapping[str, Any], wanted: str) -> bool:
        """Whether the fields of a row are those of that digest."""
        return self.standing(row, wanted) == wanted
