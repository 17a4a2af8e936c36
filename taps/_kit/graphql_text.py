"""As much of GraphQL as simulators are asked: a query or mutation with variables, arguments, aliases, directives and inline fragments.

It becomes a tree of fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'\s*(?:#[^\n]*\s*)*,?\s*(\.\.\.|"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|-?\d+(?:\.\d+)?|[{}()\[\]:$!=@])')
_WORDS = {"true": True, "false": False, "null": None}


class SyntaxFault(Exception):
    """The text is no query that is understood."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that comes beside the query."""

    name: str


@dataclass(slots=True)
class Field:
    """One field that is asked for. `on` is the type that an inline fragment restricts it to; empty: any."""

    name: str
    alias: str
    arguments: dict[str, Any] = field(default_factory=dict)
    fields: list[Field] = field(default_factory=list)
    on: str = ""
    directives: dict[str, dict[str, Any]] = field(default_factory=dict)


def is_mutation(text: str) -> bool:
    """Whether it changes something."""
    return _tokens(text)[:1] == ["mutation"]


def parse(text: str) -> list[Field]:
    """The fields of a query at its root. Raises SyntaxFault."""
    return _Parser(_tokens(text)).document()


def valued(value: Any, variables: Mapping[str, Any]) -> Any:
    """An argument with its variables put in."""
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, list):
        return [valued(each, variables) for each in value]
    if isinstance(value, dict):
        return {name: valued(each, variables) for name, each in value.items()}
    return value


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxFault(f"unexpected {text[at : at + 10]!r}")
        found.append(match[1])
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def document(self) -> list[Field]:
        if self._peek() in ("query", "mutation"):
            self._take()
            if self._peek() not in ("{", "("):
                self._take()
            if self._peek() == "(":
                while self._take() != ")":
                    pass
        fields = self._selection("")
        if self._at != len(self._tokens):
            raise SyntaxFault(f"unexpected {self._peek()!r} after the query")
        return fields

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self._peek()
        if not token or (expected and token != expected):
            raise SyntaxFault(f"expected {expected or 'more'}, found {token or 'the end'}")
        self._at += 1
        return token

    def _selection(self, on: str) -> list[Field]:
        self._take("{")
        found: list[Field] = []
        while self._peek() != "}":
            if self._peek() == "...":
                self._take()
                self._take("on")
                found += self._selection(self._take())
            else:
                found.append(self._field(on))
        self._take("}")
        return found

    def _field(self, on: str) -> Field:
        alias = name = self._take()
        if self._peek() == ":":
            self._take()
            name = self._take()
        made = Field(name, alias, on=on)
        made.arguments = self._arguments()
        while self._peek() == "@":
            self._take()
            directive = self._take()
            made.directives[directive] = self._arguments()
        if self._peek() == "{":
            made.fields = self._selection("")
        return made

    def _arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._peek() == "(":
            self._take()
            while self._peek() != ")":
                argument = self._take()
                self._take(":")
                found[argument] = self._value()
            self._take(")")
        return found

    def _value(self) -> Any:
        token = self._take()
        if token == "$":  # noqa: S105 (a sign of the language)
            return Variable(self._take())
        if token == "[":  # noqa: S105 (a sign of the language)
            listed = []
            while self._peek() != "]":
                listed.append(self._value())
            self._take("]")
            return listed
        if token == "{":  # noqa: S105 (a sign of the language)
            made = {}
            while self._peek() != "}":
                name = self._take()
                self._take(":")
                made[name] = self._value()
            self._take("}")
            return made
        if token.startswith('"'):
            return json.loads(token)
        if token.lstrip("-").isdigit():
            return int(token)
        return _WORDS.get(token, token)
