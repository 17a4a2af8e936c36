"""What an expression means: names, exact numbers, and every function of the dialect."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

import pytest

from mappings.functions import FUNCTIONS, METHODS
from mappings.identity import document_id
from mappings.language import MappingError
from tests.unit._mapping import CONTEXT, answer, problem

D = Decimal

VALUES = [
    # numbers are exact
    ("0.1 + 0.2", {}, D("0.3")),
    ("a * b", {"a": 3, "b": D("0.1")}, D("0.3")),
    ("a * b", {"a": D("12345678901234567890.12345"), "b": D("1.00000001")}, D("12345679024691356902.4691289012345")),
    ("9007199254740993 + 0", {}, 9007199254740993),
    ("-a", {"a": 6}, -6),
    ("a - 0.05", {"a": 1}, D("0.95")),
    ("7 // 2 + 7 % 2", {}, 4),
    ("-7 % 3", {}, -1),
    ("money(10 / 3, 'EUR')", {}, D("3.33")),
    ("money(2.345, 'EUR')", {}, D("2.35")),
    ("money(-2.345, 'EUR')", {}, D("-2.35")),
    ("money(2.5, 'JPY')", {}, D("3")),
    ("money(a, 'EUR')", {}, None),
    ("round_half_up(0.5, 0)", {}, D("1")),
    ("minor(1999, 'EUR')", {}, D("19.99")),
    ("minor('1999', 'JPY')", {}, D("1999")),
    ("minor(1999, 'KWD')", {}, D("1.999")),
    ("tax_inside(120.00, 0.2, 'GBP')", {}, D("20.00")),
    ("allocate(10, [1, 1, 1])", {}, [D("3.34"), D("3.33"), D("3.33")]),
    ("allocate(-1, [1, 3], 1)", {}, [D("-0.3"), D("-0.7")]),
    ("abs(-3.5)", {}, D("3.5")),
    ("min(3, 2.5) + max([1, 4])", {}, D("6.5")),
    ("sum(xs)", {"xs": [D("0.1"), D("0.2"), 3]}, D("3.3")),
    ("sum(xs)", {}, 0),
    ("total(xs, 'n')", {"xs": [{"n": D("0.1")}, {"n": None}, {}, {"n": 2}]}, D("2.1")),
    # texts
    ("text(17850)", {}, "17850"),
    ("text(a)", {"a": D("1E+3")}, "1000"),
    ("text(a)", {}, None),
    ("text(yes)", {"yes": True}, "true"),
    ("record['true']", {"true": 7}, 7),
    ("[none for none in xs]", {"xs": [1]}, [1]),
    ("number(' 12.50 ')", {}, D("12.50")),
    ("number('')", {}, None),
    ("number('1.234,56', decimal=',', thousands='.')", {}, D("1234.56")),
    ("number('-1,234', thousands=',')", {}, D("-1234")),
    ("filled('  x ')", {}, "x"),
    ("filled('   ')", {}, None),
    ("join(' ', first, None, '', last)", {"first": "Ada", "last": "Byron"}, "Ada Byron"),
    ("join('', 'a', 'b')", {}, "ab"),
    ("join(' ', None)", {}, None),
    ("'a' + 'b'", {}, "ab"),
    ("name.upper()[:2] + name[-1]", {"name": "xyz"}, "XYz"),
    ("code.startswith('gift_') and code.endswith('_01')", {"code": "gift_01_01"}, True),
    ("a.strip().lower().replace('x', 'yy').split('-')[1]", {"a": " A-XB "}, "yyb"),
    ("', '.join([t.name for t in tags])", {"tags": [{"name": "a"}, {"name": "b"}]}, "a, b"),
    ("'7'.zfill(3)", {}, "007"),
    ("'b' in name and 'z' not in name", {"name": "abc"}, True),
    # paths and names
    ("a.b.c", {"a": {"b": {"c": 1}}}, 1),
    ("a.b.c", {"a": {}}, None),
    ("a.b.c", {}, None),
    ("a['b c'][0].d", {"a": {"b c": [{"d": 5}]}}, 5),
    ("a[3]", {"a": [1]}, None),
    ("a[-1]", {"a": [1, 2]}, 2),
    ("a[:-1]", {"a": [1, 2]}, [1]),
    ("row['Unit Price']", {"Unit Price": 2}, 2),
    ("record['_id']", {"_id": "x"}, "x"),
    ("number + total", {"number": 1, "total": 2}, 3),
    # logic and lists
    ("1 if a is None else 2", {}, 1),
    ("a is not None and 0 < a <= 5", {"a": 5}, True),
    ("kind in ['x', 'y']", {"kind": "y"}, True),
    ("coalesce(a, b, 0)", {"b": 4}, 4),
    ("not_none(a)", {"a": ""}, True),
    ("first(xs)", {"xs": []}, None),
    ("len(xs)", {"xs": [1, 2]}, 2),
    ("len(xs)", {}, 0),
    ("sorted(xs)", {"xs": [3, 1]}, [1, 3]),
    ("[x * 2 for x in xs if x > 1]", {"xs": [1, 2]}, [D(4)]),
    ("[[y for y in x.ys] for x in xs]", {"xs": [{"ys": [1]}, {"ys": [2, 3]}]}, [[1], [2, 3]]),
    ("[x for x in xs]", {}, []),
    # days: before the cut-off of 04:00 it is still yesterday, in the zone of London
    ("day('2026-01-05T03:59:59')", {}, date(2026, 1, 4)),
    ("day('2026-01-05T04:00:00')", {}, date(2026, 1, 5)),
    ("day('2026-07-05T02:30:00Z')", {}, date(2026, 7, 4)),
    ("day('2026-07-05T03:30:00Z')", {}, date(2026, 7, 5)),
    ("day('2026-01-05')", {}, date(2026, 1, 5)),
    ("day('05/01/2026', '%d/%m/%Y')", {}, date(2026, 1, 5)),
    ("day('05/01/2026 01:00', '%d/%m/%Y %H:%M')", {}, date(2026, 1, 4)),
    *((f"{function}({empty})", {}, None) for function in ("day", "instant", "date", "time_of") for empty in ("''", "nothing")),
    ("[days_after(nothing, 1), days_after('2026-01-01', nothing)]", {}, [None, None]),
    ("[nothing[0], nothing[:2], filled(nothing), tax_inside(nothing, 1, 'EUR')]", {}, [None, None, None, None]),
    ("+a", {"a": 6}, 6),
    ("date(at)", {"at": datetime(2026, 1, 5, 1, tzinfo=UTC)}, date(2026, 1, 5)),
    ("day(at)", {"at": date(2026, 1, 5)}, date(2026, 1, 5)),
    ("instant('2026-07-05T12:00:00')", {}, datetime(2026, 7, 5, 11, tzinfo=UTC)),
    ("instant('2026-07-05T12:00:00+02:00')", {}, datetime(2026, 7, 5, 10, tzinfo=UTC)),
    ("instant(at)", {"at": datetime(2026, 1, 5, 1, tzinfo=UTC)}, datetime(2026, 1, 5, 1, tzinfo=UTC)),
    ("instant('2026-03-29T01:30:00')", {}, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # skipped: an hour later
    ("instant('2026-10-25T01:30:00')", {}, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # repeated: the first
    ("date('2026-07-05T23:00:00-08:00')", {}, date(2026, 7, 5)),
    ("date('1.2.2026', '%d.%m.%Y')", {}, date(2026, 2, 1)),
    ("time_of('2026-07-05T23:01:00')", {}, time(23, 1)),
    ("time_of('08:30')", {}, time(8, 30)),
    ("hours(instant('2026-03-29T00:00:00'), instant('2026-03-29T03:00:00'))", {}, D("2.00")),  # the clock jumped
    ("hours('2026-01-05T09:00:00', '2026-01-05T17:20:00')", {}, D("8.33")),
    ("hours('2026-01-05T09:00:00', None)", {}, None),
    ("days_after('2026-01-31', 30)", {}, date(2026, 3, 2)),
    # other documents and tables
    ("ref('customer', 7)", {}, document_id("shop", "customer", "7")),
    ("ref('customer', None)", {}, None),
    ("lookup('rates', 20)", {}, "T1"),
    ("lookup('rates', 'B', default='T9')", {}, "T9"),
    ("sha('a', 1, None)", {}, "7f094b042c5521ac"),
]


@pytest.mark.parametrize(("expression", "record", "expected"), VALUES, ids=[f"{each[0]}:{number}" for number, each in enumerate(VALUES)])
def test_an_expression_gives(expression, record, expected):
    found = answer(expression, record)
    assert found == expected
    assert type(found) is type(expected) or isinstance(found, Decimal)


def test_every_function_and_method_has_a_case_above():
    texts = " ".join(expression for expression, _, _ in VALUES)
    assert [name for name in FUNCTIONS if f"{name}(" not in texts] == []
    shown = {name for name in METHODS if f".{name}(" in texts}
    assert {"startswith", "split", "replace", "zfill", "join"} <= shown


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("' ab '.lstrip()", "ab "),
        ("' ab '.rstrip()", " ab"),
        ("'ab'.title()", "Ab"),
        ("'AB'.casefold()", "ab"),
        ("'ab'.removeprefix('a')", "b"),
        ("'ab'.removesuffix('b')", "a"),
        ("'12'.isdigit()", True),
        ("'ab'.isalpha()", True),
        ("'a1'.isalnum()", True),
        ("'aba'.count('a')", 2),
        ("'aba'.find('b')", 1),
        ("'a b c'.rsplit(' ', 1)[0]", "a b"),
        ("'a,b,c'.split(',', 1)[1]", "b,c"),
        ("'a b'.splitlines()[0]", "a b"),
    ],
)
def test_a_method_of_texts_gives(method, expected):
    assert answer(method) == expected


@pytest.mark.parametrize(
    ("expression", "record", "code", "sentence"),
    [
        ("a * b", {"a": 1}, "MAP-RULE", "Probe 1: answer cannot be worked out, because b is empty."),
        ("a * b", {}, "MAP-RULE", "Probe 1: answer cannot be worked out, because a and b are empty."),
        (
            "a * b",
            {"a": "x", "b": 2},
            "MAP-RULE",
            "Probe 1: answer cannot be worked out from a and b: a value in it is empty or of the wrong kind.",
        ),
        ("1 / a", {"a": 0}, "MAP-RULE", "Probe 1: answer would be divided by zero."),
        ("a * a", {"a": D("1.00000000000000000000000000000001")}, "MAP-TYPE", "Probe 1: answer would have more than 50 digits."),
        ("a + 1", {"a": D("1e400")}, "MAP-TYPE", "Probe 1: answer would have more than 50 digits."),
        ("a + 1", {"a": D("sNaN")}, "MAP-TYPE", "Probe 1: answer is worked out from something that is not a finite number."),
        ("number(a)", {"a": "twelve"}, "MAP-TYPE", "Probe 1: answer ('twelve') is not a number."),
        ("number(a)", {"a": "1e5"}, "MAP-TYPE", "Probe 1: answer ('1e5') is not a number."),
        ("number(a, thousands=',')", {"a": "1,23"}, "MAP-TYPE", "Probe 1: answer ('1,23') is not a number with thousands set apart by ,."),
        ("number(a)", {"a": "١٢"}, "MAP-TYPE", "Probe 1: answer ('١٢') is not a number."),
        ("text(a)", {"a": D("NaN")}, "MAP-TYPE", "Probe 1: answer (NaN) is not a finite number."),
        ("minor(a, 'EUR')", {"a": D("19.99")}, "MAP-TYPE", "Probe 1: answer (19.99) is not a whole number of minor units."),
        ("a.b", {"a": "x"}, "MAP-TYPE", "Probe 1: answer has no field 'b': it is not an object."),
        ("[x for x in a]", {"a": "abc"}, "MAP-TYPE", "Probe 1: answer is not a list."),
        ("day(a)", {"a": "5 Jan"}, "MAP-TYPE", "Probe 1: answer ('5 Jan') is not a date or a time as ISO 8601 writes it."),
        ("date(a, '%d/%m/%Y')", {"a": "2026-01-05"}, "MAP-TYPE", "Probe 1: answer ('2026-01-05') is not a date written as %d/%m/%Y."),
        ("instant(a)", {"a": "2026-01-05"}, "MAP-TYPE", "Probe 1: answer ('2026-01-05') is a date without a time of day."),
        ("lookup('rates', a)", {"a": "Z"}, "MAP-LOOKUP", "Probe 1: answer ('Z') has no row in the lookup table 'rates'."),
        ("lookup('rates', a)", {}, "MAP-LOOKUP", "Probe 1: answer is empty; the lookup 'rates' needs one."),
        (
            "lookup('absent', a)",
            {"a": 1},
            "MAP-LOOKUP",
            "Probe 1: answer needs the lookup table 'absent', which this connection does not have.",
        ),
        ("allocate(1.005, [1])", {}, "MAP-RULE", "Probe 1: answer cannot be worked out: a value in it is empty or of the wrong kind."),
        ("ref('customer', a)", {"a": "\ud800"}, "MAP-TYPE", "Probe 1: answer holds a character that is none (half of a surrogate pair)."),
    ],
)
def test_a_value_that_does_not_fit_is_a_problem_with_a_sentence(expression, record, code, sentence):
    assert problem(expression, record) == (code, sentence)


def test_a_reference_is_the_id_that_the_other_document_will_have():
    found = answer("ref('order', number)", {"number": "1001"})
    assert found == document_id(CONTEXT.connection, "order", "1001")
    assert isinstance(found, UUID)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("true", "True"), ("TRUE", "True"), ("false", "False"), ("null", "None"), ("none", "None"), ("NULL", "None"), ("undefined", "None")],
)
@pytest.mark.parametrize("form", ["{}", "a if b else {}", "coalesce(a, {})", "a == {}"])
def test_another_language_s_word_for_a_constant_is_no_field(word, meant, form):
    """Taken for a name it would be a field that no record has, and quietly None."""
    with pytest.raises(MappingError, match=rf"uses the name {word}: write {meant} \(a field of that name is record\['{word}'\]\)"):
        answer(form.format(word), {"a": 1, "b": 2})
