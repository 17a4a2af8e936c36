"""The bank: what the statements say came in, against the payouts that the processors say they sent.

A payout is found by its number in the text of an entry, else by its amount within some bank days, if there is one candidate on either
side; which sales are in it is the processor's to state and is never guessed. Entries that are nobody's payout are other business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.reconcile.bench import BALANCES, Bench
from pipelines.reconcile.policy import Rules

SHEET = "bank/payouts"
"""Of a company's only account at a bank; of several, each has a sheet whose name begins with it."""
SHOWN = 4
"""Last signs of an account's number: enough to know it by, too few to pay from it."""
LATEST = 10
"""Days after the processor's own day in which a bank may book it; before it, one: zones differ."""


def expect(bench: Bench, sheets: Sequence[str]) -> None:
    """Put the payouts that must arrive into `expected`: at the bank's day where the processor says it, else on its way since its issue."""
    listed = ", ".join(f"'{sheet}'" for sheet in sheets)
    balances = "".join(f"NULL AS {name}, " for name in BALANCES if name in bench.columns("expected_rows"))
    bench.con.execute(
        f"""
        INSERT INTO expected_rows BY NAME
        SELECT p.* REPLACE ('{SHEET}' AS sheet, NULL AS fate, NULL AS hub_amount, NULL AS booked, false AS in_hub, 0 AS card, 0 AS coin,
               own_unit AS unit, own_amount AS amount, own_amount AS base, {balances}false AS detailed, id + 1000000000000 AS id)
        FROM expected_rows p
        WHERE sheet IN ({listed}) AND kind = 'payout' AND at_source AND coalesce(fate NOT IN ('excluded', 'merged'), true)
          AND (part IN ('arrival', 'returned')
               OR (part = 'issue' AND NOT EXISTS (SELECT 1 FROM expected o WHERE o.sheet = p.sheet AND o.connection = p.connection
                   AND o.kind = 'payout' AND o.ref = p.ref AND o.part IN ('arrival', 'failed'))))
        """  # noqa: S608 (our own names)
    )


def pair(bench: Bench, rules: Rules) -> None:
    """Give the entries of the bank that are payouts the key of theirs, and take the others aside as `elsewhere`."""
    columns = ", ".join(bench.columns("actual_rows"))
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE entry_of AS
        SELECT i.*, CAST(NULL AS VARCHAR) AS key, CAST(NULL AS VARCHAR) AS rule FROM item i WHERE corner = 'bank';
        CREATE OR REPLACE TABLE named AS
        SELECT e.rowid AS entry, any_value(p.key) AS key FROM entry_of e JOIN expected p
          ON p.sheet = '{SHEET}' AND p.unit = e.unit AND sign(p.amount) = sign(e.amount)
         AND (length(p.number) > 4 AND contains(e.text, p.number) OR length(p.ref) > 4 AND contains(e.text, p.ref))
        GROUP BY e.rowid HAVING count(DISTINCT p.key) = 1;
        UPDATE entry_of SET key = named.key, rule = 'number' FROM named WHERE entry_of.rowid = named.entry;
        CREATE OR REPLACE TABLE alike AS
        SELECT e.rowid AS entry, p.key, count(*) OVER (PARTITION BY e.rowid) AS of_entry, count(*) OVER (PARTITION BY p.key) AS of_payout
        FROM entry_of e JOIN expected p ON p.sheet = '{SHEET}' AND p.unit = e.unit AND p.amount = e.amount
         AND e.on_day BETWEEN p.on_day - 1 AND p.on_day + {LATEST}
        WHERE e.key IS NULL AND NOT EXISTS (SELECT 1 FROM entry_of t WHERE t.key = p.key);
        UPDATE entry_of SET key = alike.key, rule = 'amount_and_day' FROM alike
        WHERE entry_of.rowid = alike.entry AND of_entry = 1 AND of_payout = 1;
        CREATE OR REPLACE TABLE elsewhere AS SELECT * FROM entry_of
        WHERE key IS NULL AND ({_unlike(rules.payout_lines)});
        INSERT INTO actual_rows BY NAME SELECT {columns} FROM (SELECT * REPLACE ('{SHEET}' AS sheet) FROM entry_of)
        WHERE key IS NOT NULL OR NOT ({_unlike(rules.payout_lines)})
        """  # noqa: S608
    )
    bench.con.execute("UPDATE actual_rows a SET on_day = p.on_day FROM expected p WHERE a.sheet = ? AND p.sheet = ? AND p.key = a.key "
                      "AND a.on_day BETWEEN p.on_day - 1 AND p.on_day + ?", [SHEET, SHEET, rules.in_transit_days + 2])  # fmt: skip


def apart(bench: Bench) -> None:
    """Give each account a sheet of its own where the company has several at its banks.

    A payout goes to the account on which its entry stands; one that is still on its way, to the account to which all others of its
    processor went. What no account is known for stays on the sheet of all.
    """
    names = _names(bench)
    if len(names) < 2:  # noqa: PLR2004 (one account needs no name)
        return
    bench.con.execute("CREATE OR REPLACE TABLE bank_account (connection VARCHAR, account VARCHAR, sheet VARCHAR)")
    bench.con.executemany("INSERT INTO bank_account VALUES (?, ?, ?)", [[*key, sheet] for key, sheet in names.items()])
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE paid_into AS
        SELECT e.key, arg_min(b.sheet, e.id) AS sheet
        FROM entry_of e JOIN bank_account b ON b.connection = e.connection AND b.account = coalesce(e.account, '')
        WHERE e.key IS NOT NULL GROUP BY e.key;
        CREATE OR REPLACE TABLE usual AS
        SELECT p.connection, p.unit, any_value(i.sheet) AS sheet FROM expected p JOIN paid_into i ON i.key = p.key
        WHERE p.sheet = '{SHEET}' GROUP BY p.connection, p.unit HAVING count(DISTINCT i.sheet) = 1;
        UPDATE expected_rows p SET sheet = u.sheet FROM usual u
        WHERE p.sheet = '{SHEET}' AND u.connection = p.connection AND u.unit = p.unit AND p.key NOT IN (SELECT key FROM paid_into);
        UPDATE expected_rows p SET sheet = i.sheet FROM paid_into i WHERE p.sheet = '{SHEET}' AND p.key = i.key;
        UPDATE actual_rows a SET sheet = b.sheet FROM bank_account b, entry_of e
        WHERE a.sheet = '{SHEET}' AND a.key IS NULL AND e.id = a.id AND b.connection = e.connection AND b.account = coalesce(e.account, '');
        UPDATE actual_rows a SET sheet = i.sheet FROM paid_into i WHERE a.sheet = '{SHEET}' AND a.key = i.key
        """  # noqa: S608 (our own names)
    )


def _names(bench: Bench) -> dict[tuple[str, str], str]:
    """The sheet of each account: connection and the number's last signs, or the whole number where two end alike."""
    rows = bench.rows("SELECT DISTINCT connection, coalesce(account, '') AS account FROM item WHERE corner = 'bank' ORDER BY ALL")
    known = [(row["connection"], row["account"]) for row in rows]
    short = {key: (key[0], key[1][-SHOWN:]) for key in known}
    alike = {each for each in short.values() if list(short.values()).count(each) > 1}
    return {key: " ".join(filter(None, (SHEET, *(key if short[key] in alike else short[key])))) for key in known}


def is_of_bank(sheet: str) -> bool:
    """Whether a sheet is that of an account at a bank, or of all of them."""
    return sheet == SHEET or sheet.startswith(f"{SHEET} ")


def is_paired(bench: Bench) -> bool:
    """Whether the company has a bank whose entries were paired."""
    return bool(bench.rows("SELECT 1 AS one FROM information_schema.tables WHERE table_name = 'elsewhere'"))


def _unlike(pattern: str) -> str:
    """SQL: whether an entry's text does not look like a processor's payout."""
    return "true" if not pattern else f"NOT regexp_matches(coalesce(text, ''), '{pattern.replace(chr(39), chr(39) * 2)}')"


def elsewhere(bench: Bench) -> Mapping[str, tuple[int, str]]:
    """Entries that are other business of the account, by currency: how many, and what they sum up to."""
    return {
        row["unit"]: (row["n"], f"{row['amount']:f}")
        for row in bench.rows("SELECT unit, count(*) AS n, sum(amount) AS amount FROM elsewhere GROUP BY unit ORDER BY unit")
    }
