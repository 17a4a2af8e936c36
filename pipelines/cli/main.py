"""`counterfoil`: the commands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from pipelines.cli import (
    auditing,
    checking,
    closing,
    connecting,
    demonstrating,
    doctoring,
    explaining,
    hooking,
    inventory,
    keeping,
    kpis,
    mailing,
    previewing,
    receipts,
    reconciling,
    retrying,
    running,
    starting,
    status,
    trying,
    working,
)
from pipelines.cli.ending import Ending, ending_of

_ABOUT = """Carries every change seen in the front office to the back office exactly once, and proves it.

Exit codes: 0 done, 1 something new was refused or held, 2 the configuration must be changed, 3 interrupted (start again, nothing is
lost), 4 what was asked for does not exist or a store is not what it must be."""

app = typer.Typer(
    name="counterfoil", help=_ABOUT, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True
)
COMMANDS: dict[str, tuple[Callable[..., int | None], str]] = {
    "init": (starting.init, "Make a home folder to begin with."),
    "check": (checking.check, "Check configuration and connections."),
    "connect": (connecting.connect, "Log in to a system, and see what it offers."),
    "preview": (previewing.preview, "See what would be sent; writes nothing."),
    "run": (running.run, "Do the work: read, translate, deliver."),
    "hooks": (hooking.hooks, "Listen for news of the systems."),
    "status": (status.status, "See how things stand."),
    "problems": (explaining.problems, "List what needs somebody."),
    "explain": (explaining.explain, "Tell the story of one document."),
    "reconcile": (reconciling.reconcile, "Explain every difference."),
    "kpis": (kpis.kpis, "Show key figures and their history."),
    "mail": (mailing.mail, "Send the mail of the morning."),
    "retry": (retrying.retry, "Send refused or held documents again."),
    "connectors": (inventory.connectors, "List the systems it can talk to."),
    "model": (inventory.model, "Show documents and their fields."),
    "demo": (demonstrating.demo, "Run an example company."),
    "sandbox": (trying.sandbox, "Start simulated systems to try it with."),
    "doctor": (doctoring.doctor, "Look at this installation."),
    "adopt-hub": (auditing.adopt_hub, "Say that a moved hub counts."),
    "version": (inventory.version, "Print the version."),
}
"""Every command by its name, with what the list of commands says of it; the docs list them, a test compares."""
for _name, (_function, _short) in COMMANDS.items():
    app.command(_name, short_help=_short)(_function)
app.add_typer(auditing.app, name="audit")
app.add_typer(keeping.app, name="secret")
app.add_typer(working.app, name="breaks")
app.add_typer(receipts.app, name="receipts")
app.add_typer(closing.app, name="close")

_INTERRUPTED_BY_TYPER = 130


@app.callback()
def main(
    debug: Annotated[bool, typer.Option("--debug", help="When something goes wrong, show where in the program it happened.")] = False,
) -> None:
    """Options that go before any command."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without a character for it must not stop a run
    try:
        code = app(["--debug"] * debug + [word for word in given if word != "--debug"], standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (the last place: every error ends as a sentence and a code)
        return _ending(error, debug=debug)
    return int(ending_of(KeyboardInterrupt(), debug=debug)) if code == _INTERRUPTED_BY_TYPER else int(code or Ending.DONE)


def _ending(error: BaseException, *, debug: bool) -> int:
    show = getattr(error, "show", None)
    if show is not None:  # typer's own: the command line cannot be understood
        show()
        return int(Ending.INVALID)
    return int(ending_of(error, debug=debug))
