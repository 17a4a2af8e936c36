"""One read after another: unchanged and changed files, resuming after a kill, files that come and go, and what may be called whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from taps._kit import points
from taps._kit.errors import Misconfigured
from taps._kit.folder import fingerprint
from taps._kit.reader import Complete, Mended, Notice, Record, Start, State
from tests.unit._files import Seen, read, reader, write

HEADER = "id,total\n"


def csv(path: Path, *ids: object, header: str = HEADER) -> Path:
    return write(path, header + "".join(f"{n},{n}.50\n" for n in ids))


def ids(seen: Seen) -> list[str]:
    return [row["id"] for row in seen.rows]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of two rows."""
    monkeypatch.setattr("taps.files.csv_rows.BATCH", 2)


def open_to_all(folder: Path) -> None:
    """Let other accounts come as far as this folder: pytest keeps its own to one account, one level deeper in a parallel run."""
    for one in (folder, *folder.parents):
        if one.stat().st_uid == os.geteuid():
            one.chmod(one.stat().st_mode | 0o055)
        if one.name.startswith("pytest-of-"):
            return


@contextmanager
def nobody() -> Iterator[None]:
    """As an account without rights; root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


# ── reading again ──


def test_a_first_read_is_whole(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", 1, 2, 3)
    seen = read(tmp_path, path="a.csv")
    assert [type(message) for message in seen.messages] == [Start, Record, Record, Record, State, Complete, State]
    assert seen.completes == [Complete("s", 3)]
    assert {record.scope for record in seen.records} == {"s"}
    assert seen.state.read == 3


def test_unchanged_files_give_nothing_but_a_state(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1)
    csv(tmp_path / "in" / "b.csv", 2)
    first = read(tmp_path, path="in")
    again = read(tmp_path, first, path="in")
    assert again.messages == [again.state]
    assert again.state.read == 2


def test_the_same_content_under_new_times_is_unchanged(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", 1)
    first = read(tmp_path, path="a.csv")
    csv(tmp_path / "a.csv", 1)
    os.utime(tmp_path / "a.csv", (1, 1))
    assert len(read(tmp_path, first, path="a.csv").messages) == 1


def test_a_change_that_keeps_size_time_and_inode_is_seen(tmp_path: Path) -> None:
    """Within one tick of the clock a file may be written twice; what is that young is told by its content."""
    path = csv(tmp_path / "a.csv", 1)
    first = read(tmp_path, path="a.csv")
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(len(HEADER))
        file.write(b"2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_ino == before.st_ino
    assert ids(read(tmp_path, first, path="a.csv")) == ["2"]


def test_a_settled_file_is_known_by_its_times_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(tmp_path / "a.csv", 1)
    assert fingerprint(path)["inode"] == 0, "a file this young may be written again within the same tick"
    monkeypatch.setattr("taps._kit.folder.time.time_ns", lambda: path.stat().st_ctime_ns + 10_000_000_000)
    first = read(tmp_path, path="a.csv")
    with monkeypatch.context() as patch:
        patch.setattr("taps._kit.folder.fingerprint", lambda _path: pytest.fail("an unchanged file is not read"))
        assert len(read(tmp_path, first, path="a.csv").messages) == 1
    with path.open("r+b") as file:
        file.seek(len(HEADER))
        file.write(b"2")
    assert ids(read(tmp_path, first, path="a.csv")) == ["2"]


def test_a_changed_file_is_read_whole_and_the_count_goes_on(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", 1, 2)
    first = read(tmp_path, path="a.csv")
    csv(tmp_path / "a.csv", 1, 2, 3)
    second = read(tmp_path, first, path="a.csv")
    assert ids(second) == ["1", "2", "3"]
    assert (second.starts, second.completes, second.state.read) == (["s"], [Complete("s", 3)], 5)


def test_rows_without_a_key_need_their_whole_scope(tmp_path: Path) -> None:
    """Equal rows are told apart by how often they occur: a second one in a new file is seen only beside the first."""
    csv(tmp_path / "in" / "a.csv", 1)
    first = read(tmp_path, path="in")
    csv(tmp_path / "in" / "b.csv", 1)
    second = read(tmp_path, first, path="in")
    assert ids(second) == ["1", "1"]
    assert (second.starts, second.completes) == (["s"], [Complete("s", 2)])


def test_rows_with_a_key_are_read_from_the_changed_file_alone(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1)
    first = read(tmp_path, path="in", key=["id"])
    csv(tmp_path / "in" / "b.csv", 2)
    second = read(tmp_path, first, path="in", key=["id"])
    assert ids(second) == ["2"]
    assert (second.starts, second.completes) == ([], []), "what was not read whole is not called whole"
    assert [record.key for record in second.records] == ["2"]


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("c", "a", "b"):
        csv(tmp_path / "in" / f"{name}.csv", name)
    assert ids(read(tmp_path, path="in/*.csv")) == ["a", "b", "c"]


def test_key_and_version(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "shop,no,changed\nx,1,9\nx,2,10\nx,3,\nx,,4\n")
    seen = read(tmp_path, path="a.csv", key=["shop", "no"], version="changed")
    assert [record.key for record in seen.records] == ["x\x1f1", "x\x1f2", "x\x1f3"]
    first, second, third = (record.version for record in seen.records)
    assert third is None
    assert first is not None
    assert second is not None
    assert first < second, "9 comes before 10 when they are compared as text"
    assert seen.says == ["READ-DAMAGED: Row 5 of a.csv has nothing in its key column no."]


# ── resuming ──


@pytest.mark.usefixtures("small")
def test_a_read_goes_on_after_every_state_and_counts_each_row_once(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", *range(5))
    write(tmp_path / "in" / "b.csv", HEADER + "5,x\ndamaged\n6,x\n7,x\n8,x\n")
    whole = read(tmp_path, path="in")
    assert whole.state.read == 10
    states = [message for message in whole.messages if isinstance(message, State)]
    assert len(states) >= 6
    for state in states:
        rest = read(tmp_path, state, path="in")
        assert ids(rest) == ids(whole)[len(ids(whole)) - len(ids(rest)) :]
        assert state.read + rest.handed == rest.state.read == 10
        assert rest.starts == [], "the rest of a read is no new one"
        assert rest.completes == (whole.completes if state is not states[-1] else [])


@pytest.mark.usefixtures("small")
def test_the_file_being_read_was_changed_meanwhile(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", *range(5))
    halfway = next(message for message in read(tmp_path, path="a.csv").messages if isinstance(message, State))
    assert halfway.read == 2
    csv(tmp_path / "a.csv", *range(10, 15))
    rest = read(tmp_path, halfway, path="a.csv")
    assert ids(rest) == ["10", "11", "12", "13", "14"]
    assert (rest.starts, rest.completes, rest.state.read) == (["s"], [Complete("s", 5)], 7)


@pytest.mark.usefixtures("small")
def test_a_file_that_was_done_changed_while_the_next_was_read(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1)
    csv(tmp_path / "in" / "b.csv", 2, 3, 4)
    states = [message for message in read(tmp_path, path="in").messages if isinstance(message, State)]
    halfway = next(state for state in states if state.read == 3)
    csv(tmp_path / "in" / "a.csv", 9)
    without_key = read(tmp_path, halfway, path="in")
    assert (ids(without_key), without_key.starts) == (["9", "2", "3", "4"], ["s"])
    with_key = [m for m in read(tmp_path, path="in", key=["id"]).messages if isinstance(m, State)]
    csv(tmp_path / "in" / "a.csv", 7)
    rest = read(tmp_path, next(state for state in with_key if state.read == 3), path="in", key=["id"])
    assert (ids(rest), rest.starts) == (["4", "7"], [])


@pytest.mark.usefixtures("small")
def test_the_file_being_read_is_gone(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1, 2, 3)
    csv(tmp_path / "in" / "b.csv", 4)
    halfway = next(m for m in read(tmp_path, path="in").messages if isinstance(m, State))
    (tmp_path / "in" / "a.csv").unlink()
    rest = read(tmp_path, halfway, path="in")
    assert (ids(rest), rest.completes) == (["4"], [])
    assert rest.notices == ["READ-MISSING: in/a.csv is not there."]


def test_each_batch_passes_the_crash_point_before_it_is_handed_out(tmp_path: Path, small: None) -> None:
    csv(tmp_path / "a.csv", *range(5))
    passed: list[int] = []
    given = 0
    points.arm("L1", lambda: passed.append(given))
    try:
        for message in reader(tmp_path, path="a.csv").read("s", None, None):  # type: ignore[arg-type]
            given += isinstance(message, Record)
    finally:
        points.disarm()
    assert passed == [0, 2, 4]


def test_a_file_written_to_while_it_is_read_is_not_called_whole(tmp_path: Path, small: None) -> None:
    path = csv(tmp_path / "a.csv", *range(5))
    messages: list[Any] = []
    for message in reader(tmp_path, path="a.csv").read("s", None, None):  # type: ignore[arg-type]
        if isinstance(message, State) and message.read == 2:
            with path.open("a") as file:
                file.write("5,x\n6,x\n")
        messages.append(message)
    first = Seen(messages)
    assert first.completes == []
    assert "was written to while it was read" in first.notices[0]
    assert read(tmp_path, first, path="a.csv").completes == [Complete("s", 7)]


# ── absence ──


@pytest.mark.parametrize("snapshot", [True, False])
def test_a_missing_file_is_a_sentence_and_nothing_else(tmp_path: Path, snapshot: bool) -> None:  # noqa: FBT001
    csv(tmp_path / "a.csv", 1, 2)
    first = read(tmp_path, path="a.csv", snapshot=snapshot)
    (tmp_path / "a.csv").unlink()
    for _again in range(2):
        gone = read(tmp_path, first, path="a.csv", snapshot=snapshot)
        assert gone.notices == ["READ-MISSING: a.csv is not there."]
        assert (gone.handed, gone.completes, gone.state.read) == (0, [], 2)
    csv(tmp_path / "a.csv", 1, 2)
    assert len(read(tmp_path, gone, path="a.csv", snapshot=snapshot).messages) == 1


def test_an_empty_file_after_a_good_one_is_a_sentence(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", 1, 2)
    first = read(tmp_path, path="a.csv", snapshot=True)
    for content, says in (("", "a.csv is empty."), (HEADER, "a.csv has a header and no rows.")):
        write(tmp_path / "a.csv", content)
        second = read(tmp_path, first, path="a.csv", snapshot=True)
        assert second.notices == [f"READ-EMPTY: {says}"]
        assert (second.handed, second.completes) == (0, [])
        assert read(tmp_path, second, path="a.csv", snapshot=True).notices == second.notices


def test_half_a_file_is_a_sentence(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", *range(20))
    first = read(tmp_path, path="a.csv")
    csv(tmp_path / "a.csv", *range(10))
    assert read(tmp_path, first, path="a.csv").notices == ["READ-ABSENT: a.csv has 10 rows, and had 20 when it was read before."]


def test_nothing_is_absent_from_a_snapshot_with_damaged_rows(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", HEADER + "1,a\n2\n")
    seen = read(tmp_path, path="a.csv", snapshot=True, key=["id"])
    assert (len(seen.damaged), seen.completes) == (1, [])
    assert read(tmp_path, path="a.csv", key=["id"]).completes == [Complete("s", 1)]


def test_a_file_gone_from_a_folder_is_told_of_and_remembered(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1)
    csv(tmp_path / "in" / "b.csv", 2)
    first = read(tmp_path, path="in", snapshot=True)
    (tmp_path / "in" / "a.csv").unlink()
    csv(tmp_path / "in" / "b.csv", 2, 3)
    second = read(tmp_path, first, path="in", snapshot=True)
    assert (ids(second), second.notices, second.completes) == (["2", "3"], ["READ-MISSING: in/a.csv is not there."], [])
    third = read(tmp_path, second, path="in", snapshot=True)
    assert (third.handed, third.notices, third.completes) == (0, second.notices, [])
    csv(tmp_path / "in" / "a.csv", 1)
    back = read(tmp_path, third, path="in", snapshot=True)
    assert (ids(back), back.notices, back.completes) == (["1", "2", "3"], [], [Complete("s", 3)])


def test_a_file_taken_to_an_archive_is_told_of_once(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1)
    csv(tmp_path / "in" / "b.csv", 2)
    first = read(tmp_path, path="in")
    (tmp_path / "in" / "a.csv").unlink()
    second = read(tmp_path, first, path="in")
    assert second.notices == ["READ-MISSING: in/a.csv is not there."]
    assert len(read(tmp_path, second, path="in").messages) == 1


def test_a_renamed_file_is_the_same_file(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1)
    csv(tmp_path / "in" / "b.csv", 2)
    first = read(tmp_path, path="in", snapshot=True)
    (tmp_path / "in" / "a.csv").rename(tmp_path / "in" / "z.csv")
    assert len(read(tmp_path, first, path="in", snapshot=True).messages) == 1


def test_an_export_with_a_date_in_its_name_replaces_the_one_before(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "customers_2026-01-05.csv", 1, 2)
    first = read(tmp_path, path="in/customers_*.csv", snapshot=True)
    (tmp_path / "in" / "customers_2026-01-05.csv").unlink()
    csv(tmp_path / "in" / "customers_2026-01-06.csv", 2, 3)
    second = read(tmp_path, first, path="in/customers_*.csv", snapshot=True)
    assert (ids(second), second.notices, second.completes) == (["2", "3"], [], [Complete("s", 2)])


def test_a_quiet_day_is_told_of_once(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1)
    write(tmp_path / "in" / "b.csv", HEADER)
    first = read(tmp_path, path="in")
    assert (first.notices, first.completes) == (["READ-EMPTY: in/b.csv has a header and no rows."], [])
    assert len(read(tmp_path, first, path="in").messages) == 1


def test_a_file_among_others_that_lost_its_rows_is_told_of_until_they_are_back(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1)
    csv(tmp_path / "in" / "b.csv", 2)
    first = read(tmp_path, path="in")
    write(tmp_path / "in" / "b.csv", HEADER)
    second = read(tmp_path, first, path="in")
    assert second.notices == ["READ-EMPTY: in/b.csv has a header and no rows."]
    assert read(tmp_path, second, path="in").notices == second.notices


def test_nothing_at_all(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert read(tmp_path, path="in").notices == ["READ-EMPTY: There is nothing at in: the folder holds no file that could be read."]
    assert read(tmp_path, path="in/*.csv").notices == ["READ-EMPTY: There is nothing at in/*.csv: the pattern fits no file."]
    assert read(tmp_path, path="out/*.csv").notices == ["READ-MISSING: out/*.csv is not there."]


def test_no_rights(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    csv(tmp_path / "in" / "a.csv", 1).chmod(0)
    csv(tmp_path / "in" / "b.csv", 2)
    csv(tmp_path / "closed" / "c.csv", 3)
    (tmp_path / "closed").chmod(0)
    with nobody():
        part = read(tmp_path, path="in", snapshot=True)
        closed = read(tmp_path, path="closed")
        pattern = read(tmp_path, path="closed/*.csv")
    (tmp_path / "closed").chmod(0o755)
    assert (ids(part), part.completes) == (["2"], [])
    assert part.notices == ["READ-DENIED: in/a.csv may not be read by the account that Counterfoil runs under."]
    assert closed.notices == pattern.notices == ["READ-DENIED: closed may not be read by the account that Counterfoil runs under."]
    (tmp_path / "in" / "a.csv").chmod(0o644)
    assert read(tmp_path, part, path="in", snapshot=True).completes == [Complete("s", 2)]


def test_a_scope_out_of_reach_is_read_whole_once_it_is_back(tmp_path: Path) -> None:
    """b changed while a was out of reach: what b no longer has can be told only when a is back, though a did not change."""
    open_to_all(tmp_path)
    a = csv(tmp_path / "in" / "a.csv", 1)
    csv(tmp_path / "in" / "b.csv", 2, 3)
    first = read(tmp_path, path="in", snapshot=True)
    a.chmod(0)
    csv(tmp_path / "in" / "b.csv", 2)
    with nobody():
        second = read(tmp_path, first, path="in", snapshot=True)
    assert second.completes == []
    a.chmod(0o644)
    third = read(tmp_path, second, path="in", snapshot=True)
    assert third.completes == [Complete("s", 2)]
    assert len(read(tmp_path, third, path="in", snapshot=True).messages) == 1


# ── scopes ──


def test_a_scope_for_each_period(tmp_path: Path) -> None:
    stream = {"path": "in", "scope": "sales", "scope_from": r"(\d{4}-\d\d)"}
    for name in ("2026-01_a", "2026-01_b", "2026-02_a"):
        csv(tmp_path / "in" / f"{name}.csv", name)
    first = read(tmp_path, **stream)
    assert first.completes == [Complete("sales:2026-01", 2), Complete("sales:2026-02", 1)]
    assert [record.scope for record in first.records] == ["sales:2026-01"] * 2 + ["sales:2026-02"]
    csv(tmp_path / "in" / "2026-02_a.csv", "new")
    second = read(tmp_path, first, **stream)
    assert (ids(second), second.starts, second.completes) == (["new"], ["sales:2026-02"], [Complete("sales:2026-02", 1)])


def test_scopes_do_not_mix(tmp_path: Path) -> None:
    """By name alone the files of both shops would take turns."""
    for name in ("1_x", "1_y", "2_x", "2_y"):
        csv(tmp_path / "in" / f"{name}.csv", name)
    seen = read(tmp_path, path="in", scope_from=r"_(.)\.csv")
    kinds = [m.scope for m in seen.messages if isinstance(m, Start | Record | Complete)]
    assert kinds == ["s:x"] * 4 + ["s:y"] * 4


# ── columns ──


def test_a_change_of_columns_is_told_of_and_the_rows_flow(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", 1)
    first = read(tmp_path, path="a.csv")
    csv(tmp_path / "a.csv", 1, header="id,gross\n")
    second = read(tmp_path, first, path="a.csv")
    assert second.notices == ["READ-SCHEMA: The columns of a.csv are not the ones that were read before; added: gross; gone: total."]
    assert second.rows == [{"id": "1", "gross": "1.50"}]
    assert second.completes == [Complete("s", 1)]


@pytest.mark.usefixtures("small")
def test_a_change_of_columns_is_told_of_last_and_survives_a_kill(tmp_path: Path) -> None:
    """A Complete settles what was said of the stream before it."""
    csv(tmp_path / "a.csv", 1)
    first = read(tmp_path, path="a.csv")
    csv(tmp_path / "a.csv", 1, 2, 3, header="id,gross\n")
    second = read(tmp_path, first, path="a.csv")
    assert [type(message) for message in second.messages[-3:]] == [Complete, Notice, State]
    halfway = next(message for message in second.messages if isinstance(message, State))
    assert read(tmp_path, halfway, path="a.csv").notices == second.notices


def test_a_new_file_is_compared_with_the_others(tmp_path: Path) -> None:
    csv(tmp_path / "in" / "a.csv", 1)
    csv(tmp_path / "in" / "b.csv", 2, header="id,gross\n")
    first = read(tmp_path, path="in")
    assert first.notices == ["READ-SCHEMA: The columns of in/b.csv are not the ones that were read before; added: gross; gone: total."]
    csv(tmp_path / "in" / "a.csv", 3)
    assert read(tmp_path, first, path="in").notices == [], "each file is compared with itself"


def test_without_its_key_column_a_file_is_not_read(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", 1)
    seen = read(tmp_path, path="a.csv", key=["number"])
    assert seen.handed == 0
    assert seen.notices == ["READ-SCHEMA: a.csv has no column number, which the connection names as key or version; it has id, total."]


# ── states that are not ours ──


@pytest.mark.parametrize("layout", ["2.0", "x", None, 1, ""])
def test_a_state_from_the_future_stops_with_a_sentence(tmp_path: Path, layout: object) -> None:
    csv(tmp_path / "a.csv", 1)
    state = read(tmp_path, path="a.csv").state
    with pytest.raises(Misconfigured, match="another version of Counterfoil"):
        read(tmp_path, State({**state.value, "layout": layout}, 1), path="a.csv")


def test_a_newer_minor_layout_is_read(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", 1)
    state = read(tmp_path, path="a.csv").state
    assert len(read(tmp_path, State({**state.value, "layout": "1.7", "more": []}, 1), path="a.csv").messages) == 1


@pytest.mark.parametrize(
    "damage",
    [
        {"read": "1"},
        {"read": -1},
        {"files": None},
        {"files": {"a.csv": {}}},
        {"files": {"a.csv": {"columns": 9, "rows": 1, "size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": 1, "sha256": ""}}},
        {"layouts": None},
        {"position": {"file": "a.csv"}},
        {
            "position": {
                "file": "a.csv",
                "row": "1",
                "scope": "s",
                "print": {},
                "pending": [],
                "whole": True,
                "rows": 0,
                "damaged": 0,
                "troubled": False,
                "notices": [],
            }
        },
    ],
)
def test_a_damaged_state_stops_with_a_sentence(tmp_path: Path, damage: dict[str, object]) -> None:
    csv(tmp_path / "a.csv", 1)
    state = read(tmp_path, path="a.csv").state
    with pytest.raises(Misconfigured, match="is damaged and cannot be gone on from"):
        read(tmp_path, State({**state.value, **damage}, 1), path="a.csv")


def test_another_path_in_the_configuration_misses_nothing_of_the_old_one(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", 1)
    csv(tmp_path / "b.csv", 2)
    first = read(tmp_path, path="a.csv")
    second = read(tmp_path, first, path="b.csv")
    assert (ids(second), second.notices, second.state.read) == (["2"], [], 2)
    for name in ("old/a", "old/b", "new/c", "new/d"):
        csv(tmp_path / f"{name}.csv", name)
    third = read(tmp_path, read(tmp_path, path="old", snapshot=True), path="new", snapshot=True)
    assert (third.notices, third.completes) == ([], [Complete("s", 2)])


def test_a_state_that_was_handed_out_does_not_change(tmp_path: Path, small: None) -> None:
    csv(tmp_path / "in" / "a.csv", *range(4))
    csv(tmp_path / "in" / "b.csv", *range(4))
    messages = reader(tmp_path, path="in").read("s", None, None)  # type: ignore[arg-type]
    states = [(message, repr(message)) for message in messages if isinstance(message, State)]
    assert all(repr(state) == then for state, then in states)


# ── what a person sees before the first read ──


def test_check_finds_what_would_stop_a_read(tmp_path: Path) -> None:
    csv(tmp_path / "good.csv", 1)
    write(tmp_path / "empty.csv", "")
    write(tmp_path / "broken.parquet", b"PAR1 cut off")
    write(tmp_path / "what.dat", "x")
    assert reader(tmp_path, path="good.csv").check() == []
    cases = {
        "gone.csv": "READ-MISSING: gone.csv is not there.",
        "empty.csv": "READ-EMPTY: empty.csv is empty.",
        "broken.parquet": "READ-DAMAGED: broken.parquet cannot be read as Parquet",
        "what.dat": "READ-DAMAGED: Nobody can tell from its name what kind of file what.dat is.",
    }
    for path, says in cases.items():
        (problem,) = reader(tmp_path, path=path).check()
        assert f"{problem.code}: {problem.say}".startswith(says)
    (no_key,) = reader(tmp_path, path="good.csv", key=["number"]).check()
    assert (no_key.code, no_key.field) == ("READ-SCHEMA", "number")


def test_preview_shows_the_first_rows_damaged_ones_too(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", HEADER + "1,a\n2\n3,c\n")
    first = reader(tmp_path, path="a.csv").preview("s", 2)  # type: ignore[attr-defined]
    assert [type(row).__name__ for row in first] == ["Record", "Damaged"]


def test_a_stream_that_is_not_configured(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no stream 't'"):
        reader(tmp_path, path="a.csv").read("t", None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("ending", "module", "extra"), [("parquet", "pyarrow", "parquet"), ("xlsx", "openpyxl", "xlsx")])
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, module: str, extra: str) -> None:
    write(tmp_path / f"a.{ending}", b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, module, None)
    for attempt in (lambda: read(tmp_path, path=f"a.{ending}"), lambda: reader(tmp_path, path=f"a.{ending}").check()):
        with pytest.raises(Misconfigured, match=rf"pip install 'counterfoil\[{extra}\]'"):
            attempt()


def test_hidden_files_and_those_of_an_open_office_program_are_passed_over(tmp_path: Path) -> None:
    for name in (".a.csv", "~$b.csv", "c.csv", "notes.md"):
        csv(tmp_path / "in" / name, name)
    assert ids(read(tmp_path, path="in")) == ["c.csv"]
    assert ids(read(tmp_path, path="in/*.csv")) == ["c.csv"]


def test_a_home_folder_with_brackets_in_its_name(tmp_path: Path) -> None:
    csv(tmp_path / "home [1]" / "in" / "a.csv", 1)
    assert ids(read(tmp_path / "home [1]", path="in/*.csv")) == ["1"]


def test_a_file_of_many_that_is_read_alone_tells_that_its_damaged_rows_may_be_mended(tmp_path: Path) -> None:
    write(tmp_path / "in/a.csv", "k,v\n1,a\n2\n")
    write(tmp_path / "in/b.csv", "k,v\n3\n")
    first = read(tmp_path, path="in", key=["k"])
    assert [bad.scope for bad in first.damaged] == ["s:in/a.csv", "s:in/b.csv"]
    assert first.completes == [Complete("s", 1)]
    write(tmp_path / "in/a.csv", "k,v\n1,a\n2,b\n")
    second = read(tmp_path, first, path="in", key=["k"])
    assert [message for message in second.messages if isinstance(message, Mended)] == [Mended("s:in/a.csv")]
    write(tmp_path / "in/a.csv", "k,v\n1,a\n2,c\n")
    third = read(tmp_path, second, path="in", key=["k"])
    assert [message for message in third.messages if isinstance(message, Mended)] == [], "there was nothing left to mend"


def test_after_a_kill_a_file_tells_of_mended_rows_too(tmp_path: Path, small: None) -> None:
    write(tmp_path / "in/a.csv", "k,v\n1\n" + "".join(f"{n},x\n" for n in range(2, 9)))
    write(tmp_path / "in/b.csv", "k,v\n20,x\n")
    whole = read(tmp_path, path="in", key=["k"])
    begun = next(message for message in whole.messages if isinstance(message, State))
    rest = read(tmp_path, begun, path="in", key=["k"])
    assert rest.damaged == [], "it was handed out before the kill"
    write(tmp_path / "in/a.csv", "k,v\n1,x\n")
    mended = read(tmp_path, rest, path="in", key=["k"])
    assert Mended("s:in/a.csv") in mended.messages
