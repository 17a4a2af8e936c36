"""Lines of a text file in bounded memory, whatever is in it, and the encoding that it is most likely in."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator


def _known(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(f"there is no encoding {name!r}") from None
    return name


Encoding = Annotated[str, AfterValidator(_known)]
"""An encoding as Python names it, in a connector's configuration."""
LONGEST = 1 << 26
"""Characters of one line, or of one field over many lines. What is longer is a damaged row."""

SAMPLE = 1 << 20
"""Bytes that are looked at for an encoding."""

_BLOCK = 1 << 18

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TooLong(str):
    """The beginning of a line that is longer than LONGEST; the rest of it is left out."""

    __slots__ = ()


def text_lines(path: Path, encoding: str, end: str = "\n") -> Iterator[str]:
    """The lines without their end (a CR before it stays). Bytes that cannot be decoded come as lone surrogates or U+FFFD."""
    with path.open("rb") as content:
        errors = "replace" if _is_wide(encoding) else "surrogateescape"
        text = io.TextIOWrapper(content, encoding=encoding, errors=errors, newline="")
        rest, passing_over = "", False
        while block := text.read(_BLOCK):
            if passing_over:
                _line, found, block = block.partition(end)
                passing_over = not found
            first, *others = block.split(end)
            rest += first
            if others:
                yield rest
                yield from others[:-1]
                rest = others[-1]
            elif len(rest) > LONGEST:
                yield TooLong(rest[:4096])
                rest, passing_over = "", True
        if rest:
            yield rest


def undecoded(line: str, encoding: str) -> int | None:
    """The place of the first character that could not be decoded, or None."""
    if line.isascii():
        return None
    if _is_wide(encoding):
        place = line.find("\ufffd")
        return None if place < 0 else place
    try:
        line.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def _is_wide(encoding: str) -> bool:
    """Whether the codec cannot carry a broken byte through as a lone surrogate."""
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def encoding_of(sample: bytes) -> str:
    """The encoding by its mark, by its zero bytes, or utf-8 unless more of the other bytes speak against it than for it."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    even, odd = sample[0:4096:2].count(0), sample[1:4096:2].count(0)
    if max(even, odd) > min(len(sample), 4096) // 5:
        return "utf-16-le" if odd > even else "utf-16-be"
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(sample)
    broken = sum("\udc80" <= character <= "\udcff" for character in text) if not text.isascii() else 0
    good = sum(character >= "\x80" for character in text) - broken if broken else 0
    return "cp1252" if broken > good else "utf-8"
