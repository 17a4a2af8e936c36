"""One call that writes, and what its outcome means for the document it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taps._kit.edge import Blocked, Reply
from taps._kit.points import at
from taps.tryton.client import TrytonEdge, path
from taps.tryton.values import decode, encode
from targets._kit.stepwise import Doubtful, Halted, Rejected, replied

__all__ = ["Doubtful", "Halted", "Rejected", "Sender"]


class Sender:
    """Calls of one document, in order. `begun` tells whether one of them may have done something."""

    def __init__(self, edge: TrytonEdge) -> None:
        self.edge = edge
        self.begun = False

    def create(self, model: str, values: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
        """Make a record; what is read of it. Raises Doubtful, Halted, Rejected."""
        return self._call("POST", path(model), values, fields)

    def change(self, model: str, record: int, values: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
        """Change a record; what is read of it."""
        return self._call("PUT", path(model, record), values, fields)

    def act(self, model: str, record: int, action: str, fields: Sequence[str]) -> dict[str, Any]:
        """Press a button; what is read of the record afterwards."""
        return self._call("POST", path(model, record, action), {}, fields)

    def remove(self, model: str, record: int) -> None:
        """Delete a draft."""
        self._call("DELETE", path(model, record), None, ())

    def _call(self, method: str, where: str, body: Any, fields: Sequence[str]) -> dict[str, Any]:
        outcome = self.edge.write(method, where, None if body is None else encode(body), {"f": list(fields)})
        at("H1")
        self.begun |= not isinstance(outcome, Blocked)
        reply = replied(outcome)
        if not reply.good:
            raise _rejection(reply)
        read: dict[str, Any] = decode(reply.body) or {}
        return read


def _rejection(reply: Reply) -> Rejected:
    """Tryton's own sentence; where it answers with a page (seen: 400 "Unable to get RPC method" for any fault inside it), ours."""
    if isinstance(reply.body, dict) and reply.body.get("message"):
        more = reply.body.get("description") or ""
        return Rejected(f"{reply.body['message']} {more}".strip(), fault=False)
    return Rejected(f"it answers with {reply.status} and no sentence; its own log may say why", fault=True)
