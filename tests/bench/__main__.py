"""`make bench`: the route and each of its steps beside the floor, into build/bench.json; fails where the ratio fell by a fifth.

COUNTERFOIL_SIZE=nightly takes ten times the records. `--record` writes today's ratio down as the one to hold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import orders

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).with_name("recorded.json")
SUBJECTS = ("floor", "counterfoil")
COUNT = 200_000 if os.environ.get("COUNTERFOIL_SIZE") == "nightly" else 20_000
ROUNDS = 3
MOST_DROP = 0.20


def measure(subject: str, source: Path) -> dict[str, Any]:
    """One run of one subject in a process and a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.subjects", subject, str(source), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def rows(runs: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The median of each subject's rounds; the steps of the route as benches of their own, against the floor of the whole route."""
    floor = median(run["timed"]["route"]["cpu_seconds"] for run in runs["floor"])
    found = []
    for subject, measured in runs.items():
        for bench in measured[0]["timed"]:
            cpu = median(run["timed"][bench]["cpu_seconds"] for run in measured)
            found.append(
                {
                    "bench": bench,
                    "subject": subject,
                    "n": COUNT,
                    "seconds": round(median(run["timed"][bench]["seconds"] for run in measured), 3),
                    "cpu_seconds": round(cpu, 3),
                    "per_second": round(COUNT / cpu, 1),
                    "peak_mb": max(run["peak_mb"] for run in measured),
                    "ratio_to": {"floor": round(cpu / floor, 2)},
                }
            )
    return found


def main() -> int:
    """Measure, write, compare."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "orders.jsonl"
        orders.write(source, COUNT)
        runs: dict[str, list[dict[str, Any]]] = {subject: [] for subject in SUBJECTS}
        for number in range(ROUNDS):  # in turns, so that a busy moment of the machine meets both
            for subject in SUBJECTS:
                print(f"round {number + 1} of {ROUNDS}: {subject}", file=sys.stderr)
                runs[subject].append(measure(subject, source))
    found = rows(runs)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/bench.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for row in found:
        speed, times = f"{row['per_second']:>11,} /s CPU", f"{row['ratio_to']['floor']:>7} × floor"
        print(f"{row['bench']:17}{row['subject']:13}{speed} {row['peak_mb']:>5} MB   {times}")
    ratio = next(row["ratio_to"]["floor"] for row in found if (row["bench"], row["subject"]) == ("route", "counterfoil"))
    if "--record" in sys.argv:
        RECORDED.write_text(json.dumps({"route": ratio}) + "\n", encoding="utf-8")
        return 0
    return judge(ratio, json.loads(RECORDED.read_text(encoding="utf-8"))["route"])


def judge(ratio: float, recorded: float) -> int:
    """0 unless the route does a fifth fewer records in the time of the floor than the recorded run did."""
    if recorded / ratio < 1 - MOST_DROP:
        print(f"The route takes {ratio} times the floor; it was {recorded} when it was last recorded. That is a drop of over a fifth.")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
