"""How the simulator answers: errors in Square's shape, pages with cursors, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from taps._kit.simulator import Request, Response
from taps.square.simulator.tables import BadCursor, page

Body = dict[str, Any]


class Refused(Exception):
    """A question that Square does not answer."""

    def __init__(self, code: str, field: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.response = error(code, field, status)


def error(code: str, field: str = "", status: int = 400, category: str = "INVALID_REQUEST_ERROR") -> Response:
    """An answer as Square shapes its errors (OpenAPI: Error)."""
    said = {"category": category, "code": code, "detail": code.replace("_", " ").capitalize()}
    return Response(status, {"errors": [{**said, "field": field} if field else said]})


def answering(handler: Callable[..., Body]) -> Callable[..., Response]:
    """A handler that gives a body, as one that gives an answer."""

    def answer(request: Request, **named: str) -> Response:
        if request.method in ("POST", "PUT") and not isinstance(request.body, dict):
            return error("EXPECTED_JSON_BODY")
        try:
            return Response(200, handler(request, **named))
        except Refused as refused:
            return refused.response
        except BadCursor:
            return error("INVALID_CURSOR", "cursor")

    return answer


def sliced(request: Request, name: str, rows: Sequence[Any], most: int, default: int | None = None) -> Body:
    """A page of the rows. A limit above the greatest one is ignored (OpenAPI: ListPayments); a cursor wants the original question."""
    asked: Mapping[str, Any] = request.body if request.method == "POST" else request.query
    limit = int(asked.get("limit") or default or most)
    question = [request.path, {key: value for key, value in asked.items() if key not in ("cursor", "limit")}]
    found = page(rows, question, asked.get("cursor"), limit if 0 < limit <= most else default or most)
    return {name: found.keys, **({"cursor": found.cursor} if found.cursor else {})}


def ordered(rows: Sequence[Any], order: str) -> Sequence[Any]:
    """The rows as they are, or turned round."""
    return rows if order == "ASC" else rows[::-1]
