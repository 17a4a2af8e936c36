"""Tap for files in a folder: CSV, Excel, Parquet and JSON Lines."""

from __future__ import annotations

from taps._kit.registry import TapType
from taps.files.config import FilesConfig
from taps.files.reader import FACTS, FilesReader
from taps.files.totals import FilesTotals

CONNECTOR = TapType(name="files", title=FACTS.title, config=FilesConfig, facts=FACTS, build=FilesReader, totals=FilesTotals)
