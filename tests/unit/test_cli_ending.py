"""How commands end: each kind of trouble has its exit code and a sentence, and no sentence tells a secret."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from pipelines.cli import main
from pipelines.cli.running import stopping_gently
from taps._kit.errors import Fatal, Misconfigured, Retryable, Tampered


class OperationalError(Exception):
    """As a database library raises it: the statement in its text, the driver's own words in `orig`."""

    def __init__(self):
        super().__init__("[SQL: INSERT INTO document VALUES ('jane@example.com')]")
        self.orig = "database or disk is full"


@pytest.fixture
def ends_with(monkeypatch, capsys):
    """Let a command raise an error; gives exit code and stderr."""

    def end(error, *words):
        def broken(*_args, **_kwargs):
            raise error

        monkeypatch.setattr("pipelines.cli.opening.home_at", broken)
        return main.run([*words, "status"]), capsys.readouterr().err

    return end


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Misconfigured("Say.", log="log"), 2),
        (Retryable("Say."), 3),
        (Fatal("Say."), 4),
        (Tampered("Say."), 4),
    ],
)
def test_our_own_errors_are_said(ends_with, error, code):
    assert ends_with(error) == (code, "Say.\n")


def test_ctrl_c_says_that_nothing_is_lost(ends_with):
    code, said = ends_with(KeyboardInterrupt())
    assert code == 3
    assert "Nothing is lost" in said


def test_a_full_disk_is_said(ends_with):
    code, said = ends_with(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "hub.db"))
    assert (code, "No space left on device (hub.db)" in said) == (3, True)
    code, said = ends_with(OperationalError())
    assert (code, "database or disk is full" in said) == (3, True)
    assert "jane" not in said


def test_an_unknown_error_keeps_its_text_to_itself(ends_with):
    code, said = ends_with(ValueError("jane@example.com"))
    assert code == 4
    assert "ValueError" in said
    assert "jane" not in said
    assert "Traceback" not in said


def test_debug_shows_where(ends_with):
    code, said = ends_with(ValueError("here"), "--debug")
    assert code == 4
    assert "Traceback" in said
    assert "here" in said


def test_debug_may_stand_behind_the_command(monkeypatch, capsys):
    assert main.run(["status", "--home", "nowhere", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_polite_kill_ends_like_ctrl_c():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), stopping_gently():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
