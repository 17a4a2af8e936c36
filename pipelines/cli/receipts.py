"""`counterfoil receipts`: which open invoices the money at the bank pays, and what people decide of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import HERE, As, CompanyName, Home, Json
from pipelines.cli.working import Office, office_at

if TYPE_CHECKING:
    from pipelines.reconcile.desk import Decisions
    from pipelines.reconcile.proposals import Proposal

app = typer.Typer(help="Money at the bank: which open invoices it pays.", rich_markup_mode=None, no_args_is_help=True)
Entry = Annotated[str, typer.Argument(help="Id of the bank's entry, as `receipts list` shows it.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why this is right, in a few words. No names of customers.", show_default=False)]


@app.callback()
def receipts() -> None:
    """Money at the bank: which open invoices it pays."""


@app.command("list")
def list_(home: Home = HERE, company: CompanyName = None, as_json: Json = False) -> None:
    """List what is proposed for receipts at the bank, with what it would book."""
    from pipelines.cli.page import Page, amount, number, put_json

    with office_at(home, company) as office:
        found, notes = _desk(office).looked()
    if as_json:
        put_json({"company": office.company, "receipts": [_told(each) for each in found], "notes": notes})
        return
    page = Page()
    page.say(f"{number(len(found))} proposal{'' if len(found) == 1 else 's'} for receipts of {office.company}.")
    rows = [
        (line.reference, line.on, amount(line.amount, line.unit), "" if each.sure else "a person must choose", "; ".join(each.reasons))
        for each in found
        for line in each.received
    ]
    if rows:
        page.table(("entry", "date", "amount", "", "why"), rows, right=("amount",))
    for note in notes:
        page.say(note)


@app.command("accept")
def accept(entry: Entry, reason: Reason, home: Home = HERE, company: CompanyName = None, as_: As = None, as_json: Json = False) -> None:
    """Accept a proposal: the next run books its payments. A second time does nothing."""
    with office_at(home, company) as office:
        _say(_desk(office).accept(office.actor(as_), entry, reason), as_json=as_json)


@app.command("dismiss")
def dismiss(entry: Entry, reason: Reason, home: Home = HERE, company: CompanyName = None, as_: As = None, as_json: Json = False) -> None:
    """Say that a receipt pays none of our invoices: it is not proposed any more. Take it back with undo."""
    with office_at(home, company) as office:
        _say(_desk(office).dismiss(office.actor(as_), entry, reason), as_json=as_json)


@app.command("undo")
def undo(entry: Entry, reason: Reason, home: Home = HERE, company: CompanyName = None, as_: As = None, as_json: Json = False) -> None:
    """Take a decision back: the next run ends the payments of an accepted receipt; a dismissed one is proposed again."""
    with office_at(home, company) as office:
        _say(_desk(office).take_back(office.actor(as_), entry, reason), as_json=as_json)


def _desk(office: Office) -> Decisions:
    from pipelines.reconcile.desk import Decisions

    return Decisions(office.loaded, office.hub, office.audit, office.company)


def _say(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    from pipelines.cli.page import Page, put_json

    if as_json:
        put_json({"receipts": rows})
        return
    for row in rows:
        paid = ", ".join(f"{each['amount']} {row['currency']} of {each['number']}" for each in row["payments"])
        said = f"{row['entry']} {row['decision'].replace('_', ' ')} by {row['by']}"
        Page().say(f"{said}: {paid}. `counterfoil run` follows it." if paid else f"{said}.")


def _told(each: Proposal) -> dict[str, Any]:
    from pipelines.reconcile.proposals import told

    unit = each.received[0].unit
    return {
        "rule": each.rule,
        "sure": each.sure,
        "score": each.score,
        "reasons": list(each.reasons),
        "entries": [
            {"connection": line.connection, "entry": line.reference, "date": line.on, "amount": told(line.amount, unit), "unit": unit}
            for line in each.received
        ],
        "solutions": [
            [{"what": line.what, "number": line.number, "amount": told(line.amount, unit)} for line in solution.lines]
            for solution in each.solutions
        ],
    }
