"""Which class reads which format."""

from __future__ import annotations

from pathlib import Path

from mappings.problem import Problem
from taps._kit.folder import FileTrouble
from taps.files.config import FileFormat, FileStream
from taps.files.csv_rows import Csv
from taps.files.found import format_of
from taps.files.jsonl_rows import JsonLines
from taps.files.parquet_rows import Parquet
from taps.files.rows import Format
from taps.files.xlsx_rows import Xlsx

_FORMATS: dict[FileFormat, Format] = {"csv": Csv(), "jsonl": JsonLines(), "parquet": Parquet(), "xlsx": Xlsx()}


def format_for(path: Path, name: str, stream: FileStream) -> Format:
    """The reader of a file's format. Raises FileTrouble where neither the configuration nor the ending names one."""
    known = format_of(path, stream)
    if known is None:
        fix = "Say `format` in the connection: csv, xlsx, parquet or jsonl."
        raise FileTrouble(Problem("READ-DAMAGED", f"Nobody can tell from its name what kind of file {name} is.", fix))
    return _FORMATS[known]
