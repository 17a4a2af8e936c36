"""The journal's files: one writer, a crash at any byte, and every change by somebody else named by its line."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mappings.posting.entry import Line
from taps._kit.errors import Fatal, Misconfigured, Retryable, Tampered
from taps._kit.points import arm, disarm
from targets._kit import lock
from targets._kit.writer import Absent, Found, Intent, Payload, Receipt, Sent, Subject, Unpreparable, Verb
from targets.ledger import files
from targets.ledger.config import LedgerConfig
from targets.ledger.writer import LedgerWriter

CONFIG = LedgerConfig(operating_currency="EUR", title="Books of Ann")
NAMES = ("main.beancount", "accounts.beancount", "entries.beancount")
BEAN = Path(sys.executable).with_name("bean-check")


def intent(n: int, verb: Verb = Verb.CREATE, total: str = "10.00", booked: Receipt | None = None, **other) -> Intent:
    amount = Decimal(total)
    lines = (
        Line("Assets:Receivable", amount, "EUR", "receivable", control=True),
        Line(f"Income:Shop{n}", -amount, "EUR", "goods", control=False),
    )
    fields = {
        "subject": Subject("books", "invoice", f"doc-{n}"),
        "verb": verb,
        "look_up_key": f"key-{n}",
        "idempotency_key": f"key-{n}:{verb}:{total}",
        "document": {},
        "document_type": "order",
        "number": f"R-{n}",
        "date": date(2026, 1, n),
        "lines": () if verb is Verb.REVERSE else lines,
        "booked": booked.body if booked else None,
    }
    return Intent(**(fields | other))


def sent(payload: Payload) -> Sent:
    wanted = payload.intent
    return Sent(wanted.subject, wanted.verb, wanted.look_up_key, wanted.idempotency_key, payload.digest, datetime(2026, 1, 1, tzinfo=UTC))


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NAMES}


@pytest.fixture
def writer(tmp_path):
    """A ledger with two invoices in it, closed; `writer.mark` is its checkpoint, `writer.made` its receipts."""
    made = LedgerWriter(CONFIG, tmp_path)
    made.open(None)
    made.made = made.send([made.prepare(intent(1)), made.prepare(intent(2))])
    made.mark = json.loads(json.dumps(made.checkpoint()))
    made.close()
    yield made
    disarm()
    made.close()


def test_the_files_look_like_this(writer):
    found = content(writer.folder)
    assert found["main.beancount"].decode() == (
        "; Kept by Counterfoil. Entries of your own go into a file of yours that includes this one.\n"
        'option "title" "Books of Ann"\noption "operating_currency" "EUR"\ninclude "accounts.beancount"\ninclude "entries.beancount"\n'
    )
    assert found["accounts.beancount"].decode() == (
        "1970-01-01 open Assets:Receivable\n1970-01-01 open Income:Shop1\n1970-01-01 open Income:Shop2\n"
    )
    assert found["entries.beancount"].decode().startswith('2026-01-01 * "invoice" "R-1" ^R-1\n  cf-key: "key-1"\n')


def test_beancount_loads_creations_changes_and_reversals(writer):
    writer.open(writer.mark)
    [changed] = writer.send([writer.prepare(intent(1, Verb.UPDATE, "12.50", writer.made[0], links=("R-2", "R 3")))])
    writer.send([writer.prepare(intent(1, Verb.REVERSE, booked=changed)), writer.prepare(intent(3, total="0.00"))])
    checked = subprocess.run([BEAN, writer.folder / "main.beancount"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_an_update_is_a_reversal_on_the_booked_date_and_a_new_entry(writer):
    writer.open(writer.mark)
    before = len((writer.folder / "entries.beancount").read_text())
    [changed] = writer.send([writer.prepare(intent(1, Verb.UPDATE, "12.50", writer.made[0], date=date(2026, 3, 1)))])
    text = (writer.folder / "entries.beancount").read_text()[before:]
    lines = [line for line in text.splitlines() if line[:1] == "2" or line.startswith(("  Assets", "  Income"))]
    assert lines == [
        '2026-01-01 * "invoice" "R-1" #reversal ^R-1',
        "  Assets:Receivable  -10.00 EUR",
        "  Income:Shop1  10.00 EUR",
        '2026-03-01 * "invoice" "R-1" ^R-1',
        "  Assets:Receivable  12.50 EUR",
        "  Income:Shop1  -12.50 EUR",
    ]
    assert changed.effect == Decimal("2.50")
    assert changed.body == {
        "date": "2026-03-01",
        "lines": [["Assets:Receivable", "12.50", "EUR", "receivable", True], ["Income:Shop1", "-12.50", "EUR", "goods", False]],
    }


# ── a crash at any byte ──


def test_a_crash_at_any_byte_ends_with_the_bytes_of_an_undisturbed_run(writer, monkeypatch):
    """The batch holds an update (two entries) and a creation with a new account; the file is cut at every byte of it."""
    monkeypatch.setattr(files.os, "fsync", lambda _file: None)  # what is durable is another test's question
    committed = len((writer.folder / "entries.beancount").read_bytes())
    writer.open(writer.mark)
    batch = [writer.prepare(intent(1, Verb.UPDATE, "12.50", writer.made[0])), writer.prepare(intent(3))]
    whole = writer.send(batch)
    writer.close()
    undisturbed = content(writer.folder)
    entries = undisturbed["entries.beancount"]
    found_counts = set()
    for cut in range(committed, len(entries) + 1):
        (writer.folder / "entries.beancount").write_bytes(entries[:cut])
        writer.open(writer.mark)
        found = writer.find([sent(payload) for payload in batch])
        assert found in ([Absent(), Absent()], [Found(whole[0]), Absent()], [Found(whole[0]), Found(whole[1])]), cut
        found_counts.add(sum(isinstance(where, Found) for where in found))
        after_find = writer.checkpoint()
        assert after_find["entries.beancount"]["length"] == (writer.folder / "entries.beancount").stat().st_size
        writer.send([payload for payload, where in zip(batch, found, strict=True) if isinstance(where, Absent)])
        writer.close()
        assert content(writer.folder) == undisturbed, cut
    assert found_counts == {0, 1, 2}


def test_a_crash_between_the_accounts_and_the_entries_leaves_no_account_behind(writer):
    before = content(writer.folder)
    with (writer.folder / "accounts.beancount").open("ab") as file:
        file.write(b"1970-01-01 open Income:Shop3\n1970-01-01 open Inc")
    writer.open(writer.mark)
    assert writer.find([sent(writer.prepare(intent(3)))]) == [Absent()]
    assert content(writer.folder) == before


def test_zeros_that_a_power_cut_left_are_cut_away(writer):
    before = content(writer.folder)
    with (writer.folder / "entries.beancount").open("ab") as file:
        file.write(b'2026-01-03 * "invoice" "R-3"' + bytes(5000) + b"\n\n")
    writer.open(writer.mark)
    assert writer.find([sent(writer.prepare(intent(3)))]) == [Absent()]
    assert content(writer.folder) == before


def test_a_full_disk_says_so_and_nothing_of_the_batch_stays(writer, monkeypatch):
    before = content(writer.folder)
    writer.open(writer.mark)
    payload = writer.prepare(intent(3))
    real, calls = os.pwrite, []

    def short(file, data, at):
        calls.append(at)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        return real(file, data[: len(data) // 2], at)

    monkeypatch.setattr(files.os, "pwrite", short)
    with pytest.raises(Retryable, match="There is no room left on the disk for the ledger in "):
        writer.send([payload])
    monkeypatch.undo()
    with pytest.raises(Fatal, match="open it again"):
        writer.send([payload])
    assert writer.find([sent(payload)]) == [Absent()]
    assert content(writer.folder) == before
    assert isinstance(writer.send([payload])[0], Receipt)


def test_after_a_failed_append_attempts_of_the_one_before_are_found_too(writer):
    """The hub has stored neither: both batches are in doubt."""
    writer.open(writer.mark)
    first, second = writer.prepare(intent(3)), writer.prepare(intent(4))
    [made] = writer.send([first])
    arm("H1", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        writer.send([second])
    disarm()
    found = writer.find([sent(first), sent(second)])
    assert found[0] == Found(made)
    assert isinstance(found[1], Found)


def test_bytes_are_durable_before_the_receipt_and_before_found(writer, monkeypatch):
    """What is answered was synced after its last byte was written."""
    log = []
    real_write, real_sync = os.pwrite, os.fsync
    monkeypatch.setattr(files.os, "pwrite", lambda *args: (log.append("write"), real_write(*args))[1])
    monkeypatch.setattr(files.os, "fsync", lambda file: (log.append("sync"), real_sync(file))[1])
    writer.open(writer.mark)
    arm("H1", lambda: log.append("H1"))
    log.clear()
    payload = writer.prepare(intent(2, Verb.UPDATE, "1.00", writer.made[1]))
    writer.send([payload])
    assert log == ["write", "write", "H1", "sync"]
    writer.close()
    writer.open(writer.mark)
    log.clear()
    writer.find([sent(payload)])
    assert "sync" in log


# ── others ──


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("entries.beancount", "R-2", "R-3", "line 13: this entry, or the one before it, was changed, moved or removed"),
        ("entries.beancount", "  Income:Shop2  -10.00 EUR", "  Income:Shop2  -10.00 USD", "line 13: this entry"),
        ("entries.beancount", "  Assets:Receivable  10.00", "  assets 10.00", "line 7: this line is not one that"),
        ("accounts.beancount", "Income:Shop1", "Income:Shop7", "line 2: this line should open Income:Shop1"),
        ("main.beancount", "Ann", "Bob", "line 2: this line should be"),
    ],
)
def test_a_change_inside_what_is_committed_stops_with_file_and_line(writer, name, before, after, said):
    path = writer.folder / name
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(Tampered) as stopped:
        writer.open(writer.mark)
    assert f"{name}, {said}" in stopped.value.say
    path.write_text(path.read_text().replace(after, before, 1))
    writer.open(writer.mark)  # the lock was let go, and the repaired file is taken


def test_a_removed_entry_is_named_by_the_one_that_follows(writer):
    path = writer.folder / "entries.beancount"
    text = path.read_text()
    second = text.index("2026-01-02")
    path.write_text(text[second:] + text[:second])
    with pytest.raises(Tampered, match=r"entries\.beancount, line 1:"):
        writer.open(writer.mark)


def test_a_forged_chain_is_noticed_although_no_line_can_be_named(writer, tmp_path):
    other = LedgerWriter(LedgerConfig(path="other", operating_currency="EUR"), tmp_path)
    other.open(None)
    other.send([other.prepare(intent(1, total="20.00")), other.prepare(intent(2))])
    other.close()
    shutil.copy(other.folder / "entries.beancount", writer.folder / "entries.beancount")
    with pytest.raises(Tampered, match=r"entries\.beancount, line 1: the file was written anew"):
        writer.open(writer.mark)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_shorter_or_gone_stops(writer, name):
    path = writer.folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    last = 23 if name == "entries.beancount" else len(whole.splitlines())
    with pytest.raises(Tampered, match=rf"{name}, line {last}: "):
        writer.open(writer.mark)
    path.unlink()
    with pytest.raises(Tampered, match=rf"{name} is missing"):
        writer.open(writer.mark)


@pytest.mark.parametrize("added", ["; a note of mine\n", "; a note of mine\n\n", '2026-01-09 * "mine"\n', "\n"])
@pytest.mark.parametrize("doubt", [True, False], ids=["with an attempt in doubt", "with none"])
def test_what_somebody_added_stops_and_stays(writer, added, doubt):
    path = writer.folder / "entries.beancount"
    with path.open("a") as file:
        file.write(added)
    text = path.read_text()

    def look() -> None:
        writer.open(writer.mark)
        writer.find([sent(writer.prepare(intent(3)))] if doubt else [])

    with pytest.raises(Tampered, match=r"entries\.beancount, line 2[56]:"):
        look()
    assert path.read_text() == text


def test_a_torn_entry_that_no_attempt_in_doubt_explains_stops_and_stays(writer):
    """All attempts in doubt are there as a whole, so none of them can have been torn."""
    writer.open(writer.mark)
    payload = writer.prepare(intent(3))
    writer.send([payload])
    writer.close()
    path = writer.folder / "entries.beancount"
    with path.open("a") as file:
        file.write('2026-01-09 * "invoice" "R-9" ^R-9\n  cf-key: "k')
    text = path.read_text()
    writer.open(writer.mark)
    with pytest.raises(Tampered, match=r"entries\.beancount, line 37: this was added by somebody else"):
        writer.find([sent(payload)])
    assert path.read_text() == text


def test_entries_that_no_attempt_claims_stop(writer):
    """The hub was restored from an old backup: the ledger knows more."""
    writer.open(writer.mark)
    old = writer.mark
    writer.send([writer.prepare(intent(3))])
    writer.close()
    for ask in (
        lambda: writer.find([sent(writer.prepare(intent(4)))]),
        lambda: writer.find([]),
        lambda: writer.send([writer.prepare(intent(4))]),
    ):
        writer.open(old)
        with pytest.raises(Tampered, match=r'line 25: this hub did not write the entry "R-3"'):
            ask()
        writer.close()


def test_an_entry_that_is_not_what_was_sent_stops(writer):
    writer.open(writer.mark)
    writer.send([writer.prepare(intent(3))])
    writer.close()
    writer.open(writer.mark)
    other = writer.prepare(intent(3, lines=intent(3, total="11.00").lines))
    with pytest.raises(Tampered, match="line 25: this entry is not the one that was sent"):
        writer.find([sent(other)])


def test_a_change_while_it_is_open_stops_the_next_append(writer):
    writer.open(writer.mark)
    with (writer.folder / "entries.beancount").open("a") as file:
        file.write("; hello\n")
    with pytest.raises(Tampered, match="somebody else"):
        writer.send([writer.prepare(intent(3))])


def test_a_folder_with_another_journal_is_not_taken(tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger/main.beancount").write_text('option "title" "Mine"\n')
    with pytest.raises(Tampered, match=r"main\.beancount, line 1: .*folder of its own"):
        LedgerWriter(CONFIG, tmp_path).open(None)


def _hold(folder: Path, ready) -> None:
    held = lock.Lock(folder / ".lock", "The ledger")
    held.take()
    ready.set()
    time.sleep(60)


def test_a_second_writer_waits_and_is_told_who_writes(writer, monkeypatch):
    monkeypatch.setattr(lock, "_WAIT_SECONDS", 0.2)
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(writer.folder, ready))
    holder.start()
    try:
        assert ready.wait(30)
        with pytest.raises(Retryable, match=rf"pid {holder.pid}\b"):
            writer.open(writer.mark)
        holder.kill()  # the kernel frees the lock of a dead process
        holder.join()
        writer.open(writer.mark)
    finally:
        holder.kill()
        holder.join()


def test_a_folder_that_cannot_be_made_is_a_matter_of_configuration(tmp_path):
    (tmp_path / "file").write_text("")
    writer = LedgerWriter(LedgerConfig(path="file/books", operating_currency="EUR"), tmp_path)
    with pytest.raises(Misconfigured, match="cannot be written: File exists"):
        writer.open(None)
    assert [problem.code for problem in writer.check()] == ["READ-DENIED"]


# ── what is held ──


def _line(account: str, amount: str, currency: str = "EUR", *, control: bool = False) -> Line:
    return Line(account, Decimal(amount), currency, "x", control=control)


@pytest.mark.parametrize(
    ("other", "code", "field"),
    [
        ({"lines": ()}, "POST-RULE", ""),
        ({"lines": (_line("Assets:bank", "1"), _line("Income:X", "-1"))}, "POST-ACCOUNT", "lines.0.account"),
        ({"lines": (_line("Assets:B", "1"), _line("Income:X", "-2"))}, "POST-UNBALANCED", "lines"),
        ({"lines": (_line("Assets:B", "1.005"), _line("Income:X", "-1.005"))}, "POST-UNBALANCED", "lines.0.amount"),
        ({"lines": (_line("Assets:B", "1", "eur"), _line("Income:X", "-1", "eur"))}, "SEND-REFUSED", "lines.0.currency"),
        ({"lines": tuple(_line("Assets:B", "0", code, control=True) for code in ("EUR", "USD"))}, "POST-RULE", "lines"),
        ({"date": date(1969, 12, 31)}, "SEND-REFUSED", "date"),
        ({"look_up_key": "two\nlines"}, "SEND-REFUSED", ""),
        ({"verb": Verb.ADJUST}, "POST-RULE", ""),
        ({"verb": Verb.UPDATE}, "SEND-CHANGED", ""),
    ],
)
def test_what_cannot_be_booked_is_held(tmp_path, other, code, field):
    held = LedgerWriter(CONFIG, tmp_path).prepare(intent(1, **other))
    assert isinstance(held, Unpreparable)
    assert (held.problem.code, held.problem.field) == (code, field)


def test_no_personal_field_clock_or_chance_reaches_the_files(tmp_path):
    texts = []
    for home, name in (("one", "Ann Ölsson"), ("two", "Bob Berg")):
        writer = LedgerWriter(CONFIG, tmp_path / home)
        writer.open(None)
        writer.send([writer.prepare(intent(1, document={"customer": {"display_name": name}}))])
        writer.close()
        texts.append(content(writer.folder))
    assert texts[0] == texts[1]


def test_zero_lines_and_currencies_without_cents_are_booked(writer):
    writer.open(writer.mark)
    lines = (_line("Assets:Yen", "1000", "JPY", control=True), _line("Income:Yen", "-1000", "JPY"), _line("Assets:Zero", "0", "JPY"))
    [made] = writer.send([writer.prepare(intent(3, lines=lines))])
    assert (made.effect, made.unit) == (Decimal(1000), "JPY")
    assert "  Assets:Yen  1000 JPY\n" in (writer.folder / "entries.beancount").read_text()
