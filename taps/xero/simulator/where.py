"""The filter language of Xero's `where`: comparisons, StartsWith, Contains and EndsWith, joined by AND and OR, in parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<join>AND\b|&&|OR\b|\|\|) | (?P<bracket>[()])
    | (?P<field>[A-Za-z][\w.]*?)(?:
          \.(?P<call>StartsWith|Contains|EndsWith)\("(?P<argument>[^"]*)"\)
        | \s*(?P<compare>==|!=|>=|<=|=|>|<)\s*
          (?:"(?P<text>[^"]*)"|(?:Guid|GUID)\("(?P<guid>[^"]*)"\)|(?P<word>null|true|false)|(?P<number>-?[\d.]+))
      )
    )""",
    re.VERBOSE,
)
Test = Callable[[Mapping[str, Any]], bool]


class BadFilter(Exception):
    """Xero answers 400 to it."""


def parse(text: str) -> Test:
    """The filter as a function."""
    tokens = _tokens(text)
    test = _either(tokens)
    if tokens:
        raise BadFilter(text)
    return test


def _tokens(text: str) -> list[re.Match[str]]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadFilter(text[place:])
        found.append(match)
        place = match.end()
    return found


def _either(tokens: list[re.Match[str]]) -> Test:
    tests = [_both(tokens)]
    while tokens and tokens[0]["join"] in ("OR", "||"):
        tokens.pop(0)
        tests.append(_both(tokens))
    return lambda row: any(test(row) for test in tests)


def _both(tokens: list[re.Match[str]]) -> Test:
    tests = [_one(tokens)]
    while tokens and tokens[0]["join"] in ("AND", "&&"):
        tokens.pop(0)
        tests.append(_one(tokens))
    return lambda row: all(test(row) for test in tests)


def _one(tokens: list[re.Match[str]]) -> Test:
    if not tokens:
        raise BadFilter("it ends too early")
    token = tokens.pop(0)
    if token["bracket"] == "(":
        inner = _either(tokens)
        if not tokens or tokens.pop(0)["bracket"] != ")":
            raise BadFilter("a bracket is not closed")
        return inner
    if not token["field"]:
        raise BadFilter(token[0])
    return _called(token) if token["call"] else _compared(token)


def _value(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _called(token: re.Match[str]) -> Test:
    path, argument = token["field"], token["argument"]
    of = {"StartsWith": str.startswith, "EndsWith": str.endswith, "Contains": str.__contains__}[token["call"]]

    def test(row: Mapping[str, Any]) -> bool:
        value = _value(row, path)
        if value is None:  # an optional element that is not set is an exception, so one asks `!=null` first
            raise BadFilter(f"{path} is null")
        return bool(of(str(value), argument))

    return test


def _compared(token: re.Match[str]) -> Test:
    path, sign = token["field"], token["compare"]
    words = {"null": None, "true": True, "false": False}
    wanted: Any = (
        words[token["word"]] if token["word"] else Decimal(token["number"]) if token["number"] else token["text"] or token["guid"] or ""
    )

    def test(row: Mapping[str, Any]) -> bool:
        value = _value(row, path)
        if sign in ("==", "="):
            return bool(value == wanted)
        if sign == "!=":
            return bool(value != wanted)
        if value is None:
            return False
        return bool({">": value > wanted, "<": value < wanted, ">=": value >= wanted, "<=": value <= wanted}[sign])

    return test
