"""Whatever is sold and taken back: the entry balances, and its total less its bridge is the document's amount, to the last digit."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mappings.model import REGISTRY, join, pack
from mappings.model.money import exponent
from mappings.posting import Books, moves, post, suggested_accounts

KINDS = [
    "item",
    "gift_card",
    "tip",
    "shipping",
    "fee",
    "service_charge",
    "deposit",
    "exchange",
    "manual",
    "sample",
    "discount",
    "donation",
    "bad_debt",
]
DECISIONS = {"gift_cards": "multi_purpose", "service_charges": "revenue"}
CURRENCIES = ["GBP", "JPY", "KWD"]

amounts = st.integers(-(10**9), 10**9).map(lambda units: Decimal(units).scaleb(-4)) | st.integers(-500, 500).map(
    lambda units: Decimal(units).scaleb(-6)
)
discounts = st.sampled_from([Decimal(0), Decimal("0.015"), Decimal("2.40"), Decimal(10)])


@st.composite
def lines(draw):
    net, discount = draw(amounts), draw(discounts)
    return {
        "kind": draw(st.sampled_from(KINDS)),
        "sku": draw(st.sampled_from(["MUG", "CUP"])),
        "quantity": draw(st.integers(-20, 20)),
        "net_amount": net,
        "discount_amount": discount,
        "tax_amount": draw(st.just(Decimal(0)) | st.just(net / 5).map(lambda tax: tax.quantize(Decimal("0.0001")))),
    }


@st.composite
def documents(draw):
    kind = draw(st.sampled_from(["order", "refund", "adjustment"]))
    inclusive = draw(st.booleans())
    sold = [{"line_number": number, **each} for number, each in enumerate(draw(st.lists(lines(), min_size=1, max_size=6)), 1)]
    rounding = draw(st.sampled_from([Decimal(0), Decimal("-0.02")]))
    total = sum((each["net_amount"] + (0 if inclusive else each["tax_amount"]) for each in sold), rounding)
    fields = {
        "source_id": draw(st.text("abc123", min_size=1, max_size=6)),
        "business_date": "2026-01-31",
        "currency": draw(st.sampled_from(CURRENCIES)),
        "exchange_rate": draw(st.sampled_from([None, "0.0061", "1.27", "3.2513"])),
        "tax_inclusive": inclusive,
        "lines": sold,
        "rounding_total": rounding,
        "grand_total": total,
    }
    if kind != "adjustment":
        tenders = st.fixed_dictionaries({"tender_type": st.sampled_from(["gift_card", "card", "cash", "store_credit"]), "amount": amounts})
        fields["tenders"] = draw(st.lists(tenders, max_size=2))
    return REGISTRY[kind].model_validate(fields)


def books(base, rate):
    accounts = {role: role for role in suggested_accounts()}
    rates = {code: {"2026-01-30": rate} for code in CURRENCIES}
    return Books.model_validate({"base_currency": base, "accounts": accounts, "decisions": DECISIONS, "rates": rates})


REPRESENTATIONS = ["invoice", "credit_note", "sales_receipt", "refund_receipt", "journal"]


@given(documents(), st.sampled_from(REPRESENTATIONS), st.sampled_from(CURRENCIES), st.sampled_from(["0.7", "151.37"]))
def test_every_entry_balances_and_explains_the_documents_amount(document, representation, base, rate):
    entry, problems = post(document, representation=representation, books=books(base, rate))
    assert problems == []
    assert (entry is not None) == document.moves_money()
    if entry is None:
        return
    amount, _ = document.amount()
    assert sum(line.amount for line in entry.lines) == 0
    assert entry.total - sum(entry.bridge.values()) == amount
    assert {line.currency for line in entry.lines} == {base}
    assert all(line.amount == round(line.amount, exponent(base)) for line in entry.lines)
    assert len(entry.lines) == 2 or all(line.amount for line in entry.lines)
    assert all(entry.bridge.values())


@given(documents(), st.sampled_from(["invoice", "sales_receipt"]))
def test_the_same_document_gives_the_same_entry_from_its_stored_form(document, representation):
    stored = join(type(document), *pack(document)[:2])
    assert stored == document
    assert pack(stored) == pack(document)
    assert post(stored, representation=representation, books=books("GBP", "2")) == post(
        document, representation=representation, books=books("GBP", "2")
    )


@given(documents())
def test_moves_are_the_units_of_the_document(document):
    found = moves(document)
    assert sum((move.units for move in found), Decimal(0)) == document.units()
    assert bool(found) == document.moves_stock()
    assert len({(move.item, move.location) for move in found}) == len(found)
