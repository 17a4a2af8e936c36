"""The sheets of the workbook behind the summary: what was compared, what differs, how old it is, what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice

from pipelines.reconcile.exports.extras import Extras
from pipelines.reconcile.exports.totals import ageing, bucket
from pipelines.reconcile.exports.trend import HISTORY, cells, figures
from pipelines.reconcile.exports.workbook import GREY, Amount, Book, Check, Column, Link, Share, Sheet
from pipelines.reconcile.kpis import Kpis
from pipelines.reconcile.report import ZERO, Break, Pair, Report, Side, Waterfall
from pipelines.reconcile.words import MEANINGS, BreakClass, Corner, WorkState

MOST_PAIRS = 100_000
"""Rows of the sheet of matches; the CSV holds them all."""
_MOST_POINTS = 10_000
_MOST_LINKS = 50_000
"""Excel takes 65,530 links on a sheet."""
_BREAK_COLUMNS = (
    Column("Number", 18), Column("Class", 24, wrap=True), Column("Date", 11), Column("Age, days", 9), Column("Ageing", 10),
    Column("Unit", 6), Column("Expected", 14, total=True), Column("Actual", 14, total=True), Column("Difference", 14, total=True),
    Column("What happened", 52, wrap=True), Column("What to do", 40, wrap=True),
    Column("Usually acts", 10), Column("Owner", 16), Column("State", 12),
    Column("Comment", 24, wrap=True), Column("Sheet", 10), Column("Kind", 10), Column("At the source", 20), Column("At the target", 20),
    Column("At the bank", 20), Column("Document", 24), Column("Class (code)", 20), Column("Key", 14),
)  # fmt: skip
_SUBJECTS: dict[str, tuple[set[str], set[BreakClass]]] = {
    "Payouts": ({"payout", "transfer"}, {BreakClass.IN_TRANSIT}),
    "Tax": (set(), {BreakClass.TAX}),
    "Clearing": (
        {"payment", "payout", "transfer", "fee", "dispute", "spend", "balance_transaction"},
        {BreakClass.FEE, BreakClass.CHARGEBACK, BreakClass.RESERVE, BreakClass.IN_TRANSIT},
    ),
}
"""Kinds of documents and classes of breaks that a sheet of its own gathers."""
_BREAK_UNIT = 5
_BREAK_PRINTED = 11


def waterfalls(book: Book, report: Report) -> None:
    """Every waterfall, step by step, with a running total that Excel works out."""
    sheet = book.sheet("Waterfall")
    sheet.widths(46, 9, 16, 16, 60)
    for fall in report.waterfalls:
        _waterfall(sheet, fall)
    if not report.waterfalls:
        sheet.line(("No waterfall in this run.",), italic=True, font_color=GREY)


def breaks(book: Book, report: Report, extras: Extras) -> None:
    """Every break, the largest first, with the work on it."""
    rows = [*_breaks(report.breaks, extras)]
    book.sheet("Breaks").table(_BREAK_COLUMNS, rows, _BREAK_UNIT, "There is no break: everything ties.", _BREAK_PRINTED)
    if report.late:
        sheet = book.sheet("Post-close")
        sheet.table(_BREAK_COLUMNS, [*_breaks(report.late, extras)], _BREAK_UNIT, "", _BREAK_PRINTED)


def aged(book: Book, report: Report) -> None:
    """Breaks by age, for each unit."""
    rows = [(each.unit, each.bucket, each.count, Amount(each.gross, each.unit), Amount(each.net, each.unit)) for each in ageing(report)]
    columns = (
        Column("Unit", 12), Column("Business days", 16), Column("Breaks", 10, total=True), Column("Gross: Σ |difference|", 20, total=True),
        Column("Net: Σ difference", 20, total=True),
    )  # fmt: skip
    book.sheet("Ageing").table(columns, rows, 0, "There is no break: nothing ages.")


def matched(book: Book, report: Report, pairs: Iterable[Pair]) -> str:
    """The matched pairs; a sentence about those that are too many for a sheet, or nothing."""
    left = iter(pairs)
    rows = [
        (
            pair.number, pair.rule, pair.kind, pair.on, pair.unit, Amount(pair.expected, pair.unit), Amount(pair.actual, pair.unit),
            Amount(pair.actual - pair.expected, pair.unit), pair.sheet,
        )
        for pair in islice(left, MOST_PAIRS)
    ]  # fmt: skip
    more = sum(1 for _ in left)
    said = f"{len(rows):,} of {len(rows) + more:,} matched pairs are on this sheet; the CSV holds them all." if more else ""
    columns = (
        Column("Number", 20), Column("Rule", 22), Column("Kind", 12), Column("Date", 11), Column("Unit", 6),
        Column("Expected", 16, total=True), Column("Actual", 16, total=True), Column("Difference", 14, total=True), Column("Sheet", 12),
    )  # fmt: skip
    counted = sum(each.pairs for each in report.matched if each.state != "suggested")
    sheet = book.sheet("Matched")
    if said:
        sheet.line((said,), bold=True, font_color="#9C2A1F")
    sheet.table(columns, rows, 4, f"Nothing was handed in; the run counted {counted:,} pairs.")
    return said


def suggested(book: Book, report: Report) -> None:
    """Matches that a person must confirm, one row a document."""
    columns = (
        Column("Suggestion", 11), Column("Rule", 20), Column("Score", 8), Column("Why", 40, wrap=True),
        Column("Side", 8), Column("Corner", 9),
        Column("Connection", 16), Column("Number", 16), Column("Date", 11), Column("Unit", 6), Column("Amount", 14),
        Column("Reference", 26), Column("Sheet", 12),
    )  # fmt: skip
    rows = [
        (
            number, each.rule, Share(each.score), "; ".join(each.reasons), where, side.corner.value, side.connection, side.number, side.on,
            side.unit, Amount(side.amount, side.unit), side.reference, each.sheet,
        )
        for number, each in enumerate(report.suggestions, 1)
        for where, sides in (("left", each.left), ("right", each.right))
        for side in sides
    ]  # fmt: skip
    book.sheet("Suggested").table(columns, rows, 9, "There is no suggestion to confirm.")


def carried(book: Book, extras: Extras) -> None:
    """Open breaks from one period into the next: the roll-forward, and what is carried."""
    sheet = book.sheet("Carried forward")
    if extras.roll_forward:
        sheet.section("Roll-forward of open breaks")
        sheet.head(("", "Unit", "Breaks", "Gross", "Net"), (2, 3, 4))
        for line in extras.roll_forward:
            sheet.line((line.label, line.unit, line.count, Amount(line.gross, line.unit), Amount(line.net, line.unit)))
        sheet.row += 1
    columns = (
        Column("Number", 30), Column("Class", 20), Column("Since", 12), Column("Unit", 12), Column("Difference", 16, total=True),
        Column("State", 14), Column("Owner", 16), Column("What happened", 52, wrap=True),
        Column("Comment", 30), Column("Sheet", 9), Column("Key", 9),
    )  # fmt: skip
    rows = [
        (
            each.found.number, _titles(each.found), each.since, each.found.unit, Amount(each.found.difference, each.found.unit),
            each.state.value, each.owner, _said(each.found), each.comment, each.found.sheet, each.found.key,
        )
        for each in extras.carried or ()
    ]  # fmt: skip
    sheet.table(columns, rows, 3, _not_handed_in(extras.carried, "No break was carried into this period."))


def by_subject(book: Book, report: Report, title: str, empty: str) -> None:
    """The waterfalls of one subject with the breaks that belong to it: Payouts, Tax, Clearing."""
    sheet = book.sheet(title)
    sheet.widths(46, 9, 16, 16, 60)
    kinds, classes = _SUBJECTS[title]
    falls = [fall for fall in report.waterfalls if fall.name.startswith(title.lower())]
    for fall in falls:
        _waterfall(sheet, fall)
    mine = [each for each in report.breaks if each.kind in kinds or any(cause.kind in classes for cause in each.causes)]
    if mine:
        sheet.section("Breaks")
        sheet.head(("Number and class", "Unit", "Expected", "Difference", "What happened"), (2, 3))
        for each in mine:
            amounts = (Amount(each.expected, each.unit), Amount(each.difference, each.unit))
            sheet.line((f"{each.number} ({_titles(each)})", each.unit, *amounts, _said(each)))
    if not falls:
        sheet.line((empty,), italic=True, font_color=GREY)


def over_time(book: Book, found: Kpis | None) -> None:
    """The key figures, and every run with its rates and open value; nothing where nobody worked them out."""
    if found is None:
        return
    sheet = book.sheet("Key figures")
    for each in figures(found):
        value = Share(Decimal(each.value)) if each.unit == "%" and each.value is not None else each.value
        sheet.line((each.name, str(each) if each.value is None else Amount(value, "") if isinstance(value, Decimal) else value, each.unit))
    sheet.row += 1
    columns = [Column(head, 16 if at < len(HISTORY) - 1 else 10) for at, head in enumerate(HISTORY)]
    rows = [tuple(cells(point, Share, Amount)) for point in found.history[-_MOST_POINTS:]]
    sheet.table(columns, rows, 2, "Nothing was reconciled yet.")


def audit(book: Book, extras: Extras) -> None:
    """Who did what."""
    columns = (Column("At", 24), Column("Who", 24), Column("Did", 24), Column("To", 60))
    rows = [(line.at, line.actor, line.action, line.subject) for line in extras.audit or ()]
    book.sheet("Audit log").table(columns, rows, 1, _not_handed_in(extras.audit, "Nothing was done yet."))


def rules(book: Book, report: Report) -> None:
    """Which rule matched how much, and what each class of breaks means."""
    sheet = book.sheet("Rules")
    sheet.line((f"Rules of this run: {report.rules}",))
    sheet.section("Classes of breaks")
    sheet.head(("Class", "Title", "Means", "What to do", "Usually acts"))
    for kind, meaning in MEANINGS.items():
        sheet.line((kind.value, meaning.title, meaning.means, meaning.do, meaning.owner), text_wrap=True)
    sheet.section("Matches by rule")
    columns = (
        Column("Rule", 24), Column("State", 26), Column("Unit", 50), Column("Pairs", 40, total=True), Column("Amount", 16, total=True),
        Column("Sheet", 12),
    )  # fmt: skip
    rows = [(each.rule, each.state, each.unit, each.pairs, Amount(each.amount, each.unit), each.sheet) for each in report.matched]
    sheet.table(columns, rows, 2, "No rule matched anything.")


def parameters(book: Book, report: Report, extras: Extras) -> None:
    """What was asked of whom, under which rules: enough to run it again."""
    sheet = book.sheet("Parameters")
    for name, value in told(report, extras):
        sheet.line((name, value))
    sheet.section("What each corner held")
    columns = (
        Column("Sheet", 22), Column("Corner", 12), Column("Connection", 22), Column("Kind", 14), Column("Unit", 8),
        Column("Documents", 12), Column("Amount", 18), Column("How it was asked", 50, wrap=True), Column("Numbers missing", 40),
    )  # fmt: skip
    rows = [
        (
            each.sheet, each.corner.value, each.connection, each.kind, each.unit, each.items, Amount(each.amount, each.unit), each.asked,
            ", ".join(each.gaps) or None,
        )
        for each in report.corners
    ]  # fmt: skip
    sheet.table(columns, rows, 4, "No corner was asked.")
    if report.completeness:
        _stated(sheet, report)
    if report.numbers:
        _numbers(sheet, report)


def _stated(sheet: Sheet, report: Report) -> None:
    """What the sources state of themselves, by day."""
    sheet.section("What each source states of itself, asked apart from the cursor")
    sheet.head(("Connection", "Kind", "Day", "Unit", "Stated", "Received", "Compared", "How it was asked, or why not", "Not received"))
    for each in report.completeness:
        sheet.line(
            (
                each.connection, each.kind, each.on, each.unit or None, each.stated, each.received, each.compared, each.asked or each.why,
                ", ".join(each.missing) or None,
            ),
            text_wrap=True,
        )  # fmt: skip


def _numbers(sheet: Sheet, report: Report) -> None:
    """Gaps in runs of numbers."""
    sheet.section("Gaps in runs of numbers")
    sheet.head(("Connection", "Kind", "After", "Numbers", "Explained", "What the source says"))
    for each in report.numbers:
        sheet.line((each.connection, each.kind, each.on, each.numbers, "yes" if each.explained else "no", each.says))


def told(report: Report, extras: Extras) -> Iterator[tuple[str, str]]:
    """The parameters as names and values."""
    yield "Company", extras.legal_name or report.company
    yield "Period", report.period or "since the beginning"
    yield "Cut-off (UTC)", f"{report.as_of:%Y-%m-%d %H:%M:%S}"
    yield "Time zone of the business", report.timezone
    yield "Run", report.run
    yield "Rules", report.rules
    yield "SHA-256 of the inputs", report.inputs_hash
    yield "SHA-256 of the period's books", report.books_hash
    yield from extras.parameters.items()
    yield "Sign of a difference", "actual − expected: + is too much at the target"
    yield "Ageing", "business days (Monday to Friday) from the earliest document's date to the cut-off"


def _waterfall(sheet: Sheet, fall: Waterfall) -> None:
    """One waterfall: each line with the running sum; at the last total, running and total differ by what is unexplained."""
    sheet.section(f"{fall.title}, {fall.sheet} ({fall.unit})")
    sheet.head(("Step", "Count", "Amount", "Running", "Note"), (1, 2, 3))
    running, before = ZERO, -1
    found, formula = ZERO, ""
    for line in fall.lines:
        strong = line.role in ("corner", "total", "check")
        style = {"bold": True, "top": 1} if strong else {"italic": line.role == "break"}
        row = sheet.row
        sheet.put(row, 0, line.label, **style, **({} if strong else {"align": "left", "indent": 1}))
        sheet.put(row, 1, line.count or None, **style)
        sheet.put(row, 2, Amount(line.amount, fall.unit), **style)
        if line.role != "check":
            adds = line.role != "total" or before < 0
            running += line.amount if adds else ZERO
            parts = [*([f"D{before + 1}"] if before >= 0 else []), *([f"C{row + 1}"] if adds else [])]
            sheet.formula(row, 3, f"={'+'.join(parts)}", Amount(running, fall.unit), **style)
            if line.role == "total" and before >= 0:
                found, formula = abs(line.amount - running), f"ABS({sheet.name_of(row, 2)}-{sheet.name_of(row, 3)})"
            before = row
        sheet.put(row, 4, line.note or None, **style, align="left", indent=1)
        sheet.row += 1
    if not any(line.role == "check" for line in fall.lines):
        sheet.line(("Unexplained", None, Amount(fall.unexplained, fall.unit)), bold=True, top=1)
    if formula:
        sheet.book.checks.append(
            Check(f"{sheet.name}: {fall.title}, {fall.sheet}", fall.unit, formula, found, Amount(abs(fall.unexplained), fall.unit))
        )


def _breaks(found: Sequence[Break], extras: Extras) -> Iterator[tuple[object, ...]]:
    work = extras.work_on()
    for at, each in enumerate(found):
        mine = work.get(each.key)
        meaning = MEANINGS[each.causes[0].kind] if each.causes else None
        links = extras.link and at < _MOST_LINKS
        yield (
            Link(extras.link.replace("{key}", each.key), each.number) if links else each.number,
            _titles(each), each.on, each.age, bucket(each.age), each.unit, Amount(each.expected, each.unit), Amount(each.actual, each.unit),
            Amount(each.difference, each.unit), _said(each), each.suggested or (meaning.do if meaning else None),
            meaning.owner if meaning else None, mine.owner if mine else None, (mine.state if mine else WorkState.OPEN).value,
            "; ".join(filter(None, (mine.reason, mine.comment))) if mine else None, each.sheet, each.kind,
            *(_references(each.sides, corner) for corner in (Corner.SOURCE, Corner.TARGET, Corner.BANK)),
            each.subject, " + ".join(cause.kind.value for cause in each.causes), each.key,
        )  # fmt: skip


def _titles(each: Break) -> str:
    return " + ".join(dict.fromkeys(MEANINGS[cause.kind].title for cause in each.causes))


def _said(each: Break) -> str:
    return "  ".join(cause.say for cause in each.causes)


def _references(sides: Sequence[Side], corner: Corner) -> str | None:
    return ", ".join(side.reference for side in sides if side.corner is corner) or None


def _not_handed_in(given: object, empty: str) -> str:
    return "Not part of this export." if given is None else empty
