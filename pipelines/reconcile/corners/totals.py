"""What a source states of itself, asked apart from the cursor: it completes the source's corner, and is evidence of completeness.

A row that the source lists and no read has brought is fetched by its id and joins the rows that the control's SQL goes over. So a record
that cursor, filter or a lost page passed over stands in the source's total, and is missing in the hub and at the target, with its class,
day and amount. Of files, which have no ids to ask for, the control goes over another reader's rows.

Nothing is asked for that came into being after the hub's last read of the stream, less the overlap of its cursor: what arrives while a
reconciliation runs is nobody's mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from pipelines.home.load import Home
from pipelines.home.settings import TapConnection
from pipelines.hub.around import surroundings
from pipelines.hub.store import Hub
from pipelines.hub.tables import cursor, document, landed, source_head
from pipelines.reconcile.bench import AMOUNT, TOTAL, Bench, Table
from pipelines.reconcile.causes import Window
from pipelines.reconcile.controls import Control, ask
from pipelines.reconcile.report import Stated
from taps._kit.reader import Record
from taps._kit.registry import tap
from taps._kit.totals import ANY, Asked, Found, Listed, Statement, Totals

LISTED = Table(
    "listed",
    {
        **dict.fromkeys(("key", "number", "moment", "unit"), "VARCHAR"),
        "amount": AMOUNT,
        **dict.fromkeys(("local", "settled"), "BOOLEAN"),
    },
)
"""What a source lists of one stream. `settled`: not changed since the hub's last read."""
RECEIVED = Table("received", {"key": "VARCHAR"})
_ROWS = {"seq": "BIGINT", "key": "VARCHAR", "version": "VARCHAR", "body": "JSON"}
_LATER = 1 << 40
"""Beyond every number that a read gives its rows."""
_LEAST = timedelta(minutes=1)
"""What a read may not have seen yet, whatever the system says."""
_MOST = 20
_AGAIN = "again"
"""Corner of the items that another reader's rows give, while they are compared."""
_encode = msgspec.json.Encoder(decimal_format="string", enc_hook=str).encode


class Answer(NamedTuple):
    """What one stream's source said, or why it was not asked."""

    statement: Statement | None
    until: datetime | None
    why: str = ""


@dataclass
class Asking:
    """The sources of one reconciliation; each is asked once, however many sheets it is on."""

    home: Home
    hub: Hub
    as_of: datetime
    window: Window
    stated: list[Stated] = field(default_factory=list)
    passed: set[tuple[str, str]] = field(default_factory=set)
    """(connection, key of a row) that the hub should have received and has not."""
    _answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    _fetched: dict[tuple[str, str], list[tuple[str, Record]]] = field(default_factory=dict)

    def complete(self, bench: Bench, connection: TapConnection, control: Control, effect: str) -> None:
        """Put what the source lists and no read has brought into the tables of its streams."""
        for stream, _kind in self._streams(connection, control, effect):
            answer = self.answer(connection, stream)
            if answer.statement is None or answer.statement.again is not None:
                continue
            _list(bench, answer)
            missing = [row["key"] for row in bench.rows(f'SELECT key FROM listed ANTI JOIN "{stream}" USING (key) ORDER BY key')]  # noqa: S608
            for name, records in _by_stream(self._rows(connection, stream, missing)).items():
                _put(bench, name, records)

    def compare(self, bench: Bench, connection: TapConnection, control: Control, effect: str, sheet: str) -> None:
        """Count what was stated beside what was received and what the control finds; differences of a day's sum become items."""
        told = set()
        streams = dict(self._streams(connection, control, effect))
        if ANY in streams.values():
            self._compare_again(bench, connection, control, effect, sheet, streams)
            return
        for stream, kind in streams.items():
            answer = self.answer(connection, stream)
            told.add(kind)
            if answer.statement is None:
                self.stated.append(_unasked(sheet, connection.name, kind, answer.why))
            else:
                _list(bench, answer)
                bench.make(RECEIVED)
                bench.load(RECEIVED, self._received(connection.name, stream))
                self.stated += _by_day(bench, answer, sheet, connection.name, kind, effect)
                gone = bench.rows("SELECT key FROM listed ANTI JOIN received USING (key)")
                rows = self._rows(connection, stream, [row["key"] for row in gone])  # those that a read has brought by now are fetched too
                self.passed.update((connection.name, record.key) for _stream, record in rows if record.key)
        self.stated += [
            _unasked(sheet, connection.name, kind, self._why(connection, kind)) for kind in control.selects[effect] if kind not in told
        ]

    def _compare_again(
        self, bench: Bench, connection: TapConnection, control: Control, effect: str, sheet: str, streams: Mapping[str, str]
    ) -> None:
        """Let the control go over another reader's rows: what only these hold joins the source's items."""
        answers = {stream: self._ask(connection, stream) for stream in streams}
        why = [answer.why for answer in answers.values() if answer.statement is None]
        if why:  # a SELECT may join streams: with one of them missing it says nothing that could be compared
            self.stated += [_unasked(sheet, connection.name, kind, " ".join(why)) for kind in control.selects[effect]]
            return
        for stream, answer in answers.items():
            assert answer.statement is not None
            bench.con.execute(f'ALTER TABLE "{stream}" RENAME TO "read {stream}"')
            bench.make(Table(stream, _ROWS))
            _put(bench, stream, answer.statement.again or ())
        bench.make(RECEIVED)
        bench.load(RECEIVED, self._known(connection.name))
        asked = "; ".join(answer.statement.asked for answer in answers.values() if answer.statement)
        until = min(answer.until for answer in answers.values() if answer.until)
        for kind in control.selects[effect]:
            ask(bench, control, effect, kind, {"corner": _AGAIN, "sheet": sheet, "connection": connection.name})
            self.stated += _again_by_day(bench, sheet, connection.name, kind, effect, asked, until, self.passed)
        for stream in streams:
            bench.con.execute(f'DROP TABLE "{stream}"')
            bench.con.execute(f'ALTER TABLE "read {stream}" RENAME TO "{stream}"')

    def answer(self, connection: TapConnection, stream: str) -> Answer:
        """What the source says of a stream."""
        key = (connection.name, stream)
        if key not in self._answers:
            self._answers[key] = self._ask(connection, stream)
        return self._answers[key]

    def numbers(self, connection: TapConnection, kind: str, numbers: Sequence[str]) -> list[Found] | None:
        """What the source says of numbers; None where nobody can ask it."""
        totals = self._totals(connection)
        stream = next((stream for stream, states in totals.states.items() if states == kind), None) if totals else None
        if totals is None or stream is None:
            return None
        return list(totals.numbers(stream, numbers, self._around(connection)))

    # ── asking ──

    def _streams(self, connection: TapConnection, control: Control, effect: str) -> Iterator[tuple[str, str]]:
        totals = self._totals(connection)
        for stream, kind in totals.states.items() if totals else ():
            asks = _names(control, effect, stream) if kind == ANY else kind in control.selects[effect]
            if stream in connection.mappings and asks:
                yield stream, kind

    def _totals(self, connection: TapConnection) -> Totals | None:
        kind = tap(connection.tap)
        return kind.totals(kind.config.model_validate(connection.config), self.home.path) if kind.totals else None

    def _around(self, connection: TapConnection) -> Any:
        return surroundings(self.hub, self.home.path, connection.name, tap(connection.tap).facts)

    def _why(self, connection: TapConnection, kind: str) -> str:
        totals = self._totals(connection)
        if totals is None:
            return f"The tap {connection.tap} has no way to ask for it apart from its cursor."
        return totals.silent.get(kind, f"{tap(connection.tap).title} states nothing of it.")

    def _ask(self, connection: TapConnection, stream: str) -> Answer:
        totals = self._totals(connection)
        if totals is None:
            return Answer(None, None, self._why(connection, ""))
        with self.hub.read() as tx:
            row = tx.execute(sa.select(cursor).where(cursor.c.connection_id == connection.name, cursor.c.stream == stream)).one_or_none()
        if row is None:
            return Answer(None, None, f"{stream} was never read.")
        if row.reading:
            return Answer(None, None, f"{stream} is being read: how far it is will be known once the read is over.")
        facts = tap(connection.tap).facts
        until = min(self.as_of, row.updated_at) - max(facts.cursor_overlap, facts.visible_after, _LEAST)
        first = max(filter(None, (self.window.first, self.start(connection))), default=None)
        begin, end = (_instant(connection, day, add) for day, add in ((first, 0), (self.window.last, 1)))
        if begin is not None and until < begin:
            return Answer(None, until, f"{stream} was last read before the period began.")
        statement = totals.ask(stream, Asked(begin, end, until, row.state), self._around(connection))
        return Answer(None, until, statement.why) if statement.why else Answer(statement, until)

    def until(self, connection: TapConnection) -> datetime:
        """Up to when the hub has read everything of the connection that was asked for; the cut-off where nothing was."""
        known = [answer.until for (name, _stream), answer in self._answers.items() if name == connection.name and answer.until]
        return min(known, default=self.as_of)

    def start(self, connection: TapConnection) -> Any:
        """From which business date on anything of the connection is booked: what is older is nobody's loss."""
        return min((route.start.business_date for route in self.home.routes.values() if connection.name in route.sources), default=None)

    def _rows(self, connection: TapConnection, stream: str, missing: list[str]) -> list[tuple[str, Record]]:
        """The missing rows with what hangs on them, fetched once."""
        known = self._fetched.setdefault((connection.name, stream), [])
        totals = self._totals(connection)
        fetched = {record.key for name, record in known if name == stream}
        wanted = [key for key in missing if key not in fetched]
        if totals is not None and wanted:
            known += totals.fetch(stream, wanted, list(connection.mappings), self._around(connection))
        return known

    def _known(self, connection: str) -> Iterator[dict[str, Any]]:
        """Documents, rows and groups of rows that the hub has, by their ids: a document that could not be made is known all the same."""
        documents = sa.select(document.c.source_id.label("key")).where(
            document.c.connection_id == connection, document.c.current, document.c.deleted.is_(False)
        )
        heads = (source_head.c.connection_id == connection) & source_head.c.deleted.is_(False)
        rows = sa.select(source_head.c.key).where(heads)
        groups = sa.select(landed.c.group_key).distinct().join(source_head, source_head.c.seq == landed.c.seq)
        groups = groups.where(heads, landed.c.connection_id == connection, landed.c.group_key.is_not(None))
        with self.hub.read() as tx:
            for row in tx.execute(documents.union_all(rows, groups)).yield_per(5_000):
                yield {"key": row.key}

    def _received(self, connection: str, stream: str) -> Iterator[dict[str, Any]]:
        wanted = sa.select(source_head.c.key).where(
            source_head.c.connection_id == connection, source_head.c.stream == stream, source_head.c.deleted.is_(False)
        )
        with self.hub.read() as tx:
            for row in tx.execute(wanted).yield_per(5_000):
                yield {"key": row.key}


def _names(control: Control, effect: str, stream: str) -> bool:
    """Whether the control's SQL of an effect reads a stream."""
    return any(re.search(rf"\b{re.escape(stream)}\b", sql) for sql in control.selects[effect].values())


def _instant(connection: TapConnection, day: Any, add: int) -> datetime | None:
    """When a business day of the connection begins (or, with 1, ends)."""
    if day is None:
        return None
    cutoff = connection.day_cutoff or time(0)
    return datetime.combine(day + timedelta(days=add), cutoff, ZoneInfo(connection.timezone)).astimezone(UTC)


def _unasked(sheet: str, connection: str, kind: str, why: str) -> Stated:
    return Stated(sheet, connection, kind, "", None, 0, None, 0, 0, None, (), "", None, why)


def _list(bench: Bench, answer: Answer) -> None:
    """Make `listed` from an answer."""
    assert answer.statement is not None
    bench.make(LISTED)
    bench.load(LISTED, (_row(row, answer.until) for row in answer.statement.rows))


def _row(row: Listed, until: datetime | None) -> dict[str, Any]:
    settled = not row.changed or until is None or datetime.fromisoformat(row.changed) <= until
    told = {name: getattr(row, name) for name in ("key", "number", "unit", "amount", "local")}
    return {**told, "moment": row.at, "settled": settled}


def _by_stream(fetched: Sequence[tuple[str, Record]]) -> Mapping[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for name, record in fetched:
        found.setdefault(name, []).append(record)
    return found


def _put(bench: Bench, stream: str, records: Iterable[Record]) -> None:
    """Rows that were fetched, beside those that were read; a row that another brought too is there once, in its newest version."""
    table, rows = Table(stream, _ROWS), enumerate(records, _LATER)
    bench.load(
        table,
        (
            {"seq": seq, "key": each.key or f"#{seq}", "version": each.version, "body": msgspec.Raw(_encode(each.body))}
            for seq, each in rows
        ),
    )
    bench.con.execute(
        f'DELETE FROM "{stream}" WHERE seq NOT IN (SELECT seq FROM "{stream}" '  # noqa: S608 (a stream of ours)
        "QUALIFY row_number() OVER (PARTITION BY key ORDER BY version DESC NULLS LAST, seq DESC) = 1)"
    )


def _by_day(bench: Bench, answer: Answer, sheet: str, connection: str, kind: str, effect: str) -> Iterator[Stated]:
    """Statements by day and unit, and of the whole where the source's count is another than its list is long."""
    assert answer.statement is not None
    statement, money = answer.statement, effect == "money"
    for row in bench.rows(
        """
        WITH i AS (SELECT coalesce("row", ref) AS key, sum(amount) AS amount FROM item
                   WHERE corner = 'source' AND sheet = ? AND connection = ? AND kind = ? AND coalesce(part, '') IN ('', 'issue')
                   GROUP BY ALL),
             l AS (SELECT *, CASE WHEN local THEN local_day(moment) ELSE day(moment) END AS on_day FROM listed)
        SELECT l.on_day, l.unit, count(*) AS stated, sum(l.amount) AS stated_amount, count(r.key) AS received, count(i.key) AS compared,
               sum(i.amount) AS compared_amount, sum(l.amount - i.amount) FILTER (l.settled) AS apart,
               list(l.number ORDER BY l.number) FILTER (r.key IS NULL) AS missing
        FROM l LEFT JOIN i ON i.key = l.key LEFT JOIN (SELECT DISTINCT key FROM received) r ON r.key = l.key
        GROUP BY ALL ORDER BY ALL
        """,
        [sheet, connection, kind],
    ):
        amounts = (row["stated_amount"], row["compared_amount"]) if money else (None, None)
        yield _stated((sheet, connection, kind), row, amounts, statement.asked, answer.until)
        if money and row["apart"]:
            _differ(bench, sheet, connection, kind, row)
    if statement.items is not None and statement.items != len(statement.rows):
        listed = len(statement.rows)
        yield Stated(sheet, connection, kind, "", None, statement.items, None, listed, listed, None, (), statement.asked, answer.until)


def _stated(
    what: tuple[str, str, str], row: Mapping[str, Any], amounts: tuple[Decimal | None, Decimal | None], asked: str, until: datetime | None
) -> Stated:
    return Stated(
        *what, row["unit"] or "", row["on_day"], row["stated"], amounts[0], row["received"], row["compared"], amounts[1],
        tuple((row["missing"] or [])[:_MOST]), asked, until,
    )  # fmt: skip


def _again_by_day(
    bench: Bench,
    sheet: str,
    connection: str,
    kind: str,
    effect: str,
    asked: str,
    until: datetime,
    passed: set[tuple[str, str]],
) -> Iterator[Stated]:
    """The same of another reader's items; those that the read does not have become the source's."""
    same = "sheet = $sheet AND connection = $connection AND kind = $kind"
    named = {"sheet": sheet, "connection": connection, "kind": kind}
    for row in bench.rows(
        f"""
        WITH each AS (SELECT *, row_number() OVER (PARTITION BY corner, ref, part, article ORDER BY id) AS n FROM item
                      WHERE corner IN ('again', 'source') AND {same}),
             a AS (SELECT * FROM each WHERE corner = 'again'), s AS (SELECT * FROM each WHERE corner = 'source'),
             b AS (SELECT a.id, a.on_day, a.unit, a.number, a.amount, s.id AS read, s.amount AS found,
                          s.amount IS DISTINCT FROM a.amount AS apart, coalesce(a."row", a.ref) AS own,
                          a.ref IN (SELECT key FROM received) OR coalesce(a."row" IN (SELECT key FROM received), false) AS had
                   FROM a LEFT JOIN s ON s.ref = a.ref AND coalesce(s.part, '') = coalesce(a.part, '')
                    AND s.article IS NOT DISTINCT FROM a.article AND s.n = a.n)
        SELECT on_day, unit, count(*) AS stated, sum(amount) AS stated_amount, count(*) FILTER (had) AS received, count(read) AS compared,
               sum(found) AS compared_amount, sum(amount - found) FILTER (apart) AS apart,
               list(DISTINCT number ORDER BY number) FILTER (NOT had) AS missing, list(id) FILTER (read IS NULL) AS only,
               list(own) FILTER (NOT had) AS passed
        FROM b GROUP BY ALL ORDER BY ALL
        """,  # noqa: S608 (our own names)
        named,
    ):
        passed.update((connection, key) for key in row["passed"] or ())
        amounts = (row["stated_amount"], row["compared_amount"])
        yield _stated((sheet, connection, kind), row, amounts, asked, until)
        bench.con.execute("UPDATE item SET corner = 'source' WHERE list_contains(?, id)", [row["only"] or []])
        if row["apart"] and effect == "money":
            _differ(bench, sheet, connection, kind, row)
    bench.con.execute("DELETE FROM item WHERE corner = 'again'")


def _differ(bench: Bench, sheet: str, connection: str, kind: str, row: Mapping[str, Any]) -> None:
    """A day's sum that the source states otherwise than its documents do: an item of its own, for no document is known to be it."""
    reference = f"{TOTAL}{kind}:{row['on_day']}:{row['unit']}"
    bench.con.execute(
        "INSERT INTO item (corner, sheet, connection, kind, ref, number, on_day, unit, amount) VALUES ('source', ?, ?, ?, ?, ?, ?, ?, ?)",
        [sheet, connection, kind, reference, f"total of {row['on_day']}", row["on_day"], row["unit"], row["apart"]],
    )
