"""A bulk operation: Shopify goes through everything by itself and lays a file of JSON lines down for us.

It is begun, remembered in the state before anybody waits for it, asked after at most once a minute, and fetched when it is done. A file is
taken as whole only if it holds exactly as many bytes, objects and rows as Shopify says: one that is cut, that has run out, or of an
operation that failed is never taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from taps._kit.edge import NotThere, Throttled
from taps._kit.errors import Misconfigured, Retryable
from taps.shopify import queries
from taps.shopify.client import Client
from taps.shopify.facts import BULK_A_SECOND, BULK_HOSTS

_SHORTEST_WAIT, _LONGEST_WAIT = Decimal(2), Decimal(60)
_FULL = timedelta(minutes=5)
"""How long a run stays away when five operations of ours are under way."""
_SERVER_FAULT = 500
_HANGS_ON = {
    "LineItem": "lineItems",
    "ShippingLine": "shippingLines",
    "Return": "returns",
    "ProductVariant": "variants",
}
"""The list of its parent in which an object stands, by the type in its id."""


class Unfit(Exception):
    """It cannot be done in bulk; `say` is why, for a person, `fix` what helps."""

    def __init__(self, say: str, fix: str) -> None:
        super().__init__(say)
        self.say = say
        self.fix = fix


class RunOut(Exception):
    """What the operation made is no longer given out."""


class Done(NamedTuple):
    """An operation that ended well."""

    url: str | None
    """None where there was nothing."""
    objects: int
    roots: int
    size: int


def begin(client: Client, query: str) -> dict[str, str]:
    """Start one: its id, and when Shopify began. Raises Unfit where this app or this query may not, Throttled where five are under way."""
    try:
        answer = client.ask(queries.RUN_IN_BULK, {"query": query})["bulkOperationRunQuery"]
    except Misconfigured as denied:
        say = f"Shopify does not let this app run bulk operations ({denied.say[:200]})"
        fix = "Allow bulk queries for the app in Shopify's Partner Dashboard (API access requests)."
        raise Unfit(say, fix) from None
    errors = answer["userErrors"]
    if any(error["code"] in ("LIMIT_REACHED", "OPERATION_IN_PROGRESS") for error in errors):
        not_before = client.around.clock() + _FULL
        raise Throttled(f"Shopify runs as many bulk operations of this app as it may; not before {not_before:%H:%M} UTC.", not_before)
    if errors or not answer["bulkOperation"]:
        said = "; ".join(str(error["message"]) for error in errors)
        raise Unfit(f"Shopify refuses the bulk query: {said}", "Nothing; report it, so that the next version asks otherwise.")
    return {"id": str(answer["bulkOperation"]["id"]), "at": str(answer["bulkOperation"]["createdAt"])}


def asked_after(client: Client, operation_id: str, rows: int) -> Done | None:
    """How it stands, after a wait that fits what is left of `rows`; None while it runs.

    Raises Unfit where it failed or was cancelled, RunOut where what it made is gone.
    """
    stands = client.ask(queries.BULK_STANDS, {"id": operation_id})["bulkOperation"]
    status = stands["status"] if stands else "EXPIRED"
    if status in ("CREATED", "RUNNING", "CANCELING"):
        client.around.sleep(float(pause(rows - int(stands["rootObjectCount"]))))
        return None
    if status == "EXPIRED":
        raise RunOut
    if status != "COMPLETED":
        say = f"The bulk operation ended as {status.lower()} ({stands['errorCode'] or 'no reason given'})."
        raise Unfit(say, "Nothing: what it would have brought is read page by page.")
    return Done(stands["url"], int(stands["objectCount"]), int(stands["rootObjectCount"]), int(stands["fileSize"] or 0))


def pause(rows: int) -> Decimal:
    """Seconds until so many rows may be done: at least two, at most a minute."""
    return min(max(Decimal(rows) / BULK_A_SECOND + 1, _SHORTEST_WAIT), _LONGEST_WAIT)


def rows_of(client: Client, done: Done) -> Iterator[dict[str, Any]]:
    """The rows of a finished operation, each with its lists; memory is one row.

    Raises Retryable where the file ends early or is not what Shopify says it is, RunOut where it is no longer given out, Unfit where what
    hangs on a row does not follow it.
    """
    if done.url is None:
        if done.objects:
            raise Retryable("The bulk operation found objects and names no file of them.")
        return
    size = objects = roots = 0
    row: dict[str, Any] = {}
    known: dict[str, dict[str, Any]] = {}
    for line in _fetched(client, done.url):
        size, objects = size + len(line), objects + 1
        found = _object(line)
        parent = found.pop("__parentId", None)
        if parent is None:
            if row:
                yield row
            row, known, roots = found, {}, roots + 1
        else:
            _hang(found, known.get(str(parent)))
        known[str(found["id"])] = found
    if (size, objects, roots) != (done.size, done.objects, done.roots):
        raise Retryable(f"The file of the bulk operation ends early: {objects} of {done.objects} objects.")
    if row:
        yield row


def _fetched(client: Client, url: str) -> Iterator[bytes]:
    try:
        yield from client.edge.lines(url, BULK_HOSTS)
    except NotThere as gone:
        if gone.status < _SERVER_FAULT:
            raise RunOut from None
        raise
    except Misconfigured as told:
        raise Unfit(
            told.say, "Nothing: what it would have brought is read page by page. Report the host, so that it can be allowed."
        ) from None


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line, parse_float=Decimal)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Retryable("The file of the bulk operation is cut in the middle of a line.")
    return found


def _hang(found: Mapping[str, Any], parent: dict[str, Any] | None) -> None:
    kind = str(found["id"]).removeprefix("gid://shopify/").partition("/")[0]
    if parent is None or kind not in _HANGS_ON:
        raise Unfit(f"A {kind} in the file of the bulk operation does not follow what it hangs on.", "Nothing; report it.")
    parent.setdefault(_HANGS_ON[kind], []).append(found)
