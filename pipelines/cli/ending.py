"""How a command ends: exit codes, and what a person is told when it could not do its work."""

from __future__ import annotations

import sys
import traceback
from enum import IntEnum

from taps._kit.errors import CounterfoilError, Misconfigured, Retryable


class Ending(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    TROUBLE = 1
    """Something new was refused or held; with --strict also what has been open for longer."""
    MISCONFIGURED = 2
    """The home folder or the surroundings must be changed first."""
    INTERRUPTED = 3
    """Stopped before the end, by Ctrl-C or because another program was busy; the next run goes on from there."""
    INVALID = 4
    """What was asked for does not exist, or a store is not what it must be."""


class Invalid(CounterfoilError):
    """The command names something that is not there."""


_NOTHING_HALF_DONE = "Nothing is half done; mend it and start again."
INTERRUPTED = "Stopped. Nothing is lost and nothing is half done: the next `counterfoil run` goes on from here."


def ending_of(error: BaseException, *, debug: bool) -> Ending:
    """Tell the person what happened, on stderr, and give the exit code. With `debug`, where in the program it happened."""
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, CounterfoilError):
        _say(error.say)
        if isinstance(error, Misconfigured):
            return Ending.MISCONFIGURED
        return Ending.INTERRUPTED if isinstance(error, Retryable) else Ending.INVALID
    if isinstance(error, KeyboardInterrupt):
        _say(INTERRUPTED)
        return Ending.INTERRUPTED
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        _say(f"The system said no: {error.strerror or type(error).__name__}{place}. {_NOTHING_HALF_DONE}")
        return Ending.INTERRUPTED
    cause = getattr(error, "orig", None)
    if type(error).__name__ == "OperationalError" and cause is not None:
        first = str(cause).strip().splitlines()[0].rstrip(".")
        _say(f"The database could not do it: {first}. {_NOTHING_HALF_DONE}")
        return Ending.INTERRUPTED
    # The text of an unknown error is not shown: it may quote a statement with a customer's data in it.
    _say(f"Something went wrong inside Counterfoil ({type(error).__name__}). Start it again with --debug to see where, and report it.")
    return Ending.INVALID


def _say(sentence: str) -> None:
    from pipelines.cli.page import clean

    print(clean(sentence), file=sys.stderr)
