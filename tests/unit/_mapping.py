"""A small document and short ways to compile and run, for the tests of the mapping language."""

from __future__ import annotations

from datetime import time
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from mappings.engine import Context, Translation
from mappings.language import Mapping, compile_mapping
from mappings.model import REGISTRY
from mappings.model.base import PII, ZERO, Amount, Document, Text, Value, Whole


class Piece(Value):
    number: Whole
    amount: Amount
    note: Text | None = None


class Probe(Document):
    """A document that takes anything, to see what an expression gives."""

    type: ClassVar[str] = "probe"
    title: ClassVar[str] = "Probe"

    answer: Any = None
    amount_paid: Amount | None = None
    tip: Amount = ZERO
    secret: Annotated[Text | None, PII] = None
    pieces: tuple[Piece, ...] = ()
    piece: Piece | None = None


REGISTRY_WITH_PROBE = MappingProxyType({**REGISTRY, "probe": Probe})
CONTEXT = Context("shop", "Europe/London", time(4), "acme", {"rates": {"20": "T1", "A": "T0"}})


def compiled(text: str) -> Mapping:
    return compile_mapping(text, where="test.yaml", registry=REGISTRY_WITH_PROBE)


def translated(text: str, *rows: Any, context: Context = CONTEXT) -> Translation:
    return compiled(text).translate(list(rows), context)


def asked(expression: str, record: Any, context: Context = CONTEXT) -> Translation:
    """What becomes of a record whose `answer` is one expression."""
    quoted = expression.replace("\\", "\\\\").replace('"', '\\"')
    return translated(
        f'mapping: t/probe\nversion: 1\ndocuments:\n- type: probe\n  id: "\'1\'"\n  fields: {{answer: "{quoted}"}}', record, context=context
    )


def answer(expression: str, record: Any = MappingProxyType({}), context: Context = CONTEXT) -> Any:
    """What an expression gives for a record that has no problem."""
    found = asked(expression, dict(record), context)
    assert found.problems == []
    return found.documents[0].answer


def problem(expression: str, record: Any, context: Context = CONTEXT) -> tuple[str, str]:
    """Code and sentence of the only problem that an expression has with a record."""
    found = asked(expression, record, context)
    assert found.documents == []
    [only] = found.problems
    assert only.fix
    return only.code, only.say
