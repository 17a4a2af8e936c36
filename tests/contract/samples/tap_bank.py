"""A CAMT.053 statement and a CSV export, each longer than one batch, with damaged and repeated entries."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from taps._kit.reader import Record
from taps._kit.surroundings import Surroundings
from taps.bank import CONNECTOR
from tests.contract.samples.tap_sample import TapSample

_EACH = 2_100
_ENTRY = (
    '<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-01-31</Dt></BookgDt>'
    "<NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
)
_HEADER = "Date,Text,Amount\n"


def _camt() -> str:
    """Rows 11 and 12 are damaged: no number, and one beyond what a number holds. Row 14 repeats row 13."""
    amounts = [f"{place}.50" for place in range(_EACH)]
    amounts[9:12] = ["$9.50", "9" * 30, amounts[11]]
    entries = [_ENTRY.format(amount=amount, text=f"till {place}") for place, amount in enumerate(amounts)]
    entries[12] = entries[11]
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id>'
        f"<IBAN>DE1</IBAN></Id></Acct>{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    )


def sample(home: Path) -> TapSample:
    """Equal entries are told apart by their number, so none is without a key."""
    folder = home / "bank"
    folder.mkdir()
    (folder / "a.xml").write_text(_camt())
    rows = [f"2026-01-31,till {place},{place}.25\n" for place in range(_EACH)]
    rows[9] = "31.01.2026,till 9,9.25\n"
    (folder / "b.csv").write_text(_HEADER + "".join(rows))

    def add() -> list[dict[str, Any]]:
        with (folder / "b.csv").open("a") as file:
            file.write("2026-02-01,new,0.99\n")
        told = {"booked_on": date(2026, 2, 1), "text": "new", "account": "DE2", "currency": "EUR", "status": "booked"}
        row = next(row for row in _read(home, config) if row.get("text") == "new")
        assert told.items() <= row.items()
        return [row]

    def drift() -> str:
        (folder / "b.csv").write_text("Date,Text,Amount,Branch\n2026-02-02,other,1.25,Leipzig\n")
        return "Branch"

    csv = {"account": "DE2", "currency": "EUR", "booked_on": "Date", "text": ["Text"], "amount": "Amount"}
    files = [{"path": "bank/*.xml"}, {"path": "bank/*.csv", "csv": csv}]
    config: dict[str, Any] = {"files": files}
    return TapSample(
        home=home,
        config=config,
        stream="entries",
        rows=2 * _EACH,
        damaged=3,
        twice=0,
        add=add,
        drift=drift,
        broken=[
            ({"files": [{"path": "nowhere/*.xml"}]}, "READ-MISSING"),
            ({"files": [{"path": "bank/b.csv", "csv": {**csv, "reference": "Number"}}]}, "READ-SCHEMA"),
            ({"files": [{"path": "bank/b.csv"}]}, "READ-DAMAGED"),
        ],
        refused=[
            {},
            {"files": []},
            {"files": [{"pth": "x"}]},
            {"files": [{"path": "x", "csv": {**csv, "account_column": "Account"}}]},
            {"files": [{"path": "x", "csv": {**csv, "money_in": "In"}}]},
            {"files": files, "folder": "x"},
        ],
        future=lambda value: {**value, "layout": "2.0"},
    )


def _read(home: Path, config: dict[str, Any]) -> list[dict[str, Any]]:
    """What a first read of the files gives."""
    reader = CONNECTOR.build(CONNECTOR.config.model_validate(config), home)
    return [dict(message.body) for message in reader.read("entries", None, Surroundings()) if isinstance(message, Record)]
