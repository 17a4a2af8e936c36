"""`counterfoil reconcile`: every difference named, from the source to the target, and the files that finance reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.ending import Ending
from pipelines.cli.options import HERE, Home, Json
from pipelines.cli.working import kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.cli.page import Page
    from pipelines.home.load import Home as Loaded
    from pipelines.hub.store import Hub
    from pipelines.reconcile.exports import Exports
    from pipelines.reconcile.report import Pair, Report

_MOST_BREAKS = 25


def reconcile(
    home: Home = HERE,
    company: Annotated[str | None, typer.Option("--company", help="The company, where there are several.", show_default=False)] = None,
    period: Annotated[str, typer.Option("--period", help="A month as YYYY-MM; without it, everything.", show_default=False)] = "",
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="The cut-off in UTC; now, where not given.", show_default=False
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", help="Folder of workbook, PDF, CSV and JSON; else one in HOME/reconciliation.", show_default=False),
    ] = None,
    no_export: Annotated[bool, typer.Option("--no-export", help="Write no files.")] = False,
    no_keep: Annotated[bool, typer.Option("--no-keep", help="Only look: the work on breaks and certificates stay as they are.")] = False,
    as_json: Json = False,
) -> int:
    """Compare sources, hub and targets document by document, and explain every difference to the last cent. Changes no document."""
    from datetime import UTC

    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page, put_json
    from pipelines.cli.telling import Telling
    from pipelines.reconcile.run import reconcile as run
    from pipelines.reconcile.words import Status

    loaded = home_at(home)
    page = Page()
    with hub_as_it_is(loaded) as hub:
        cutoff = as_of.replace(tzinfo=UTC) if as_of else hub.clock().replace(microsecond=0)
        written: list[Exports] = []

        def then(found: Report, pairs: Iterable[Pair]) -> Report:
            found = found if no_keep else kept(loaded, hub, found)
            if not no_export:
                written.append(_export(loaded, hub, found, pairs, export))
            return found

        with Telling() as telling:
            report = run(loaded, hub, as_of=cutoff, company=company, period=period, progress=telling, then=then)
    files = written[0] if written else None
    if as_json:
        put_json(_told(report, files))
    else:
        _show(page, report, files)
    return int({Status.TIES: Ending.DONE, Status.BREAKS: Ending.TROUBLE, Status.INVALID: Ending.INVALID}[report.status])


def _export(loaded: Loaded, hub: Hub, report: Report, pairs: Iterable[Pair], folder: Path | None) -> Exports:
    """The four files of a reconciliation, in a folder of their own."""
    from pipelines.reconcile.exports import export_all
    from pipelines.reconcile.stand import extras, stand
    from pipelines.reconcile.trend import trend

    where = folder or loaded.path / "reconciliation" / f"{report.company}-{report.period or 'all'}-{report.run}"
    legal_name = loaded.installation.companies[report.company].legal_name
    beside = replace(extras(stand(hub, report), legal_name), kpis=trend(hub, loaded, report.company, at=report.as_of))
    return export_all(report, pairs, where, beside)


def _told(report: Report, files: Exports | None) -> dict[str, Any]:
    """The contract: status, unexplained by currency, rates, breaks by class, and where the exports are."""
    classes: dict[tuple[str, str], list[Any]] = {}
    for each in report.breaks:
        for cause in each.causes:
            classes.setdefault((cause.kind.value, each.unit), []).append(cause.amount)
    return {
        "status": report.status.value,
        "run": report.run,
        "company": report.company,
        "period": report.period,
        "unexplained": report.unexplained,
        "match_rate": {each.unit: each.matched_count for each in report.rates},
        "classification_rate": {each.unit: each.classified_value for each in report.rates},
        "breaks": [
            {"class": kind, "count": len(amounts), "amount": sum(amounts), "currency": unit}
            for (kind, unit), amounts in sorted(classes.items())
        ],
        "exports": {ending: str(path) for ending, path in files.paths.items()} if files else {},
        "completeness": [
            {
                "sheet": each.sheet,
                "connection": each.connection,
                "kind": each.kind,
                "day": each.on,
                "currency": each.unit,
                "stated": each.stated,
                "stated_amount": each.stated_amount,
                "received": each.received,
                "compared": each.compared,
                "compared_amount": each.compared_amount,
                "missing": list(each.missing),
                "asked": each.asked,
                "until": each.until,
                "not_asked": each.why,
            }
            for each in report.completeness
        ],
        "numbers": [
            {
                "sheet": each.sheet,
                "connection": each.connection,
                "kind": each.kind,
                "numbers": each.numbers,
                "day": each.on,
                "explained": each.explained,
                "says": each.says,
            }
            for each in report.numbers
        ],
        "notes": [*report.notes, *(files.notes if files else ())],
    }


def _show_completeness(page: Page, report: Report) -> None:
    """What the sources state of themselves, kind by kind; why nothing was asked, where nothing was."""
    from pipelines.cli.page import number

    if not report.completeness:
        return
    page.title("Completeness: the sources' own counts")
    sums: dict[tuple[str, str], list[int]] = {}
    for each in report.completeness:
        if each.asked:
            counted = sums.setdefault((each.connection, each.kind), [0, 0, 0])
            for place, count in enumerate((each.stated, each.received, each.compared)):
                counted[place] += count
    rows = [(connection, kind, *map(number, counted)) for (connection, kind), counted in sorted(sums.items())]
    page.table(("connection", "documents", "stated", "received", "compared"), rows, right=("stated", "received", "compared"))
    for line in dict.fromkeys(f"{each.connection}, {each.kind}: not asked. {each.why}" for each in report.completeness if not each.asked):
        page.say(line)


def _show(page: Page, report: Report, files: Exports | None) -> None:
    from pipelines.cli.page import amount, number

    for fall in report.waterfalls:
        page.title(f"{fall.title}, {fall.sheet}, {fall.unit}")
        lines = [(line.label, number(line.count) if line.count else "", amount(line.amount, fall.unit), line.note) for line in fall.lines]
        page.table(("step", "documents", "amount", "note"), lines, right=("documents", "amount"))
    _show_completeness(page, report)
    for gap in report.numbers:
        page.say(f"{gap.connection}, {gap.kind} {gap.numbers}: {gap.says}")
    page.title(f"Breaks: {number(len(report.breaks))}")
    rows = [
        (
            each.key,
            "+".join(cause.kind.value for cause in each.causes),
            each.number,
            each.on,
            amount(each.difference, each.unit),
            each.causes[0].say,
        )
        for each in report.breaks[:_MOST_BREAKS]
    ]
    page.table(("break", "class", "number", "day", "difference", "why"), rows, right=("difference",))
    for note in report.notes:
        page.say(note)
    if files:
        page.title("For finance")
        for path in files.paths.values():
            page.item(str(path))
        for note in files.notes:
            page.say(note)
