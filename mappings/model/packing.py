"""How a document is stored: a body without personal fields, the personal fields apart, and a hash of both.

Equal documents give equal bytes: fields that hold their default are left out (so a field that a later version of the model adds changes
no stored hash), keys are sorted, decimals are text.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, NamedTuple

import msgspec

from mappings.model.base import Document, Value

_UNCOUNTED = ("source_version", "source_updated_at")
"""Fields that say when the source was touched, not what it says: they are stored, but a change of them alone is no new revision."""


class Packed(NamedTuple):
    """A document as the hub keeps it."""

    body: bytes
    """JSON without any personal field."""
    private: bytes | None
    """JSON of the personal fields; None where all are empty."""
    digest: str
    """SHA-256 over body and private, without the uncounted fields."""


_MISSING = object()


@cache
def _defaults(cls: type[Value]) -> dict[str, Any]:
    """Each field's default; a required field has one that equals nothing."""
    return {
        name: _MISSING if field.is_required() else field.get_default(call_default_factory=True) for name, field in cls.model_fields.items()
    }


def _plain(value: Any) -> dict[str, Any]:
    """A part of a document as a dict, for the encoder."""
    if not isinstance(value, Value):
        raise TypeError(f"a document holds no {type(value).__name__}")
    defaults = _defaults(type(value))
    return {name: held for name, held in value.__dict__.items() if held is not None and held != defaults[name]}


_encode = msgspec.json.Encoder(enc_hook=_plain, order="deterministic").encode


def pack(document: Document) -> Packed:
    """Body, private part and hash in one go."""
    fields = _plain(document)
    uncounted = {name: fields.pop(name) for name in _UNCOUNTED if name in fields}
    personal = {name: fields.pop(name) for name in document.personal if name in fields}
    body = _encode(fields)
    private = _encode(personal) if personal else None
    digest = hashlib.sha256(body if private is None else b"%d:%b%b" % (len(body), body, private)).hexdigest()
    return Packed(_encode(fields | uncounted) if uncounted else body, private, digest)


def split(document: Document) -> tuple[bytes, bytes | None]:
    """Body and private part, see `Packed`."""
    packed = pack(document)
    return packed.body, packed.private


def content_hash(document: Document) -> str:
    """The hash that tells whether a document says anything new, see `Packed`."""
    return pack(document).digest


def join(cls: type[Document], body: bytes, private: bytes | None) -> Document:
    """The document that was split. Raises ValidationError where the bytes are not of this type."""
    fields = msgspec.json.decode(body)
    if private is not None:
        fields.update(msgspec.json.decode(private))
    return cls.model_validate(fields)
