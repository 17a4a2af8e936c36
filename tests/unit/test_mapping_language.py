"""What a mapping file may say and what becomes of it: documents, groups, lists, names; and how a wrong file is told about itself."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import model_validator

from mappings.engine import Context, Translation
from mappings.language import MappingError, compile_mapping
from mappings.problem import CODES, Problem
from tests.unit._mapping import CONTEXT, Probe, compiled, translated

HEAD = "mapping: t/probe\nversion: 3\n"
GROUPED = (
    HEAD
    + """
group: {by: no}
documents:
  - type: probe
    id: no
    fields:
      answer: who
      pieces:
        each: rows
        fields: {number: index + 1, amount: amount, note: note}
      amount_paid: total(this.pieces, 'amount')
"""
)


def says(found: Translation) -> list[str]:
    assert found.documents == []
    assert {problem.code for problem in found.problems} <= set(CODES)
    return [problem.say for problem in found.problems]


# ── a mapping ──


def test_a_mapping_tells_about_itself():
    """What the hub asks of it: name, version, digest of the text, grouping, types, lookups, references and what it reads."""
    mapping = compiled(
        HEAD
        + """
group: {by: no, complete_when: never}
tables: {own: {a: b}}
documents:
  - type: probe
    id: no
    fields:
      answer: "[lookup('own', a.b, default=1), lookup('rates', c[0].d), ref('order', record['E f'])]"
      pieces: {each: rows, fields: {number: n, amount: "total(subs, 'x')", note: "', '.join([t.name for t in tags])"}}
  - type: order
    also: true
    id: no
    fields: {business_date: day(d), currency: "'EUR'", grand_total: 0, lines: "[]"}
"""
    )
    assert (mapping.name, mapping.version, mapping.grouped, mapping.complete_when) == ("t/probe", 3, True, "never")
    assert len(mapping.digest) == 64
    assert mapping.document_types == ("probe", "order")
    assert mapping.lookups == ("rates",)
    assert mapping.references == ("order",)
    assert mapping.reads() == ("E f", "a.b", "c[].d", "d", "n", "no", "subs[].x", "tags[].name")


def test_the_digest_is_of_the_text():
    one, same, other = (compiled(text) for text in (GROUPED, GROUPED, GROUPED + "# more"))
    assert one.digest == same.digest != other.digest


# ── documents ──


def test_the_first_document_that_fits_is_made_and_others_only_besides():
    text = (
        HEAD
        + """
documents:
  - {type: probe, when: kind == 'a', id: "'first'", fields: {}}
  - {type: probe, when: n > 0, id: "'second'", fields: {}}
  - {type: probe, also: true, when: n > 1, id: "'besides'", fields: {}}
"""
    )
    ids = [
        [document.source_id for document in translated(text, record).documents]
        for record in ({"kind": "a", "n": 1}, {"kind": "b", "n": 1}, {"kind": "a", "n": 2}, {"kind": "b", "n": 2})
    ]
    assert ids == [["first"], ["second"], ["first", "besides"], ["second", "besides"]]


def test_a_record_that_no_document_fits_is_a_problem_unless_it_is_excluded():
    text = HEAD + "documents:\n  - {exclude: a test, when: test}\n  - {type: probe, when: n == 1, id: n, fields: {}}"
    assert translated(text, {"test": True, "n": 1}) == Translation([], [], "a test")
    assert says(translated(text, {"n": 2})) == ["This record: no document of the mapping fits."]
    assert translated(text, {"n": 1}).excluded == ""


def test_no_rows_give_nothing():
    assert translated(GROUPED) == Translation()


def test_one_record_may_hold_several_documents():
    text = HEAD + "documents:\n  - {type: probe, each: payments, as: pay, id: pay.id, fields: {answer: record.shop, amount_paid: amount}}"
    found = translated(text, {"shop": "x", "payments": [{"id": 1, "amount": 5}, {"id": 2, "amount": Decimal("0.5")}]})
    assert [(document.source_id, document.answer, document.amount_paid) for document in found.documents] == [
        ("1", "x", 5),
        ("2", "x", Decimal("0.5")),
    ]
    assert translated(text, {"payments": []}) == Translation()
    assert says(translated(text, {"payments": [{"id": 1}, {"id": 1}]})) == [
        "This record: it gives 2 documents of type probe with the same id 1."
    ]
    broken = translated(text, {"payments": [{"id": 1, "amount": 5}, {"id": 2, "amount": "x"}]})
    assert says(broken) == ["Probe 2, payments no. 2: amount paid ('x') cannot be taken: the text is not a number."]


def test_nested_objects_and_lists_are_put_together():
    text = (
        HEAD
        + """
documents:
  - type: probe
    id: id
    fields:
      piece: {when: first_piece, fields: {number: 1, amount: first_piece.amount}}
      pieces:
        - {fields: {number: 7, amount: 1.50}}
        - {when: extra, fields: {number: 8, amount: extra}}
        - {each: items, when: amount != 0, fields: {number: index, amount: amount}}
"""
    )
    [document] = translated(text, {"id": 1, "extra": 2, "items": [{"amount": 0}, {"amount": 3}]}).documents
    assert document.piece is None
    assert [(piece.number, piece.amount) for piece in document.pieces] == [(7, Decimal("1.50")), (8, 2), (1, 3)]
    [document] = translated(text, {"id": 1, "first_piece": {"amount": 9}}).documents
    assert document.piece.amount == 9
    assert [piece.number for piece in document.pieces] == [7]


def test_a_field_that_is_empty_takes_the_default_of_the_model():
    text = HEAD + "documents:\n  - {type: probe, id: id, fields: {tip: tip, secret: secret}}"
    [document] = translated(text, {"id": 1}).documents
    assert (document.tip, document.secret) == (0, None)


def test_custom_fields_may_have_any_name_and_leave_out_what_is_empty():
    text = HEAD + "documents:\n  - {type: probe, id: id, fields: {custom_fields: {fields: {till: text(till), shop: shop}}}}"
    [document] = translated(text, {"id": 1, "till": 4}).documents
    assert document.custom_fields == {"till": "4"}


def test_yaml_words_and_numbers_keep_their_meaning():
    text = (
        HEAD
        + "documents:\n  - {type: probe, id: id, fields: {answer: on + no, amount_paid: 0.10, tip: 12, source_deleted: true, secret: null}}"
    )
    [document] = translated(text, {"id": 1, "on": "o", "no": "n"}).documents
    assert (document.answer, document.amount_paid, document.tip, document.source_deleted) == ("on", Decimal("0.10"), 12, True)


# ── names ──


def test_inside_each_a_name_never_falls_back_to_the_whole_record():
    text = HEAD + "documents:\n  - {type: probe, id: id, fields: {pieces: {each: items, fields: {number: 1, amount: 0, note: note}}}}"
    [document] = translated(text, {"id": 1, "note": "of the record", "items": [{}]}).documents
    assert document.pieces[0].note is None


def test_this_and_document_are_what_was_already_built():
    text = (
        HEAD
        + """
documents:
  - type: probe
    id: id
    fields:
      answer: a * 2
      pieces:
        each: items
        as: line
        let: {twice: x * 2}
        fields: {number: index, amount: twice + document.answer, note: "text(this.amount + line.x + record.a)"}
      amount_paid: total(this.pieces, 'amount')
"""
    )
    [document] = translated(text, {"id": 1, "a": 1, "items": [{"x": 1}, {"x": 10}]}).documents
    assert [(piece.amount, piece.note) for piece in document.pieces] == [(4, "6"), (22, "33")]
    assert document.amount_paid == 26


def test_a_let_is_over_the_row_inside_rows_and_over_the_head_outside():
    text = (
        GROUPED.replace("documents:", "let:\n  named: join('-', no, note)\ndocuments:")
        .replace("answer: who", "answer: no")
        .replace("note: note", "note: named")
    )
    [document] = translated(text, {"no": "7", "amount": 1, "note": "a"}, {"no": "7", "amount": 1, "note": "b"}).documents
    assert [piece.note for piece in document.pieces] == ["7-a", "7-b"]


def test_a_let_of_the_document_is_over_the_head_also_inside_rows():
    """What is worked out once for the whole group may be used on each row."""
    text = GROUPED.replace(
        "    fields:\n      answer: who", "    let: {whole: \"total(rows, 'amount')\"}\n    fields:\n      answer: whole"
    )
    text = text.replace("note: note", "note: text(money(amount / whole, 'EUR'))")
    [document] = translated(
        text.replace("note: text(", 'note: "text(').replace("'EUR'))", "'EUR'))\""),
        {"no": 1, "amount": 1},
        {"no": 1, "amount": 3},
    ).documents
    assert (document.answer, [piece.note for piece in document.pieces]) == (4, ["0.25", "0.75"])


def test_a_let_that_fails_is_a_problem_only_where_it_is_used():
    text = HEAD + "let: {bad: 1 / n}\ndocuments:\n  - {type: probe, id: id, fields: {answer: bad if n else 0}}"
    assert translated(text, {"id": 1, "n": 0}).documents[0].answer == 0
    text = HEAD + "let: {bad: 1 / n}\ndocuments:\n  - {type: probe, id: id, fields: {answer: bad, source_number: text(bad)}}"
    assert says(translated(text, {"id": 1, "n": 0})) == ["This record: bad would be divided by zero."]


# ── groups ──


def test_rows_with_one_key_make_one_document():
    [document] = translated(GROUPED, {"no": 5, "who": "x", "amount": 2}, {"no": 5, "who": "x", "amount": Decimal("0.25")}).documents
    assert (document.source_id, document.answer, document.amount_paid) == ("5", "x", Decimal("2.25"))
    assert [piece.number for piece in document.pieces] == [1, 2]


def test_the_key_of_a_group_is_a_text_or_a_problem():
    mapping = compiled(GROUPED)
    assert mapping.group_key({"no": 17850}) == "17850"
    for body in ({}, {"no": ""}, {"no": None}, {"no": []}, {"no": "\ud800"}, {"no": "x" * 2000}, {"no": Decimal("NaN")}):
        found = mapping.group_key(body)
        assert isinstance(found, Problem), body
        assert found.code.startswith("MAP-")


@pytest.mark.parametrize(("rule", "answer"), [("first", "m"), ("min", "a"), ("max", "z")])
def test_a_head_field_that_differs_needs_a_rule(rule, answer):
    rows = [{"no": 1, "who": who, "amount": 1} for who in ("m", "a", None, "z")]
    found = translated(GROUPED, *rows)
    assert (says(found), found.rows) == (["Document 1: who differs between row 1 and row 2."], {1})
    found = translated(GROUPED.replace("{by: no}", "{by: no, order: who}"), *rows)
    assert (says(found), found.rows) == (["Document 1: who differs between row 3 and row 2."], {1})
    [document] = translated(GROUPED.replace("{by: no}", f"{{by: no, head: {{who: {rule}}}}}"), *rows).documents
    assert document.answer == answer


def test_a_head_field_that_no_document_needs_may_differ():
    text = GROUPED.replace("answer: who", "answer: 1")
    assert len(translated(text, {"no": 1, "who": "a", "amount": 1}, {"no": 1, "who": "b", "amount": 1}).documents) == 1


def test_rows_may_be_put_in_order():
    text = GROUPED.replace("{by: no}", "{by: no, order: at}")
    rows = [{"no": 1, "at": at, "amount": 1, "note": note} for at, note in ((3, "c"), (1, "a"), (None, "0"), (1, "b"))]
    [document] = translated(text, *rows).documents
    assert [piece.note for piece in document.pieces] == ["0", "a", "b", "c"]
    rows[3]["amount"] = "x"
    found = translated(text.replace("      amount_paid: total(this.pieces, 'amount')\n", ""), *rows)
    assert (says(found), found.rows) == (["Probe 1, row 4: amount ('x') cannot be taken: the text is not a number."], {3})
    assert found.problems[0].field == "pieces.3.amount"
    rows[0]["at"] = "x"
    assert says(translated(text, *rows)) == ["Document 1: its rows cannot be put in order."]


def test_a_group_may_say_when_it_is_complete():
    assert compiled(GROUPED).complete_when == "end_of_read"
    mapping = compiled(GROUPED.replace("{by: no}", "{by: no, complete_when: len(rows) == count}"))
    assert mapping.complete_when == "expression"
    assert [mapping.complete([{"count": 2}] * rows, CONTEXT) for rows in (1, 2)] == [False, True]
    assert mapping.complete([{"count": 2}, {"count": 3}], CONTEXT) is False


# ── problems ──


def test_one_bad_row_holds_its_document_and_every_problem_is_named():
    rows = [
        {"no": 1, "who": "x", "amount": 1},
        {"no": 1, "who": "x", "amount": None},
        {"no": 1, "who": "x", "amount": "12,5"},
        {"no": 1, "who": "x", "amount": Decimal("1e400"), "note": 7},
    ]
    found = translated(
        GROUPED.replace("answer: who", "answer: 1 / 0").replace("      amount_paid: total(this.pieces, 'amount')\n", ""), *rows
    )
    assert says(found) == [
        "Probe 1: answer would be divided by zero.",
        "Probe 1, row 2: amount is empty, and the document needs it.",
        "Probe 1, row 3: amount ('12,5') cannot be taken: the text is not a number.",
        "Probe 1, row 4: amount (1E+400) cannot be taken: the number is not finite or has more than 20 digits before the point.",
        "Probe 1, row 4: note (7) cannot be taken: input should be a valid string.",
    ]
    assert found.rows == {1, 2, 3}
    assert [problem.field for problem in found.problems] == [
        "answer",
        "pieces.1.amount",
        "pieces.2.amount",
        "pieces.3.amount",
        "pieces.3.note",
    ]
    assert [problem.code for problem in found.problems] == ["MAP-RULE", "MAP-REQUIRED", "MAP-TYPE", "MAP-TYPE", "MAP-TYPE"]


def test_what_only_follows_from_a_problem_is_not_told():
    """The total cannot be added up because a line failed: the line is told, the total is not."""
    found = translated(GROUPED.replace("amount: amount", "amount: amount * 2"), {"no": 1, "amount": None})
    assert says(found) == ["Probe 1, row 1: amount cannot be worked out, because amount is empty."]


def test_a_row_keeps_its_place_where_others_are_left_out():
    text = GROUPED.replace("each: rows", "each: rows\n        when: amount != 0").replace(
        "      amount_paid: total(this.pieces, 'amount')\n", ""
    )
    found = translated(text, {"no": 1, "amount": 0}, {"no": 1, "amount": 0}, {"no": 1, "amount": "x"})
    assert says(found) == ["Probe 1, row 3: amount ('x') cannot be taken: the text is not a number."]
    assert found.problems[0].field == "pieces.2.amount"


def test_an_unknown_field_that_a_record_hands_through_is_named():
    text = HEAD + "documents:\n  - {type: probe, id: id, fields: {pieces: items}}"
    found = translated(text, {"id": 1, "items": [{"number": 1, "amount": 2, "colour": "red"}]})
    assert [(problem.code, problem.field) for problem in found.problems] == [("MAP-UNKNOWN", "pieces.0.colour")]


def test_a_personal_value_is_never_quoted():
    """`secret` is marked as personal in the model: directly, through a let, and through a let that something else uses too."""
    base = "documents:\n  - {type: probe, id: id, fields: {secret: %s, answer: %s}}"
    for text in (base % ("number(x)", "1"), "let: {n: number(x)}\n" + base % ("n", "1"), "let: {n: number(x)}\n" + base % ("text(n)", "n")):
        found = translated(HEAD + text, {"id": 1, "x": "Ada Byron"})
        assert found.problems
        assert not [problem for problem in found.problems if "Byron" in problem.say + problem.fix]
    found = translated(HEAD + base % ("x", "1"), {"id": 1, "x": ["Ada Byron"]})
    assert says(found) == ["Probe 1: secret cannot be taken: input should be a valid string."]
    found = translated(HEAD + base % ("null", "number(x)"), {"id": 1, "x": "twelve"})
    assert says(found) == ["Probe 1: answer ('twelve') is not a number."]


def test_a_model_that_fails_is_a_problem_and_no_exception():
    """A third party's model may have a bug; the record is held, the run goes on."""

    class Faulty(Probe):
        type = "faulty"

        @model_validator(mode="after")
        def _fails(self):
            return {}[self.answer]

    text = HEAD + "documents:\n  - {type: faulty, id: id, fields: {answer: a}}"
    mapping = compile_mapping(text, where="test.yaml", registry={"faulty": Faulty})
    assert says(mapping.translate([{"id": 1}], CONTEXT)) == ["Probe 1: it holds a value that cannot be read."]


def test_totals_that_do_not_add_up_are_a_problem_of_their_own():
    text = HEAD + (
        "documents:\n  - type: order\n    id: id\n    fields: {business_date: day(at), currency: \"'EUR'\", grand_total: total,"
        " lines: {each: items, fields: {line_number: index + 1, sku: sku, net_amount: net}}}"
    )
    record = {"id": 1, "at": "2026-01-05", "total": 3, "items": [{"sku": "a", "net": 1}, {"sku": "b", "net": Decimal("2.01")}]}
    [problem] = translated(text, record).problems
    assert (problem.code, problem.say) == ("MAP-TOTAL", "Order 1: grand total: 3.00 is stated, 3.01 is the sum.")
    record["items"][1]["sku"] = None
    assert [problem.code for problem in translated(text, record).problems] == ["MAP-REQUIRED"]


# ── company ──


def test_the_connection_names_the_company():
    text = HEAD + "documents:\n  - {type: employee, id: id, fields: {employee_number: id, location: place}}"
    by_location = Context("shop", company={"Cork": "acme_ie", "Bath": "acme_uk"})
    assert translated(text, {"id": "1"}).documents[0].company == "acme"
    assert translated(text, {"id": "1", "place": "Bath"}, context=by_location).documents[0].company == "acme_uk"
    for context, place in ((by_location, "Rome"), (by_location, None), (Context("shop"), "Bath")):
        [problem] = translated(text, {"id": "1", "place": place}, context=context).problems
        assert (problem.code, problem.say) == ("MAP-COMPANY", "Employee 1: no company can be found for it.")


def test_parties_and_items_belong_to_all_companies():
    text = HEAD + "documents:\n  - {type: customer, id: id, fields: {}}"
    assert translated(text, {"id": "1"}, context=Context("shop")).documents[0].company == "group"


def test_instants_are_of_the_connections_zone():
    text = HEAD + "documents:\n  - {type: probe, id: id, fields: {source_created_at: instant(at)}}"
    [document] = translated(text, {"id": 1, "at": "2026-07-01T12:00:00"}, context=Context("s", "America/New_York", company="c")).documents
    assert document.source_created_at == datetime(2026, 7, 1, 16, tzinfo=UTC)


# ── a wrong file ──


def test_everything_wrong_with_a_file_is_told_at_once():
    wrong = """mapping: T/Probe
version: one
group: {by: no, head: {who: last}, sorted: true}
tables: {kinds: {a: [1]}}
let: {index: 1, unused: 2}
documents:
  - type: prob
    id: id
    fields: {}
  - type: order
    id: foo(id)
    fields:
      company: "'x'"
      busines_date: day(at)
      lines:
        each: rows
        fields: {sku: __import__('os')}
  - type: probe
    when: [1]
    id: id.x()
    fields: {answer: "this.later", tip: "a +"}
"""
    with pytest.raises(MappingError) as caught:
        compiled(wrong)
    assert caught.value.say.splitlines() == [
        "test.yaml, line 1, mapping: must be a name like source/stream, in small letters.",
        "test.yaml, line 2, version: must be a whole number.",
        "test.yaml, line 3, group.head.who: must be one of first, min, max, problem.",
        "test.yaml, line 3, group.sorted: is not a key of mappings.",
        "test.yaml, line 4, tables.kinds.a: must be a text, a number, true, false or null.",
        "test.yaml, line 5, let.index: must be a word of letters and digits that has no meaning of its own yet.",
        "test.yaml, line 7, documents[0].type: prob is not a document of the model (did you mean probe?).",
        "test.yaml, line 10, documents[1].fields: lacks business_date, currency, grand_total: Order needs it.",
        "test.yaml, line 11, documents[1].id: calls foo, which is not a function of mappings.",
        "test.yaml, line 13, documents[1].fields.company: is not set here: it comes from the connection.",
        "test.yaml, line 14, documents[1].fields.busines_date: is not a field of Order (did you mean business_date?).",
        "test.yaml, line 16, documents[1].fields.lines.fields: lacks line_number, net_amount: OrderLine needs it.",
        "test.yaml, line 17, documents[1].fields.lines.fields.sku: calls __import__, which is not a function of mappings.",
        "test.yaml, line 19, documents[2].when: must be an expression.",
        "test.yaml, line 20, documents[2].id: calls the method x, which mappings do not have.",
        "test.yaml, line 21, documents[2].fields.answer: uses this.later, but no field later comes before it.",
        "test.yaml, line 21, documents[2].fields.tip: is not an expression: invalid syntax.",
    ]


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("let: {a: b, b: a}\ndocuments:\n  - {type: probe, id: a, fields: {}}", "leads back to itself"),
        ("let: {a: b}\ndocuments:\n  - {type: probe, id: id, fields: {}}", "is used by no expression"),
        ("documents:\n  - {type: probe, as: record, id: id, fields: {}}", "no meaning of its own"),
        ("let: {a: b}\ndocuments:\n  - {type: probe, as: a, id: a, fields: {}}", "second meaning"),
        ("documents:\n  - {type: probe, id: id, fields: {answer: {each: xs, fields: {}}}}", "not a list in the model"),
        ("documents:\n  - {type: probe, id: id, fields: {piece: {fields: {}}}}", "lacks number, amount"),
        ("documents: []", "at least one"),
        ("documents:\n  - {exclude: 7}", "must be a text"),
        ("documents: 5", "must be a list"),
        ("group: {by: day(x)}\ndocuments:\n  - {type: probe, id: id, fields: {}}", "needs the connection"),
        ("group: {by: x}\ndocuments:\n  - {type: probe, id: record, fields: {}}", "without a field"),
        ("documents:\n  - {type: probe, id: \"lokup('a', b)\", fields: {}}", "did you mean lookup"),
        ("documents:\n  - {type: probe, id: text(), fields: {}}", "takes 1"),
        ("documents:\n  - {type: probe, id: \"text(a, sep='x')\", fields: {}}", "does not have"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence(text, say):
    with pytest.raises(MappingError, match=say):
        compiled(HEAD + text)


def test_a_version_counts_from_one():
    with pytest.raises(MappingError, match="must be 1 or more"):
        compiled(HEAD.replace("3", "0") + "documents:\n  - {type: probe, id: id, fields: {}}")


def test_a_file_may_be_long_as_long_as_it_is_not_deep():
    entries = "".join(f"  - {{type: probe, when: n == {number}, id: id, fields: {{answer: {number}}}}}\n" for number in range(200))
    assert translated(HEAD + "documents:\n" + entries, {"id": 1, "n": 150}).documents[0].answer == 150


def test_the_index_is_the_place_in_the_list_from_zero():
    fields = "{number: index - 1, amount: index + 1, note: text(index)}"
    text = HEAD + f"documents:\n  - {{type: probe, id: id, fields: {{pieces: {{each: xs, fields: {fields}}}}}}}"
    [document] = translated(text, {"id": 1, "xs": [{}, {}]}).documents
    assert [(piece.number, piece.amount, piece.note) for piece in document.pieces] == [(-1, 1, "0"), (0, 2, "1")]


def test_a_chain_of_names_that_is_too_long_is_refused():
    steps = "\n".join(f"  a{number + 1}: a{number}" for number in range(2000))
    with pytest.raises(MappingError, match="more than 50 other names"):
        compiled(f"{HEAD}let:\n  a0: name\n{steps}\ndocuments:\n- type: probe\n  id: \"'1'\"\n  fields: {{answer: a2000}}")
