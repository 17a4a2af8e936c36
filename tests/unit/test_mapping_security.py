"""What a hostile expression may not do: it is refused when the file is compiled, or bounded when it runs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappings.language import MappingError
from tests.unit._mapping import CONTEXT, answer, asked, compiled

REFUSED = [
    # the way out of the sandbox
    "__import__('os').system('id')",
    "().__class__.__bases__[0].__subclasses__()",
    "a.__class__",
    "a.b.__globals__",
    "''.__class__.__mro__",
    "a._private",
    "_name",
    "__builtins__",
    "record.__init__",
    "'{0.__class__}'.format(a)",
    "a.format_map(b)",
    "f'{a.__class__}'",
    "f'{a:>1000000000}'",
    "getattr(a, 'b')",
    "eval('1')",
    "exec('1')",
    "open('/etc/passwd')",
    "compile('1', '', 'eval')",
    "globals()",
    "vars(a)",
    "type(a)",
    "dir()",
    "breakpoint()",
    "text.__self__",
    "text.call(a)",
    "(lambda: 1)()",
    "[x for x in xs][0]()",
    "a()()",
    "a.b()",
    "(a := 1)",
    "await a",
    "(yield a)",
    "{**a}",
    "{'a': 1}",
    "{1, 2}",
    "(1, 2)",
    "sum(*a)",
    "text(**a)",
    "sorted(xs, key=text)",
    "max(xs, default=1)",
    "lookup(name, 1)",
    "ref(kind, 1)",
    "total(xs, name)",
    "day(a, pattern)",
    "b'bytes'",
    "1j",
    "...",
    "a is b",
    "1 is None",
    "~a",
    "a @ b",
    # work without end
    "9 ** 9 ** 9",
    "1 << 100000",
    "1 | 2",
    "10 ^ 2",
    "[x for x in xs for y in xs]",
    "[[y for y in xs] for x in xs]",
    "[sum(xs) for x in xs]",
    "[total(xs, 'a') for x in xs]",
    "[sorted(xs) for x in xs]",
    "[allocate(1, xs, 2) for x in xs]",
    "[min(xs) for x in xs]",
    "[', '.join(xs) for x in xs]",
    "[x for x in 'abc']",
    "[x for x in [1, 2, 3]]",
    "sum(x for x in xs)",
    "{x for x in xs}",
    "{x: 1 for x in xs}",
    "xs[::2]",
    "xs[n]",
    "xs[1:n]",
    "'a'.ljust(1000000000)",
    "'a'.center(1000000000)",
    "'a'.encode()",
    "'a'.translate(b)",
    "'a'.expandtabs(1000000000)",
    "range(1000000000)",
    "1e400",
    "9" * 60,
    "+".join("1" * 500),
    "-" * 100 + "a",
    "(" * 300 + "a" + ")" * 300,
    "[" * 300 + "]" * 300,
    "a" * 2001,
    "not " * 60 + "a",
    "a if b else " * 60 + "c",
    "",
    "a b",
    "a; b",
    "import os",
    "a\x00b",
]


@pytest.mark.parametrize("expression", REFUSED, ids=[f"{number}:{each[:30]!r}" for number, each in enumerate(REFUSED)])
def test_a_hostile_expression_is_refused_when_the_file_is_compiled(expression):
    with pytest.raises(MappingError):
        asked(expression, {"a": {}, "xs": [1], "n": 1, "b": {}})


def test_there_are_enough_hostile_expressions():
    assert len(set(REFUSED)) > 80


HUGE = "x" * 10_000_000
BOUNDED = [
    "'a' * 1000000000",
    "1000000000 * 'a'",
    "a * 1000000000",
    "[1] * 1000000000",
    "xs + xs",
    "'%s' % a",
    "'%1000000000d' % 1",
    "'7'.zfill(1000000000)",
    "big.replace('', 'xxxxxxxxxx')",
    "big.replace('x', 'xxxxxxxxxxxxxxxxxxxx')",
    "'a'.replace('', 'b')",
    "big.split()",
    "big.split('x')",
    "big.rsplit('x')",
    "big.splitlines()",
    "big.join(xs)",
    "big + big",
    "join(' ', big, big)",
    "number(big)",
    "day(big)",
    "instant(big)",
    "date(big, '%Y')",
    "text(vast)",
    "number(vast)",
    "minor(vast, 'EUR')",
    "vast * vast",
    "vast + 1",
    "vast // 1",
    "1 % vast % 0",
    "money(vast, 'EUR')",
    "round_half_up(1, 1000000000)",
    "round_half_up(1, -1)",
    "allocate(vast, [1])",
    "allocate(1, [1], 1000000000)",
    "days_after('2026-01-01', vast)",
    "days_after('2026-01-01', 1000000000)",
    "hours('2026-01-01T00:00:00', '2026-01-02T00:00:00', 1000000)",
    "tax_inside(1, -1, 'EUR')",
    "huge * huge * huge * huge",
    "text(huge)",
    "sum(deep)",
    "text(deep)",
    "deep * 2",
]


@pytest.mark.parametrize("expression", BOUNDED)
def test_an_expression_that_would_grow_is_a_problem(expression):
    record = {"a": "a", "xs": ["a"], "big": HUGE, "vast": Decimal("1e999999"), "huge": 10**4000, "deep": nested(50_000)}
    found = asked(expression, record)
    assert found.documents == []
    assert [problem.code[:4] for problem in found.problems] == ["MAP-"]
    assert len(found.problems[0].say) < 300


def nested(depth):
    """A list in a list in a list …"""
    found: list[object] = []
    for _ in range(depth):
        found = [found]
    return found


def test_two_deeply_nested_values_are_compared_without_harm():
    found = asked("a == b", {"a": nested(50_000), "b": nested(50_000)})
    assert [problem.code for problem in found.problems] == ["MAP-RULE"]


def test_names_that_double_their_text_at_each_step_are_stopped():
    steps = "\n".join(f"  a{number + 1}: a{number} + a{number}" for number in range(40))
    mapping = compiled(
        f"mapping: t/p\nversion: 1\nlet:\n  a0: name\n{steps}\ndocuments:\n- type: probe\n  id: \"'1'\"\n  fields: {{answer: a40}}"
    )
    found = mapping.translate([{"name": "ab"}], CONTEXT)
    assert [problem.say for problem in found.problems] == ["This record: a16 is a text of more than 100,000 characters."]
    assert len(mapping.code) < 20_000


def test_names_that_double_their_digits_at_each_step_are_stopped():
    steps = "\n".join(f"  a{number + 1}: a{number} * a{number}" for number in range(40))
    mapping = compiled(
        f"mapping: t/p\nversion: 1\nlet:\n  a0: n + 0\n{steps}\ndocuments:\n- type: probe\n  id: \"'1'\"\n  fields: {{answer: a40}}"
    )
    found = mapping.translate([{"n": 12345}], CONTEXT)
    assert [problem.code for problem in found.problems] == ["MAP-TYPE"]


@pytest.mark.parametrize(
    "source",
    [
        'each: record.items\n        fields: {number: index, amount: 1, note: "[i.x for i in record.items][0]"}',
        "each: record.items\n        fields: {number: index, amount: \"total(record.items, 'x')\"}",
        'each: coalesce(record.items)\n        as: i\n        fields: {number: index, amount: "sum([record.items])"}',
    ],
)
def test_a_list_of_the_whole_record_is_not_walked_for_each_element(source):
    with pytest.raises(MappingError, match="for each element"):
        compiled(f"mapping: t/p\nversion: 1\ndocuments:\n- type: probe\n  id: \"'1'\"\n  fields:\n      pieces:\n        {source}\n")


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("a: &x [1]\nb: *x", "anchors"),
        ("[" * 5000, "nested|not YAML"),
        ("a: !!python/object/apply:os.system ['id']", "needs the key|is not a key"),
        ("x" * 600_000, "longer"),
        ("a: \x07", "not YAML"),
        ("{a: 1, a: 2}", "there twice"),
        ("? [1]\n: 2", "a key must be a text"),
        ("", "must have the keys"),
        ("- 1", "must have the keys"),
        ("a: b: c", "not YAML"),
    ],
)
def test_hostile_yaml_is_refused_with_its_line(text, say):
    with pytest.raises(MappingError, match=say) as caught:
        compiled(text)
    assert "test.yaml, line 1" in caught.value.say or "line 2" in caught.value.say


def test_documents_nested_deeper_than_python_compiles_are_refused():
    inner = "{fields: {answer: 1}}"
    for _ in range(25):
        inner = f"{{each: xs, fields: {{a: {inner}}}}}"
    with pytest.raises(MappingError, match="nested"):
        compiled(
            f"mapping: t/p\nversion: 1\ndocuments:\n- type: probe\n  id: \"'1'\"\n  fields: {{custom_fields: {{fields: {{a: {inner}}}}}}}"
        )


def test_names_that_are_too_deep_together_are_refused():
    steps = "\n".join(f"  a{number + 1}: {'not ' * 37}a{number}" for number in range(45))
    with pytest.raises(MappingError, match="nested too deep to be compiled"):
        compiled(f"mapping: t/p\nversion: 1\nlet:\n  a0: n\n{steps}\ndocuments:\n- type: probe\n  id: \"'1'\"\n  fields: {{answer: a45}}")


def test_compiled_code_sees_nothing_of_python_but_four_names():
    run = compiled("mapping: t/p\nversion: 1\ndocuments:\n- type: probe\n  id: \"'1'\"\n  fields: {answer: a}")._run
    assert sorted(run.__globals__["__builtins__"]) == ["Exception", "bool", "enumerate", "type"]


def test_a_text_of_the_author_reaches_the_code_only_as_a_constant():
    assert answer("'\\'); import os #'") == "'); import os #"
    assert answer("row['\\'); import os #']", {"'); import os #": 5}) == 5
