"""How a files connection is configured: one entry a stream."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from taps._kit.text_lines import Encoding

FileFormat = Literal["csv", "jsonl", "parquet", "xlsx"]
StreamName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=100)]

ENDINGS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
"""The format of a file whose stream names none."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NumberFormat(_Strict):
    """How a CSV file writes numbers; they become plain ones (1.234,50 becomes 1234.50) in every column but keys and ids."""

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'", "\u00a0", "\u202f"] = ""

    @model_validator(mode="after")
    def _apart(self) -> NumberFormat:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must differ")
        return self


class FileStream(_Strict):
    """One stream: which files, and what their columns mean to the hub. What is left out is detected and shown by `preview`."""

    path: str = Field(min_length=1, description="A file, a folder or a pattern (drop/*.csv); relative to the home folder.")
    format: FileFormat | None = Field(None, description="By the file's ending, if left out.")
    key: tuple[str, ...] = Field((), description="Columns that together name a row. Without them rows are told apart by their content.")
    version: str | None = Field(None, description="Column that grows with each change of a row.")
    snapshot: bool = Field(default=False, description="The files show everything there is: a row that is no longer there was deleted.")
    scope: str | None = Field(None, description="What the files are a whole of; the stream's name, if left out.")
    scope_from: str | None = Field(None, description="Pattern with one group over the file name: each value of the group is a scope.")
    delimiter: Literal[";", ",", "\t", "|"] | None = None
    encoding: Encoding | None = Field(None, description="utf-8, utf-8-sig, cp1252, utf-16 and whatever else Python knows.")
    quote: Annotated[str, StringConstraints(max_length=1)] | None = Field(None, description='" if left out; empty: nothing is quoted.')
    header: bool | None = Field(None, description="Whether the first row holds the names of the columns.")
    sheet: str | None = Field(None, description="The first one, if left out.")
    ids: tuple[str, ...] = Field((), description="Columns that are ids: 17850.0 becomes the text 17850.")
    number_format: NumberFormat | None = None

    @field_validator("scope_from")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                groups = re.compile(value).groups
            except re.error as error:
                raise ValueError(f"this is no pattern: {error}") from None
            if groups != 1:
                raise ValueError("the pattern needs exactly one group in brackets")
        return value


class FilesConfig(_Strict):
    """Files in a folder that somebody fills: exports, bank files, a till's daily report."""

    streams: dict[StreamName, FileStream] = Field(min_length=1)
