"""Answers a query from a tree of Python objects: each type has a table of fields, and what is not in it does not exist.

Pages are cut as Shopify does: a cursor stands for the place behind one row, wherever that row is by then. Points are counted by Shopify's
documented rule: an object costs 1, a list as much as its rows, a plain value nothing.
"""

from __future__ import annotations

import base64
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taps._kit.graphql_text import Field, valued

Resolver = Callable[[Any, Mapping[str, Any]], Any]


class Refusal(Exception):
    """What is said instead of data: a message, a code and its details."""

    def __init__(self, message: str, code: str = "", **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Rows:
    """A list that is paged: keys in order, and the row behind each."""

    keys: Sequence[tuple[Any, ...]]
    """Growing, each once; JSON values."""
    row: Callable[[tuple[Any, ...]], Any]


@dataclass(frozen=True, slots=True)
class Type:
    """A type of the schema: its name, and how its fields are found."""

    name: str
    fields: Mapping[str, Resolver]


@dataclass(frozen=True, slots=True)
class Bare:
    """An object whose fields are known already."""

    kind: str
    values: Mapping[str, Any]


class Executor:
    """Answers queries. `types` by Python class."""

    def __init__(self, types: Mapping[type, Type], most_rows: int = 250) -> None:
        self._types = types
        self._most = most_rows
        self._hanging: list[tuple[Rows, Sequence[Field]]] | None = None
        """Lists of the object that is being written as lines; None where lists are paged."""
        self.points = 0
        """What the last answer cost."""

    def data(self, root: Any, fields: Sequence[Field], variables: Mapping[str, Any]) -> dict[str, Any]:
        """The answer. Raises Refusal for a field that is not there, a page that is too long, a cursor that is none."""
        self.points = 0
        return self._object(root, fields, variables)

    def lines(self, thing: Any, fields: Sequence[Field], parent: str = "") -> Iterator[dict[str, Any]]:
        """An object without its lists, then each row of these on a line of its own, with the id of what it hangs on."""
        self._hanging = []
        line = self._object(thing, fields, {})
        hanging, self._hanging = self._hanging, None
        yield line | {"__parentId": parent} if parent else line
        for rows, below in hanging:
            for key in rows.keys:
                yield from self.lines(rows.row(key), below, str(line["id"]))

    def _object(self, thing: Any, fields: Sequence[Field], variables: Mapping[str, Any]) -> dict[str, Any]:
        kind = _bare(thing) if isinstance(thing, Bare) else self._types[type(thing)]
        self.points += 1
        found: dict[str, Any] = {}
        for asked in fields:
            if asked.on and asked.on != kind.name:
                continue
            if asked.name == "__typename":
                found[asked.alias] = kind.name
                continue
            if asked.name not in kind.fields:
                raise Refusal(f"Field '{asked.name}' doesn't exist on type '{kind.name}'", "undefinedField", fieldName=asked.name)
            arguments = {name: valued(value, variables) for name, value in asked.arguments.items()}
            if asked.directives:
                arguments["@"] = {name: valued(given, variables) for name, given in asked.directives.items()}
            value = kind.fields[asked.name](thing, arguments)
            if isinstance(value, Rows) and self._hanging is not None:
                self._hanging.append((value, node_fields(asked)))
            else:
                found[asked.alias] = self._value(value, asked, arguments, variables)
        return found

    def _value(self, value: Any, asked: Field, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
        if isinstance(value, Rows):
            return self._page(value, asked, arguments, variables)
        if isinstance(value, list):
            return [self._value(each, asked, arguments, variables) for each in value]
        if isinstance(value, Bare) or type(value) in self._types:
            return self._object(value, asked.fields, variables)
        return value

    def _page(self, listed: Rows, asked: Field, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        first = arguments.get("first")
        if not isinstance(first, int) or not 0 < first <= self._most:
            raise Refusal(f"first must be between 1 and {self._most}", "BAD_REQUEST")
        start = 0
        if arguments.get("after") is not None:
            start = bisect_right(listed.keys, _place(arguments["after"]))
        keys = listed.keys[start : start + first]
        more = start + first < len(listed.keys)
        answer: dict[str, Any] = {}
        for part in asked.fields:
            if part.name == "nodes":
                answer[part.alias] = [self._object(listed.row(key), part.fields, variables) for key in keys]
            elif part.name == "edges":
                answer[part.alias] = [self._edge(listed.row(key), key, part.fields, variables) for key in keys]
            elif part.name == "pageInfo":
                end = _cursor(keys[-1]) if keys else None
                known = {"hasNextPage": more, "endCursor": end}
                answer[part.alias] = {each.alias: known[each.name] for each in part.fields}
            else:
                raise Refusal(f"Field '{part.name}' doesn't exist on a connection here", "undefinedField", fieldName=part.name)
        return answer

    def _edge(self, row: Any, key: Any, fields: Sequence[Field], variables: Mapping[str, Any]) -> dict[str, Any]:
        return {each.alias: _cursor(key) if each.name == "cursor" else self._object(row, each.fields, variables) for each in fields}


def node_fields(asked: Field) -> list[Field]:
    """What is asked of each row of a list: under `nodes`, or under `edges { node }`; nothing where it is no list."""
    for part in asked.fields:
        if part.name == "nodes":
            return part.fields
        if part.name == "edges":
            return next((each.fields for each in part.fields if each.name == "node"), [])
    return []


def _bare(thing: Bare) -> Type:
    return Type(thing.kind, {name: lambda _thing, _given, value=value: value for name, value in thing.values.items()})  # type: ignore[misc]  # the default only binds


def _cursor(place: Any) -> str:
    return base64.b64encode(json.dumps(place).encode()).decode()


def _place(cursor: str) -> tuple[Any, ...]:
    try:
        return tuple(json.loads(base64.b64decode(cursor)))
    except ValueError:
        raise Refusal(f"Invalid cursor for current pagination sort: {cursor}", "BAD_REQUEST") from None


def cost(fields: Sequence[Field], variables: Mapping[str, Any]) -> int:
    """What a query may cost before it is run: its objects, with every page full."""
    return sum(_cost(each, variables) for each in fields)


def _cost(asked: Field, variables: Mapping[str, Any]) -> int:
    if not asked.fields:
        return 0
    nodes = node_fields(asked)
    if not nodes:
        ids = valued(asked.arguments.get("ids"), variables)
        return 1 + (len(ids) * (1 + cost(asked.fields, variables)) if ids else cost(asked.fields, variables))
    first = valued(asked.arguments.get("first"), variables)
    return 1 + int(first or 0) * (1 + cost(nodes, variables))
