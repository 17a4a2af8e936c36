"""Tap for Gusto: employees, time sheets and payroll results, over its API or from its exported files."""

from __future__ import annotations

from pathlib import Path

from taps._kit.reader import Reader
from taps._kit.registry import TapType
from taps.gusto.client import oauth
from taps.gusto.config import GustoConfig
from taps.gusto.exports import ExportReader
from taps.gusto.facts import FACTS
from taps.gusto.reader import GustoReader


def build(config: GustoConfig, home: Path) -> Reader:
    """The reader of the mode that is configured."""
    return ExportReader(config, home) if config.mode == "file" else GustoReader(config, home)


CONNECTOR = TapType(name="gusto", title=FACTS.title, config=GustoConfig, facts=FACTS, build=build, oauth=oauth)
