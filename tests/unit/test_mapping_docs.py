"""The manual of the mapping language: its examples compile, and it names every function, method and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mappings.engine import Context
from mappings.functions import FUNCTIONS, METHODS
from mappings.grammar import MAX_LENGTH
from mappings.language import compile_mapping
from mappings.values import DIGITS, MAX_TEXT

PAGE = (Path(__file__).parents[2] / "docs" / "mapping-language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split("\n")[0].split()[1] for example in EXAMPLES])
def test_an_example_of_the_manual_compiles(example):
    assert compile_mapping(example, where="docs/mapping-language.md").document_types


def test_the_manual_names_every_function_and_method_and_no_other():
    rows = re.findall(r"^\| (`\w+\(.*?) \|", PAGE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)\(", row)}
    assert named == set(FUNCTIONS)
    [methods] = re.findall(r"Methods of texts: (.*?)\. On", PAGE, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", methods)) == set(METHODS)


def test_the_manual_has_the_bounds_of_the_code():
    for bound in (f"{MAX_LENGTH:,} characters", f"{MAX_TEXT:,} characters", f"{DIGITS} digits"):
        assert bound in PAGE


def test_the_example_with_more_does_what_its_comments_say():
    mapping = compile_mapping(EXAMPLES[1], where="docs")
    record = {
        "id": 7,
        "created_at": "2026-01-05T10:00:00",
        "currency": "EUR",
        "items": [{"sku": "a", "quantity": 2, "price": 3, "title": "Hat", "size": "L"}, {"sku": "b", "quantity": 0, "price": 1}],
        "shipping": {"price": 4},
        "payments": [{"id": "p1", "status": "paid", "at": "2026-01-05T10:00:00", "amount": 10}],
        "total": "10.00",
    }
    found = mapping.translate([record], Context("shop", company="acme"))
    assert found.problems == []
    order, payment = found.documents
    assert [(line.line_number, line.kind, line.net_amount, line.description) for line in order.lines] == [
        (1, "item", 6, "Hat L"),
        (1001, "shipping", 4, None),
    ]
    assert (order.payment_status, payment.source_id, payment.amount_paid) == ("paid", "p1", 10)
    assert mapping.translate([{"test": True}], Context("shop", company="acme")).excluded == "test orders are not sales"
