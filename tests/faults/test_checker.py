"""The checker finds each kind of wrong by itself: a ledger and a stock by hand, right once and then wrong in one place each."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests._kit.company import HEAD
from tests.faults.checker import Verdict, judge

EXPORTS = (
    ("S1,order,1,2026-01-05,EUR,mug,2,10.00,",),
    ("S1,order,1,2026-01-05,EUR,mug,3,15.00,", "C1,refund,1,2026-01-06,EUR,mug,1,5.00,S1"),
)
SALE = (
    '2026-01-05 * "invoice" "S1" ^S1\n  cf-ref: "a"\n  Income:Sales  -10.00 EUR\n    component: "goods"\n  Assets:Receivable  10.00 EUR\n\n'
)
BACK = '2026-01-05 * "invoice" "S1" #reversal ^S1\n  cf-ref: "b"\n  Income:Sales  10.00 EUR\n  Assets:Receivable  -10.00 EUR\n\n'
ANEW = '2026-01-05 * "invoice" "S1" ^S1\n  cf-ref: "b"\n  Income:Sales  -15.00 EUR\n  Assets:Receivable  15.00 EUR\n\n'
REFUND = '2026-01-06 * "credit_note" "C1" ^C1\n  cf-ref: "c"\n  Income:Returns  5.00 EUR\n  Assets:Receivable  -5.00 EUR\n\n'
BOOKS = (SALE, BACK, ANEW, REFUND)
MOVES = (("k1", "mug", 2, "S1", "stock_removal"), ("k2", "mug", 1, "S1", "stock_removal"), ("k3", "mug", -1, "C1", "stock_return"))


def judged(folder: Path, books: tuple[str, ...] = BOOKS, moves: tuple[tuple[str, str, int, str, str], ...] = MOVES) -> Verdict:
    exports = []
    for place, rows in enumerate(EXPORTS):
        exports.append(folder / f"{place}.csv")
        exports[-1].write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    (folder / "entries.beancount").write_text("".join(books), encoding="utf-8")
    stock = sqlite3.connect(folder / "stock.db")
    stock.execute("CREATE TABLE counterfoil_receipt (idempotency_key, seq)")
    stock.execute("CREATE TABLE stock_movement (receipt_key, line, item, units, document_number, kind)")
    for seq, (key, item, units, number, kind) in enumerate(moves):
        stock.execute("INSERT INTO counterfoil_receipt VALUES (?, ?)", (key, seq))
        stock.execute("INSERT INTO stock_movement VALUES (?, 0, ?, ?, ?, ?)", (key, item, units * 1_000_000, number, kind))
    stock.commit()
    stock.close()
    return judge(exports, folder / "entries.beancount", f"sqlite:///{folder / 'stock.db'}")


def test_what_is_right_is_right(tmp_path: Path) -> None:
    verdict = judged(tmp_path)
    assert (verdict.good, verdict.documents, verdict.duplicates, verdict.lost) == (True, 2, 0, 0), str(verdict)


@pytest.mark.parametrize(
    ("books", "doubled", "lost", "said"),
    [
        ((SALE, SALE, BACK, ANEW, REFUND), 2, 0, "written twice by the attempt a"),
        ((SALE, BACK, ANEW, ANEW.replace('"b"', '"d"'), REFUND), 1, 0, "booked again while an entry of it stood"),
        ((SALE, BACK, ANEW), 0, 1, "C1 is lost: the ledger has nothing of it"),
        ((SALE, REFUND), 0, 0, "S1 is wrong: the ledger has"),
        ((BACK, SALE, ANEW, REFUND), 1, 0, "a reversal of S1 stands before its entry"),
        ((SALE, BACK.replace("10.00", "9.00"), ANEW, REFUND), 0, 0, "the reversal of S1 takes back"),
        ((SALE, BACK, ANEW.replace(" 15.00", " 15.01"), REFUND), 0, 0, "the entry of S1 does not balance"),
        (
            (ANEW, BACK.replace("10.00", "15.00").replace('"b"', '"c"'), SALE, BACK, ANEW.replace('"b"', '"d"'), REFUND),
            0,
            0,
            "not in that order",
        ),
        ((REFUND, SALE, BACK, ANEW), 0, 0, "the ledger has C1 before its sale S1"),
        ((SALE, BACK, ANEW, REFUND[:-40]), 0, 0, "ends in the midst of an entry"),
        ((SALE, "; a remark\n\n", BACK, ANEW, REFUND), 0, 0, "holds a line that is no entry"),
    ],
)
def test_each_wrong_of_a_ledger_is_named(tmp_path: Path, books: tuple[str, ...], doubled: int, lost: int, said: str) -> None:
    verdict = judged(tmp_path, books)
    assert said in str(verdict)
    assert (verdict.doubled["the ledger"], verdict.lost) == (doubled, lost), str(verdict)


@pytest.mark.parametrize(
    ("moves", "doubled", "lost", "said"),
    [
        ((*MOVES, ("k4", "mug", 3, "S1", "stock_removal")), 1, 0, "S1 is doubled: the stock has"),
        (MOVES[:2], 0, 1, "C1 is lost: the stock has nothing of it"),
        ((MOVES[0], MOVES[2]), 0, 0, "S1 is wrong: the stock has"),
        ((("k0", "mug", 3, "S1", "stock_removal"), ("k1", "mug", -1, "S1", "stock_removal"), *MOVES[1:]), 0, 0, "not in that order"),
        ((MOVES[2], *MOVES[:2]), 0, 0, "the stock has C1 before its sale S1"),
    ],
)
def test_each_wrong_of_the_stock_is_named(
    tmp_path: Path, moves: tuple[tuple[str, str, int, str, str], ...], doubled: int, lost: int, said: str
) -> None:
    verdict = judged(tmp_path, moves=moves)
    assert said in str(verdict)
    assert (verdict.doubled["the stock"], verdict.lost) == (doubled, lost), str(verdict)


def test_it_imports_nothing_of_the_product() -> None:
    text = Path(__file__).with_name("checker.py").read_text(encoding="utf-8")
    assert not any(
        line.split()[1].split(".")[0] in ("pipelines", "targets", "taps", "mappings", "tests")
        for line in text.splitlines()
        if line.split()[:1] in (["import"], ["from"])
    )
