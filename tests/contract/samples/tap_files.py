"""Two CSV files of a till with damaged and repeated rows, each longer than one batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.contract.samples.tap_sample import TapSample

_HEADER = "till,receipt,total\n"
_EACH = 2_100


def sample(home: Path) -> TapSample:
    """Rows 11 and 12 of each file are damaged (with NUL and a byte that is no text in them), row 14 repeats row 13."""
    folder = home / "drop"
    folder.mkdir()
    for till in (1, 2):
        rows = [f"{till},{receipt},{receipt}.50\n" for receipt in range(_EACH)]
        rows[9:12] = [f"{till},9\0,9.50\n", f'{till},"1\udcff,11.50\n', rows[11]]
        rows[12] = rows[11]
        (folder / f"till_{till}.csv").write_text(_HEADER + "".join(rows), errors="surrogateescape")

    def add() -> list[dict[str, Any]]:
        with (folder / "till_2.csv").open("a") as file:
            file.write("2,new,0.99\n")
        return [{"till": "2", "receipt": "new", "total": "0.99"}]

    def drift() -> str:
        (folder / "till_1.csv").write_text("till,receipt,total,tip\n1,1,1.50,0.20\n")
        return "tip"

    stream = {"path": "drop/*.csv", "encoding": "utf-8"}
    return TapSample(
        home=home,
        config={"streams": {"receipts": stream}},
        stream="receipts",
        rows=2 * _EACH,
        damaged=4,
        twice=2,
        add=add,
        drift=drift,
        broken=[
            ({"streams": {"receipts": {"path": "nowhere/*.csv"}}}, "READ-MISSING"),
            ({"streams": {"receipts": {**stream, "key": ["number"]}}}, "READ-SCHEMA"),
        ],
        refused=[{}, {"streams": {}}, {"streams": {"receipts": {"pth": "x"}}}, {"streams": {"receipts": stream}, "folder": "x"}],
        future=lambda value: {**value, "layout": "2.0"},
    )
