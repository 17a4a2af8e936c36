"""Reconciling a million with a million: ours with every class and waterfall, DuckDB's bare full outer join, and datacompy, in one run.

    python -m tests.bench.reconciling [N]

Each subject runs in a process of its own, five times in turns; extract and compare are timed apart, in CPU seconds. 5,000 breaks are planted:
a quarter missing on either side, a quarter other amounts, an eighth doubled on either side; ours must find each in its class, nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from pipelines.sandbox.demo import peak_mb

ROOT = Path(__file__).parents[2]
ROUNDS = 5
MOST_OF_JOIN, LEAST_OF_DATACOMPY, MOST_MB = 3, 5, 700
_GENERATE = """
CREATE OR REPLACE MACRO cents(i) AS CAST(hash(i) % 20000 + 100 AS BIGINT);
CREATE TABLE l AS SELECT i, 'D' || i AS key, CAST(cents(i) * 0.01 AS DECIMAL(28, 6)) AS amount, DATE '2026-01-01' + CAST(i % 31 AS INTEGER) AS on_day
    FROM range({n}) r(i) WHERE i % {step} <> 1;
INSERT INTO l SELECT * FROM l WHERE i % {twice} = 5;
CREATE TABLE r AS SELECT i, 'D' || i AS key,
        CAST(cents(i) * 0.01 + CASE WHEN i % {step} = 3 THEN 0.01 ELSE 0 END AS DECIMAL(28, 6)) AS amount,
        DATE '2026-01-01' + CAST(i % 31 AS INTEGER) AS on_day
    FROM range({n}) r(i) WHERE i % {step} <> 2;
INSERT INTO r SELECT * FROM r WHERE i % {twice} = 6;
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
    from pipelines.reconcile.run import _ASKED, _RATE

    with bench() as table:
        began = time.process_time()
        planted = generate(table.con, n)
        for each in (_ASKED, _RATE, hub.UNTRANSLATED):
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
        extracted = time.process_time()
        chosen, window = rules(Path("/nowhere")), Window(None, None, date(2026, 2, 1))
        pairing.expect(table)
        pairing.gather(table, chosen)
        pairing.compare(table)
        found, shares = finding.breaks(table, chosen, window)
        falls = waterfalls.waterfalls(table, window, shares)
        compared = time.process_time()
    classes: dict[str, int] = {}
    for each in found:
        for cause in each.causes:
            classes[cause.kind.value] = classes.get(cause.kind.value, 0) + 1
    exact = sum(classes.values()) == planted and not any(fall.unexplained for fall in falls)
    return {"extract": extracted - began, "compare": compared - extracted, "peak_mb": peak_mb(), "classes": classes, "exact": exact}


def join(n: int) -> dict[str, Any]:
    """What nobody can undercut on DuckDB: the join alone, its rows counted."""
    import duckdb

    con = duckdb.connect(config={"threads": 2})
    began = time.process_time()
    generate(con, n)
    extracted = time.process_time()
    con.execute(
        "SELECT l.key, r.key, l.amount, r.amount FROM l FULL OUTER JOIN r ON l.key = r.key "
        "WHERE l.key IS NULL OR r.key IS NULL OR l.amount <> r.amount OR l.on_day <> r.on_day"
    ).fetchall()
    return {"extract": extracted - began, "compare": time.process_time() - extracted, "peak_mb": peak_mb()}


def datacompy(n: int) -> dict[str, Any]:
    """The library that people use, on Polars, with all mismatching rows."""
    import duckdb
    from datacompy import PolarsCompare

    con = duckdb.connect(config={"threads": 2})
    began = time.process_time()
    generate(con, n)
    left, right = (con.execute(f"SELECT key, amount, on_day FROM {side}").pl() for side in ("l", "r"))
    extracted = time.process_time()
    compared = PolarsCompare(left, right, join_columns="key")
    compared.all_mismatch()
    len(compared.df1_unq_rows), len(compared.df2_unq_rows)
    return {"extract": extracted - began, "compare": time.process_time() - extracted, "peak_mb": peak_mb()}


SUBJECTS = {"counterfoil": ours, "join": join, "datacompy": datacompy}


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
        print(f"{row['subject']:12} extract {row['extract_cpu_seconds']:>7} s  compare {row['compare_cpu_seconds']:>7} s CPU  {row['peak_mb']:>5} MB"
              f"  {row['ratio_to']['join']:>6} × the bare join")  # fmt: skip
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
