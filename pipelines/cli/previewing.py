"""`counterfoil preview`: source, document and what would be sent, side by side; nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import HERE, Home, Json

if TYPE_CHECKING:
    from pipelines.cli.page import Page
    from pipelines.steps.preview import Group, Made, Preview, Sending

_MOST_ROWS = 30


def preview(
    connection: Annotated[str, typer.Argument(help="The connection to read from.")],
    stream: Annotated[str, typer.Argument(help="The stream of that connection.")],
    rows: Annotated[
        int, typer.Option("--rows", min=1, max=1_000, help="How many records to show; rows that make one document count as one.")
    ] = 3,
    key: Annotated[str | None, typer.Option("--key", help="Show only the record, or the rows of the document, with this key.")] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Show some source rows, the documents they become, and what would be sent; nothing is written anywhere."""
    from pipelines.cli.opening import home_at
    from pipelines.cli.page import Page, put_json
    from pipelines.steps.preview import preview as look

    found = look(home_at(home), connection, stream, rows=rows, key=key)
    if as_json:
        put_json(_as_json(found))
    else:
        _show(Page(), found, key)


def _as_json(found: Preview) -> dict[str, Any]:
    return {
        "connection": found.connection,
        "stream": found.stream,
        "mapping": found.mapping,
        "notes": list(found.notes),
        "problems": [asdict(each) for each in found.problems],
        "partial": found.partial,
        "records": [
            {
                "key": group.key,
                "rows": group.rows,
                "problems": [asdict(each) for each in group.problems],
                "excluded": group.excluded,
                "documents": [
                    {
                        "type": made.document.type,
                        "number": made.document.number(),
                        "body": made.body,
                        "sends": [_sending_json(each) for each in made.sendings],
                    }
                    for made in group.made
                ],
            }
            for group in found.groups
        ],
    }


def _made_json(made: Made) -> dict[str, Any]:
    return {
        "type": made.document.type,
        "number": made.document.number(),
        "body": made.body,
        "sends": [_sending_json(each) for each in made.sendings],
    }


def _sending_json(each: Sending) -> dict[str, Any]:
    """Lines and moves as objects: asdict would leave them as they are."""
    told = {name: getattr(each, name) for name in each.__slots__}
    return told | {
        "lines": [line._asdict() for line in each.lines],
        "moves": [move._asdict() for move in each.moves],
        "problems": [asdict(problem) for problem in each.problems],
    }


def _show(page: Page, found: Preview, key: str | None) -> None:
    page.say(f"{found.connection}/{found.stream} by the mapping {found.mapping}. Nothing was written.")
    for note in found.notes:
        page.item(note)
    for problem in found.problems:
        page.item(f"{problem.code}: {problem.say}", problem.fix)
    for group in found.groups:
        _show_group(page, group)
    if not found.groups:
        page.say(f"No row has the key {key!r}." if key is not None else "The source has no rows.")
    if found.partial:
        page.say()
        page.say("The source was not read to its end: a document whose rows stand far apart may show only some of them. --key reads all.")


def _show_group(page: Page, group: Group) -> None:
    page.title(group.key)
    columns: dict[str, list[str]] = {"source": list(_source(group))}
    for made in group.made:
        columns[f"{made.document.type} {made.document.number()}"] = list(_fields(made.body))
        if made.sendings:
            columns[f"what {made.document.type} {made.document.number()} would send"] = list(_sends(made))
    page.beside(columns)
    if group.excluded:
        page.item(f"Left out by the mapping: {group.excluded}.")
    for problem in group.problems:
        page.item(f"{problem.code}: {problem.say}", problem.fix)


def _source(group: Group) -> Iterator[str]:
    for place, row in enumerate(group.rows[:_MOST_ROWS]):
        if place:
            yield ""
        yield from _fields(row)
    if len(group.rows) > _MOST_ROWS:
        yield f"… and {len(group.rows) - _MOST_ROWS:,} more rows"


def _fields(body: Mapping[str, Any], margin: str = "") -> Iterator[str]:
    """`name: value`, nested ones indented."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield f"{margin}{name}:"
            yield from _fields(value, margin + "  ")
        elif isinstance(value, list):
            yield f"{margin}{name}:"
            for each in value[:_MOST_ROWS]:
                inner = list(_fields(each)) if isinstance(each, Mapping) else [str(each)]
                yield f"{margin}  - {inner[0] if inner else ''}"
                yield from (f"{margin}    {line}" for line in inner[1:])
            if len(value) > _MOST_ROWS:
                yield f"{margin}  … and {len(value) - _MOST_ROWS:,} more"
        else:
            yield f"{margin}{name}: {'' if value is None else value}"


def _sends(made: Made) -> Iterator[str]:
    """Journal lines, moves or the record, posting by posting."""
    from pipelines.cli.page import amount

    for each in made.sendings:
        part = f" ({each.part})" if each.part else ""
        yield f"{each.route}/{each.posting}{part} → {each.target}"
        if each.excluded:
            yield f"  nothing: {each.excluded}"
        for problem in each.problems:
            yield f"  {problem.code}: {problem.say}"
            yield f"    {problem.fix}"
        if not each.excluded:
            total = f", {amount(each.amount, each.unit)}" if each.unit else ""
            yield f"  {each.representation} dated {each.date or 'never'}{total}"
        width = max((len(line.account) for line in each.lines), default=0)
        figures = [amount(line.amount, line.currency) for line in each.lines]
        for line, figure in zip(each.lines, figures, strict=True):
            yield f"  {line.account.ljust(width)}  {figure.rjust(max(map(len, figures)))}"
        for move in each.moves:
            yield f"  {move.item}{f' at {move.location}' if move.location else ''}: {move.units:+,f} units out"
        yield from (f"  {line}" for line in _fields(each.record))
        yield ""
