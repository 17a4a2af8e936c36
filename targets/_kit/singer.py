"""The Singer program of a target: stdin to the same Writer that the hub uses. STATE leaves only after what it covers is durable.

A subclass says how a record becomes an intent. What is there already is not written again, so that a tap may send twice.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import SecretStr
from singer_sdk import Sink, Target
from singer_sdk.sinks import BatchSink

from taps._kit.errors import Fatal
from targets._kit.registry import TargetType
from targets._kit.writer import Intent, Receipt, Refused, Unpreparable, Writer

WriterT = TypeVar("WriterT", bound=Writer)


class WriterSink(BatchSink):
    """Collects records of one stream; the target writes them."""

    max_size = 500

    def __init__(self, target: WriterTarget[Any], stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._target = target

    def process_batch(self, context: dict[str, Any]) -> None:
        """Write what was collected; of several records with one key, the last."""
        self._target.write(self.stream_name, {self._key(record): record for record in context["records"]})

    def _key(self, record: Mapping[str, Any]) -> str:
        """The record's key; without key properties, its content and which time it comes in this run."""
        if len(self.key_properties) == 1:
            return str(record[self.key_properties[0]])
        if self.key_properties:
            return json.dumps([str(record[name]) for name in self.key_properties])
        content = sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()
        self._target.seen[self.stream_name, content] += 1
        return f"{content[:40]}-{self._target.seen[self.stream_name, content]}"


class WriterTarget(Target, Generic[WriterT]):
    """A Singer target over a Writer. Relative paths of the configuration start in the working directory."""

    connector: ClassVar[TargetType]
    default_sink_class = WriterSink

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.max_parallelism = 1  # a Writer is used by one thread
        self.seen: Counter[tuple[str, str]] = Counter()

    @cached_property
    def writer(self) -> WriterT:
        """The writer, open."""
        names = {field.alias or name for name, field in self.connector.config.model_fields.items()}
        config = self.connector.config.model_validate({name: value for name, value in self.config.items() if name in names})
        writer = self.connector.build(config, Path.cwd())
        self.open(writer)  # type: ignore[arg-type]
        return writer  # type: ignore[return-value]

    def open(self, writer: WriterT) -> None:
        """Open it for a run that no hub watches over."""
        writer.open(None)

    def get_sink(
        self,
        stream_name: str,
        *,
        record: dict[str, Any] | None = None,
        schema: dict[str, Any] | None = None,
        key_properties: Sequence[str] | None = None,
    ) -> Sink:
        """As the SDK does, but what came before a change of schema is written before what comes after it."""
        sink = super().get_sink(stream_name, record=record, schema=schema, key_properties=key_properties)
        for before in self._sinks_to_clear:
            self.drain_one(before)
        return sink

    def write(self, stream: str, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Write records by key. Raises Fatal for what cannot be written, before any STATE."""
        payloads = []
        for intent in self.intents(stream, records):
            prepared = self.writer.prepare(intent)
            if isinstance(prepared, Unpreparable):
                raise Fatal(f"{prepared.problem.say} {prepared.problem.fix}")
            payloads.append(prepared)
        for payload, answer in zip(payloads, self.writer.send(payloads), strict=True):
            if not isinstance(answer, Receipt):
                said = answer.problem.say if isinstance(answer, Refused) else answer.reason
                raise Fatal(f"{payload.intent.subject.local_id} was not written: {said}")

    @abstractmethod
    def intents(self, stream: str, records: Mapping[str, Mapping[str, Any]]) -> list[Intent]:
        """What to write for these records; nothing for those that are there already."""

    def process_endofpipe(self) -> None:
        """Write the rest and let go of the target."""
        super().process_endofpipe()
        if "writer" in self.__dict__:
            self.writer.close()
            del self.__dict__["writer"]


def config_schema(connector: TargetType) -> dict[str, Any]:
    """The configuration's JSON Schema with the SDK's mark on secrets."""
    schema = connector.config.model_json_schema(by_alias=True)
    for name, field in connector.config.model_fields.items():
        if SecretStr in getattr(field.annotation, "__args__", (field.annotation,)):
            schema["properties"][field.alias or name]["secret"] = True
    return schema
