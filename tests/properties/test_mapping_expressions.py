"""Any expression is refused when it is compiled, or gives a value or a problem: never an exception, whatever it is made of."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mappings.functions import FUNCTIONS, METHODS
from mappings.language import MappingError
from mappings.problem import CODES
from tests.unit._mapping import asked

RECORD = {
    "a": "text",
    "n": Decimal("-2.50"),
    "i": 3,
    "xs": [1, Decimal("0.1"), None],
    "ts": ["b", "a"],
    "o": {"a": 1, "xs": [{"n": 2}]},
    "big": 10**60,
    "nan": Decimal("NaN"),
    "at": "2026-01-05T10:00:00",
    "lone": "\udfff",
}
names = st.sampled_from([*RECORD, "absent", "row", "record", "this", "index", "rows", "x", "__import__", "_a", "o.a", "o.xs", "o.xs[0].n"])
constants = st.sampled_from(
    ["0", "1", "-1", "0.1", "1e3", "'a'", "''", "','", "None", "True", "'%Y'", "'rates'", "'order'", "[1, 2]", "[]"]
)
functions = st.sampled_from([*FUNCTIONS, "eval", "str"])
methods = st.sampled_from([*METHODS, "format", "encode", "__class__"])


def compound(inner):
    arguments = st.lists(inner, max_size=3).map(", ".join)
    return st.one_of(
        st.tuples(
            inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "==", "<", ">=", "in", "not in", "is", "and", "or"]), inner
        ).map(lambda parts: "({} {} {})".format(*parts)),
        st.tuples(st.sampled_from(["not ", "-", "~"]), inner).map("".join),
        st.tuples(inner, inner, inner).map(lambda parts: "({} if {} else {})".format(*parts)),
        st.tuples(functions, arguments).map(lambda parts: "{}({})".format(*parts)),
        st.tuples(inner, methods, arguments).map(lambda parts: "({}).{}({})".format(*parts)),
        st.tuples(inner, st.sampled_from(["[0]", "[-1]", "[1:]", "['a']", "[:0]", ".a", ".xs", "[n]"])).map("".join),
        st.tuples(inner, inner, inner).map(lambda parts: "[{} for x in {} if {}]".format(*parts)),
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
    )


def outcome(expression):
    """The translation, or the sentence with which the file was refused."""
    try:
        return asked(expression, RECORD)
    except MappingError as refused:
        return refused.say


@given(st.recursive(st.one_of(names, constants), compound, max_leaves=12))
def test_an_expression_is_refused_or_gives_a_value_or_a_problem(expression):
    found = outcome(expression)
    if isinstance(found, str):
        assert found.startswith("test.yaml")
        return
    assert len(found.documents) + len(found.problems) == 1
    assert {problem.code for problem in found.problems} <= set(CODES)
    assert all(problem.say.encode() for problem in found.problems)


@given(st.text(max_size=40))
def test_any_text_is_refused_or_compiles(text):
    assert outcome(text.replace("\n", " "))
