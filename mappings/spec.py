"""What a mapping file says, read and checked for its shape. Meaning (names, model fields) is checked when it is compiled."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mappings.grammar import suggest
from mappings.marked_yaml import Node

NAME = re.compile(r"[a-z0-9_]+(?:/[a-z0-9_]+)*")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
HEAD_RULES = ("first", "min", "max", "problem")
RESERVED = frozenset({"index", "row", "rows", "record", "this", "document"})


@dataclass(frozen=True)
class Expression:
    """A value to be worked out."""

    text: str
    line: int


@dataclass(frozen=True)
class Literal:
    """A number, a truth value or nothing, as the file has it."""

    value: Any
    line: int


@dataclass(frozen=True)
class Object:
    """A nested object; None where `when` is false."""

    fields: dict[str, Value]
    line: int
    when: Expression | None = None


@dataclass(frozen=True)
class Items:
    """A list written out item by item; objects whose `when` is false are left out."""

    items: list[Value]
    line: int


@dataclass(frozen=True)
class Each:
    """A list of objects, one for each element of a list."""

    source: Expression
    fields: dict[str, Value]
    line: int
    when: Expression | None = None
    name: str = ""
    let: dict[str, Expression] = field(default_factory=dict)


Value: TypeAlias = Expression | Literal | Object | Items | Each


@dataclass(frozen=True)
class DocumentSpec:
    """One entry of `documents`."""

    line: int
    type: str = ""
    exclude: str = ""
    """Why the record gives no document; empty for an entry that makes one."""
    when: Expression | None = None
    also: bool = False
    source: Expression | None = None
    name: str = ""
    let: dict[str, Expression] = field(default_factory=dict)
    id: Expression | None = None
    fields: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupSpec:
    """How rows come together to documents."""

    by: Expression
    line: int
    order: Expression | None = None
    """None: as they were first seen."""
    complete_when: str | Expression = "end_of_read"
    head: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Spec:
    """A whole mapping file."""

    name: str
    version: int
    group: GroupSpec | None
    tables: dict[str, dict[str, Any]]
    let: dict[str, Expression]
    documents: list[DocumentSpec]


class Faults(list[tuple[int, str, str]]):
    """What is wrong with a file: (line, key, sentence), all of it at once."""

    def add(self, line: int, key: str, say: str) -> None:
        """Note one fault; the sentence follows the key."""
        self.append((line, key, say))


class Reader:
    """Turns the nodes of a file into a Spec and collects what does not fit."""

    def __init__(self) -> None:
        self.faults = Faults()

    def spec(self, root: Node) -> Spec:
        """The whole file. With faults, what is returned has gaps and must not be used."""
        known = ("mapping", "version", "group", "tables", "let", "documents")
        top = self._keys(root, "the file", known, needed=("mapping", "version", "documents"))
        name, version = self._scalar(top, "mapping", str), self._scalar(top, "version", int)
        if name is not None and not NAME.fullmatch(name):
            self.faults.add(top["mapping"].line, "mapping", "must be a name like source/stream, in small letters")
        if version is not None and version < 1:
            self.faults.add(top["version"].line, "version", "must be 1 or more")
        documents = [self._document(node, place) for place, node in enumerate(self._list(top, "documents", "documents"))]
        if "documents" in top and not documents:
            self.faults.add(top["documents"].line, "documents", "must list at least one document")
        group = self._group(top["group"]) if "group" in top else None
        return Spec(name or "", version or 0, group, self._tables(top), self._let(top, ""), documents)

    def _document(self, node: Node, place: int) -> DocumentSpec:
        key = f"documents[{place}]"
        if isinstance(node.value, dict) and "exclude" in node.value:
            keys = self._keys(node, key, ("exclude", "when"), needed=("exclude",))
            return DocumentSpec(node.line, exclude=self._scalar(keys, "exclude", str, key) or "", when=self._expression(keys, "when", key))
        known = ("type", "when", "also", "each", "as", "let", "id", "fields")
        keys = self._keys(node, key, known, needed=("type", "id", "fields"))
        return DocumentSpec(
            line=node.line,
            type=self._scalar(keys, "type", str, key) or "",
            when=self._expression(keys, "when", key),
            also=bool(self._scalar(keys, "also", bool, key)),
            source=self._expression(keys, "each", key),
            name=self._word(keys, "as", key),
            let=self._let(keys, key),
            id=self._expression(keys, "id", key),
            fields=self._fields(keys, key),
        )

    def _group(self, node: Node) -> GroupSpec:
        keys = self._keys(node, "group", ("by", "order", "complete_when", "head"), needed=("by",))
        order, complete = self._expression(keys, "order", "group"), self._expression(keys, "complete_when", "group")
        head: dict[str, str] = {}
        for name, rule in self._map(keys, "head", "group.head").items():
            if rule.value in HEAD_RULES:
                head[name] = rule.value
            else:
                self.faults.add(rule.line, f"group.head.{name}", f"must be one of {', '.join(HEAD_RULES)}")
        done: str | Expression = complete or "end_of_read"
        if complete is not None and complete.text in ("end_of_read", "never"):
            done = complete.text
        by = self._expression(keys, "by", "group") or Expression("None", node.line)
        return GroupSpec(by, node.line, None if order is None or order.text == "first_seen" else order, done, head)

    def _tables(self, top: dict[str, Node]) -> dict[str, dict[str, Any]]:
        tables: dict[str, dict[str, Any]] = {}
        for name, node in self._map(top, "tables", "tables").items():
            rows = self._map({name: node}, name, f"tables.{name}")
            tables[name] = {key: row.value for key, row in rows.items()}
            for key, row in rows.items():
                if isinstance(row.value, dict | list):
                    self.faults.add(row.line, f"tables.{name}.{key}", "must be a text, a number, true, false or null")
        return tables

    def _let(self, keys: dict[str, Node], where: str) -> dict[str, Expression]:
        named: dict[str, Expression] = {}
        nodes = self._map(keys, "let", f"{where}.let".lstrip("."))
        for name, node in nodes.items():
            self._free_word(name, node, f"{where}.let.{name}".lstrip("."))
            if expression := self._expression(nodes, name, f"{where}.let".lstrip(".")):
                named[name] = expression
        return named

    def _fields(self, keys: dict[str, Node], where: str) -> dict[str, Value]:
        return {name: self._value(node, f"{where}.fields.{name}") for name, node in self._map(keys, "fields", f"{where}.fields").items()}

    def _value(self, node: Node, key: str) -> Value:
        if isinstance(node.value, list):
            return Items([self._value(item, f"{key}[{place}]") for place, item in enumerate(node.value)], node.line)
        if isinstance(node.value, dict):
            return self._nested(node, key)
        if isinstance(node.value, str):
            return Expression(node.value, node.line)
        return Literal(node.value, node.line)

    def _nested(self, node: Node, key: str) -> Value:
        if "each" not in node.value:
            keys = self._keys(node, key, ("when", "fields"), needed=("fields",))
            return Object(self._fields(keys, key), node.line, self._expression(keys, "when", key))
        keys = self._keys(node, key, ("each", "as", "let", "when", "fields"), needed=("each", "fields"))
        source = self._expression(keys, "each", key) or Expression("None", node.line)
        when, let = self._expression(keys, "when", key), self._let(keys, key)
        return Each(source, self._fields(keys, key), node.line, when, self._word(keys, "as", key), let)

    # shapes

    def _keys(self, node: Node, where: str, known: Iterable[str], *, needed: Iterable[str]) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            self.faults.add(node.line, where, f"must have the keys {', '.join(needed)}")
            return {}
        for name, child in node.value.items():
            if name not in known:
                self.faults.add(child.line, f"{where}.{name}".removeprefix("the file."), f"is not a key of mappings{suggest(name, known)}")
        for name in needed:
            if name not in node.value:
                self.faults.add(node.line, where, f"needs the key {name}")
        return {name: child for name, child in node.value.items() if name in known}

    def _map(self, keys: dict[str, Node], name: str, where: str) -> dict[str, Node]:
        node = keys.get(name)
        if node is None:
            return {}
        if not isinstance(node.value, dict):
            self.faults.add(node.line, where, "must be names with values")
            return {}
        return node.value

    def _list(self, keys: dict[str, Node], name: str, where: str) -> list[Node]:
        node = keys.get(name)
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.faults.add(node.line, where, "must be a list")
            return []
        return node.value

    def _scalar(self, keys: dict[str, Node], name: str, kind: type, where: str = "") -> Any:
        node = keys.get(name)
        if node is None or type(node.value) is kind:
            return None if node is None else node.value
        words = {str: "a text", int: "a whole number", bool: "true or false"}
        self.faults.add(node.line, f"{where}.{name}".lstrip("."), f"must be {words[kind]}")
        return None

    def _word(self, keys: dict[str, Node], name: str, where: str) -> str:
        word = self._scalar(keys, name, str, where) or ""
        if word:
            self._free_word(word, keys[name], f"{where}.{name}")
        return word

    def _free_word(self, word: str, node: Node, key: str) -> None:
        if not WORD.fullmatch(word) or word in RESERVED:
            self.faults.add(node.line, key, "must be a word of letters and digits that has no meaning of its own yet")

    def _expression(self, keys: dict[str, Node], name: str, where: str) -> Expression | None:
        node = keys.get(name)
        if node is None:
            return None
        if isinstance(node.value, dict | list):
            self.faults.add(node.line, f"{where}.{name}".lstrip("."), "must be an expression")
            return None
        text = node.value if isinstance(node.value, str) else str(node.value)
        return Expression(text, node.line)
