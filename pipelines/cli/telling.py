"""What is told while work goes on: nothing for the first two seconds; then a living line on a terminal, or plain lines into a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

_SILENT_SECONDS = 2
_LINE_EVERY_SECONDS = 10


class Telling:
    """A `pipelines.steps.run.Progress` on stderr; use it as a context."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._told = self._started
        self._last = ""
        self._status: Any = None
        self._terminal = sys.stderr.isatty()

    def __call__(self, step: str, what: str, count: int) -> None:
        """`count` things of `what` so far in this step."""
        now = time.monotonic()
        if now - self._started < _SILENT_SECONDS:
            return
        sentence = f"{step} {what}: {count:,}"
        if self._terminal:
            self._live(sentence)
        elif f"{step} {what}" != self._last or now - self._told >= _LINE_EVERY_SECONDS:
            print(f"{now - self._started:6.0f} s  {sentence}", file=sys.stderr, flush=True)
            self._last, self._told = f"{step} {what}", now

    def _live(self, sentence: str) -> None:
        if self._status is None:
            from rich.console import Console

            self._status = Console(stderr=True, markup=False, highlight=False).status(sentence)
            self._status.start()
        self._status.update(sentence)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._status is not None:
            self._status.stop()
