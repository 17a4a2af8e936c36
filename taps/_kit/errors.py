"""Errors that stop a run; their type says what helps.

CounterfoilError
├── Misconfigured       a person must change the configuration; exit code 2
├── Retryable           the same call may go through later
└── Fatal               neither: a bug, or a store that is not what we wrote
    └── Tampered        a ledger or an audit log was changed by somebody else
"""

from __future__ import annotations


class CounterfoilError(Exception):
    """Root. `say` is for the person, `log` for the log; neither holds a secret or a personal field."""

    def __init__(self, say: str, *, log: str = "") -> None:
        super().__init__(say)
        self.say = say
        self.log = log or say


class Misconfigured(CounterfoilError):
    """The configuration names something that is not there or cannot be."""


class Retryable(CounterfoilError):
    """Try again later; nothing was half done."""


class Fatal(CounterfoilError):
    """Stop and tell a person."""


class Tampered(Fatal):
    """Somebody else changed what only we write; names file and line, or table and row."""
