"""Reconciling a million with a million: ours with every class and waterfall, DuckDB's bare full outer join, and datacompy, in one run.

    python -m tests.bench.reconciling [N]

Each subject runs in a process of its own, five times in turns. Extract (what each side holds, as one table a side) and compare (who is
whom, what differs, why) are timed apart, in CPU seconds. 5,000 breaks are planted: a quarter missing on either side, a quarter with
another amount, an eighth doubled on either side. Ours must find each in its class and nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from pipelines.sandbox.demo import peak_mb

ROOT = Path(__file__).parents[2]
ROUNDS = 5
MOST_OF_JOIN, LEAST_OF_DATACOMPY, MOST_MB = 3, 5, 700
_GENERATE = """
CREATE OR REPLACE MACRO cents(i) AS CAST((hash(i) % 20000 + 100) * 0.01 AS DECIMAL(28, 6));
CREATE TABLE all_of AS SELECT i, CAST(CAST(md5('document ' || i) AS UUID) AS VARCHAR) AS key, cents(i) AS amount,
                              DATE '2026-01-01' + CAST(i % 31 AS INTEGER) AS on_day FROM range({n}) r(i);
CREATE TABLE l AS SELECT * FROM all_of WHERE i % {step} <> 1;
INSERT INTO l SELECT * FROM l WHERE i % {twice} = 5;
CREATE TABLE r AS SELECT * REPLACE (CASE WHEN i % {step} = 3 THEN amount + 0.01 ELSE amount END AS amount)
    FROM all_of WHERE i % {step} <> 2;
INSERT INTO r SELECT * FROM r WHERE i % {twice} = 6;
DROP TABLE all_of;
"""


def generate(con: Any, n: int) -> int:
    """Two tables of `n` documents, less and more what was planted; how many breaks that is."""
    step = n // 1_250
    con.execute(_GENERATE.format(n=n, step=step, twice=2 * step))
    return 5_000


def ours(n: int) -> dict[str, Any]:
    """The engine, from items to classed breaks and waterfalls."""
    from datetime import date

    from pipelines.reconcile import finding, pairing, waterfalls
    from pipelines.reconcile.bench import bench
    from pipelines.reconcile.causes import Window
    from pipelines.reconcile.corners import hub
    from pipelines.reconcile.policy import rules
    from pipelines.reconcile.run import ASKED, RATE
    from taps.xero.facts import ROUNDING

    with bench() as table:
        began = time.process_time()
        planted = generate(table.con, n)
        for each in (ASKED, RATE, hub.UNTRANSLATED):
            table.make(each)
        common = "'books/money', 'shop', 'order'"
        table.con.execute("INSERT INTO asked VALUES ('books/money', 'shop', 'order')")
        table.con.execute(
            "INSERT INTO item (corner, sheet, connection, kind, ref, number, on_day, unit, amount) "
            f"SELECT 'source', {common}, key, key, on_day, 'EUR', amount FROM l"
        )
        table.con.execute(
            "INSERT INTO item (corner, sheet, connection, kind, ref, subject, number, on_day, unit, amount) "
            "SELECT 'target', 'books/money', 'books', 'invoice', key, key, key, on_day, 'EUR', amount FROM r"
        )
        table.con.execute(
            "INSERT INTO standing (sheet, connection, kind, ref, part, subject, number, on_day, unit, amount, fate, booked, booked_unit) "
            f"SELECT DISTINCT {common}, key, '', key, key, on_day, 'EUR', amount, 'delivered', amount, 'EUR' FROM l"
        )
        pairing.expect(table)
        pairing.take(table)
        extracted = time.process_time()
        chosen, window = rules(Path("/nowhere")), Window(None, None, date(2026, 2, 1))
        pairing.match(table, chosen)
        pairing.compare(table)
        found, shares = finding.breaks(table, chosen, window, {"books/money": ROUNDING})
        falls = waterfalls.waterfalls(table, window, shares)
        compared = time.process_time()
    classes: dict[str, int] = {}
    for each in found:
        for cause in each.causes:
            classes[cause.kind.value] = classes.get(cause.kind.value, 0) + 1
    exact = sum(classes.values()) == planted and not any(fall.unexplained for fall in falls)
    return {"extract": extracted - began, "compare": compared - extracted, "peak_mb": peak_mb(), "classes": classes, "exact": exact}


def join(n: int) -> dict[str, Any]:
    """What nobody can undercut on DuckDB: the join alone, on key and occurrence, that finds each planted row and names no class."""
    import duckdb

    con = duckdb.connect(config={"threads": 2})
    began = time.process_time()
    planted = generate(con, n)
    extracted = time.process_time()
    numbered = "(SELECT *, row_number() OVER (PARTITION BY key ORDER BY amount) AS n FROM {0}) {0}"
    found = con.execute(
        f"SELECT l.key, r.key, l.amount, r.amount FROM {numbered.format('l')} FULL OUTER JOIN {numbered.format('r')} "
        "ON l.key = r.key AND l.n = r.n WHERE l.key IS NULL OR r.key IS NULL OR l.amount <> r.amount OR l.on_day <> r.on_day"
    ).fetchall()
    assert len(found) == planted
    return {"extract": extracted - began, "compare": time.process_time() - extracted, "peak_mb": peak_mb()}


def _datacompy(n: int, compare: str, read: Callable[[str], Any]) -> dict[str, Any]:
    import datacompy
    import duckdb

    con = duckdb.connect(config={"threads": 2})
    began = time.process_time()
    generate(con, n)
    with tempfile.TemporaryDirectory() as folder:
        for side in ("l", "r"):
            con.execute(f"COPY (SELECT key, amount, on_day FROM {side}) TO '{folder}/{side}.parquet'")
        con.close()
        left, right = (read(f"{folder}/{side}.parquet") for side in ("l", "r"))
    extracted = time.process_time()
    compared = getattr(datacompy, compare)(left, right, join_columns="key")
    compared.all_mismatch()
    len(compared.df1_unq_rows), len(compared.df2_unq_rows)
    return {"extract": extracted - began, "compare": time.process_time() - extracted, "peak_mb": peak_mb()}


def datacompy(n: int) -> dict[str, Any]:
    """The library that people use, as they use it: on pandas, with all mismatching rows. It names no class."""
    import pandas as pd

    return _datacompy(n, "PandasCompare", pd.read_parquet)


def datacompy_polars(n: int) -> dict[str, Any]:
    """The same on Polars."""
    import polars as pl

    return _datacompy(n, "PolarsCompare", pl.read_parquet)


SUBJECTS = {"counterfoil": ours, "join": join, "datacompy": datacompy, "datacompy-polars": datacompy_polars}


def main(n: int) -> int:
    """Measure in turns, print, write build/reconcile.json, judge."""
    runs: dict[str, list[dict[str, Any]]] = {subject: [] for subject in SUBJECTS}
    for number in range(ROUNDS):
        for subject in SUBJECTS:
            print(f"round {number + 1} of {ROUNDS}: {subject}", file=sys.stderr)
            command = [sys.executable, "-m", "tests.bench.reconciling", str(n), subject]
            runs[subject].append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout))
    rows = [
        {
            "bench": "reconcile",
            "subject": subject,
            "n": n,
            "extract_cpu_seconds": round(median(run["extract"] for run in measured), 2),
            "compare_cpu_seconds": round(median(run["compare"] for run in measured), 2),
            "peak_mb": max(run["peak_mb"] for run in measured),
        }
        for subject, measured in runs.items()
    ]
    of = {row["subject"]: row for row in rows}
    for row in rows:
        row["ratio_to"] = {"join": round(row["compare_cpu_seconds"] / of["join"]["compare_cpu_seconds"], 2)}
        times = f"extract {row['extract_cpu_seconds']:>7} s  compare {row['compare_cpu_seconds']:>7} s CPU"
        print(f"{row['subject']:17} {times}  {row['peak_mb']:>5} MB  {row['ratio_to']['join']:>6} × the bare join")
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/reconcile.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    mine, theirs = of["counterfoil"], of["datacompy"]
    good = (
        mine["ratio_to"]["join"] <= MOST_OF_JOIN
        and theirs["compare_cpu_seconds"] >= LEAST_OF_DATACOMPY * mine["compare_cpu_seconds"]
        and mine["peak_mb"] < MOST_MB
        and all(run["exact"] for run in runs["counterfoil"])
    )
    return 0 if good else 1


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if len(sys.argv) > 2:
        print(json.dumps(SUBJECTS[sys.argv[2]](count)))
    else:
        raise SystemExit(main(count))
