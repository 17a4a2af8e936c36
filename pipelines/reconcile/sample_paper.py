"""The pages of a sample: one PDF for each document, and a list of them. Needs the extra `pdf` (typst)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.reconcile.exports.csv import guarded
from pipelines.reconcile.exports.keep import keep
from pipelines.reconcile.exports.totals import plain
from pipelines.reconcile.sample import Chosen
from taps._kit.errors import Misconfigured

_TEMPLATE = Path(__file__).parent / "sample.typ"
_FIXED = datetime(1980, 1, 1, tzinfo=UTC)


def write(folder: Path, name: str, pages: Sequence[tuple[Chosen, dict[str, Any]]]) -> list[Path]:
    """Write the pages and `list.csv` into the folder, which is made; their paths. Raises Misconfigured where the extra is missing."""
    try:
        import typst  # noqa: PLC0415 (an extra)
    except ImportError:
        raise Misconfigured("The sample needs the extra `pdf`: pip install 'counterfoil[pdf]'.") from None
    folder.mkdir(parents=True, exist_ok=True)
    written, rows = [], io.StringIO()
    table = csv.writer(rows, lineterminator="\r\n")
    table.writerow(("file", "kind", "number", "amount", "currency", "chosen"))
    compiler = typst.Compiler(_TEMPLATE)
    for place, (chosen, told) in enumerate(pages, 1):
        file = f"{place:03}-{chosen.kind}-{re.sub(r'[^A-Za-z0-9._-]+', '_', chosen.number)[:60]}.pdf"
        made: Any = compiler.compile(format="pdf", sys_inputs={"data": json.dumps(told | {"sample": name})}, timestamp=_FIXED)
        written.append(keep(folder / file, made))
        why = "for certain" if chosen.certain else "by chance"
        table.writerow((file, chosen.kind, guarded(chosen.number), plain(chosen.amount), chosen.currency, why))
    return [*written, keep(folder / "list.csv", rows.getvalue().encode())]
