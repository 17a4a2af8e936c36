"""`counterfoil breaks`: the work of people on differences."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.auditing import actor as account
from pipelines.cli.ending import Ending, Invalid
from pipelines.cli.options import HERE, As, CompanyName, Home, Json, Key, Limit

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.cli.page import Page
    from pipelines.home.load import Home as Loaded
    from pipelines.hub.audit import Audit
    from pipelines.hub.store import Hub
    from pipelines.reconcile.acting import Desk
    from pipelines.reconcile.report import Report
    from pipelines.reconcile.rights import Actor
    from pipelines.reconcile.work import Event, Work

app = typer.Typer(help="Work on differences: who does what, and why it is right.", rich_markup_mode=None, no_args_is_help=True)
Keys = Annotated[list[str], typer.Argument(help="Keys of breaks, or their beginning; or a document's number.", show_default=False)]
Comment = Annotated[str, typer.Option("--comment", help="What others must know. Numbers, not names of customers.", show_default=False)]
_RUNNABLE = ("run", "retry", "explain", "problems", "status", "reconcile", "check")
"""Commands that a suggestion may run: none of them signs, settles, or hands out a secret."""


@app.callback()
def breaks() -> None:
    """Work on differences: who does what, and why it is right."""


@dataclass(frozen=True)
class Office:
    """An opened home with its hub, for one company."""

    loaded: Loaded
    hub: Hub
    audit: Audit
    company: str

    @property
    def desk(self) -> Desk:
        """Where people work on its breaks."""
        from pipelines.reconcile.acting import Desk

        return Desk(self.hub, self.audit, self.company)

    def actor(self, name: str | None) -> Actor:
        """Who acts. Raises Misconfigured or Refused."""
        from pipelines.reconcile.rights import actor_of

        return actor_of(self.loaded.installation.people, name, account())


@contextmanager
def office_at(home: Path, company: str | None) -> Iterator[Office]:
    """Open a home for the work on one company. Raises Misconfigured where there are several and none was named."""
    from pipelines.cli.opening import home_at, hub_for_work
    from pipelines.hub import keys
    from pipelines.hub.audit import Audit
    from pipelines.reconcile.run import company_of

    loaded = home_at(home)
    with hub_for_work(loaded) as hub:
        yield Office(loaded, hub, Audit(hub, keys.load(loaded.path)), company_of(loaded, company))


def kept(loaded: Loaded, hub: Hub, report: Report) -> Report:
    """Keep a reconciliation: fold it into the work, let a certificate fall if its books changed. The report with what came late."""
    from pipelines.home.masked import masked
    from pipelines.hub import keys
    from pipelines.hub.audit import Audit
    from pipelines.reconcile.store import store, with_late

    found = with_late(hub, report)
    store(hub, Audit(hub, keys.load(loaded.path)), found, files=masked(loaded.path), actor=account())
    return found


@app.command("list")
def list_(
    home: Home = HERE,
    company: CompanyName = None,
    period: Annotated[str | None, typer.Option("--period", help="Only breaks of this month, YYYY-MM.", show_default=False)] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only breaks of this person.", show_default=False)] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also those that are settled or closed.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the breaks that somebody has to work on, the largest first."""
    from pipelines.cli.page import Page, number, put_json
    from pipelines.reconcile.work import is_open, works

    with office_at(home, company) as office, office.hub.read() as tx:
        known = works(tx, office.company, open_only=not all_).values()
        today = office.hub.clock()
    wanted = [
        each for each in known if (all_ or is_open(each)) and period in (None, each.period) and owner in (None, each.owner)
    ]  # fmt: skip
    wanted.sort(key=lambda each: (-abs(each.difference), each.key))
    if as_json:
        put_json({"company": office.company, "count": len(wanted), "breaks": [_told(each) for each in wanted[:limit]]})
        return
    page = Page()
    page.say(f"{number(len(wanted))} break{'' if len(wanted) == 1 else 's'} of {office.company}{'' if all_ else ' to work on'}.")
    _table(page, wanted[:limit], today.date())
    if len(wanted) > limit:
        page.say(f"{number(len(wanted) - limit)} more; --limit and --period show others.")


def _table(page: Page, found: list[Work], today: Any) -> None:
    from pipelines.cli.page import amount
    from pipelines.reconcile.ageing import business_days

    rows = [
        (
            each.key[:10], each.kind, each.number, each.on or "", amount(each.difference, each.unit), business_days(each.on, today),
            each.break_class, _state(each), each.owner,
        )
        for each in found
    ]  # fmt: skip
    if rows:
        page.table(("key", "kind", "number", "date", "difference", "age", "class", "state", "owner"), rows, right=("difference", "age"))


@app.command("show")
def show(
    key: Key,
    home: Home = HERE,
    company: CompanyName = None,
    as_json: Json = False,
) -> None:
    """Show one break: how it stands, and everything that happened to it."""
    from pipelines.cli.page import Page, moment, put_json
    from pipelines.reconcile.acting import full_key
    from pipelines.reconcile.work import events, works

    with office_at(home, company) as office, office.hub.read() as tx:
        whole = full_key(tx, office.company, key)
        found, told = works(tx, office.company, keys=[whole])[whole], events(tx, office.company, [whole])
    if as_json:
        put_json(_told(found) | {"events": [asdict(each) for each in told]})
        return
    page = Page()
    _head(page, found)
    rows = [(moment(each.at), each.actor, each.what, _worth(each), each.say) for each in told]
    page.table(("when (UTC)", "who", "what", "difference", ""), rows, right=("difference",))


@app.command("assign")
def assign(
    keys: Keys,
    to: Annotated[str, typer.Option("--to", help="Who takes it, by the name in counterfoil.yaml.", show_default=False)],
    home: Home = HERE,
    company: CompanyName = None,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Give breaks to somebody."""
    with office_at(home, company) as office:
        people = office.loaded.installation.people
        if to not in people:
            raise Invalid(f"counterfoil.yaml knows no {to!r} under people; it knows {', '.join(people) or 'nobody'}.")
        who = office.actor(as_)
        _each(keys, lambda key: office.desk.assign(who, key, to), as_json=as_json)


@app.command("comment")
def comment(
    keys: Keys, comment: Comment, home: Home = HERE, company: CompanyName = None, as_: As = None, as_json: Json = False
) -> None:  # fmt: skip
    """Say something about breaks; it stays in their history."""
    with office_at(home, company) as office:
        who = office.actor(as_)
        _each(keys, lambda key: office.desk.comment(who, key, comment), as_json=as_json)


@app.command("resolve")
def resolve(
    keys: Keys,
    how: Annotated[
        str,
        typer.Option("--how", help="fixed_in_source, reposted, adjusted, duplicate, written_off or accepted.", show_default=False),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why this is right, in a few words.", show_default=False)],
    comment: Comment,
    home: Home = HERE,
    company: CompanyName = None,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Say how breaks were resolved. A write-off or acceptance above the company's limit waits for a second person."""
    from pipelines.reconcile.words import Resolution

    if how not in list(Resolution):
        raise Invalid(f"{how!r} is no way to resolve a break; there are {', '.join(Resolution)}.")
    with office_at(home, company) as office:
        who, limits = office.actor(as_), office.loaded.installation.companies[office.company].close.write_off_limit
        resolved = Resolution(how)
        _each(
            keys,
            lambda key: office.desk.resolve(who, key, resolved, reason=reason, comment=comment, limits=limits),
            as_json=as_json,
        )


@app.command("approve")
def approve(
    keys: Keys,
    comment: Comment,
    decline: Annotated[bool, typer.Option("--decline", help="Say no instead: the breaks are open again.")] = False,
    home: Home = HERE,
    company: CompanyName = None,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Approve what another person has proposed."""
    with office_at(home, company) as office:
        who = office.actor(as_)
        _each(keys, lambda key: office.desk.approve(who, key, comment=comment, decline=decline), as_json=as_json)


@app.command("reopen")
def reopen(
    keys: Keys, comment: Comment, home: Home = HERE, company: CompanyName = None, as_: As = None, as_json: Json = False
) -> None:  # fmt: skip
    """Take a resolution back."""
    with office_at(home, company) as office:
        who = office.actor(as_)
        _each(keys, lambda key: office.desk.reopen(who, key, comment=comment), as_json=as_json)


@app.command("fix")
def fix(
    key: Key,
    yes: Annotated[bool, typer.Option("--yes", help="Run it; without this it is only shown.")] = False,
    home: Home = HERE,
    company: CompanyName = None,
    as_: As = None,
    as_json: Json = False,
) -> int:
    """Show the command that would mend a break, and run it with --yes."""
    from pipelines.cli.page import Page, put_json
    from pipelines.reconcile.acting import full_key
    from pipelines.reconcile.work import works

    with office_at(home, company) as office:
        with office.hub.read() as tx:
            whole = full_key(tx, office.company, key)
            found = works(tx, office.company, keys=[whole])[whole]
        who = office.actor(as_) if yes else None
        if who is not None:
            who.require("fix")
    words = shlex.split(found.suggested)
    runnable = words[:1] == ["counterfoil"] and words[1:2] != [] and words[1] in _RUNNABLE
    if who is None or not runnable:
        told = {"key": whole, "suggested": found.suggested, "runnable": runnable, "ran": False}
        if as_json:
            put_json(told)
        else:
            Page().say(_suggestion(found.suggested, runnable=runnable))
        return Ending.INVALID if yes else Ending.DONE
    code = _ran(words[1:], home, aside=as_json)
    with office_at(home, company) as office:
        office.desk.fixed(who, whole, found.suggested, code)
    if as_json:
        put_json({"key": whole, "suggested": found.suggested, "runnable": True, "ran": True, "exit_code": code})
    return code


def _ran(words: list[str], home: Path, *, aside: bool) -> int:
    """Run one of our own commands in a process of its own; what it prints goes to stderr where stdout is for one JSON object."""
    import subprocess
    import sys

    program = [sys.executable, "-c", "import sys; from pipelines.cli.main import run; sys.exit(run())"]
    command = [*program, *words, "--home", str(home)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603 (a list of our own commands)
    (sys.stderr if aside else sys.stdout).write(done.stdout)
    return done.returncode


def _suggestion(suggested: str, *, runnable: bool) -> str:
    if not suggested:
        return "Nothing is suggested: a person must decide."
    return f"{suggested}\nRun it with --yes." if runnable else f"{suggested}\nThat is for a person to do."


def _each(keys: list[str], act: Callable[[str], Work], *, as_json: bool) -> None:
    """Act on each break, and tell how it stands then. Each is a transaction of its own: what was done before a refusal stays done."""
    from pipelines.cli.page import Page, put_json

    done: list[Work] = []
    try:
        done += map(act, keys)
    finally:
        if as_json:
            put_json({"breaks": [_told(each) for each in done]})
        else:
            for each in done:
                _head(Page(), each)


def _head(page: Page, each: Work) -> None:
    from pipelines.cli.page import amount

    settled = f", {each.resolution.replace('_', ' ')} by {each.proposer}: {each.reason}" if each.resolution else ""
    approved = f", approved by {each.approver}" if each.approver else ""
    owner = f", owner {each.owner}" if each.owner else ""
    page.say(f"{each.key[:10]} {each.kind} {each.number}: {amount(each.difference, each.unit)}, {_state(each)}{owner}{settled}{approved}")


def _state(each: Work) -> str:
    again = f" (reopened {each.reopened} times)" if each.reopened > 1 else " (reopened)" if each.reopened else ""
    return f"{each.state.replace('_', ' ')}{again}"


def _worth(each: Event) -> str:
    from pipelines.cli.page import amount

    return amount(each.difference, each.unit)


def _told(each: Work) -> dict[str, Any]:
    return asdict(each) | {"difference": each.difference, "explained": each.explained}
