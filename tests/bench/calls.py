"""Write calls for 1,000 documents of each kind, beside the fewest that the system's batch sizes allow: `python -m tests.bench.calls`.

Counted at the simulators, after the log-in: what a system with a daily limit feels. Look-ups before a send count too. Prints a table and
writes build/calls.json; ends with 1 where a kind needs over a tenth more than the fewest.
"""

from __future__ import annotations

import json
import sys
import tempfile
from math import ceil
from pathlib import Path
from typing import Any

from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from targets._kit.registry import target
from targets._kit.writer import Payload, Receipt
from tests.contract.samples.remote import RemoteSample
from tests.contract.test_remote_contract import SAMPLES, wanted

ROOT = Path(__file__).parents[2]
COUNT = 1_000
MOST = 1.10


def count(name: str, sample: RemoteSample, case: str) -> dict[str, Any]:
    """Calls of one kind: those that write, and those that look."""
    simulator = sample.simulator()
    simulator.interludes.append(lambda _call: simulator.clock.forward(seconds=1.1))  # no limit of a minute is met
    kind = target(sample.target)
    with serve(simulator) as url, tempfile.TemporaryDirectory() as home:
        writer = kind.build(kind.config.model_validate(sample.config(url)), Path(home))
        writer.open(None, Surroundings(clock=simulator.clock, safe=Pocket(dict(sample.secrets)), sleep=simulator.clock.sleep))
        before = len(simulator.log)
        payloads = [writer.prepare(wanted(name, sample.cases[case], n)) for n in range(1, COUNT + 1)]
        good = [payload for payload in payloads if isinstance(payload, Payload)]
        answers = [answer for start in range(0, COUNT, kind.facts.batch) for answer in writer.send(good[start : start + kind.facts.batch])]
        writer.close()
    made = sum(isinstance(answer, Receipt) for answer in answers)
    calls = [each.request for each in simulator.log[before:]]
    writes = sum(map(sample.writes, calls))
    batch = sample.batches.get(case, 1)
    fewest = ceil(COUNT / batch) * sample.steps.get(case, 1)
    return {
        "system": name,
        "kind": case,
        "documents": made,
        "batch": batch,
        "fewest": fewest,
        "writes": writes,
        "reads": len(calls) - writes,
        "ratio": round(writes / fewest, 3),
    }


def main() -> int:
    """Count, write, compare."""
    found = []
    for name, sample in sorted(SAMPLES.items()):
        for case in sample.cases:
            found.append(count(name, sample, case))
            row = found[-1]
            print(
                f"{row['system']:12}{row['kind']:18}{row['documents']:>6} documents {row['writes']:>6} writes {row['reads']:>6} reads"
                f"   fewest {row['fewest']:>6}   {row['ratio']:>6} ×"
            )
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/calls.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(any(row["ratio"] > MOST for row in found))


if __name__ == "__main__":
    sys.exit(main())
