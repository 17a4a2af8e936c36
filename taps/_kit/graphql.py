"""What systems that are read by GraphQL have in common: a query goes out by POST, and an answer of status 200 may hold errors.

What an error means is each system's own; that an answer with errors is never taken, not even the part of it that is there, is common.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from taps._kit.edge import Edge, Reply

_MOST_SAID = 500


class Told(NamedTuple):
    """What was answered. Errors are the system's own, in its own words and codes."""

    reply: Reply
    data: dict[str, Any] | None
    """None where there are errors, or nothing that could be used."""
    errors: tuple[Mapping[str, Any], ...]

    @property
    def usable(self) -> bool:
        """Whether it is an answer of GraphQL at all."""
        return self.data is not None or bool(self.errors)

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of each error; '' where it has none."""
        return tuple(str((error.get("extensions") or {}).get("code", "")) for error in self.errors)

    @property
    def said(self) -> str:
        """What the errors say, each once."""
        return "; ".join(dict.fromkeys(str(error.get("message", "")) for error in self.errors))[:_MOST_SAID]


def told(reply: Reply) -> Told:
    """What a reply says."""
    body = reply.body if isinstance(reply.body, dict) else {}
    errors = body.get("errors") or []
    listed = errors if isinstance(errors, list) else [errors]
    found = tuple(error if isinstance(error, dict) else {"message": str(error)} for error in listed)
    data = body.get("data")
    return Told(reply, dict(data) if isinstance(data, dict) and not found else None, found)


def ask(edge: Edge, path: str, query: str, variables: Mapping[str, Any] | None = None) -> Told:
    """One query that changes nothing. Raises what `Edge.read` raises; what passes by itself is for the judge of the edge."""
    return told(edge.read(path, method="POST", body={"query": query, "variables": dict(variables or {})}))
