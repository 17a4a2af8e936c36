"""Who is whom: what each corner should hold of a document beside what it holds, in sets.

expected    what the target should hold: the source's own figures (or the hub's, where a source has no control), in the target's
            currency and representation
actual      what the target holds, one row a key; surplus rows of a key stand in `double`
joined      full outer join of both; `differs` where anything does
"""

from __future__ import annotations

from pipelines.reconcile.bench import BALANCES, COMPONENTS, Bench
from pipelines.reconcile.policy import Rules

_OUT = "('excluded', 'merged')"
_SIGNED = (*COMPONENTS, *BALANCES)
_TOLD = tuple(name for name in COMPONENTS if name != "goods")
"""Components that a source may tell; goods are what these leave of its total."""
_SIDE = ("amount", *BALANCES, "on_day", "unit", "party", "status", "cost", "overtime", "detailed", "number", "ref")
_OWN = (
    *("subject", "own_unit", "own_amount", "base", "card", "coin", "at_source", "in_hub", "rate", "fate", "reason"),
    *("held_for", "hub_amount", "booked", "posting", "part", "article", "row"),
)


def expect(bench: Bench) -> None:
    """Make `expected` from source items and standings."""
    told = " OR ".join(f"{name} IS NOT NULL" for name in _TOLD)
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE told AS
        SELECT * REPLACE (
            coalesce(tax_owed, -tax) AS tax_owed, coalesce(cards_owed, coalesce(redeemed, 0) - gift_card) AS cards_owed,
            ({told}) AS detailed)
        FROM item WHERE corner = 'source'
        """  # noqa: S608 (our own names)
    )
    _surplus(bench, "told", "twice", "sheet, connection, kind, ref, part, article")
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE drawn AS
        SELECT coalesce(s.sheet, h.sheet) AS sheet, coalesce(s.connection, h.connection) AS connection,
               coalesce(s.kind, h.kind) AS kind, coalesce(s.ref, h.ref) AS ref, coalesce(s.part, h.part, '') AS part, s.article,
               coalesce(h.subject, concat_ws('/', s.connection || ':' || s.kind || ':' || s.ref, nullif(s.part, ''))) AS subject,
               coalesce(h.number, s.number) AS number, coalesce(s.on_day, h.on_day) AS on_day,
               coalesce(s.unit, h.unit) AS own_unit, coalesce(h.booked_unit, nullif(h.base, ''), s.unit, h.unit) AS unit,
               CASE WHEN q.kind IS NULL THEN h.amount ELSE coalesce(s.amount, 0) END AS own_amount,
               s.ref IS NOT NULL OR q.kind IS NULL AS at_source, h.ref IS NOT NULL AS in_hub,
               coalesce(s.rate, h.rate, r.rate) AS rate, h.fate, h.reason, h.held_for, h.amount AS hub_amount, h.booked,
               h.posting, h.card_bridge, h.rounding_bridge, coalesce(s.row, s.ref, h.ref) AS row,
               s.redeemed, s.detailed, s.overtime, s.cost, s.party, s.status, s.version,
               {", ".join(f"s.{name}" for name in _SIGNED)}
        FROM told s FULL OUTER JOIN standing h
          ON s.sheet = h.sheet AND s.connection = h.connection AND s.kind = h.kind AND s.ref = h.ref AND coalesce(s.part, '') = h.part
        LEFT JOIN asked q ON q.sheet = coalesce(s.sheet, h.sheet) AND q.connection = coalesce(s.connection, h.connection)
          AND q.kind = coalesce(s.kind, h.kind)
        LEFT JOIN rate r ON r.sheet = coalesce(s.sheet, h.sheet) AND r.unit = coalesce(s.unit, h.unit)
          AND r.from_day <= coalesce(s.on_day, h.on_day) AND r.to_day >= coalesce(s.on_day, h.on_day)
        """  # noqa: S608
    )
    rest = " + ".join(f"coalesce({name}, 0)" for name in _TOLD)
    factor = "CASE WHEN own_unit = unit THEN 1 ELSE rate END"
    converted = ", ".join(f"CASE WHEN own_unit = unit THEN {name} ELSE coin({name} * rate, unit) END AS {name}" for name in _SIGNED)
    card = "CASE WHEN coalesce(card_bridge, 0) = 0 THEN 0 WHEN redeemed IS NULL THEN card_bridge ELSE -redeemed END"
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE expected AS
        WITH converted AS (
            SELECT * REPLACE ({converted}),
                   CASE WHEN own_unit = unit THEN own_amount ELSE coin(own_amount * rate, unit) END AS base,
                   CASE WHEN own_unit = unit OR rate IS NULL THEN {card}
                        ELSE coin(({card}) * {factor}, unit) END AS card
            FROM drawn)
        SELECT * REPLACE (CASE WHEN detailed THEN amount - ({rest}) END AS goods) FROM (
        SELECT * REPLACE (gift_card + card AS gift_card, rounding + coin AS rounding), base + card + coin AS amount
        FROM (SELECT *, CASE WHEN rounding_bridge <> 0 AND own_unit = unit
                        THEN coin(base + card, unit) - (base + card) ELSE 0 END AS coin FROM converted))
        """  # noqa: S608
    )
    telling = ", ".join(f"count({name}) > 0 AS {name}" for name in BALANCES)
    filled = ", ".join(f"{name} = CASE WHEN t.{name} THEN coalesce(expected.{name}, 0) END" for name in BALANCES)
    bench.con.execute(
        f"""
        ALTER TABLE expected ADD COLUMN key VARCHAR;
        UPDATE expected SET key = subject || coalesce('#' || article, '');
        CREATE OR REPLACE TABLE telling AS SELECT sheet, connection, kind, {telling} FROM expected GROUP BY ALL;
        UPDATE expected SET {filled} FROM telling t
        WHERE expected.sheet = t.sheet AND expected.connection = t.connection AND expected.kind = t.kind;
        CREATE OR REPLACE TABLE restated AS
        SELECT t.* REPLACE (e.unit AS unit), e.subject AS of_subject, t.unit AS own_unit, t.amount AS own_amount,
               CASE WHEN e.own_unit = e.unit THEN t.amount ELSE coin(t.amount * e.rate, e.unit) END AS base
        FROM twice t JOIN expected e ON t.sheet = e.sheet AND t.connection = e.connection AND t.kind = e.kind AND t.ref = e.ref
          AND coalesce(t.part, '') = e.part AND t.article IS NOT DISTINCT FROM e.article
        WHERE coalesce(e.fate NOT IN ('excluded', 'merged'), true)
        """  # noqa: S608
    )


def gather(bench: Bench, rules: Rules) -> None:
    """Make `actual`, each row with the key of what it is, as far as our own ids and numbers tell."""
    bench.con.execute(
        """
        CREATE OR REPLACE TABLE actual AS
        SELECT * EXCLUDE (corner), subject || CASE WHEN a.subject_of IS NULL THEN '' ELSE coalesce('#' || article, '') END AS key,
               'sync_link' AS rule
        FROM item LEFT JOIN (SELECT DISTINCT sheet AS sheet_of, subject AS subject_of FROM expected WHERE article IS NOT NULL) a
          ON a.sheet_of = item.sheet AND a.subject_of = item.subject
        WHERE corner = 'target'
        """
    )
    _merge_articles(bench)
    _surplus(bench, "actual", "double", "sheet, key")
    if any(each.rule == "number" for each in rules.passes):
        _by_number(bench)


def compare(bench: Bench) -> None:
    """Make `joined`: expected beside actual, and whether anything differs."""
    _join(bench)


def _surplus(bench: Bench, table: str, into: str, key: str) -> None:
    """Move every row but the first of a key into a table of its own: it stands there more than once."""
    first = key.rsplit(", ", maxsplit=1)[-1]
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE {into} AS
        SELECT t.*, t.rowid AS row_of FROM {table} t SEMI JOIN
            (SELECT {key} FROM {table} WHERE {"ref" if table == "told" else first} IS NOT NULL GROUP BY {key} HAVING count(*) > 1) d
            ON {" AND ".join(f"t.{name} IS NOT DISTINCT FROM d.{name}" for name in key.split(", "))}
        QUALIFY row_number() OVER (PARTITION BY {", ".join(f"t.{name}" for name in key.split(", "))} ORDER BY on_day, number, ref) > 1;
        DELETE FROM {table} WHERE rowid IN (SELECT row_of FROM {into})
        """  # noqa: S608 (our own names)
    )


def _merge_articles(bench: Bench) -> None:
    """Where the front office told only a document's units, the articles of the target are added up."""
    bench.con.execute(
        """
        CREATE OR REPLACE TABLE whole AS
        SELECT sheet, key, sum(amount) AS amount, count(*) AS n, min(rowid) AS keep FROM actual
        WHERE article IS NOT NULL AND key IS NOT NULL AND key NOT LIKE '%#%' GROUP BY sheet, key HAVING count(*) > 1;
        DELETE FROM actual USING whole WHERE actual.sheet = whole.sheet AND actual.key = whole.key AND actual.rowid <> whole.keep;
        UPDATE actual SET amount = whole.amount FROM whole WHERE actual.sheet = whole.sheet AND actual.key = whole.key
        """
    )


def _by_number(bench: Bench) -> None:
    """What bears none of our ids but a number that is missing there, once on either side: it is that document, whatever its amount."""
    bench.con.execute(
        """
        CREATE OR REPLACE TABLE lone AS
        SELECT sheet, number, unit, any_value(key) AS key FROM expected e
        WHERE fate IS DISTINCT FROM 'excluded' AND fate IS DISTINCT FROM 'merged' AND article IS NULL
          AND NOT EXISTS (SELECT 1 FROM actual a WHERE a.sheet = e.sheet AND a.key = e.key) AND amount <> 0
        GROUP BY sheet, number, unit HAVING count(*) = 1;
        UPDATE actual SET key = lone.key, rule = 'number' FROM lone
        WHERE actual.key IS NULL AND actual.sheet = lone.sheet AND actual.number = lone.number AND actual.unit = lone.unit
          AND actual.rowid IN (SELECT min(rowid) FROM actual WHERE key IS NULL GROUP BY sheet, number, unit HAVING count(*) = 1)
        """
    )


def _join(bench: Bench) -> None:
    """Left beside right. Of the right's components those count that the left tells too; its goods are what these leave."""
    shared = {name: f"CASE WHEN l.{name} IS NOT NULL OR l.key IS NULL THEN r.{name} END" for name in _TOLD}
    shared["goods"] = f"r.amount - ({' + '.join(f'coalesce({sql}, 0)' for sql in shared.values())})"
    columns = [
        "coalesce(l.sheet, r.sheet) AS sheet",
        "coalesce(l.key, r.key) AS key",
        "coalesce(l.kind, r.kind) AS kind",
        "l.key IS NOT NULL AS has_left",
        "r.rule IS NOT NULL AS has_right",
        "coalesce(l.connection, '') AS connection",
        "r.connection AS target",
        "r.kind AS representation",
        "r.subject AS r_subject",
        "r.rule",
        "r.edited",
        f"coalesce(l.fate IN {_OUT}, false) AS out_of_scope",
        *(f"l.{name}" for name in _OWN),
        *(f"l.{name} AS l_{name}" for name in (*_SIDE, *COMPONENTS)),
        *(f"r.{name} AS r_{name}" for name in _SIDE if name not in BALANCES),
        *(f"CASE WHEN l.key IS NULL OR l.{name} IS NOT NULL THEN r.{name} END AS r_{name}" for name in BALANCES),
        *(f"{shared[name]} AS r_{name}" for name in COMPONENTS),
    ]
    bench.con.execute(
        "CREATE OR REPLACE TABLE joined AS SELECT *, "  # noqa: S608 (our own names)
        f"CASE WHEN NOT has_right THEN l_amount <> 0 AND NOT out_of_scope ELSE {_differs()} END AS differs "
        f"FROM (SELECT {', '.join(columns)} FROM expected l FULL OUTER JOIN actual r ON l.sheet = r.sheet AND l.key = r.key)"
    )


def _differs() -> str:
    """SQL: whether a pair of which the target has its side differs in anything that is compared."""
    apart = [f"l_{name} <> r_{name}" for name in BALANCES]
    apart += [
        f"(l_detailed AND r_detailed AND own_unit = l_unit AND coalesce(l_{name}, 0) <> coalesce(r_{name}, 0))" for name in COMPONENTS
    ]
    apart += [f"l_{name} <> r_{name}" for name in ("amount", "unit", "on_day", "party", "status", "cost", "overtime")]
    known = ["NOT has_left", "out_of_scope", "NOT at_source", "l_amount IS NULL", "edited IS NOT NULL"]
    return " OR ".join((*known, *(f"coalesce({sql}, false)" for sql in apart)))
