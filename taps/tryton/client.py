"""Calls to Tryton's REST interface: one edge with key, company and encoding, and searches over one model.

Every call carries the company in X-Tryton-Context, for sequences and stock need it, and asks for gzip, because a long answer says that
it is packed even to a client that did not offer it (seen on 8.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taps._kit.edge import Edge
from taps._kit.errors import Misconfigured
from taps._kit.login import KeyLogin
from taps._kit.surroundings import Surroundings
from taps.tryton.config import TrytonConfig
from taps.tryton.facts import FACTS
from taps.tryton.values import decode, packed

KEY = "key"
"""Name of the secret."""
_NOT_FOUND = 404


class TrytonEdge(Edge):
    """The edge of one company."""

    def __init__(self, config: TrytonConfig, around: Surroundings) -> None:
        self.company = config.company
        headers = {"Accept-Encoding": "gzip", "Accept-Language": "en", **self.context()}
        login = KeyLogin(around.safe, KEY, scheme="bearer", extra=headers)
        super().__init__(FACTS, f"{config.base_url.rstrip('/')}/{config.database}", login, around, private_network=config.private_network)

    def context(self, *, inactive: bool = False) -> dict[str, str]:
        """The header that says what every call is about.

        Tryton's warnings are passed over (`_skip_warnings`): REST cannot acknowledge one by its name, and what a person would be asked (a
        date in the past, a tax that is not the item's usual one) was decided where the document comes from. Errors remain errors.
        """
        said: dict[str, Any] = {"company": self.company, "_skip_warnings": True}
        return {"X-Tryton-Context": packed(said | ({"active_test": False} if inactive else {}))}


def connect(config: TrytonConfig, around: Surroundings) -> TrytonEdge:
    """The edge of a connection."""
    return TrytonEdge(config, around)


def path(model: str, record: int | None = None, action: str = "") -> str:
    """Where a model, a record or an action on it is."""
    return "/".join(part for part in ("/rest/model", model, str(record or ""), action) if part)


def search(
    edge: TrytonEdge,
    model: str,
    domain: Sequence[Any],
    fields: Sequence[str],
    *,
    order: Sequence[Any] = (("id", "ASC"),),
    most: int | None = None,
    inactive: bool = False,
) -> list[dict[str, Any]]:
    """Records of a model, decoded, with `id` and these fields; `a.b` is nested under `a`. Raises Misconfigured where it is refused.

    With `inactive`, those that people no longer see too: closed contacts and items, employees who left.
    """
    params: dict[str, Any] = {"d": packed(domain), "f": list(fields), "o": packed(order)}
    if most is not None:
        params["s"] = most
    reply = edge.read(path(model), params, edge.context(inactive=inactive))
    if not reply.good:
        where = "the database" if reply.status == _NOT_FOUND else f"{model} (is its module active?)"
        raise Misconfigured(f"Tryton does not let us read {where}: it answers with {reply.status}. Correct database, or ask who runs it.")
    found: list[dict[str, Any]] = decode(reply.body) or []
    return found


def hello(edge: TrytonEdge, company: int) -> dict[str, Any]:
    """The company as it stands there. Raises Misconfigured for a wrong key, database or company."""
    found = search(edge, "company.company", [["id", "=", company]], ("rec_name", "currency.code", "currency.digits"))
    if not found:
        raise Misconfigured(f"Tryton has no company {company}. Correct company.")
    return found[0]
