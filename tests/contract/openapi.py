"""A judge made of a vendor's own OpenAPI: requests and answers are held to it, and properties that it does not name are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from jsonschema import Draft202012Validator

from taps._kit.simulator import Request, Response, Simulator

_METHODS = ("get", "post", "put", "patch", "delete")
_COMPOSED = ("allOf", "oneOf", "anyOf")
_ANYWHERE = (401, 406, 429)
"""Said of every call in the vendors' guides, and of few in their specifications."""
_encode = msgspec.json.Encoder(decimal_format="number").encode


def watch(simulator: Simulator) -> list[tuple[Request, Response]]:
    """Everything that the simulator answers from now on."""
    seen: list[tuple[Request, Response]] = []
    answer = simulator.handle

    def handle(request: Request) -> Response:
        response = answer(request)
        seen.append((request, response))
        return response

    simulator.handle = handle  # type: ignore[method-assign]
    return seen


@cache
def load(path: Path) -> dict[str, Any]:
    """A specification; half a second each."""
    made: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return made


class Judge:
    """One specification. `prefix` stands before its paths at the simulator."""

    def __init__(self, path: Path, prefix: str) -> None:
        self._spec = load(path)
        self._prefix = prefix
        schemas = self._spec["components"]["schemas"]
        self._components = {
            "schemas": {name: _strict(schema) for name, schema in schemas.items()},
            "loose": {name: _strict(schema, closed=False) for name, schema in schemas.items()},
            "asked": {name: _strict(schema, asked=True) for name, schema in schemas.items()},
            "asked_loose": {name: _strict(schema, closed=False, asked=True) for name, schema in schemas.items()},
        }
        self._paths = sorted(
            ((template, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template))) for template in self._spec["paths"]),
            key=lambda pair: pair[0].count("{"),
        )

    def judge(self, seen: Iterable[tuple[Request, Response]], further: Iterable[str] = ()) -> set[str]:
        """The calls that were judged, as `METHOD /path/{template}`. Fails with every fault that was found."""
        faults, judged = [], set()
        for request, response in seen:
            template = self._template(request.path)
            if template is None or request.method.lower() not in self._spec["paths"][template]:
                faults.append(f"{request.method} {request.path} is not in the specification")
                continue
            judged.add(f"{request.method} {template}")
            faults += self.faults_of_query(request, template)
            faults += self.faults_of_request(request.method, template, request.body, further)
            body = None if response.body is None else json.loads(_encode(response.body), parse_float=Decimal)
            faults += self.faults_of_answer(request.method, template, response.status, body, further)
        assert not faults, "\n".join(dict.fromkeys(faults))
        return judged

    def _template(self, path: str) -> str | None:
        plain = path.removeprefix(self._prefix)
        return next((template for template, pattern in self._paths if pattern.fullmatch(plain)), None)

    def _operation(self, method: str, template: str) -> dict[str, Any]:
        found: dict[str, Any] = self._spec["paths"][template][method.lower()]
        return found

    def faults_of_query(self, request: Request, template: str) -> list[str]:
        """Parameters that the specification does not know, and required ones that are missing."""
        listed = [*self._operation(request.method, template).get("parameters", ()), *self._spec["paths"][template].get("parameters", ())]
        known = [self._resolved(each) for each in listed]
        queries = {each["name"]: each for each in known if each["in"] == "query"}
        faults = [f"{request.method} {template}: no parameter {name}" for name in request.query if name.removesuffix("[]") not in queries]
        missing = [name for name, each in queries.items() if each.get("required") and name not in request.query]
        faults += [f"{request.method} {template}: the parameter {name} is missing" for name in missing]
        for name, value in request.query.items():
            allowed = queries.get(name, {}).get("schema", {}).get("enum")
            if allowed and value not in allowed:
                faults.append(f"{request.method} {template}: {name} may not be {value}")
        return faults

    def faults_of_request(self, method: str, template: str, body: Any, further: Iterable[str] = ()) -> list[str]:
        """What is wrong with a request's body."""
        wanted = self._operation(method, template).get("requestBody")
        if wanted is None:
            return [f"{method} {template} takes no body"] if body is not None else []
        if body is None:
            return [f"{method} {template} needs a body"] if wanted.get("required") else []
        return self._faults(f"{method} {template}", wanted["content"]["application/json"]["schema"], body, further, asked=True)

    def faults_of_answer(self, method: str, template: str, status: int, body: Any, further: Iterable[str] = ()) -> list[str]:
        """What is wrong with an answer."""
        answers = self._operation(method, template)["responses"]
        if str(status) not in answers and status in _ANYWHERE:
            return []
        if str(status) not in answers:
            return [f"{method} {template} does not answer {status}: {', '.join(answers)}"]
        content = self._resolved(answers[str(status)]).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            return [f"{method} {template}: {status} has no body"] if body is not None else []
        if body is None:
            return []  # BambooHR: errors may come without their body
        return self._faults(f"{method} {template} → {status}", schema, body, further)

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self._spec
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def _faults(self, where: str, schema: dict[str, Any], body: Any, further: Iterable[str], *, asked: bool = False) -> list[str]:
        validator = Draft202012Validator({**_strict(schema, asked=asked), "components": self._components})
        faults = [f"{where}: {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]
        plain = self._resolved(schema)
        if plain.get("additionalProperties") and isinstance(body, dict):  # anything goes there: what may is named by the test
            unknown = set(body) - set(plain.get("properties", ())) - set(further)
            faults += [f"{where}: the property {name} is not known" for name in sorted(unknown)]
        return faults


def _strict(node: Any, *, closed: bool = True, asked: bool = False) -> Any:
    """The schema with every object closed. What is composed is closed where it is put together, not in its parts.

    In what is asked, properties that are only read are not known and not required. OpenAPI 3.0 says `nullable` for "or null".
    """
    if isinstance(node, list):
        return [_strict(each, asked=asked) for each in node]
    if not isinstance(node, dict):
        return node
    aside = (*_COMPOSED, "$ref", "properties", "example", "examples")
    made = {name: _strict(value, asked=asked) for name, value in node.items() if name not in aside}
    if "properties" in node:
        kept = {name: value for name, value in node["properties"].items() if not (asked and value.get("readOnly"))}
        made["properties"] = {name: _strict(value, asked=asked) for name, value in kept.items()}
        if asked and "required" in node:
            made["required"] = [name for name in node["required"] if name in kept or name not in node["properties"]]
    for word in _COMPOSED:
        if word in node:
            apart = word != "allOf" and "properties" not in node and "allOf" not in node  # alternatives that are whole in themselves
            made[word] = [_strict(each, closed=closed and apart, asked=asked) for each in node[word]]
    composed = "properties" in node or any(word in node for word in _COMPOSED)
    if "$ref" in node:
        place = ("asked" if asked else "schemas") if closed and not composed else ("asked_loose" if asked else "loose")
        made["$ref"] = node["$ref"].replace("/schemas/", f"/{place}/")
    if composed and closed and "additionalProperties" not in node and _objects(node):
        made["unevaluatedProperties"] = False
    return {"anyOf": [made, {"type": "null"}]} if node.get("nullable") is True else made


def _objects(node: dict[str, Any]) -> bool:
    return node.get("type", "object") == "object" or "object" in node.get("type", ())
