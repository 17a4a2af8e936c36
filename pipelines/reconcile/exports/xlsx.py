"""The workbook that finance files: sheet by sheet, true numbers, and checks that Excel works out again.

Needs the extra `reconcile` (xlsxwriter). Equal reports give equal bytes: the date of the file is the cut-off of the report.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from typing import Any

from pipelines.reconcile.exports.extras import Extras
from pipelines.reconcile.exports.keep import beside
from pipelines.reconcile.exports.totals import Written, path
from pipelines.reconcile.report import Pair, Report
from taps._kit.errors import Misconfigured


def write(report: Report, pairs: Iterable[Pair], folder: Path, extras: Extras | None = None) -> Written:
    """Write the workbook. Raises Misconfigured where the extra is missing."""
    try:
        import xlsxwriter  # noqa: PLC0415 (an extra)
    except ImportError:
        raise Misconfigured("The workbook needs the extra `reconcile`: pip install 'counterfoil[reconcile]'.") from None
    extras = extras or Extras()
    whole = path(report, folder, "xlsx")
    with beside(whole) as new:
        workbook = xlsxwriter.Workbook(str(new), {"constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False})
        try:
            notes = _fill(workbook, report, pairs, extras)
        finally:
            workbook.close()
    return Written(whole, notes)


def _fill(workbook: Any, report: Report, pairs: Iterable[Pair], extras: Extras) -> tuple[str, ...]:
    from pipelines.reconcile.exports import sheets, summary_sheet  # noqa: PLC0415 (they need the extra)
    from pipelines.reconcile.exports.workbook import Book  # noqa: PLC0415 (so does this)

    company = extras.legal_name or report.company
    at = report.as_of.astimezone(UTC)
    heading = f"{company} · {report.period or 'since the beginning'} · run {report.run} · cut-off {at:%Y-%m-%d %H:%M} UTC"
    workbook.set_properties(
        {"title": f"Reconciliation of {company}", "subject": heading, "author": "Counterfoil", "created": at.replace(tzinfo=None)}
    )
    book = Book(workbook, heading, f"{company[:60]}, run {report.run}".replace("&", "&&"))
    summary = book.sheet("Summary")
    sheets.waterfalls(book, report)
    sheets.breaks(book, report, extras)
    sheets.aged(book, report)
    said = sheets.matched(book, report, pairs)
    sheets.suggested(book, report)
    sheets.carried(book, extras)
    sheets.by_subject(book, report, "Payouts", "No payouts were compared in this run.")
    sheets.by_subject(book, report, "Tax", "No account of tax was compared in this run.")
    sheets.by_subject(book, report, "Clearing", "No clearing account was compared in this run.")
    sheets.over_time(book, extras.kpis)
    sheets.audit(book, extras)
    sheets.rules(book, report)
    sheets.parameters(book, report, extras)
    notes = tuple(filter(None, (said, *book.notes)))
    book.notes = list(notes)
    summary_sheet.fill(summary, report, extras)
    return notes
