"""Matched pairs between the run that finds them and the exports that write them: in a file, for there may be a million."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import msgspec

from pipelines.reconcile.report import Pair

_WRITE = msgspec.json.Encoder()
_READ = msgspec.json.Decoder(Pair)


class Spool:
    """Pairs that can be gone through again and again; gone with the block that holds it."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 (the block that holds the spool closes it)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def take(self, pairs: Iterable[Pair]) -> None:
        """Keep them, after those that are kept already."""
        self._file.seek(0, 2)
        self._file.writelines(_WRITE.encode(pair) + b"\n" for pair in pairs)

    def __iter__(self) -> Iterator[Pair]:
        self._file.seek(0)
        for line in self._file:
            yield _READ.decode(line)
