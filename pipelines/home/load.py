"""Reading a home folder: every mistake in every file at once, each with file, field and a likely fix."""

from __future__ import annotations

import os
import re
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
from mappings.nearest import did_you_mean
from mappings.posting import EFFECTS, IN_OWN_CURRENCY, fits
from mappings.posting.table import table
from pipelines.home.settings import Installation, Mail, Posting, Route, TapConnection, TargetConnection
from pipelines.hub.store import refuse_no_hub, resolve_sqlite
from taps._kit.errors import CounterfoilError, Misconfigured
from taps._kit.registry import TapType, tap
from targets._kit.registry import TargetType, target

_CONNECTION = "pipelines.components.Connection"
_ROUTE = "pipelines.components.Route"
T = TypeVar("T", bound=BaseModel)


class _Exact(yaml.SafeLoader):
    """YAML as the firm means it: 0.23 is an exact number, and every key is a text, so that `20:` is found by a lookup of '20'."""


def _exact_number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(str(loader.construct_scalar(node)).replace("_", ""))


def _text_keys(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    seen: set[str] = set()
    for key, _value in node.value:
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"the key {key.value} is there twice", problem_mark=key.start_mark)
        seen.add(key.value)
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
    def same_account(self) -> Mapping[str, tuple[str, ...]]:
        """By tap connection, the target connections that write into the account which it reads."""
        return {name: tuple(each.name for each in self.targets.values() if each.same_account == name) for name in self.taps}

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
    settings = _yaml(path / "counterfoil.yaml", mistakes)
    installation = None if mistakes else _model(Installation, settings, path / "counterfoil.yaml", mistakes)
    taps: dict[str, TapConnection] = {}
    targets: dict[str, TargetConnection] = {}
    routes: dict[str, Route] = {}
    for file, attributes in _components(path / "connections", _CONNECTION, mistakes):
        if "tap" in attributes:
            _add(taps, TapConnection, attributes, file, mistakes)
        elif "target" in attributes:
            _add(targets, TargetConnection, attributes, file, mistakes)
        else:
            close = next((_close(key, ("tap", "target")) for key in attributes if _close(key, ("tap", "target"))), "")
            mistakes.append(f"{file}: attributes: names neither a tap to read from nor a target to write to{close}")
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
    except OSError as trouble:
        mistakes.append(f"{file}: cannot be read: {trouble.strerror}")
        return {}
    except (UnicodeDecodeError, yaml.YAMLError, InvalidOperation) as trouble:
        mistakes.append(_no_yaml(file, trouble))
        return {}
    if not isinstance(loaded, dict):
        mistakes.append(f"{file}: holds a {type(loaded).__name__} where settings are expected")
        return {}
    return loaded


def _no_yaml(file: Path, trouble: Exception) -> str:
    if isinstance(trouble, UnicodeDecodeError):
        return f"{file}: is not written in UTF-8"
    mark = getattr(trouble, "problem_mark", None)
    line = f", line {mark.line + 1}" if mark is not None else ""
    return f"{file}{line}: this is not YAML: {getattr(trouble, 'problem', None) or 'a number or a character is none'}"


def _components(folder: Path, expected: str, mistakes: list[str]) -> Iterator[tuple[Path, dict[str, Any]]]:
    if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
        mistakes.append(f"{folder}: cannot be read: Permission denied")
        return
    for file in sorted(folder.glob("*.yaml")):
        known = len(mistakes)
        document = _yaml(file, mistakes)
        if len(mistakes) > known:
            continue
        if not document:
            mistakes.append(f"{file}: is empty; take it away, or bring its content back")
        elif document.get("type") != expected:
            mistakes.append(f"{file}: type: must be {expected}, not {document.get('type')!r}")
        elif not isinstance(document.get("attributes"), dict):
            mistakes.append(f"{file}: attributes: is missing")
        else:
            yield file, {"name": file.stem, **document["attributes"]}


def _add(into: dict[str, Any], model: type[BaseModel], attributes: dict[str, Any], file: Path, mistakes: list[str]) -> None:
    made = _model(model, attributes, file, mistakes)
    if made is not None:
        into[file.stem] = made


def _model(model: type[T], values: dict[str, Any], file: Path, mistakes: list[str], within: str = "") -> T | None:
    try:
        return model.model_validate(values)
    except ValidationError as invalid:
        mistakes.extend(f"{file}: {_sentence(model, error, within)}" for error in invalid.errors())
        return None


def _sentence(model: type[BaseModel], error: Any, within: str) -> str:
    """Where the mistake is and what it is, with a likely fix."""
    spoken = [str(part) for part in error["loc"] if model is not Route or part != "kinds"]  # in YAML the kinds stand beside the settings
    where = ".".join([within, *spoken] if within else spoken) or "settings"
    if error["type"] == "extra_forbidden":
        return f"{where}: there is no such setting{_close(str(error['loc'][-1]), _names(model, error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{where}: is missing"
    if error["type"] in ("enum", "literal_error"):
        known = re.findall("'([^']*)'", error["ctx"]["expected"])
        return f"{where}: {error['input']!r} is not one of {', '.join(known)}{_close(str(error['input']), known)}"
    if error["type"] == "model_type" and error["loc"][-2:-1] == ("kinds",) and spoken[-1] not in REGISTRY:
        return f"{where}: there is no such setting{_close(spoken[-1], (*Posting.model_fields, *REGISTRY))}"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"


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
            except OSError as trouble:
                mistakes.append(f"{trouble.filename}: cannot be read: {trouble.strerror}")
    return found


def _crossed(home: Home) -> Iterator[str]:
    """What is only wrong between files."""
    try:
        refuse_no_hub(home.installation.hub)
    except CounterfoilError as wrong:
        yield f"counterfoil.yaml: hub: {wrong.say}"
    if home.installation.mail is not None:
        yield from _mail_mistakes(home, home.installation.mail)
    for connection in home.taps.values():
        yield from _connection_mistakes(home, connection)
    for destination in home.targets.values():
        try:
            kind = target(destination.target)
        except CounterfoilError as unknown:
            yield f"connections/{destination.name}.yaml: target: {unknown.say}"
            continue
        yield from _config_mistakes(kind, destination.config, f"connections/{destination.name}.yaml", home.path)
        same = destination.same_account
        if same is not None and (same not in home.taps or home.taps[same].tap != destination.target):
            of = [name for name, each in home.taps.items() if each.tap == destination.target]
            none = f"{same!r} is no tap connection of {destination.target}{_close(same, of)}"
            yield f"connections/{destination.name}.yaml: same_account: {none}"
    for route in home.routes.values():
        yield from _route_mistakes(home, route)


def _mail_mistakes(home: Home, mail: Mail) -> Iterator[str]:
    companies = home.installation.companies
    for company in (company for company in mail.to if company not in companies):
        yield f"counterfoil.yaml: mail.to: {company!r} is not among the companies{_close(company, companies)}"
    if "mail" in home.taps or "mail" in home.targets:
        yield "connections/mail.yaml: the name mail is taken: under it `counterfoil secret` keeps the password of the mail server"


def _connection_mistakes(home: Home, connection: TapConnection) -> Iterator[str]:
    file = f"connections/{connection.name}.yaml"
    try:
        kind = tap(connection.tap)
    except CounterfoilError as unknown:
        yield f"{file}: tap: {unknown.say}"
        return
    yield from _config_mistakes(kind, connection.config, file, home.path)
    streams = connection.config.get("streams")
    if isinstance(streams, dict):
        unread = [stream for stream in connection.mappings if stream not in streams]
        yield from (f"{file}: mappings: there is no stream {stream!r} under config.streams{_close(stream, streams)}" for stream in unread)
    companies = [connection.company] if isinstance(connection.company, str) else list(connection.company.table.values())
    for company in companies:
        if company not in home.installation.companies:
            yield f"{file}: company: {company!r} is not in counterfoil.yaml{_close(company, home.installation.companies)}"
    for name in connection.mappings.values():
        for lookup in home.mappings[name].lookups:
            if lookup not in home.lookups:
                yield f"{file}: mapping {name} needs lookups/{lookup}.yaml, which is not there"


def _config_mistakes(kind: TapType | TargetType, config: dict[str, Any], file: str, home: Path) -> list[str]:
    mistakes: list[str] = []
    made = _model(kind.config, config, Path(file), mistakes, "config")
    if made is not None:
        try:
            kind.build(made, home)
        except CounterfoilError as wrong:
            mistakes.append(f"{file}: config: {wrong.say}")
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
        for mistake in (*_posting_mistakes(home, posting, kinds), *_reserved_twice(home, route, posting)):
            yield f"{file}: posting {posting.name}: {mistake}"


def _reserved_twice(home: Home, route: Route, posting: Posting) -> Iterator[str]:
    """A sale that leaves the shelf at once and is kept from others there as well would be taken off what is available twice."""
    for kind, policy in posting.kinds.items():
        if policy.as_ is None or EFFECTS[policy.as_] != "reserve":
            continue
        for other in home.routes.values():
            for each in other.posting if set(other.sources) & set(route.sources) else ():
                takes = each.kinds.get(kind)
                if each.target == posting.target and takes and takes.as_ and EFFECTS[takes.as_] == "stock":
                    yield (
                        f"`{kind}` is kept as {policy.as_} here, and leaves the shelf as {takes.as_} on {other.name}/{each.name}: "
                        f"that counts it twice; take away one, or let what was shipped leave (`fulfillment: {{as: {takes.as_}}}`)"
                    )


def _posting_mistakes(home: Home, posting: Posting, kinds: set[str]) -> Iterator[str]:
    destination = home.targets.get(posting.target)
    if destination is None:
        yield f"there is no target connection {posting.target!r}{_close(posting.target, home.targets)}"
        return
    try:
        writes = target(destination.target)
    except CounterfoilError:
        return  # told of with its connection
    for kind, policy in posting.kinds.items():
        if kind not in ("*", "test_order") and kind not in REGISTRY:
            yield f"{kind!r} is no kind of document{_close(kind, REGISTRY)}"
        if policy.as_ is not None:
            yield from _unwritten(destination, writes, kind, policy.as_)
    yield from (f"no row for {kind!r}; add one, or exclude it with a reason" for kind in sorted(kinds) if posting.policy(kind) is None)
    if posting.effect in ("money", "cost") and posting.books is None:
        yield "books: accounts are missing"
    if posting.books is not None:
        yield from (f"books.decisions: {unknown}" for unknown in posting.books.unknown_decisions())
        yield from (f"books.accounts: there is no role {role!r}{_close(role, table().roles)}" for role in posting.books.unknown_roles())
        if posting.books.documents_in == "document":
            yield from _currency_mistakes(posting, writes.facts.own_currency)


def _unwritten(destination: TargetConnection, writes: TargetType, kind: str, representation: str) -> Iterator[str]:
    """Why the target does not write such a document like that."""
    if representation not in writes.kinds:
        yield f"{destination.name} cannot write `{kind}` as {representation}; it writes {', '.join(writes.kinds)}"
    elif not fits(kind, representation):
        yield f"`{kind}` is no {representation.replace('_', ' ')}, and is not written as one"
    elif why := _unwilling(writes, destination.config, representation):
        yield f"{destination.name} does not write `{kind}` as {representation}: {why}"


def _unwilling(writes: TargetType, config: dict[str, Any], representation: str) -> str:
    """What the target has against it as it is configured; '' where its configuration is wrong, which is told with its connection."""
    try:
        made = writes.config.model_validate(config)
    except ValidationError:
        return ""
    return writes.unwilling(made, representation) if writes.unwilling else ""


def _currency_mistakes(posting: Posting, able: tuple[str, ...]) -> Iterator[str]:
    """Where documents are wanted in their own currency, and the target would go on in base without a word."""
    if not able:
        yield f"books.documents_in: {posting.target} takes documents in the base currency only; set `documents_in: base`"
        return
    for kind, policy in posting.kinds.items():
        if policy.as_ in IN_OWN_CURRENCY and policy.as_ not in able:
            others = [each for each in able if kind not in REGISTRY or fits(kind, each)]
            fix = f"set `documents_in: base`, or give it as {' or '.join(others)}"
            yield f"books.documents_in: {posting.target} takes `{kind}` as {policy.as_} in the base currency only; {fix}"


def _close(given: str, known: Iterable[str]) -> str:
    hint = did_you_mean(given, known)
    return f"; {hint}" if hint else ""
