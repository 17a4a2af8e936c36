"""The real file of the main job: every row, exact amounts, ids as digits, in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from tests.unit._files import Seen, reader

FILE = "data/online_retail/online_retail.parquet"


def test_every_row_of_the_main_job_with_exact_amounts(shared: Path) -> None:
    """The README of the data states these totals, computed by exact decimals."""
    stream = reader(shared, path=FILE, ids=["CustomerID"])
    seen = Seen(list(stream.read("s", None, None)))  # type: ignore[arg-type]
    assert (len(seen.records), seen.damaged, seen.notices, seen.state.read) == (541_909, [], [], 541_909)
    assert sum((row.body["Quantity"] * row.body["UnitPrice"] for row in seen.records), Decimal(0)) == Decimal("9747747.934")
    assert sum(row.body["CustomerID"] is None for row in seen.records) == 135_080
    assert {type(row.body["CustomerID"]) for row in seen.records} == {str, type(None)}
    assert seen.records[0].body == {
        "InvoiceNo": "536365",
        "StockCode": "85123A",
        "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
        "Quantity": 6,
        "InvoiceDate": "2010-12-01T08:26:00",
        "UnitPrice": Decimal("2.55"),
        "CustomerID": "17850",
        "Country": "United Kingdom",
    }


_PEAK = """
import json, resource, sys
from pathlib import Path
import pyarrow.parquet
from taps._kit.surroundings import Surroundings
from taps.files import CONNECTOR
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
stream = {"path": sys.argv[2], "ids": ["CustomerID"]}
reader = CONNECTOR.build(CONNECTOR.config(streams={"s": stream}), Path(sys.argv[1]))
for message in reader.read("s", None, Surroundings()):
    pass
print(json.dumps({"mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, "read": message.read}))
"""


def test_memory_is_bounded_though_the_file_is_one_row_group(shared: Path) -> None:
    """541,909 rows as records would be some 400 MB; what may be held is a batch and the pages under it."""
    done = subprocess.run([sys.executable, "-c", _PEAK, str(shared), FILE], capture_output=True, text=True, check=True, timeout=120)
    peak = json.loads(done.stdout)
    assert peak["read"] == 541_909
    assert peak["mb"] < 150
