"""Judges JSON by Intuit's XSDs: names, types, enumerations and nesting; unknown properties are refused.

In JSON an element is a property, one that may occur several times is a list, an attribute is a property too, and what has text and
attributes (a reference) is {"value": …, "name": …}.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import xmlschema

_SPACE = "{http://schema.intuit.com/finance/v3}"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)")
_ENVELOPE = ("IntuitResponse", "QueryResponse", "CDCResponse", "BatchItemRequest", "BatchItemResponse", "Fault", "Error")


class Judge:
    """The types of Finance.xsd and IntuitRestServiceDef.xsd."""

    def __init__(self, folder: Path) -> None:
        schema = xmlschema.XMLSchema(str(folder / "IntuitRestServiceDef.xsd"))
        self._types = {name.removeprefix(_SPACE): kind for name, kind in schema.maps.types.items()}
        self._entities = {
            name.removeprefix(_SPACE): element.type for name, element in schema.maps.elements.items() if element.type.is_complex()
        }

    def entity(self, name: str, value: Any) -> list[str]:
        """What is wrong with an object of that entity."""
        return self._judge(self._entities[name], value, name)

    def request(self, path: str, body: Any) -> list[str]:
        """What is wrong with the body of a write."""
        if path.endswith("/batch"):
            items = body.get("BatchItemRequest")
            extra = [f"batch: {key}" for key in body if key != "BatchItemRequest"]
            return extra + [wrong for item in items for wrong in self._envelope("BatchItemRequest", item)]
        entity = next(name for name in self._entities if name.lower() == path.rsplit("/", 1)[-1])
        return self.entity(entity, body)

    def answer(self, body: Any) -> list[str]:
        """What is wrong with an answer."""
        return self._envelope("IntuitResponse", body)

    def _envelope(self, kind: str, value: Any) -> list[str]:
        """An envelope: its own fields, and entities under their names."""
        found = []
        fields = self._fields(self._types[kind])
        for key, part in value.items():
            if key in fields and key in _ENVELOPE:
                many = fields[key][1] or key in ("Error", "QueryResponse")
                inner = key
                found += [wrong for each in (part if many and isinstance(part, list) else [part]) for wrong in self._envelope(inner, each)]
            elif key in fields:
                found += self._judge(fields[key][0], part, f"{kind}.{key}")
            elif key in self._entities:
                listed = part if isinstance(part, list) and kind == "QueryResponse" else [part]
                found += [wrong for each in listed for wrong in self.entity(key, each)]
            else:
                found.append(f"{kind}.{key} is unknown")
        return found

    def _fields(self, kind: Any) -> dict[str, tuple[Any, bool]]:
        """By name, type and whether it may occur several times; attributes too."""
        fields = {name: (attribute.type, False) for name, attribute in kind.attributes.items() if name}
        if not kind.has_simple_content():
            for element in kind.content.iter_elements():
                if getattr(element, "type", None) is not None:
                    fields[element.local_name] = (element.type, element.max_occurs != 1)
        return fields

    def _judge(self, kind: Any, value: Any, path: str) -> list[str]:
        if not kind.is_complex():
            return self._simple(kind, value, path)
        if not isinstance(value, dict):
            return [f"{path} is no object: {value!r}"]
        fields = self._fields(kind)
        if kind.has_simple_content():
            fields["value"] = (kind.content, False)
        found = [f"{path}.{key} is unknown" for key in value if key not in fields]
        for key, part in value.items():
            if key not in fields:
                continue
            inner, many = fields[key]
            if many != isinstance(part, list):
                found.append(f"{path}.{key} is {'no ' if many else 'a '}list")
                continue
            for place, each in enumerate(part if many else [part]):
                found += self._judge(inner, each, f"{path}.{key}[{place}]" if many else f"{path}.{key}")
        return found + self._detail(kind, value, path)

    @staticmethod
    def _detail(kind: Any, value: dict[str, Any], path: str) -> list[str]:
        """A line has the one detail that it says it has."""
        if kind.local_name != "Line" or "DetailType" not in value:
            return []
        there = [key for key in value if key.endswith("LineDetail")]
        return [] if there == [value["DetailType"]] else [f"{path} says {value['DetailType']} and has {there}"]

    @staticmethod
    def _simple(kind: Any, value: Any, path: str) -> list[str]:
        if kind.enumeration and value not in kind.enumeration:
            return [f"{path} is none of {kind.enumeration}: {value!r}"]
        primitive = kind.primitive_type.local_name
        number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        fits = {
            "decimal": number,
            "boolean": isinstance(value, bool),
            "date": isinstance(value, str) and _DATE.fullmatch(value) is not None,
            "dateTime": isinstance(value, str) and _INSTANT.fullmatch(value) is not None,
        }.get(primitive, isinstance(value, str))
        return [] if fits else [f"{path} is no {primitive}: {value!r}"]
