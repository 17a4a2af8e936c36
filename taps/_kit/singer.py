"""Our readers as Singer programs: stdin and stdout, `--config --catalog --state --about --discover`, for Meltano and whoever else.

A wrapper names its connector and nothing else:

    class TapFiles(ReaderTap):
        name = "tap-counterfoil-files"
        connector = CONNECTOR

Damaged rows and notices have no message in Singer: they are warnings in the log, with their count at the end of the stream. Relative
paths of the configuration start at the working directory. A system behind a log-in takes its secrets from `secrets` in the configuration;
a token that is refreshed there lives as long as the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError
from singer_sdk import Stream as SingerStream
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_LOG_BASED

from taps._kit.reader import Damaged, Notice, Reader, Record, State, Stream
from taps._kit.registry import TapType
from taps._kit.surroundings import Pocket, Surroundings

_SHOWN = 20
"""Damaged rows of a stream that are logged one by one; the others are counted."""


_SECRETS = {
    "type": "object",
    "additionalProperties": {"type": "string"},
    "secret": True,
    "description": "Keys and tokens by name, as the connector's page lists them.",
}


class ReaderStream(SingerStream):
    """One stream of a reader. Its state is the reader's own, under `reader` in the stream's bookmark."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """A reader hands out what a record may hold; the SDK's own conversion makes null of 1E+400 and drops a column that is new."""

    def __init__(self, tap: ReaderTap, reader: Reader, stream: Stream) -> None:
        super().__init__(tap, schema=stream.schema, name=stream.name)
        self.primary_keys = stream.key_properties
        # the reader keeps a state of its own: the SDK must neither ask for a replication key nor take a read for a whole table
        self.forced_replication_method = REPLICATION_LOG_BASED
        self._reader = reader
        self._around = Surroundings(safe=Pocket(dict(tap.config.get("secrets") or {})))

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 (a reader has no partitions)
        """Hand on the bodies; write each State once the records before it are out."""
        state = None if self.replication_method == REPLICATION_FULL_TABLE else self.stream_state.get("reader")
        damaged = 0
        for message in self._reader.read(self.name, state, self._around):
            match message:
                case Record(body=body):
                    yield dict(body)
                case State(value=value):
                    self.stream_state["reader"] = value
                    self.state_manager.is_flushed = False
                    self._write_state_message()
                case Damaged(problem=problem):
                    damaged += 1
                    if damaged <= _SHOWN:
                        self.logger.warning("%s: %s %s", problem.code, problem.say, problem.fix)
                case Notice(problem=problem):
                    self.logger.warning("%s: %s %s", problem.code, problem.say, problem.fix)
        if damaged:
            self.logger.warning("%d damaged rows of %s were left out.", damaged, self.name)

    def get_batch_config(self, config: Mapping[str, Any]) -> None:  # noqa: ARG002 (BATCH would put the state before its records)
        """No BATCH messages."""
        return


class ReaderTap(Tap):
    """Base of the Singer wrappers."""

    connector: ClassVar[TapType]
    package_name = "counterfoil"
    dynamic_catalog = True
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        schema = _without_defaults(cls.connector.config.model_json_schema())
        if "private_network" in schema["properties"]:
            schema["properties"]["secrets"] = _SECRETS
        cls.config_jsonschema = schema

    def discover_streams(self) -> list[ReaderStream]:
        """The streams that the configuration names, as they are found now."""
        own = {name: value for name, value in self.config.items() if name in self.connector.config.model_fields}
        try:
            config = self.connector.config.model_validate(own)
        except ValidationError as error:
            found = [f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors()]
            raise ConfigValidationError("Config validation failed", errors=found, schema=self.config_jsonschema) from None
        reader = self.connector.build(config, Path.cwd())
        return [ReaderStream(self, reader, stream) for stream in reader.streams()]


def _without_defaults(schema: Any) -> Any:
    """The SDK writes defaults of a schema into the configuration, and fails on one that is null; the model has them anyway."""
    if isinstance(schema, dict):
        return {name: _without_defaults(part) for name, part in schema.items() if name != "default" or isinstance(part, dict)}
    return [_without_defaults(part) for part in schema] if isinstance(schema, list) else schema
