"""What the model says about the fields that a mapping fills: read once from pydantic, asked while a mapping is compiled."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mappings.model.base import PII


@dataclass(frozen=True, eq=False)
class Shape:
    """A field's place in the model, or a whole document's."""

    name: str
    model: type[BaseModel] | None = None
    listed: bool = False
    free: bool = False
    """Whether it takes names that the model does not fix (custom fields)."""
    personal: bool = False
    drops_none: bool = False
    """Whether None must be left out, so that the model's default is taken."""

    def names(self) -> Iterable[str]:
        """The fields of the object, where it is one."""
        return self.model.model_fields if self.model is not None else ()

    def field(self, name: str) -> Shape | None:
        """The shape of a field; None where there is no such field."""
        if self.free:
            return Shape(name, personal=self.personal)
        if self.model is None or name not in self.model.model_fields:
            return None
        return _field(self.model, name, personal=self.personal)

    def required(self) -> list[str]:
        """Fields without a default."""
        return [name for name, info in self.model.model_fields.items() if info.is_required()] if self.model is not None else []


def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a whole document."""
    return Shape(model.__name__, model)


@cache
def _field(model: type[BaseModel], name: str, *, personal: bool) -> Shape:
    info = model.model_fields[name]
    inner = _inner(info.annotation)
    return Shape(
        name=inner.__name__ if inner is not None else name,
        model=inner,
        listed=_has_origin(info.annotation, (tuple, list)),
        free=_has_origin(info.annotation, (dict,)),
        personal=personal or PII in info.metadata,
        drops_none=not info.is_required() and not _takes_none(info),
    )


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The model class inside an annotation."""
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _inner(argument)) is not None), None)


def _has_origin(annotation: Any, kinds: tuple[type, ...]) -> bool:
    if get_origin(annotation) in (Union, types.UnionType):
        return any(_has_origin(argument, kinds) for argument in get_args(annotation))
    return get_origin(annotation) in kinds


def _takes_none(info: FieldInfo) -> bool:
    return info.annotation is Any or types.NoneType in get_args(info.annotation)
