"""Putting a finished file in its place: whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def keep(path: Path, content: bytes) -> Path:
    """Write the file."""
    with beside(path) as new:
        new.write_bytes(content)
    return path


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A file beside it to write to, which takes its place when the block ends well and is gone when it does not."""
    new = path.with_name(f".{path.name}.new")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
