"""The PDF that a finance director reads and signs: figures, waterfalls, ageing, the largest breaks, signatures.

Needs the extra `pdf` (typst). Data reach the page as JSON and are set as text, so that nothing in them can run as markup. Equal reports
give equal bytes: the document's date is the cut-off, and the fonts are those inside typst, unless a text needs others of this machine. A
sign that no font here has is replaced by �, and a note says so on the page and to the caller; the other exports hold the text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.reconcile.exports import chart
from pipelines.reconcile.exports.extras import Extras, SignOff
from pipelines.reconcile.exports.json import to_json
from pipelines.reconcile.exports.keep import keep
from pipelines.reconcile.exports.totals import BUCKETS, Written, ageing, classes, ends, head, month, path, shown, totals
from pipelines.reconcile.exports.trend import HISTORY, cells, figures, percent
from pipelines.reconcile.report import Break, Line, Report, Waterfall
from pipelines.reconcile.words import MEANINGS, Status
from taps._kit.errors import Misconfigured

MOST_BREAKS = 50
_MOST_POINTS = 24
_PRINTED = (0, 2, 3, 4, 6, 7, 8, 9, 10)
"""Columns of the history that fit on paper."""
_TEMPLATE = Path(__file__).parent / "report.typ"
_FONTS = ["Libertinus Serif", "DejaVu Sans Mono"]
_PLAIN = re.compile(r"[\x20-\u024f\u2013-\u2026\u2212\u20ac\s]+")
"""Signs that the fonts inside typst have; every other is looked up."""
_LACKING = "\ufffd"
_NOWHERE = "\U0010ffff"
"""A code point that is no sign: no font has it."""
_NUMBER = 10
"""Characters of a number that surely fit in a line of its cell."""
VERDICTS = {Status.TIES: "TIES", Status.BREAKS: "OPEN BREAKS", Status.INVALID: "INVALID"}


def write(report: Report, folder: Path, extras: Extras | None = None) -> Written:
    """Write the PDF. Raises Misconfigured where the extra is missing."""
    try:
        import typst  # noqa: PLC0415 (an extra)
    except ImportError:
        raise Misconfigured("The PDF needs the extra `pdf`: pip install 'counterfoil[pdf]'.") from None
    data = _data(report, extras or Extras())
    own, lacking = _fonts(typst, data)
    notes = _said(lacking)
    if notes:
        data = _walk(data, lambda text: "".join(_LACKING if sign in lacking else sign for sign in text))
        data["notes"] = [*data["notes"], *notes]
    made = typst.compile(
        _TEMPLATE.read_bytes(),
        format="pdf",
        sys_inputs={"data": json.dumps(data)},
        timestamp=report.as_of.astimezone(UTC).replace(microsecond=0),
        ignore_system_fonts=own,
    )
    return Written(keep(path(report, folder, "pdf"), made), notes)


def _said(lacking: list[str]) -> tuple[str, ...]:
    if not lacking:
        return ()
    some = " ".join(f"U+{ord(sign):04X}" for sign in lacking[:8])
    said = (
        f"No font here has {len(lacking)} of the signs in this report ({some}); the PDF shows {_LACKING} for each. Install a font that "
        "has them (for Chinese, Japanese and Korean: Noto Sans CJK) and export again; the other exports hold the texts."
    )
    return (said,)


def _fonts(typst: Any, data: dict[str, Any]) -> tuple[bool, list[str]]:
    """Whether the fonts inside typst will do, and the signs that no font has."""
    texts: list[str] = []

    def keep_text(text: str) -> str:
        texts.append(text)
        return text

    _walk(data, keep_text)
    others = sorted({sign for text in texts for sign in _PLAIN.sub("", text)})
    lacking = _lacking(typst, others, own=True)
    return (False, _lacking(typst, lacking, own=False)) if lacking else (True, [])


def _lacking(typst: Any, signs: list[str], *, own: bool) -> list[str]:
    """The signs that are drawn as what is drawn for no sign at all."""
    if not signs:
        return []
    source = (
        "#set page(width: 9pt, height: 9pt, margin: 0pt)\n#set text(font: json(bytes(sys.inputs.fonts)), size: 8pt)\n"
        "#for (at, sign) in json(bytes(sys.inputs.signs)).enumerate() { if at > 0 { pagebreak() }; sign }"
    )
    inputs = {"signs": json.dumps([_NOWHERE, *signs]), "fonts": json.dumps(_FONTS)}
    pages = typst.compile(source.encode(), format="svg", sys_inputs=inputs, ignore_system_fonts=own)
    return [sign for sign, page in zip(signs, pages[1:], strict=True) if page == pages[0]]


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed."""
    if isinstance(value, dict):
        return {name: _walk(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [_walk(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


# ── what stands on the page ──


def _data(report: Report, extras: Extras) -> dict[str, Any]:
    at = report.as_of.astimezone(ZoneInfo(report.timezone))
    company = extras.legal_name or report.company
    verdict, says = VERDICTS[report.status], SAYS[report.status]
    return {
        "company": company,
        "title": f"Reconciliation {month(report.period)}",
        "run": report.run,
        "run_line": f"run {report.run}",
        "day": [at.year, at.month, at.day],
        "status": report.status.value,
        "verdict": verdict,
        "says": says,
        "fonts": _FONTS,
        "strip": [[name, value.partition(",")[0] if name == "Rules" else value] for name, value in head(report, extras)],
        "notes": [*report.notes, *_late(report)],
        "figures": list(_figures(report)),
        "waterfalls": [_fall(each, drawn=number == 0) for number, each in enumerate(_in_order(report))],
        "classes": [
            [MEANINGS[each.kind].title, each.unit, f"{each.count:,}", shown(each.gross, each.unit), shown(each.net, each.unit)]
            for each in classes(report)
        ],
        "buckets": [name for name, _ in BUCKETS],
        "ageing": list(_ageing(report)),
        "breaks_title": _breaks_title(len(report.breaks)),
        "breaks": [_break(each, extras) for each in report.breaks[:MOST_BREAKS]],
        "kpis": [[each.name, str(each)] for each in figures(extras.kpis)] if extras.kpis else [],
        "history_heads": [HISTORY[at] for at in _PRINTED],
        "history": list(_history(extras)),
        "statement": extras.statement,
        "signatures": list(_signatures(extras.sign_offs)),
        "bound": [list(each) for each in _bound(report)],
    }


SAYS = {
    Status.TIES: "It ties: no difference is open.",
    Status.BREAKS: "Every difference is named; some are open.",
    Status.INVALID: "The waterfall does not end at 0.00 unexplained. Do not sign: this is a bug of the reconciliation.",
}


def _figures(report: Report) -> Iterator[list[str]]:
    rates = {each.unit: each for each in report.rates}
    for total in totals(report):
        rate = rates.get(total.unit)
        if not (rate or total.breaks or total.matched_pairs or total.unexplained):
            continue
        shares = [percent(rate.matched_count), percent(rate.matched_value)] if rate else ["", ""]
        amounts = [shown(each, total.unit) for each in (total.gross, total.net, total.unexplained)]
        yield [total.unit or "records", f"{total.matched_pairs:,}", *shares, f"{total.breaks:,}", *amounts]


def _ageing(report: Report) -> Iterator[list[list[str]]]:
    """A row for each unit: its name, then number and gross amount of each bucket."""
    for unit, found in groupby(ageing(report), lambda each: each.unit):
        yield [[unit, ""], *([shown(each.gross, unit), f"{each.count:,}"] if each.count else ["", ""] for each in found)]


def _history(extras: Extras) -> Iterator[list[str]]:
    """The newest run of each period, the last of them, as the page has room for it."""
    for point in (extras.kpis.newest() if extras.kpis else ())[-_MOST_POINTS:]:
        made = cells(point, percent, shown)
        yield ["" if made[at] is None else str(made[at]) for at in _PRINTED]


def _late(report: Report) -> Iterator[str]:
    if report.late:
        yield f"Events that came after this period was certified: {len(report.late):,}. The workbook lists them on the sheet Post-close."


def _in_order(report: Report) -> list[Waterfall]:
    """The waterfall of sales that moves most first, for it gets the picture; then the others as they are."""
    largest = max(report.waterfalls, key=lambda fall: (fall.name == "sales", max(map(abs, ends(fall)))), default=None)
    return sorted(report.waterfalls, key=lambda fall: fall is not largest)


def _fall(fall: Waterfall, *, drawn: bool) -> dict[str, Any]:
    return {
        "title": fall.title or fall.name,
        "unit": fall.unit,
        "chart": chart.svg(fall, _FONTS[0]) if drawn and fall.lines else "",
        "told": chart.told(fall),
        "sheet": fall.sheet,
        "lines": [_line(each, fall.unit) for each in _with_check(fall)],
    }


def _with_check(fall: Waterfall) -> Iterable[Line]:
    """The lines, ending with what is unexplained."""
    if any(line.role == "check" for line in fall.lines):
        return fall.lines
    return (*fall.lines, Line("Unexplained", fall.unexplained, role="check"))


def _line(line: Line, unit: str) -> dict[str, str]:
    count = f"{line.count:,}" if line.count else ""
    return {"label": line.label, "role": line.role, "count": count, "amount": shown(line.amount, unit), "note": line.note}


def _breaks_title(count: int) -> str:
    return f"Open differences: the {MOST_BREAKS} largest of {count:,}" if count > MOST_BREAKS else f"Open differences: {count:,}"


def _break(each: Break, extras: Extras) -> dict[str, str]:
    work = extras.work_on().get(each.key)
    kinds = list(dict.fromkeys(cause.kind for cause in each.causes))
    return {
        "kind": each.kind,
        "number": _breakable(each.number),
        "class": " + ".join(MEANINGS[kind].title for kind in kinds),
        "said": " ".join(cause.say for cause in each.causes),
        "on": each.on.isoformat() if each.on else "",
        "age": str(each.age),
        "owner": (work.owner if work else "") or (MEANINGS[kinds[0]].owner if kinds else ""),
        "unit": each.unit,
        "difference": shown(each.difference, each.unit),
    }


def _breakable(number: str) -> str:
    """A long number with places at which its cell may break it."""
    return "\u200b".join(number[at : at + _NUMBER] for at in range(0, len(number), _NUMBER))


def _signatures(signed: Iterable[SignOff]) -> Iterator[dict[str, str]]:
    found = list(signed)
    for each in found:
        yield {
            "role": each.role.capitalize(),
            "person": each.person,
            "at": f"{each.signed_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
            "statement": each.statement,
            "frozen": f"No longer counts: {each.frozen}" if each.frozen else "",
            "hash": each.bound_hash,
        }
    there = {each.role for each in found if not each.frozen}
    for role in ("preparer", "reviewer"):
        if role not in there:
            yield {"role": role.capitalize(), "person": "not signed", "at": "", "statement": "", "frozen": "", "hash": ""}


def _bound(report: Report) -> Iterator[tuple[str, str]]:
    yield "Run", report.run
    yield "Rules", report.rules
    yield "SHA-256 of the inputs", report.inputs_hash
    yield "SHA-256 of the period's books", report.books_hash
    yield "SHA-256 of the data file (JSON)", hashlib.sha256(to_json(report)).hexdigest()
