"""`counterfoil problems` and `counterfoil explain`: what needs somebody, and the story of one document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.ending import Ending, Invalid
from pipelines.cli.options import HERE, Home, Json, Limit

if TYPE_CHECKING:
    from pipelines.cli.page import Page
    from pipelines.hub.queries import OpenProblem
    from pipelines.hub.story import Story

_MOST_STORIES = 5


def problems(
    home: Home = HERE,
    code: Annotated[str | None, typer.Option("--code", help="Only problems of this code, such as MAP-REQUIRED.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the open problems: what is wrong, where, and what to do about it."""
    from mappings.problem import CODES
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page, number, put_json
    from pipelines.hub import queries

    if code is not None and code not in CODES:
        raise Invalid(f"There is no problem code {code!r}; there are {', '.join(CODES)}.")
    loaded = home_at(home)
    with hub_as_it_is(loaded) as hub, hub.read() as tx:
        counted = [each for each in queries.problem_codes(tx) if code in (None, each.code)]
        found = queries.problems(tx, code=code, limit=limit)
        stuck = queries.operations(tx, states=queries.STUCK, unsaid=True, limit=limit) if code is None else []
    total = sum(each.count for each in counted)
    if as_json:
        put_json(
            {
                "open": total,
                "codes": {each.code: each.count for each in counted},
                "problems": [asdict(each) for each in found],
                "stuck": [asdict(each) for each in stuck],
            }
        )
        return
    page = Page()
    page.say(f"{number(total)} open problem{'' if total == 1 else 's'}{f' of code {code}' if code else ''}.")
    for each in found:
        _show_problem(page, each)
    if total > len(found):
        page.say()
        page.say(f"{number(total - len(found))} more; --limit and --code show others.")
    if stuck:
        page.title("Held or refused for a reason of their own")
        rows = [
            (str(each.number), each.state, each.document, each.business_date, f"{each.kind} to {each.target}", each.reason)
            for each in stuck
        ]
        page.table(("operation", "state", "document", "date", "what", "why"), rows)


def _show_problem(page: Page, each: OpenProblem) -> None:
    where = f"{each.connection}/{each.stream}, {each.location or each.subject}"
    if each.operation is not None:
        where = f"{each.connection}, operation {each.operation} (counterfoil retry {each.operation})"
    page.item(f"{each.code}: {each.say}", f"what to do: {each.fix}", f"where: {where}")


def explain(
    number: Annotated[str, typer.Argument(help="The document's number, as the shop or till calls it.")],
    home: Home = HERE,
    type_: Annotated[str | None, typer.Option("--type", help="Only documents of this type, such as order.")] = None,
    connection: Annotated[str | None, typer.Option("--connection", help="Only documents of this connection.")] = None,
    limit: Limit = 200,
    as_json: Json = False,
) -> int:
    """Tell the story of one document: what was read, what it became, what was sent, and what the target has."""
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page, put_json
    from pipelines.hub import queries, story

    loaded = home_at(home)
    with hub_as_it_is(loaded) as hub, hub.read() as tx:
        found = queries.find(tx, number, type_=type_, connection=connection)
        stories = [story.tell(tx, each, limit) for each in found[:_MOST_STORIES]]
        unborn = [] if found else queries.problems(tx, key=number, limit=limit)
    if not found and not unborn:
        raise Invalid(f"No document and no problem goes by the number {number!r}.")
    if as_json:
        documents = [asdict(each) | {"events": [event._asdict() for event in each.events]} for each in stories]
        put_json({"number": number, "documents": documents, "problems": [asdict(each) for each in unborn]})
        return Ending.DONE
    page = Page()
    for each in stories:
        _show_story(page, each)
    if len(found) > len(stories):
        page.say(f"{len(found) - len(stories)} more documents go by {number}; --type and --connection choose.")
    if unborn:
        page.say(f"{number} has not become a document yet; this stands in the way:")
        for problem in unborn:
            _show_problem(page, problem)
    return Ending.DONE


def _show_story(page: Page, told: Story) -> None:
    from pipelines.cli.page import amount, moment

    document = told.document
    worth = f", {amount(document.amount, document.currency)}" if document.currency else ""
    day = f", {document.business_date}" if document.business_date else ""
    gone = " (gone at the source)" if document.deleted else ""
    page.title(f"{document.type} {document.number} of {document.connection}{gone}: {document.company}{day}{worth}")
    page.say(f"  id {document.document_id}, revision {document.revision}")
    if told.standings:
        page.say()
        rows = [
            (
                f"{each.route}/{each.posting}{f' ({each.part})' if each.part else ''}",
                each.target,
                each.representation,
                each.fate.replace("_", " "),
                amount(each.booked, each.unit) if each.unit else "",
                each.reason,
            )
            for each in told.standings
        ]
        page.table(("posting", "target", "as", "fate", "booked", ""), rows, right=("booked",))
    page.say()
    lines = [
        (moment(event.at), event.what, "" if event.amount is None else amount(event.amount, event.unit), event.say) for event in told.events
    ]
    page.table(("when (UTC)", "what", "amount", ""), lines, right=("amount",))
    for tied in told.ties:
        page.say(f"  {tied}")
    for problem in told.problems:
        _show_problem(page, problem)
    if told.cut:
        page.say("  There is more than was shown; --limit shows it.")
