"""Whatever a record holds, every shipped mapping answers with documents or with problems, never with an exception."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.engine import Context, Translation
from mappings.language import compile_mapping
from mappings.model.packing import pack
from mappings.problem import CODES, Problem
from mappings.shipped import find, names

LEAVES_OUT = (
    *("bank/entries", "inventree/stock_items", "shopify/balance_transactions", "shopify/inventory", "shopify/products"),
    *("square/inventory_changes", "square/timecards"),
)
"""Mappings that leave records out by a rule which an empty record meets: nothing is made of it, and nothing is wrong with that."""
CONTEXT = Context("shop", "Europe/London", time(4), "acme")
WIDE = compile_mapping(
    """
mapping: t/wide
version: 1
let:
  rate: number(tax.rate)
  when: coalesce(at, '2026-01-05T10:00:00')
documents:
  - exclude: a test
    when: test
  - type: order
    id: id
    fields:
      order_number: filled(name)
      business_date: day(when)
      placed_at: instant(when)
      currency: coalesce(currency, 'EUR')
      customer_id: ref('customer', customer.id)
      email: customer.email.strip().lower() if customer.email else None
      lines:
        each: items
        as: line
        let: {net: "money(quantity * price, record.currency)"}
        when: quantity != 0
        fields:
          line_number: index + 1
          sku: sku.upper()[:10]
          quantity: quantity
          unit_price: price
          net_amount: net
          description: join(' - ', title, line.options[0].name, ', '.join([tag for tag in tags if tag]))
      tax_lines:
        each: taxes
        fields: {rate: number(rate), amount: "round_half_up(amount / 100, 2)", title: "title.split(':')[-1]"}
      grand_total: total(this.lines, 'net_amount') + sum([tax.amount * rate for tax in taxes])
  - type: payment
    also: true
    each: payments
    id: sha(record.id, index)
    fields:
      business_date: day(at)
      order_id: ref('order', record.id)
      currency: record.currency
      amount_paid: minor(amount, record.currency)
      tender_type: lookup('kinds', kind, default='card')
tables: {kinds: {c: cash}}
""",
    where="wide.yaml",
)
MAPPINGS = {**{name: find(name) for name in names()}, "t/wide": WIDE}

numbers = st.one_of(
    st.integers(),
    st.sampled_from([10**400, -(10**60)]),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from([Decimal("1e400"), Decimal("-1e-400"), Decimal("sNaN"), Decimal("0.001"), Decimal("1E+999999")]),
)
texts = st.one_of(
    st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=20),
    st.sampled_from(
        [
            "",
            " ",
            "\ud800",
            "\x00",
            "2026-01-05",
            "2026-01-05T10:00:00",
            "2026-13-45",
            "0001-01-01T00:00:00+14:00",
            "EUR",
            "C1",
            "POST",
            "x" * 20_000,
        ]
    ),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
paths = sorted({part for mapping in MAPPINGS.values() for path in mapping.reads() for part in path.replace("[]", "").split(".")})
keys = st.one_of(st.sampled_from(paths), texts)
anything = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)), max_leaves=20
)


def records(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that often have the fields that the mapping reads, with anything in them."""
    fields = sorted({path.split(".")[0].replace("[]", "") for path in MAPPINGS[name].reads()})
    return st.one_of(st.dictionaries(keys, anything, max_size=8), st.fixed_dictionaries({}, optional=dict.fromkeys(fields, anything)))


@pytest.mark.parametrize("name", sorted(MAPPINGS))
@given(data=st.data())
def test_any_record_gives_documents_or_problems(name, data):
    mapping = MAPPINGS[name]
    rows = data.draw(st.lists(records(name), min_size=1, max_size=3 if mapping.grouped else 1))
    if mapping.grouped:
        key = mapping.group_key(rows[0])
        assert isinstance(key, Problem) or (key and key.encode())
    found = mapping.translate(rows, CONTEXT)
    assert isinstance(found, Translation)
    assert bool(found.problems) + bool(found.documents) + bool(found.excluded) <= 1
    for problem in found.problems:
        assert problem.code in CODES
        assert problem.say.encode()
        assert problem.fix.encode()
        assert len(problem.say) < 2_000
    for document in found.documents:
        assert pack(document).body


@given(data=st.data())
def test_a_good_record_with_one_thing_changed_gives_documents_or_problems(data):
    """Hostile values where everything else is in order reach places that random records do not."""
    record: dict[str, Any] = {
        "id": "1",
        "name": "1001",
        "currency": "EUR",
        "at": "2026-01-05T10:00:00",
        "customer": {"id": "7", "email": "a@b.example"},
        "items": [{"sku": "a", "quantity": 2, "price": Decimal("1.50"), "title": "t", "options": [{"name": "red"}], "tags": ["x"]}],
        "payments": [{"amount": 300, "kind": "c", "at": "2026-01-05T10:00:00"}],
    }
    whole = WIDE.translate([record], CONTEXT)
    assert (len(whole.documents), whole.problems) == (2, [])
    changed: Any = record
    while isinstance(changed, dict | list):
        holder, place = changed, data.draw(st.sampled_from(sorted(changed) if isinstance(changed, dict) else range(len(changed))))
        changed = changed[place]
        if data.draw(st.booleans()):
            break
    holder[place] = data.draw(anything)
    found = WIDE.translate([record], CONTEXT)
    assert {problem.code for problem in found.problems} <= set(CODES)
    assert bool(found.problems) != bool(found.documents)


@pytest.mark.parametrize("rows", [[None], ["text"], [5], [[]], [[1, 2]], [{}, None], [{1: 2}]])
@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_what_is_no_record_at_all_is_a_problem(name, rows):
    mapping = MAPPINGS[name]
    made = mapping.translate(rows, CONTEXT)
    assert not made.documents
    assert made.problems or name in LEAVES_OUT
    if mapping.grouped:
        assert isinstance(mapping.group_key(rows[-1]), Problem)
