"""Every registered target answers every point of the contract, or says in this table why the point cannot exist for it.

A point is a test, by name, in the suite that judges the target: with a simulator, embedded, or a real server. That a test of that name is
there is not enough: the target must be among those that it runs over.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from targets._kit.registry import targets
from tests.contract import test_remote_contract, test_targets_contract
from tests.contract.samples.remote import REAL


class Point(NamedTuple):
    """By which test each suite asks it."""

    remote: str
    embedded: str
    real: str


POINTS = {
    "about": Point("test_facts_of_a_system_that_is_not_ours", "test_facts_are_complete", "test_its_facts"),
    "config": Point("test_a_setting_that_nobody_knows_is_refused", "test_a_setting_that_nobody_knows_is_refused", "test_its_facts"),
    "create": Point(
        "test_created_is_what_stands_there",
        "test_create_is_read_back_as_it_was_sent",
        "test_created_changed_and_removed_is_what_stands_there",
    ),
    "find": Point(
        "test_what_was_done_without_an_answer_is_found_and_not_done_again",
        "test_find_before_and_after",
        "test_whatever_is_lost_wherever_the_effect_is_there_once",
    ),
    "update": Point(
        "test_changed_and_removed_leaves_nothing",
        "test_change_and_removal_leave_nothing",
        "test_created_changed_and_removed_is_what_stands_there",
    ),
    "void": Point(
        "test_a_removal_without_an_answer_is_found",
        "test_change_and_removal_leave_nothing",
        "test_created_changed_and_removed_is_what_stands_there",
    ),
    "same record twice": Point(
        "test_what_was_never_done_is_absent_and_then_done_once",
        "test_the_same_attempt_twice_has_one_effect",
        "test_whatever_is_lost_wherever_the_effect_is_there_once",
    ),
    "same record changed": Point(
        "test_a_change_without_an_answer_is_found_by_what_stands",
        "test_change_and_removal_leave_nothing",
        "test_a_change_that_is_lost_anywhere_leaves_one_new_document_and_one_that_takes_back",
    ),
    "wrong credentials": Point("test_a_wrong_log_in_is_told_before_anything_is_sent", "", "test_a_wrong_key_is_told_without_it"),
    "missing account or tax code": Point(
        "test_what_cannot_be_sent_is_held_with_a_sentence",
        "test_what_cannot_be_written_is_held_with_a_sentence",
        "test_what_cannot_be_sent_is_held_with_a_sentence",
    ),
    "closed period": Point("test_a_closed_period_is_refused", "", "test_a_closed_period_is_refused"),
    "refused for ever": Point(
        "test_what_the_system_refuses_is_refused_alone_and_in_its_words",
        "test_what_cannot_be_written_is_held_with_a_sentence",
        "test_what_the_server_refuses_is_refused_alone_in_its_words_and_leaves_nothing",
    ),
    "429": Point("test_too_fast_is_not_sent_and_waits_as_long_as_told", "", ""),
    "5xx burst": Point(
        "test_a_burst_of_errors_of_the_server_ends_with_one",
        "",
        "test_one_that_is_lost_harms_no_other_and_an_unreachable_server_is_not_sent_to",
    ),
    "one bad item in a batch": Point(
        "test_what_the_system_refuses_is_refused_alone_and_in_its_words",
        "test_one_bad_document_does_not_keep_the_others_back",
        "test_what_the_server_refuses_is_refused_alone_in_its_words_and_leaves_nothing",
    ),
    "parent missing": Point("test_without_what_it_names_it_is_held", "", "test_what_cannot_be_sent_is_held_with_a_sentence"),
    "read-back = sent": Point(
        "test_created_is_what_stands_there",
        "test_create_is_read_back_as_it_was_sent",
        "test_created_changed_and_removed_is_what_stands_there",
    ),
}
CANNOT = {
    ("ledger", "wrong credentials"): "a file of the home folder: the operating system's rights are its log-in",
    ("ledger", "closed period"): "it closes none of its own: the hub's periods hold a document before it comes here",
    ("ledger", "429"): "nothing counts its calls",
    ("ledger", "5xx burst"): "no server; a disk that fails is asked by the tests of a full disk",
    ("ledger", "parent missing"): "an entry names no other entry by an id",
    ("database", "wrong credentials"): "its address holds the log-in; the command line's tests ask that it is told without the password",
    ("database", "closed period"): "its tables have no periods; the hub's hold a document before it comes here",
    ("database", "429"): "nothing counts its calls",
    ("database", "5xx burst"): "no server that answers by status; a lost connection is an exception, and the batch stays in doubt",
    ("database", "parent missing"): "a row names no other row by an id",
    ("inventree", "closed period"): "InvenTree closes no periods",
    ("hubspot", "closed period"): "a CRM keeps no books",
    ("square", "closed period"): "a till keeps no books",
    ("shopify", "closed period"): "a shop keeps no books",
    ("tryton", "429"): "Tryton's own server counts no calls",
}
"""(target, point) → why there is none."""


def _parameters(test: Any) -> Iterator[tuple[list[str], list[Any]]]:
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            names = [name.strip() for name in mark.args[0].split(",")] if isinstance(mark.args[0], str) else list(mark.args[0])
            yield names, [getattr(each, "values", each) for each in mark.args[1]]


def _covered(test: Any, module: ModuleType) -> set[str]:
    """The targets that a test runs over."""
    names: set[str] = set()
    for arguments, values in _parameters(test):
        if "name" in arguments:
            place = arguments.index("name")
            names |= {each if isinstance(each, str) else each[place] for each in values}
    if "sample" in inspect.signature(test).parameters:
        names |= set(module.SAMPLES)
    return {module.SAMPLES[name].target if name in module.SAMPLES else name for name in names}


def _real_tests(path: str) -> set[str]:
    tree = ast.parse((Path(__file__).parents[2] / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _asks(target: str, point: Point) -> bool:
    """Whether the suite of that target asks it."""
    if target in REAL:
        return point.real in _real_tests(REAL[target])
    remote = target in {sample.target for sample in test_remote_contract.SAMPLES.values()}
    module, name = (test_remote_contract, point.remote) if remote else (test_targets_contract, point.embedded)
    test = getattr(module, name, None) if name else None
    return test is not None and target in _covered(test, module)


@pytest.mark.parametrize("target", sorted(targets()))
@pytest.mark.parametrize("point", POINTS)
def test_every_target_answers_every_point(point: str, target: str) -> None:
    asked = _asks(target, POINTS[point])
    if (target, point) in CANNOT:
        assert not asked or point == "closed period", f"{target} does answer {point!r}: take the row out of CANNOT"
    else:
        assert asked, f"no test asks {target} for {point!r}; write one, or say in CANNOT why it cannot exist"


def test_what_cannot_be_is_of_a_point_that_exists() -> None:
    assert {point for _target, point in CANNOT} <= set(POINTS)


@pytest.mark.parametrize("sample", test_remote_contract.SAMPLES.values(), ids=list(test_remote_contract.SAMPLES))
def test_a_system_that_closes_periods_has_a_case_in_one(sample: Any) -> None:
    """The test of closed periods passes over cases without a date in one; so at least one case must have it."""
    has = any(case.late is not None for case in sample.cases.values())
    assert has is ((sample.target, "closed period") not in CANNOT)


def test_a_target_that_nobody_asks_is_seen() -> None:
    """A judge that finds nothing wrong with anything is none."""
    assert not _asks("a system that nobody sampled", POINTS["create"])
    assert not _asks("tryton", POINTS["create"]._replace(real="test_that_is_not_there"))
    assert not _asks("xero", POINTS["create"]._replace(remote="test_that_is_not_there"))
