"""Which format a statement file has: CSV where the connection says so, the others by what they begin with."""

from __future__ import annotations

import re
from pathlib import Path

from mappings.problem import Problem
from taps._kit.folder import FileTrouble, empty
from taps._kit.text_lines import encoding_of
from taps.bank.camt import Camt
from taps.bank.config import StatementFiles
from taps.bank.csv_statement import Csv
from taps.bank.mt940 import Mt940
from taps.bank.ofx import Ofx
from taps.bank.statement import Format

_HEAD = 1 << 16
_CAMT = re.compile(r"camt\.053|<(?:\w+:)?BkToCstmrStmt\b|camt\.05[24]|<(?:\w+:)?(?:BkToCstmrAcctRpt|BkToCstmrDbtCdtNtfctn)\b")
_OTHER_CAMT = re.compile(r"camt\.05[24]|BkToCstmrAcctRpt|BkToCstmrDbtCdtNtfctn")
_OFX = re.compile(r"OFXHEADER|<OFX>|<\?OFX\b", re.IGNORECASE)
_MT940 = re.compile(r"^(?:\{4:)?:(?:20|940):", re.MULTILINE)
_XML = re.compile(r"\s*<\?xml|\s*<!DOCTYPE", re.IGNORECASE)


def format_of(path: Path, name: str, files: StatementFiles) -> Format:
    """The format of a file. FileTrouble with a sentence where it is none of them."""
    with path.open("rb") as content:
        head = content.read(_HEAD)
    if not head.strip():
        raise FileTrouble(empty(name))
    if files.csv is not None:
        return Csv()
    text = head.decode(encoding_of(head), "replace").removeprefix("\ufeff")
    if _OFX.search(text):
        return Ofx()
    found = _CAMT.search(text)
    if found and _OTHER_CAMT.search(found.group()):
        say = f"{name} is a report of the day or an advice (CAMT.052 or 054), not a statement: it may be taken back, and is not read."
        raise FileTrouble(Problem("READ-DAMAGED", say, "Have the bank send statements (CAMT.053), or leave such files out of `path`."))
    if found or _XML.match(text):
        return Camt()
    if _MT940.search(text):
        return Mt940()
    say = f"{name} is neither CAMT.053 nor MT940 nor OFX."
    raise FileTrouble(Problem("READ-DAMAGED", say, "Leave the file out of `path`; for CSV say under `csv` what its columns mean."))
