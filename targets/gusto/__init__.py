"""Writes employees and their hours into Gusto: over its API, or into files that a person imports."""

from __future__ import annotations

from pathlib import Path

from taps.gusto.client import oauth
from taps.gusto.facts import FACTS
from targets._kit.registry import TargetType
from targets._kit.writer import Writer
from targets.gusto.config import GustoTargetConfig
from targets.gusto.file_writer import FileWriter
from targets.gusto.writer import KINDS, GustoWriter


def build(config: GustoTargetConfig, home: Path) -> Writer:
    """The writer of the mode that is configured."""
    return FileWriter(config, home) if config.mode == "file" else GustoWriter(config, home)


CONNECTOR = TargetType(name="gusto", title=FACTS.title, config=GustoTargetConfig, facts=FACTS, kinds=KINDS, build=build, oauth=oauth)
