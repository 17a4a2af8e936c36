"""The Singer programs of the targets: the SDK's own suite, and STATE that never runs ahead of what is durable."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from singer_sdk.exceptions import InvalidRecord, MissingKeyPropertiesError, RecordsWithoutSchemaException
from singer_sdk.singerlib.exceptions import InvalidInputLine
from singer_sdk.testing import get_target_test_class, target_test_streams

from taps._kit.errors import Fatal
from targets.database.singer import TargetDatabase
from targets.ledger.singer import TargetLedger

PROGRAMS = {"ledger": TargetLedger, "database": TargetDatabase}
DATABASE = {"url": "sqlite:///x.db"}
JOURNAL = {
    "properties": {
        "id": {"type": "string"},
        "date": {"type": "string"},
        "number": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "object"}},
    }
}


class TestDatabaseInSdkSuite(get_target_test_class(TargetDatabase, config={"url": "sqlite:///sdk.db"})):
    """singer-sdk's own target tests."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)


STREAMS = sorted(path.stem for path in Path(target_test_streams.__file__).parent.glob("*.singer"))
NOT_FOR_ANY_TARGET = {
    "invalid_schema": InvalidInputLine,
    "record_before_schema": RecordsWithoutSchemaException,
    "record_missing_key_property": MissingKeyPropertiesError,
    "record_missing_required_property": InvalidRecord,
}


@pytest.mark.parametrize("stream", STREAMS)
def test_the_ledger_refuses_what_is_no_entry_in_the_sdk_s_own_streams(stream, tmp_path, monkeypatch, capsys):
    """The streams of singer-sdk's target tests have any shape; a journal takes entries. It says so, and neither books nor lets STATE go."""
    monkeypatch.chdir(tmp_path)
    target = TargetLedger(config=LEDGER)
    text = (Path(target_test_streams.__file__).parent / f"{stream}.singer").read_text()
    if stream == "camelcase_complex_schema":  # a schema alone
        target.listen(io.StringIO(text))
    else:
        with pytest.raises(NOT_FOR_ANY_TARGET.get(stream, Fatal)) as refused:
            target.listen(io.StringIO(text))
        assert capsys.readouterr().out == ""
        sentence = r"Stream \S+, record \S+ is no journal entry \(date: field required; lines: field required\)\. .*"
        assert stream in NOT_FOR_ANY_TARGET or re.fullmatch(sentence, refused.value.say)
    assert not list((tmp_path / "books").glob("entries*"))


@dataclass
class Done:
    """How a run ended."""

    stdout: str
    error: BaseException | None = None


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Feeds messages to a target in this process, in a folder of its own; gives what left on stdout and what stopped it."""
    monkeypatch.chdir(tmp_path)

    def fed(program: str, config: dict, messages: list[dict]) -> Done:
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                target = PROGRAMS[program](config=config)
                target.listen(io.StringIO("".join(json.dumps(message) + "\n" for message in messages)))
        except Fatal as stopped:
            target.writer.close()
            return Done(out.getvalue(), stopped)
        return Done(out.getvalue())

    return fed


def journal(key: str, amount: str, on: str = "2026-01-31") -> dict:
    lines = [
        {"account": "Assets:Bank", "amount": amount, "currency": "EUR", "control": True},
        {"account": "Income:Sales", "amount": str(-Decimal(amount)), "currency": "EUR"},
    ]
    return {"type": "RECORD", "stream": "entries", "record": {"id": key, "date": on, "lines": lines}}


SCHEMA = {"type": "SCHEMA", "stream": "entries", "schema": JOURNAL, "key_properties": ["id"]}
STATE = {"type": "STATE", "value": {"seen": 2}}
LEDGER = {"path": "books", "operating_currency": "EUR"}


def test_program_runs_as_meltano_runs_it(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(LEDGER))
    done = subprocess.run(
        [sys.executable, "-c", "from targets.ledger.singer import TargetLedger; TargetLedger.cli()", "--config", "config.json"],
        input="".join(json.dumps(message) + "\n" for message in (SCHEMA, journal("a", "10.00"), STATE)),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, '{"seen": 2}\n'), done.stderr
    assert "Assets:Bank  10.00 EUR" in (tmp_path / "books/entries.beancount").read_text()


def test_ledger_writes_each_record_once_and_a_change_as_reversal_and_new_entry(run, tmp_path):
    file = tmp_path / "books/entries.beancount"
    assert run("ledger", LEDGER, [SCHEMA, journal("a", "10.00"), journal("b", "5.00"), STATE]) == Done('{"seen": 2}\n')
    before = file.read_text()
    assert run("ledger", LEDGER, [SCHEMA, journal("a", "10.00"), journal("b", "5.00"), STATE]) == Done('{"seen": 2}\n')
    assert file.read_text() == before
    assert run("ledger", LEDGER, [SCHEMA, journal("a", "12.00"), STATE]) == Done('{"seen": 2}\n')
    added = file.read_text().removeprefix(before)
    assert [line for line in added.splitlines() if "Assets:Bank" in line] == ["  Assets:Bank  -10.00 EUR", "  Assets:Bank  12.00 EUR"]
    assert run("ledger", LEDGER, [SCHEMA, journal("a", "10.00"), STATE]) == Done('{"seen": 2}\n')
    assert file.read_text().count("#reversal") == 2


def test_a_line_that_is_wrong_is_named_with_its_record_and_field(run):
    bad = journal("b", "5.00")
    bad["record"]["lines"][1]["amount"] = "five"
    del bad["record"]["lines"][0]["account"]
    done = run("ledger", LEDGER, [SCHEMA, bad, STATE])
    assert done.stdout == ""
    assert done.error.say.startswith(
        "Stream entries, record b is no journal entry (lines.0.account: field required; lines.1.amount: input should be a valid decimal)."
    )


def test_ledger_cuts_what_a_killed_run_left_half_written(run, tmp_path):
    run("ledger", LEDGER, [SCHEMA, journal("a", "10.00"), journal("b", "5.00"), STATE])
    file = tmp_path / "books/entries.beancount"
    whole = file.read_bytes()
    file.write_bytes(whole[:-40])
    assert run("ledger", LEDGER, [SCHEMA, journal("a", "10.00"), journal("b", "5.00"), STATE]) == Done('{"seen": 2}\n')
    assert file.read_bytes() == whole


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_no_state_leaves_when_a_record_cannot_be_written(program, run):
    if program == "ledger":
        config, bad = LEDGER, journal("b", "5.00", on="1950-01-01")  # before the accounts open
    else:
        config, bad = DATABASE, {"type": "RECORD", "stream": "entries", "record": {"id": "x" * 500}}
    done = run(program, config, [SCHEMA, journal("a", "10.00"), bad, STATE])
    assert done.stdout == ""
    assert isinstance(done.error, Fatal)


def test_database_replaces_by_key_and_writes_a_return_to_an_old_value(run, tmp_path):
    schema = {"type": "SCHEMA", "stream": "things", "schema": {"properties": {"id": {}, "price": {}}}, "key_properties": ["id"]}

    def thing(price: float) -> dict:
        return {"type": "RECORD", "stream": "things", "record": {"id": 1, "price": price}}

    for price in (1.10, 1.10, 2.5, 1.10):
        assert run("database", DATABASE, [schema, thing(price), STATE]) == Done('{"seen": 2}\n')
    with sa.create_engine(f"sqlite:///{tmp_path}/x.db").connect() as tx:
        assert tx.exec_driver_sql("SELECT local_id, body FROM document").all() == [("1", '{"id":1,"price":1.1}')]
        assert tx.exec_driver_sql("SELECT count(*) FROM counterfoil_receipt").scalar() == 3


def test_a_new_schema_in_mid_stream_does_not_let_older_records_win(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = TargetDatabase(config={"url": "sqlite:///x.db"})
    for properties, size in (({"id": {}}, 1), ({"id": {}, "n": {}}, 500)):
        target._process_schema_message({"type": "SCHEMA", "stream": "s", "schema": {"properties": properties}, "key_properties": ["id"]})
        for n in range(size):  # 500 fill a batch, which is written at once; the one record of the old schema must not come after it
            target._process_record_message(
                {"type": "RECORD", "stream": "s", "record": {"id": str(n), **{name: 2 for name in properties if name == "n"}}}
            )
    target.process_endofpipe()
    with sa.create_engine(f"sqlite:///{tmp_path}/x.db").connect() as tx:
        assert tx.exec_driver_sql("SELECT body FROM document WHERE local_id = '0'").scalar() == '{"id":"0","n":2}'


def test_about_names_every_setting():
    for target in (TargetLedger, TargetDatabase):
        properties = target.config_jsonschema["properties"]
        assert set(properties) >= {field.alias or name for name, field in target.connector.config.model_fields.items()}
    assert TargetDatabase.config_jsonschema["properties"]["password"]["secret"] is True


@pytest.mark.parametrize("module", ["targets/ledger/singer.py", "targets/database/singer.py"])
def test_wrapper_is_short(module):
    """Design §4: the Singer program is a wrapper of at most 40 lines over the same classes (imports and the docstring apart)."""
    text = (Path(__file__).parents[2] / module).read_text()
    assert len(text[text.index("\nclass ") :].strip().splitlines()) <= 40
