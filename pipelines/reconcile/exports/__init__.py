"""What leaves a reconciliation for people and other programs: workbook, PDF, CSV and JSON, with one run id and the same sums on all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.reconcile.exports import csv, json, pdf, xlsx
from pipelines.reconcile.exports.extras import Extras
from pipelines.reconcile.exports.totals import Written
from pipelines.reconcile.report import Pair, Report
from taps._kit.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Exports:
    """The files of one report; None where an extra is missing, and the notes say which."""

    xlsx: Path | None
    pdf: Path | None
    csv: Path
    json: Path
    notes: tuple[str, ...] = ()

    @property
    def paths(self) -> dict[str, Path]:
        """The files that were written, by their endings."""
        found = {"xlsx": self.xlsx, "pdf": self.pdf, "csv": self.csv, "json": self.json}
        return {ending: path for ending, path in found.items() if path is not None}


def export_all(report: Report, pairs: Iterable[Pair], folder: Path, extras: Extras | None = None) -> Exports:
    """Write all four into a folder. `pairs` is gone through twice; what can be gone through only once is kept in memory."""
    found = pairs if iter(pairs) is not pairs else tuple(pairs)
    notes: list[str] = []
    data = json.write(report, folder)
    table = csv.write(report, found, folder)
    book = _unless_missing(partial(xlsx.write, report, found, folder, extras), notes)
    paper = _unless_missing(partial(pdf.write, report, folder, extras), notes)
    return Exports(book, paper, table, data, tuple(notes))


def _unless_missing(write: Callable[[], Written], notes: list[str]) -> Path | None:
    """The file, or None where its extra is missing; what must be told goes to `notes`."""
    try:
        written = write()
    except Misconfigured as missing:
        notes.append(missing.say)
        return None
    notes.extend(written.notes)
    return written.path
