"""The first sheet: what the run says as a whole, whether every other sheet adds up to it, and who signed."""

from __future__ import annotations

from pipelines.reconcile.exports.extras import Extras
from pipelines.reconcile.exports.totals import classes, ends, head, totals
from pipelines.reconcile.exports.workbook import GREY, Amount, Share, Sheet
from pipelines.reconcile.report import ZERO, Report
from pipelines.reconcile.words import MEANINGS, Status

GREEN, AMBER, RED = "#1D6B43", "#8A5A00", "#9C2A1F"
SAYS = {
    Status.TIES: ("It ties: no difference is open.", GREEN),
    Status.BREAKS: ("Every difference is named; some are open.", AMBER),
    Status.INVALID: ("INVALID: the waterfall does not end at 0.00 unexplained. Do not sign; this is a bug of the reconciliation.", RED),
}


def fill(sheet: Sheet, report: Report, extras: Extras) -> None:
    """Write it; last, because it checks the others."""
    sheet.widths(44, 18, 16, 16, 16, 16, 16, 16)
    said, colour = SAYS[report.status]
    sheet.line((said,), bold=True, font_size=12, font_color=colour)
    sheet.row += 1
    for name, value in head(report, extras):
        sheet.line((name, value))
    _waterfalls(sheet, report)
    _rates(sheet, report)
    _classes(sheet, report)
    _checks(sheet)
    _signatures(sheet, extras)
    sheet.section("Notes")
    for note in (*report.notes, *sheet.book.notes) or ("None.",):
        sheet.line((note,))


def _waterfalls(sheet: Sheet, report: Report) -> None:
    sheet.section("Waterfalls")
    sheet.head(("Waterfall", "Unit", "From", "To", "Breaks in it", "Unexplained"), (2, 3, 4, 5))
    for fall in report.waterfalls:
        first, last = ends(fall)
        broken = sum((line.amount for line in fall.lines if line.role == "break"), ZERO)
        sheet.line(
            (f"{fall.title}, {fall.sheet}", fall.unit, *(Amount(each, fall.unit) for each in (first, last, broken, fall.unexplained)))
        )


def _rates(sheet: Sheet, report: Report) -> None:
    sheet.section("Totals and rates, unit by unit")
    heads = ("Unit", "Breaks", "Open, gross", "Open, net", "Matched pairs", "Matched value", "Matched by value", "Classified")
    sheet.head(heads, range(1, 8))
    rates = {each.unit: each for each in report.rates}
    for total in totals(report):
        rate = rates.get(total.unit)
        amounts = (Amount(total.gross, total.unit), Amount(total.net, total.unit))
        shares = (Share(rate.matched_value), Share(rate.classified_value)) if rate else (None, None)
        sheet.line((total.unit, total.breaks, *amounts, total.matched_pairs, Amount(total.matched, total.unit), *shares))


def _classes(sheet: Sheet, report: Report) -> None:
    sheet.section("Differences by class")
    sheet.head(("Class", "Unit", "Count", "Gross", "Net"), (2, 3, 4))
    found = list(classes(report))
    for each in found:
        sheet.line((MEANINGS[each.kind].title, each.unit, each.count, Amount(each.gross, each.unit), Amount(each.net, each.unit)))
    if not found:
        sheet.line(("There is no break.",), italic=True, font_color=GREY)


def _checks(sheet: Sheet) -> None:
    """Each sum of another sheet against the run, and one cell that says whether they all agree."""
    sheet.section("Checks: the sheets against the run")
    sheet.head(("What", "Unit", "Sum of the cells", "Of the run", "Check"), (2, 3, 4))
    first = sheet.row
    for check in sheet.book.checks:
        row = sheet.row
        shown = check.of_run.unit
        sheet.put(row, 0, check.what)
        sheet.put(row, 1, check.unit)
        sheet.formula(row, 2, f"={check.formula.replace('{unit}', f'$B${row + 1}')}", Amount(check.found, shown))
        sheet.put(row, 3, check.of_run)
        sheet.formula(row, 4, f"=ROUND(C{row + 1}-D{row + 1},4)", Amount(check.found - check.of_run.value, shown))
        sheet.row += 1
    whole = sum((abs(check.found - check.of_run.value) for check in sheet.book.checks), ZERO)
    if sheet.book.checks:
        sheet.put(sheet.row, 0, "All checks", bold=True, top=1)
        sheet.formula(sheet.row, 4, f"=SUMPRODUCT(ABS(E{first + 1}:E{sheet.row}))", Amount(whole, "EUR"), bold=True, top=1)
        sheet.row += 1


def _signatures(sheet: Sheet, extras: Extras) -> None:
    sheet.section("Sign-off")
    if extras.statement:
        sheet.line((extras.statement,), italic=True)
    sheet.head(("Name", "Role", "Signed (UTC)", "", "Counts", "SHA-256 of what was signed"))
    for each in extras.sign_offs:
        counts = f"no: {each.frozen}" if each.frozen else "yes"
        sheet.line((each.person, each.role, f"{each.signed_at:%Y-%m-%d %H:%M:%S}", None, counts, each.bound_hash))
    if not extras.sign_offs:
        sheet.line(("Nobody has signed.",), italic=True, font_color=GREY)
