"""The model told to people and programs: entities, fields, which are personal, and JSON Schema. For `counterfoil model` and the docs."""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from mappings.model.base import Document, Value, parts_of


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity, in words."""

    name: str
    kind: str
    """amount, quantity, rate, day, instant, text, one of …, list of …"""
    required: bool
    pii: bool
    says: str


@dataclass(frozen=True, slots=True)
class Entity:
    """One document type, or a part that documents have."""

    type: str
    """The document type; for a part the name of its class."""
    title: str
    says: str
    fields: tuple[Field, ...]
    part: bool


@cache
def sentences(cls: type[Value]) -> dict[str, str]:
    """What the source says below each field of a class and its bases, by field name."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, Value):
            body = next(
                node for node in _module(base.__module__).body if isinstance(node, ast.ClassDef) and node.name == base.__name__
            ).body
            for field, text in pairwise(body):
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
                    found[field.target.id] = " ".join(str(ast.literal_eval(text.value)).split())
    return found


@cache
def _module(name: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[name]))


def describe(registry: dict[str, type[Document]] | types.MappingProxyType[str, type[Document]]) -> list[Entity]:
    """Every document type, in the order of the registry, each followed by the parts that are new with it."""
    told: list[Entity] = []
    seen: set[type[Value]] = set()
    for cls in registry.values():
        told.append(_entity(cls, cls.type, cls.title))
        for part in _nested(cls):
            if part not in seen:
                seen.add(part)
                told.append(_entity(part, part.__name__, part.__name__))
    return told


def _nested(cls: type[Value]) -> Iterator[type[Value]]:
    for field in cls.model_fields.values():
        for part in parts_of(field.annotation):
            yield part
            yield from _nested(part)


def _entity(cls: type[Value], name: str, title: str) -> Entity:
    personal = cls.personal if issubclass(cls, Document) else frozenset()
    words = sentences(cls)
    fields = tuple(
        Field(key, _kind(field.annotation, field.metadata), field.is_required(), key in personal, words.get(key, ""))
        for key, field in cls.model_fields.items()
    )
    return Entity(name, title, " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split()), fields, part=not issubclass(cls, Document))


_WORDS = {
    "date": "day",
    "date-time": "instant",
    "str": "text",
    "UUID": "id of a document",
    "boolean": "yes or no",
    "integer": "whole number",
}


def _kind(annotation: Any, metadata: list[Any]) -> str:
    """A type in words. Annotated marks come first: they say whether a decimal is an amount, a quantity or a rate."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    for mark in (*metadata, *getattr(annotation, "__metadata__", ())):
        if isinstance(mark, WithJsonSchema) and mark.json_schema:
            schema = mark.json_schema
            word = str(schema.get("x-kind") or schema.get("format") or schema["type"])
            return _WORDS.get(word, word)
    if hasattr(annotation, "__metadata__"):
        return _kind(arguments[0], [])
    if origin is Literal:
        return "one of " + ", ".join(arguments)
    if origin in (Union, types.UnionType):
        return _kind(next(each for each in arguments if each is not types.NoneType), [])
    if origin in (tuple, dict):
        return f"list of {_kind(arguments[0], [])}" if origin is tuple else "texts by name"
    return _WORDS.get(annotation.__name__, str(annotation.__name__))


class _WithSentences(GenerateJsonSchema):
    """JSON Schema whose properties carry the sentences of the source."""

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """One model, with a description for each property that has a sentence."""
        made = super().model_schema(schema)
        words = sentences(schema["cls"])
        for name, property_schema in made.get("properties", {}).items():
            if name in words:
                property_schema.setdefault("description", words[name])
        return made


def json_schema(cls: type[Document]) -> dict[str, Any]:
    """JSON Schema 2020-12 of a document type; `x-pii` marks personal fields, `x-kind` tells decimals apart."""
    made = cls.model_json_schema(schema_generator=_WithSentences)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "x-type": cls.type}
