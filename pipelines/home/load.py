"""Reading a home folder: every mistake in every file at once, each with file, field and a likely fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from mappings import shipped
from mappings.language import Mapping as StreamMapping
from mappings.language import MappingError
from mappings.model import REGISTRY
from pipelines.home.settings import Installation, Posting, Route, TapConnection, TargetConnection
from pipelines.hub.store import resolve_sqlite
from taps._kit.errors import CounterfoilError, Misconfigured
from taps._kit.registry import tap
from targets._kit.registry import target

_CONNECTION = "pipelines.components.Connection"
_ROUTE = "pipelines.components.Route"
T = TypeVar("T", bound=BaseModel)


class _Exact(yaml.SafeLoader):
    """YAML as the firm means it: 0.23 is an exact number, and every key is a text, so that `20:` is found by a lookup of '20'."""


def _exact_number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(str(loader.construct_scalar(node)).replace("_", ""))


def _text_keys(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    loader.flatten_mapping(node)
    return {str(key.value): loader.construct_object(value, deep=True) for key, value in node.value}


_Exact.add_constructor("tag:yaml.org,2002:float", _exact_number)
_Exact.add_constructor("tag:yaml.org,2002:map", _text_keys)


@dataclass(frozen=True)
class Home:
    """A home folder, read and checked."""

    path: Path
    installation: Installation
    taps: Mapping[str, TapConnection]
    targets: Mapping[str, TargetConnection]
    routes: Mapping[str, Route]
    mappings: Mapping[str, StreamMapping]
    lookups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def hub_url(self) -> str:
        """The hub's URL with a relative SQLite path resolved against the home folder."""
        return resolve_sqlite(self.installation.hub, self.path)


def load(path: Path) -> Home:
    """Read the home folder. Raises Misconfigured with one line per mistake."""
    path = path.resolve()
    if not (path / "counterfoil.yaml").is_file():
        raise Misconfigured(f"{path} is no home folder: it has no counterfoil.yaml. `counterfoil init --home {path}` makes one.")
    mistakes: list[str] = []
    installation = _model(Installation, _yaml(path / "counterfoil.yaml", mistakes), path / "counterfoil.yaml", mistakes)
    taps: dict[str, TapConnection] = {}
    targets: dict[str, TargetConnection] = {}
    routes: dict[str, Route] = {}
    for file, attributes in _components(path / "connections", _CONNECTION, mistakes):
        if "tap" in attributes:
            _add(taps, TapConnection, attributes, file, mistakes)
        else:
            _add(targets, TargetConnection, attributes, file, mistakes)
    for file, attributes in _components(path / "routes", _ROUTE, mistakes):
        _add(routes, Route, attributes, file, mistakes)
    lookups = {file.stem: _yaml(file, mistakes) for file in sorted((path / "lookups").glob("*.yaml"))}
    mappings = _mappings(path, taps, mistakes)
    if mistakes or installation is None:
        raise Misconfigured("\n".join(mistakes))
    home = Home(path, installation, taps, targets, routes, mappings, lookups)
    mistakes.extend(_crossed(home))
    if mistakes:
        raise Misconfigured("\n".join(mistakes))
    return home


def _yaml(file: Path, mistakes: list[str]) -> dict[str, Any]:
    try:
        loaded = yaml.load(file.read_text(encoding="utf-8"), Loader=_Exact) or {}  # noqa: S506 (a SafeLoader with exact numbers)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, InvalidOperation) as trouble:
        mistakes.append(f"{file}: cannot be read as YAML: {' '.join(str(trouble).split())}")
        return {}
    if not isinstance(loaded, dict):
        mistakes.append(f"{file}: holds a {type(loaded).__name__} where settings are expected")
        return {}
    return loaded


def _components(folder: Path, expected: str, mistakes: list[str]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(folder.glob("*.yaml")):
        document = _yaml(file, mistakes)
        if not document:
            continue
        if document.get("type") != expected:
            mistakes.append(f"{file}: type: must be {expected}, not {document.get('type')!r}")
        elif not isinstance(document.get("attributes"), dict):
            mistakes.append(f"{file}: attributes: is missing")
        else:
            yield file, {"name": file.stem, **document["attributes"]}


def _add(into: dict[str, Any], model: type[BaseModel], attributes: dict[str, Any], file: Path, mistakes: list[str]) -> None:
    made = _model(model, attributes, file, mistakes)
    if made is not None:
        into[file.stem] = made


def _model(model: type[T], values: dict[str, Any], file: Path, mistakes: list[str]) -> T | None:
    try:
        return model.model_validate(values)
    except ValidationError as invalid:
        mistakes.extend(_sentence(file, model, error) for error in invalid.errors())
        return None


def _sentence(file: Path, model: type[BaseModel], error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{file}: {where}: there is no such setting{_close(str(error['loc'][-1]), _names(model, error['loc'][:-1]))}"
    return f"{file}: {where or 'settings'}: {error['msg']}"


def _names(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The settings that there are at a place inside a model."""
    for step in path:
        if str(step) in model.model_fields:
            model = next(_models(model.model_fields[str(step)].annotation), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models inside a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _mappings(path: Path, taps: Mapping[str, TapConnection], mistakes: list[str]) -> dict[str, StreamMapping]:
    found: dict[str, StreamMapping] = {}
    for connection in taps.values():
        for stream, name in connection.mappings.items():
            try:
                if name not in found:
                    found[name] = shipped.find(name, home=path)
            except MappingError as wrong:
                mistakes.append(f"{path / 'connections' / connection.name}.yaml: mappings.{stream}: {wrong.say}")
    return found


def _crossed(home: Home) -> Iterator[str]:
    """What is only wrong between files."""
    for connection in home.taps.values():
        yield from _connection_mistakes(home, connection)
    for destination in home.targets.values():
        try:
            kind = target(destination.target)
        except CounterfoilError as unknown:
            yield f"connections/{destination.name}.yaml: {unknown.say}"
            continue
        yield from _config_mistakes(kind.config, destination.config, f"connections/{destination.name}.yaml")
    for route in home.routes.values():
        yield from _route_mistakes(home, route)


def _connection_mistakes(home: Home, connection: TapConnection) -> Iterator[str]:
    file = f"connections/{connection.name}.yaml"
    try:
        kind = tap(connection.tap)
    except CounterfoilError as unknown:
        yield f"{file}: {unknown.say}"
        return
    yield from _config_mistakes(kind.config, connection.config, file)
    companies = [connection.company] if isinstance(connection.company, str) else list(connection.company.table.values())
    for company in companies:
        if company not in home.installation.companies:
            yield f"{file}: company: {company!r} is not in counterfoil.yaml"
    for name in connection.mappings.values():
        for lookup in home.mappings[name].lookups:
            if lookup not in home.lookups:
                yield f"{file}: mapping {name} needs lookups/{lookup}.yaml, which is not there"


def _config_mistakes(model: type[BaseModel], config: dict[str, Any], file: str) -> list[str]:
    mistakes: list[str] = []
    _model(model, config, Path(file), mistakes)
    return mistakes


def _route_mistakes(home: Home, route: Route) -> Iterator[str]:
    file = f"routes/{route.name}.yaml"
    kinds: set[str] = set()
    for source in route.sources:
        connection = home.taps.get(source)
        if connection is None:
            yield f"{file}: sources: there is no connection {source!r}{_close(source, home.taps)}"
        else:
            kinds.update(kind for name in connection.mappings.values() for kind in home.mappings[name].document_types)
    for posting in route.posting:
        for mistake in _posting_mistakes(home, posting, kinds):
            yield f"{file}: posting {posting.name}: {mistake}"


def _posting_mistakes(home: Home, posting: Posting, kinds: set[str]) -> Iterator[str]:
    destination = home.targets.get(posting.target)
    if destination is None:
        yield f"there is no target connection {posting.target!r}{_close(posting.target, home.targets)}"
        return
    offered = target(destination.target).kinds
    for kind, policy in posting.kinds.items():
        if kind not in ("*", "test_order") and kind not in REGISTRY:
            yield f"{kind!r} is no kind of document{_close(kind, REGISTRY)}"
        if policy.as_ is not None and policy.as_ not in offered:
            yield f"{posting.target} cannot write `{kind}` as {policy.as_}; it writes {', '.join(offered)}"
    yield from (f"no row for {kind!r}; add one, or exclude it with a reason" for kind in sorted(kinds) if posting.policy(kind) is None)
    if posting.effect in ("money", "cost") and posting.books is None:
        yield "books: accounts are missing"
    if posting.books is not None:
        yield from (f"books.decisions: {unknown}" for unknown in posting.books.unknown_decisions())


def _close(given: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(given, list(known), 1)
    return f"; did you mean {found[0]}?" if found else ""
