"""What the tests of the bank tap share: a reader over a folder, its messages by kind, and small writers of each format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from taps._kit.reader import Damaged, Message, Notice, Record, State
from taps._kit.surroundings import Surroundings
from taps.bank import CONNECTOR


@dataclass
class Seen:
    """One read, sorted."""

    messages: list[Message]
    records: list[Record] = field(init=False)
    damaged: list[Damaged] = field(init=False)
    notices: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.records = [message for message in self.messages if isinstance(message, Record)]
        self.damaged = [message for message in self.messages if isinstance(message, Damaged)]
        self.notices = [f"{message.problem.code}: {message.problem.say}" for message in self.messages if isinstance(message, Notice)]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [dict(record.body) for record in self.records]

    @property
    def keys(self) -> list[str]:
        return [str(record.key) for record in self.records]

    @property
    def codes(self) -> list[str]:
        return [notice.partition(":")[0] for notice in self.notices]

    @property
    def says(self) -> list[str]:
        return [bad.problem.say for bad in self.damaged]

    @property
    def state(self) -> dict[str, Any]:
        last = self.messages[-1]
        assert isinstance(last, State), "a read ends with a State"
        return json.loads(json.dumps(last.value))  # type: ignore[no-any-return]


def read(home: Path, *places: Any, after: Seen | None = None, accounts: dict[str, str] | None = None) -> Seen:
    """Read the files of some places (a path, or the settings of one), from a state that went through JSON."""
    files = [{"path": place} if isinstance(place, str) else place for place in places or ("*",)]
    config = CONNECTOR.config.model_validate({"files": files, "accounts": accounts or {}})
    return Seen(list(CONNECTOR.build(config, home).read("entries", after.state if after else None, Surroundings())))


# ── a statement, and its writers ──


@dataclass(frozen=True)
class Line:
    """One entry as a test writes it."""

    day: date
    amount: Decimal
    text: str = "rent"
    reference: str | None = None
    value_on: date | None = None
    end_to_end_id: str | None = None
    name: str | None = None
    account: str | None = None
    reversal: bool = False


@dataclass(frozen=True)
class Sheet:
    """A statement as a test writes it."""

    lines: tuple[Line, ...]
    opening: Decimal = Decimal("100.00")
    opened_on: date = date(2026, 1, 1)
    closed_on: date = date(2026, 1, 31)
    account: str = "DE02120300000000202051"
    currency: str = "EUR"
    number: str = "7"

    @property
    def closing(self) -> Decimal:
        return self.opening + sum((line.amount for line in self.lines), Decimal(0))


def camt(*sheets: Sheet, version: int = 2, encoding: str = "utf-8") -> bytes:
    """CAMT.053, with status and parties where the version has them."""
    body = "".join(_stmt(sheet, version) for sheet in sheets)
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02}">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>{body}</BkToCstmrStmt></Document>"
    )
    return text.encode(encoding)


def _stmt(sheet: Sheet, version: int) -> str:
    def balance(code: str, amount: Decimal, day: date) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(amount, sheet.currency)}<Dt><Dt>{day}</Dt></Dt></Bal>"
        )  # fmt: skip

    return (
        f"<Stmt><Id>{sheet.number}</Id><Acct><Id><IBAN>{sheet.account}</IBAN></Id></Acct>"
        f"{balance('OPBD', sheet.opening, sheet.opened_on)}{balance('CLBD', sheet.closing, sheet.closed_on)}"
        f"{''.join(_ntry(line, sheet, version) for line in sheet.lines)}</Stmt>"
    )


def _amount(amount: Decimal, currency: str) -> str:
    return f'<Amt Ccy="{currency}">{abs(amount)}</Amt><CdtDbtInd>{"CRDT" if amount >= 0 else "DBIT"}</CdtDbtInd>'


def _ntry(line: Line, sheet: Sheet, version: int) -> str:
    status = "<Sts><Cd>BOOK</Cd></Sts>" if version >= 8 else "<Sts>BOOK</Sts>"
    role = "Dbtr" if (line.amount >= 0) != line.reversal else "Cdtr"
    name = f"<Nm>{escape(line.name)}</Nm>" if line.name else ""
    party = f"<{role}>{f'<Pty>{name}</Pty>' if version >= 8 else name}</{role}>" if line.name else ""
    account = f"<{role}Acct><Id><IBAN>{line.account}</IBAN></Id></{role}Acct>" if line.account else ""
    value = f"<ValDt><Dt>{line.value_on}</Dt></ValDt>" if line.value_on else ""
    reference = f"<AcctSvcrRef>{escape(line.reference)}</AcctSvcrRef>" if line.reference else ""
    end_to_end = f"<Refs><EndToEndId>{line.end_to_end_id}</EndToEndId></Refs>" if line.end_to_end_id else ""
    return (
        f"<Ntry>{_amount(line.amount, sheet.currency)}{'<RvslInd>true</RvslInd>' if line.reversal else ''}{status}"
        f"<BookgDt><Dt>{line.day}</Dt></BookgDt>{value}{reference}<NtryDtls><TxDtls>{end_to_end}"
        f"<RltdPties>{party}{account}</RltdPties><RmtInf><Ustrd>{escape(line.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def mt940(*sheets: Sheet, encoding: str = "cp1252", strip: bool = True) -> bytes:
    """MT940 with German sub-fields, wrapped hard at 65 characters; `strip`: without blanks at the ends of lines."""
    lines: list[str] = []
    for sheet in sheets:
        lines += [
            ":20:STARTUMSE",
            f":25:{sheet.account}",
            f":28C:{sheet.number}",
            f":60F:{_balance(sheet.opening, sheet.opened_on, sheet)}",
        ]
        for line in sheet.lines:
            lines += _field61(line)
        lines += [f":62F:{_balance(sheet.closing, sheet.closed_on, sheet)}", "-"]
    return "".join(f"{line.rstrip() if strip else line}\r\n" for line in lines).encode(encoding)


def _balance(amount: Decimal, day: date, sheet: Sheet) -> str:
    return f"{'C' if amount >= 0 else 'D'}{day:%y%m%d}{sheet.currency}{_comma(amount)}"


def _comma(amount: Decimal) -> str:
    return f"{abs(amount):.2f}".replace(".", ",")


def _field61(line: Line) -> list[str]:
    mark = ("RD" if line.amount >= 0 else "RC") if line.reversal else ("C" if line.amount >= 0 else "D")
    first = f":61:{line.value_on or line.day:%y%m%d}{line.day:%m%d}{mark}{_comma(line.amount)}NTRFNONREF"
    purpose = []
    if line.end_to_end_id:
        purpose += _chunks(f"EREF+{line.end_to_end_id}")
    purpose += _chunks(f"SVWZ+{line.text}")
    assert len(purpose) <= 14
    numbers = [*range(20, 30), *range(60, 64)]
    about = "166?00GUTSCHRIFT" + "".join(f"?{number}{chunk}" for number, chunk in zip(numbers, purpose, strict=False))
    about += f"?31{line.account}" if line.account else ""
    about += "".join(f"?{number}{chunk}" for number, chunk in zip((32, 33), _chunks(line.name or ""), strict=False))
    wrapped = [about[start : start + 65] for start in range(0, len(about), 65)]
    return [f"{first}//{line.reference}" if line.reference else first, f":86:{wrapped[0]}", *wrapped[1:]]


def _chunks(text: str) -> list[str]:
    return [text[start : start + 27] for start in range(0, len(text), 27)]


def ofx(*sheets: Sheet, sgml: bool = True) -> bytes:
    """OFX: version 1 without end tags of values, or version 2."""

    def value(tag: str, text: object) -> str:
        return f"<{tag}>{escape(str(text))}" + ("\n" if sgml else f"</{tag}>") if text not in (None, "") else ""

    def entry(line: Line) -> str:
        to = f"<BANKACCTTO>{value('ACCTID', line.account)}</BANKACCTTO>" if line.account else ""
        return (
            f"<STMTTRN>{value('TRNTYPE', 'OTHER')}{value('DTPOSTED', f'{line.day:%Y%m%d}120000.000[-5:EST]')}"
            f"{value('DTAVAIL', f'{line.value_on:%Y%m%d}' if line.value_on else '')}{value('TRNAMT', line.amount)}"
            f"{value('FITID', line.reference)}{value('NAME', line.name)}{to}{value('MEMO', line.text)}</STMTTRN>"
        )

    body = "".join(
        f"<STMTTRNRS><STATUS>{value('CODE', 0)}{value('SEVERITY', 'INFO')}</STATUS><STMTRS>{value('CURDEF', sheet.currency)}"
        f"<BANKACCTFROM>{value('ACCTID', sheet.account)}</BANKACCTFROM><BANKTRANLIST>{''.join(map(entry, sheet.lines))}</BANKTRANLIST>"
        f"<LEDGERBAL>{value('BALAMT', sheet.closing)}{value('DTASOF', f'{sheet.closed_on:%Y%m%d}')}</LEDGERBAL></STMTRS></STMTTRNRS>"
        for sheet in sheets
    )
    header = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
        if sgml
        else '<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="211"?>'
    )
    return f"{header}<OFX><BANKMSGSRSV1>{body}</BANKMSGSRSV1></OFX>".encode("cp1252" if sgml else "utf-8")


CSV = {
    "account_column": "Konto",
    "currency_column": "Währung",
    "booked_on": "Tag",
    "value_on": "Valuta",
    "date_format": "%d.%m.%Y",
    "amount": "Betrag",
    "decimal": ",",
    "thousands": ".",
    "text": ["Zweck"],
    "reference": "Nr",
    "end_to_end_id": "EREF",
    "counterparty_name": "Name",
    "counterparty_account": "IBAN",
    "balance": "Saldo",
    "delimiter": ";",
    "skip_rows": 1,
}


def csv_export(sheet: Sheet, *, newest_first: bool = False) -> bytes:
    """A German bank's export: a line above the header, decimal comma, a running balance, cp1252."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    balance = sheet.opening
    rows = []
    for line in sheet.lines:
        balance += line.amount
        value_on = f"{line.value_on:%d.%m.%Y}" if line.value_on else ""
        rows.append(
            [sheet.account, sheet.currency, f"{line.day:%d.%m.%Y}", value_on, _german(line.amount), line.text, line.reference or "",
             line.end_to_end_id or "", line.name or "", line.account or "", _german(balance)]
        )  # fmt: skip
    writer.writerow(["Konto", "Währung", "Tag", "Valuta", "Betrag", "Zweck", "Nr", "EREF", "Name", "IBAN", "Saldo"])
    writer.writerows(rows[::-1] if newest_first else rows)
    return f"Umsätze\r\n{out.getvalue()}".encode("cp1252")


def _german(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
