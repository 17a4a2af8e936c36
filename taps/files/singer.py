"""The files tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.files import CONNECTOR


class TapFiles(ReaderTap):
    """Singer tap for CSV, Excel, Parquet and JSON Lines: a file, a folder or a pattern a stream."""

    name = "tap-counterfoil-files"
    connector = CONNECTOR
