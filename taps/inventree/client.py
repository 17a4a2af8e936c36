"""The calls of InvenTree that reader and writer share; each gives plain JSON, and nothing is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taps._kit.edge import Edge, Reply
from taps._kit.errors import Misconfigured
from taps._kit.login import KeyLogin
from taps._kit.surroundings import Surroundings
from taps.inventree.config import InvenTreeConfig
from taps.inventree.facts import FACTS, NEWEST, OLDEST

_MISSING = 404


def connect(config: InvenTreeConfig, around: Surroundings) -> Edge:
    """The edge of a connection."""
    login = KeyLogin(around.safe, "token", scheme="Token")
    base = config.base_url.rstrip("/").removesuffix("/api")
    return Edge(FACTS, base, login, around, private_network=config.private_network)


def hello(edge: Edge) -> None:
    """Ask who is there and who we are. Raises Misconfigured for another system, a version that cannot be spoken to, or a wrong token."""
    info = answered(edge.read("/api/"), "its version")
    version = info.get("apiVersion") if isinstance(info, Mapping) else None
    if not isinstance(version, int):
        raise Misconfigured("There is no InvenTree under this address. Correct base_url.")
    if not OLDEST <= version <= NEWEST:
        raise Misconfigured(
            f"This InvenTree has API version {version}; Counterfoil speaks {OLDEST} to {NEWEST}, in which stock tracking can be searched. "
            "Use a server of such a version."
        )
    answered(edge.read("/api/user/me/"), "our own user")


def answered(reply: Reply, what: str) -> Any:
    """The JSON of a good reply. Raises Misconfigured with the system's own words for another one."""
    if reply.good:
        return reply.body
    raise Misconfigured(f"{FACTS.title} does not give us {what}: {reason(reply)}.")


def reason(reply: Reply) -> str:
    """Why it refuses, with the names of the fields: {field: [message]}, nested for the items of an adjustment."""
    said = "; ".join(dict.fromkeys(_told(reply.body, "")))
    return said or f"it answers {reply.status} without a word"


def _told(body: Any, field: str) -> Iterator[str]:
    if isinstance(body, Mapping):
        for name, part in body.items():
            inner = field if name in ("detail", "non_field_errors", "__all__") else name
            yield from _told(part, inner)
    elif isinstance(body, list):
        for part in body:
            yield from _told(part, field)
    elif body is not None:
        text = " ".join(str(body).split()).rstrip(".")
        yield f"{field}: {text}" if field else text


def pages(edge: Edge, path: str, params: Mapping[str, Any], size: int) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """(how many there are in all, the rows) of each page."""
    offset = 0
    while True:
        found = answered(edge.read(path, {**params, "limit": size, "offset": offset}), f"{path.removeprefix('/api')}")
        if isinstance(found, list):  # without paging [K]
            yield len(found), found
            return
        rows = found["results"]
        yield found["count"], rows
        offset += len(rows)
        if not rows or not found.get("next"):
            return


def rows(edge: Edge, path: str, params: Mapping[str, Any], size: int) -> Iterator[dict[str, Any]]:
    """The rows of all pages."""
    for _count, page in pages(edge, path, params, size):
        yield from page


def one(edge: Edge, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """One thing; None where there is no such one."""
    reply = edge.read(path, params or {})
    if reply.status == _MISSING:
        return None
    found: dict[str, Any] = answered(reply, path.removeprefix("/api"))
    return found
