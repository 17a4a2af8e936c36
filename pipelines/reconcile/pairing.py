"""Who is whom: what each corner should hold of a document beside what it holds, in sets.

    expected    what the target should hold: the source's own figures (or the hub's, where a source has no control), in the target's
                currency and representation
    actual      what the target holds, one row a key; surplus rows of a key stand in `double` (those of a source in `restated`)
    met         full outer join of both, narrow: who met whom, and whether anything differs
    joined      both sides whole, only where something differs

A million documents are compared in a few seconds because columns that no corner tells are left out of every statement and every table
(`expected_rows`, `actual_rows` and `met_rows`, of which these names are views), and because only what differs is ever put together whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.reconcile.bench import BALANCES, COMPONENTS, ITEM, Bench
from pipelines.reconcile.policy import Rules

_OUT = "('excluded', 'merged')"
_PARTS = tuple(name for name in COMPONENTS if name != "goods")
"""Components that a corner may tell; goods are what these leave of its total."""
_ALWAYS = frozenset(("id", "sheet", "connection", "kind", "ref", "subject", "number", "on_day", "unit", "amount"))
"""Columns of every table, even where a corner is empty."""
_LABELS = ("unit", "on_day", "party", "status", "cost", "overtime")
_SIDE = ("amount", *BALANCES, *_LABELS, "detailed", "number", "ref")
_OWN = (
    *("subject", "own_unit", "own_amount", "own_card", "base", "card", "coin", "at_source", "in_hub", "rate", "fate", "reason"),
    *("held_for", "hub_amount", "booked", "part", "article", "row"),
)


# ── what is expected ──


def expect(bench: Bench) -> None:
    """Make `expected` and `restated` from source items and standings."""
    told = _told(bench, "source")
    _surplus(bench, "twice", "corner = 'source'", ("sheet", "connection", "kind", "ref", "part", "article"))
    _telling(bench)
    rates = bench.con.execute("SELECT count(*) FROM rate").fetchone() != (0,)
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE expected_rows AS
        WITH told AS (SELECT {_source(told)} FROM item i LEFT JOIN telling t USING (sheet, connection, kind)
                      WHERE corner = 'source' AND i.id NOT IN (SELECT id FROM twice)),
             drawn AS ({_drawn(told, rates=rates)}),
             converted AS (SELECT {_converted(told)} FROM drawn),
             rounded AS (SELECT *, CASE WHEN rounding_bridge <> 0 AND own_unit = unit
                                        THEN coin(base + card, unit) - (base + card) ELSE 0 END AS coin FROM converted),
             whole AS (SELECT *{_adjusted(told)}, base + card + coin AS amount FROM rounded)
        SELECT * EXCLUDE (card_bridge, rounding_bridge, redeemed),
               CASE WHEN detailed THEN amount - ({_sum([name for name in _PARTS if name in told])}) END AS goods,
               row_number() OVER () AS id
        FROM whole
        """  # noqa: S608 (our own names)
    )
    _view(bench, "expected", (*_PARTS, *BALANCES, "overtime", "cost", "party", "status", "article"))
    bench.con.execute(
        """
        CREATE OR REPLACE TABLE restated AS
        SELECT t.* REPLACE (e.unit AS unit), e.subject AS of_subject, t.unit AS own_unit, t.amount AS own_amount,
               CASE WHEN e.own_unit = e.unit THEN t.amount ELSE coin(t.amount * e.rate, e.unit) END AS base
        FROM twice t JOIN expected e ON t.sheet = e.sheet AND t.connection = e.connection AND t.kind = e.kind AND t.ref = e.ref
          AND coalesce(t.part, '') = e.part AND t.article IS NOT DISTINCT FROM e.article
        WHERE coalesce(e.fate NOT IN ('excluded', 'merged'), true)
        """
    )


def _told(bench: Bench, *corners: str) -> frozenset[str]:
    """The columns that one of the corners tells anything in."""
    counts = ", ".join(f'count("{name}") > 0' for name in ITEM.columns)
    row = bench.con.execute(f"SELECT {counts} FROM item WHERE list_contains(?, corner)", [list(corners)]).fetchone()  # noqa: S608 (our own names)
    return _ALWAYS.union(name for name, told in zip(ITEM.columns, row or (), strict=False) if told)


def _view(bench: Bench, name: str, columns: Iterable[str]) -> None:
    """A view over the rows of that name, in which columns that no corner tells are NULL."""
    there = set(bench.columns(f"{name}_rows"))
    missing = [_null(column) for column in columns if column not in there]
    bench.con.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {', '.join(('*', *missing))} FROM {name}_rows")  # noqa: S608 (our own names)


def _telling(bench: Bench) -> None:
    """Which kinds of which source tell which balances: where a kind does, a document that does not has none."""
    of = {"tax_owed": ("tax_owed", "tax"), "cards_owed": ("cards_owed", "redeemed", "gift_card")}
    counts = ", ".join(f"{' + '.join(f'count({part})' for part in of.get(name, (name,)))} > 0 AS tells_{name}" for name in BALANCES)
    bench.con.execute(
        f"CREATE OR REPLACE TABLE telling AS SELECT sheet, connection, kind, {counts} FROM item "  # noqa: S608
        "WHERE corner = 'source' GROUP BY ALL"
    )


def _null(name: str) -> str:
    return f'CAST(NULL AS {ITEM.columns[name]}) AS "{name}"'


def _sum(names: Iterable[str]) -> str:
    return " + ".join(f"coalesce({name}, 0)" for name in names) or "0"


def _adjusted(told: frozenset[str]) -> str:
    """SQL: the components that what was adjusted belongs to, where the source tells them."""
    moved = [f"{name} + {by} AS {name}" for name, by in (("gift_card", "card"), ("rounding", "coin")) if name in told]
    return f" REPLACE ({', '.join(moved)})" if moved else ""


_FOLLOWS = {"tax_owed": {"tax_owed", "tax"}, "cards_owed": {"cards_owed", "redeemed", "gift_card"}}
"""Balances that follow from a component where they are not told themselves."""


def _source(told: frozenset[str]) -> str:
    """SQL: an item of the source as far as it tells anything, with the balances that follow from its components."""

    def item(name: str) -> str:
        return f"i.{name}" if name in told else "NULL"

    follow = {
        "tax_owed": f"coalesce({item('tax_owed')}, -{item('tax')}, 0)",
        "cards_owed": f"coalesce({item('cards_owed')}, coalesce({item('redeemed')}, 0) - coalesce({item('gift_card')}, 0))",
    }
    columns = [f'i."{name}"' for name in ITEM.columns if name in told and name not in (*BALANCES, "id", "corner")]
    columns += [
        f"CASE WHEN t.tells_{name} THEN {follow.get(name, f'coalesce(i.{name}, 0)')} END AS {name}"
        for name in BALANCES
        if _FOLLOWS.get(name, {name}) & told
    ]
    return ", ".join(columns)


def _drawn(told: frozenset[str], *, rates: bool) -> str:
    """SQL: source items beside what the hub says of them."""
    gateway = f"coalesce({'s.gateway, ' if 'gateway' in told else ''}h.gateway) AS gateway"
    kept = [name for name in (*_PARTS, *BALANCES, "overtime", "cost", "party", "status", "article") if _FOLLOWS.get(name, {name}) & told]
    sides = "".join(f", s.{name}" for name in kept)
    redeemed = "s.redeemed" if "redeemed" in told else _null("redeemed")
    detailed = " OR ".join(f"s.{name} IS NOT NULL" for name in _PARTS if name in told) or "false"
    rate = [*(["s.rate"] if "rate" in told else []), "h.rate", *(["r.rate"] if rates else [])]
    known = f"coalesce({', '.join((*rate, 'NULL'))})"
    part = ["s.part"] if "part" in told else []
    leg = " || coalesce('/' || nullif(s.part, ''), '')" if part else ""
    joined = """
        LEFT JOIN rate r ON r.sheet = coalesce(s.sheet, h.sheet) AND r.unit = coalesce(s.unit, h.unit)
          AND r.from_day <= coalesce(s.on_day, h.on_day) AND r.to_day >= coalesce(s.on_day, h.on_day)"""
    return f"""
        SELECT coalesce(s.sheet, h.sheet) AS sheet, coalesce(s.connection, h.connection) AS connection,
               coalesce(s.kind, h.kind) AS kind, coalesce(s.ref, h.ref) AS ref, coalesce({", ".join((*part, "h.part", "''"))}) AS part,
               coalesce(h.subject, s.connection || ':' || s.kind || ':' || s.ref{leg}) AS subject,
               coalesce(h.number, s.number) AS number, coalesce(s.on_day, h.on_day) AS on_day,
               coalesce(s.unit, h.unit) AS own_unit,
               coalesce(h.booked_unit, CASE WHEN {known} IS NOT NULL THEN nullif(h.base, '') END, s.unit, h.unit) AS unit,
               CASE WHEN q.kind IS NULL THEN h.amount ELSE coalesce(s.amount, 0) END AS own_amount,
               s.ref IS NOT NULL OR q.kind IS NULL AS at_source, h.ref IS NOT NULL AS in_hub,
               {gateway}, {known} AS rate, h.fate, h.reason, h.held_for, h.amount AS hub_amount, h.booked,
               h.card_bridge, h.rounding_bridge, coalesce({"s.row, " if "row" in told else ""}s.ref, h.ref) AS row,
               {detailed} AS detailed, {redeemed}{sides}
        FROM told s FULL OUTER JOIN standing h
          ON s.ref = h.ref AND s.kind = h.kind AND s.connection = h.connection AND s.sheet = h.sheet
         AND {"coalesce(s.part, '')" if part else "''"} = h.part
        LEFT JOIN asked q ON q.sheet = coalesce(s.sheet, h.sheet) AND q.connection = coalesce(s.connection, h.connection)
          AND q.kind = coalesce(s.kind, h.kind){joined if rates else ""}
        """  # noqa: S608


def _converted(told: frozenset[str]) -> str:
    """SQL: the same in the target's currency, each amount rounded once, with the gift cards that its total does not hold."""
    signed = [name for name in (*_PARTS, *BALANCES) if _FOLLOWS.get(name, {name}) & told]
    card = "CASE WHEN coalesce(card_bridge, 0) = 0 THEN 0 WHEN redeemed IS NULL THEN card_bridge ELSE -redeemed END"
    replaced = ", ".join(f"CASE WHEN own_unit = unit THEN {name} ELSE coin({name} * rate, unit) END AS {name}" for name in signed)
    return f"""*{f" REPLACE ({replaced})" if replaced else ""},
               CASE WHEN own_unit = unit THEN own_amount ELSE coin(own_amount * rate, unit) END AS base,
               CASE WHEN own_unit = unit OR rate IS NULL THEN {card} ELSE coin(({card}) * rate, unit) END AS card,
               CASE WHEN own_unit = unit OR redeemed IS NOT NULL OR coalesce(card_bridge, 0) = 0 THEN {card} END AS own_card,
               subject{" || coalesce('#' || article, '')" if "article" in told else ""} AS key"""


# ── what is there ──


def take(bench: Bench) -> None:
    """Make `actual` from the target's items, each with the key of what our own ids say that it is."""
    told = _told(bench, "target", "bank")
    columns = ", ".join(f'"{name}"' for name in ITEM.columns if name in told and name not in ("corner", "subject"))
    of_articles = "SELECT (sheet, subject) FROM expected WHERE article IS NOT NULL"
    article = (
        f" || CASE WHEN (sheet, subject) IN ({of_articles}) THEN coalesce('#' || article, '') ELSE '' END" if "article" in told else ""
    )
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE actual_rows AS
        SELECT {columns}, subject, subject{article if "article" in told else ""} AS key, 'sync_link' AS rule
        FROM item WHERE corner = 'target'
        """  # noqa: S608
    )
    _view(bench, "actual", [name for name in ITEM.columns if name not in ("corner", "id")])


def match(bench: Bench, rules: Rules) -> None:
    """Part what stands more than once, and find by number what bears no id of ours."""
    if "article" in bench.columns("actual_rows"):
        _merge_articles(bench)
    double(bench)
    if any(each.rule == "number" for each in rules.passes):
        _by_number(bench)


def _surplus(bench: Bench, into: str, where: str, key: tuple[str, ...]) -> None:
    """Items that stand once more under a key: all but the first, by day, number and id."""
    columns = ", ".join(key)
    same = " AND ".join(f"i.{name} IS NOT DISTINCT FROM d.{name}" for name in key)
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE {into} AS
        SELECT i.* FROM item i SEMI JOIN (SELECT {columns} FROM item WHERE {where} GROUP BY ALL HAVING count(*) > 1) d ON {same}
        WHERE {where} QUALIFY row_number() OVER (PARTITION BY {", ".join(f"i.{name}" for name in key)} ORDER BY on_day, number, ref, id) > 1
        """  # noqa: S608
    )


def double(bench: Bench) -> None:
    """Move what stands once more under a key out of `actual`: all but the one that our ids name, else the first."""
    bench.con.execute(
        """
        CREATE TABLE IF NOT EXISTS double AS FROM actual WHERE false;
        INSERT INTO double
        SELECT a.* FROM actual a
        SEMI JOIN (SELECT sheet, key FROM actual WHERE key IS NOT NULL GROUP BY ALL HAVING count(*) > 1) d
          ON a.sheet = d.sheet AND a.key = d.key
        QUALIFY row_number() OVER (PARTITION BY a.sheet, a.key ORDER BY linked DESC NULLS LAST, on_day, number, ref, id) > 1;
        DELETE FROM actual_rows WHERE id IN (SELECT id FROM double)
        """
    )


def _merge_articles(bench: Bench) -> None:
    """Where the front office told only a document's units, the articles of the target are added up."""
    bench.con.execute(
        """
        CREATE OR REPLACE TABLE merged AS
        SELECT sheet, key, sum(amount) AS amount, min(id) AS keep FROM actual
        WHERE article IS NOT NULL AND key IS NOT NULL AND key NOT LIKE '%#%' GROUP BY sheet, key HAVING count(*) > 1;
        DELETE FROM actual_rows a USING merged WHERE a.sheet = merged.sheet AND a.key = merged.key AND a.id <> merged.keep;
        UPDATE actual_rows a SET amount = merged.amount FROM merged WHERE a.sheet = merged.sheet AND a.key = merged.key
        """
    )


def _by_number(bench: Bench) -> None:
    """What bears none of our ids but a number that is missing there, once on either side: it is that document, whatever its amount."""
    if bench.con.execute("SELECT count(*) FROM actual WHERE key IS NULL").fetchone() == (0,):
        return
    bench.con.execute(
        """
        CREATE OR REPLACE TABLE lone AS
        SELECT sheet, number, unit, any_value(key) AS key FROM expected e
        WHERE coalesce(fate NOT IN ('excluded', 'merged'), true) AND article IS NULL AND amount <> 0
          AND number IN (SELECT number FROM actual WHERE key IS NULL)
          AND NOT EXISTS (SELECT 1 FROM actual a WHERE a.sheet = e.sheet AND a.key = e.key)
        GROUP BY sheet, number, unit HAVING count(*) = 1;
        UPDATE actual_rows a SET key = lone.key, rule = 'number' FROM lone
        WHERE a.key IS NULL AND a.sheet = lone.sheet AND a.number = lone.number AND a.unit = lone.unit
          AND a.id IN (SELECT min(id) FROM actual WHERE key IS NULL GROUP BY sheet, number, unit HAVING count(*) = 1)
        """
    )


# ── both ──


def compare(bench: Bench) -> None:
    """Make `met` and `joined`."""
    source, target = set(bench.columns("expected_rows")), set(bench.columns("actual_rows"))
    compared = frozenset(source & target)
    measures = [name for name in BALANCES if name in compared]
    gateway = f"coalesce({'r.gateway, ' if 'gateway' in target else ''}l.gateway) AS gateway"
    held = "".join(
        f", CASE WHEN l.id IS NULL{f' OR l.{name} IS NOT NULL' if name in source else ''} THEN r.{name} END AS {name}"
        for name in BALANCES
        if name in target
    )
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE met_rows AS
        SELECT coalesce(l.sheet, r.sheet) AS sheet, coalesce(l.kind, r.kind) AS kind, l.id AS l_id, r.id AS r_id, r.rule, r.unit,
               r.on_day, r.amount{held}, {gateway}, {_differs(compared, measures, target)} AS differs
        FROM expected_rows l FULL OUTER JOIN actual_rows r ON l.key = r.key AND l.sheet = r.sheet
        """  # noqa: S608
    )
    _view(bench, "met", BALANCES)
    bench.con.execute(f"CREATE OR REPLACE TABLE joined AS {_whole()}")


def _differs(compared: frozenset[str], measures: Iterable[str], target: set[str]) -> str:
    """SQL: whether one of the two is missing or anything that both tell differs."""
    parts = [name for name in _PARTS if name in compared]
    stands = " OR ".join(f"r.{name} <> 0" for name in ("amount", *measures))  # what was taken back whole may still be there, as nothing
    known = [
        f"(l.fate IN {_OUT} OR NOT l.at_source) AND ({stands})",
        "l.amount IS NULL",
        *(["r.edited IS NOT NULL"] if "edited" in target else []),
    ]
    apart = [f"l.{name} <> r.{name}" for name in ("amount", *(name for name in _LABELS if name in compared))]
    apart += [f"l.{name} <> r.{name}" for name in measures]
    if {"clearing", "gateway"} <= compared:
        apart.append("(processor(l.gateway) <> processor(r.gateway) AND l.clearing <> 0 AND r.clearing <> 0)")
    if "stated_unit" in target:
        apart += [
            "r.stated_unit NOT IN (l.own_unit, l.unit)",
            "r.stated_unit = l.own_unit AND r.stated_amount <> l.own_amount + l.own_card",
        ]
    apart += [f"(l.detailed AND r.detailed AND l.own_unit = l.unit AND l.{name} <> coalesce(r.{name}, 0))" for name in parts]
    if parts:
        rest = " + ".join(f"CASE WHEN l.{name} IS NULL THEN 0 ELSE coalesce(r.{name}, 0) END" for name in parts)
        apart.append(f"(l.detailed AND r.detailed AND l.own_unit = l.unit AND l.goods <> r.amount - ({rest}))")
    both = " OR ".join(f"coalesce({sql}, false)" for sql in (*known, *apart))
    return f"""CASE WHEN r.id IS NULL THEN coalesce(l.amount <> 0, true) AND coalesce(l.fate NOT IN {_OUT}, true)
                    WHEN l.id IS NULL THEN r.key IS NULL OR coalesce({stands}, false) ELSE {both} END"""


def _whole() -> str:
    """SQL: both sides of what differs. Of the right's components those count that the left tells too; its goods are what these leave."""
    shared = {name: f"CASE WHEN l.{name} IS NOT NULL OR l.id IS NULL THEN r.{name} END" for name in _PARTS}
    shared["goods"] = f"r.amount - ({' + '.join(f'coalesce({sql}, 0)' for sql in shared.values())})"
    columns = [
        "m.sheet",
        "coalesce(l.key, r.key) AS key",
        "m.kind",
        "l.id IS NOT NULL AS has_left",
        "r.id IS NOT NULL AS has_right",
        "coalesce(l.connection, '') AS connection",
        "r.connection AS target",
        "r.kind AS representation",
        "r.subject AS r_subject",
        "r.rule",
        "r.edited",
        *(f"r.{name} AS r_{name}" for name in ("rate", "stated_unit", "stated_amount")),
        f"coalesce(l.fate IN {_OUT}, false) AS out_of_scope",
        "processor(l.gateway) AS l_gateway",
        "processor(r.gateway) AS r_gateway",
        *(f"l.{name}" for name in _OWN),
        *(f"l.{name} AS l_{name}" for name in (*_SIDE, *COMPONENTS)),
        *(f"r.{name} AS r_{name}" for name in _SIDE if name not in BALANCES),
        *(f"m.{name} AS r_{name}" for name in BALANCES),
        *(f"{shared[name]} AS r_{name}" for name in COMPONENTS),
        "r.tax AS r_own_tax",
        "r.rounding AS r_own_rounding",
    ]
    return (
        f"SELECT {', '.join(columns)} FROM (SELECT * FROM met WHERE differs) m "  # noqa: S608
        "LEFT JOIN expected l ON l.id = m.l_id LEFT JOIN actual r ON r.id = m.r_id"
    )
