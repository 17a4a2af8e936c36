"""YAML as mappings use it: every value keeps its line, floats are exact, and only what YAML 1.2 calls a boolean is one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

MAX_LENGTH = 500_000
MAX_DEPTH = 40
_SCALARS: tuple[tuple[re.Pattern[str], Any], ...] = (
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"null|Null|NULL|~|"), lambda _: None),
    (re.compile(r"[-+]?[0-9]{1,50}"), int),
    (re.compile(r"[-+]?[0-9]{1,50}\.[0-9]{1,50}"), Decimal),
)


class YamlError(Exception):
    """Text that is not the YAML of mappings; `line` counts from 1."""

    def __init__(self, say: str, line: int) -> None:
        super().__init__(say)
        self.line = line


@dataclass(frozen=True)
class Node:
    """A value and its line. `value` is a scalar, a list of Nodes, or a dict of text → Node."""

    value: Any
    line: int


def read(text: str) -> Node:
    """Read one YAML document. YamlError where it is not one, repeats a key, or uses anchors."""
    if len(text) > MAX_LENGTH:
        raise YamlError(f"the file is longer than {MAX_LENGTH:,} characters", 1)
    try:
        _refuse_anchors(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        why = getattr(error, "problem", None) or "a character is not allowed"
        raise YamlError(f"this is not YAML: {why}", _line(getattr(error, "problem_mark", None))) from None
    except RecursionError:
        raise YamlError("the file is nested too deep", 1) from None
    return _node(root) if root is not None else Node(None, 1)


def _refuse_anchors(text: str) -> None:
    """Anchors could make a small file huge; depth is bounded before anything recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None):
            raise YamlError("anchors and aliases are not used in mappings", _line(event.start_mark))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise YamlError(f"the file is nested more than {MAX_DEPTH} deep", _line(event.start_mark))


def _line(mark: Any) -> int:
    return int(mark.line) + 1 if mark is not None else 1


def _node(node: yaml.Node) -> Node:
    line = _line(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        return Node(_pairs(node), line)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(child) for child in node.value], line)
    if isinstance(node, yaml.ScalarNode) and node.style is None:
        for pattern, build in _SCALARS:
            if pattern.fullmatch(node.value):
                return Node(build(node.value), line)
    return Node(node.value, line)


def _pairs(node: yaml.MappingNode) -> dict[str, Node]:
    pairs: dict[str, Node] = {}
    for key, value in node.value:
        line = _line(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError("a key must be a text", line)
        if key.value in pairs:
            raise YamlError(f"the key {key.value} is there twice", line)
        pairs[key.value] = _node(value)
    return pairs
