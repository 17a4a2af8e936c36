"""J1 to J9 as the QuickBooks documents they become; the simulated company's own trial balance judges where the money went."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from mappings.model.order import Trade
from mappings.posting import moves, post, rows
from taps.quickbooks.simulator.accounts import trial_balance
from targets._kit.writer import Intent, Receipt, Subject, Verb
from targets.quickbooks.writer import QuickBooksWriter
from tests.contract.samples.quickbooks_company import CODES, Company
from tests.unit._quickbooks import opened, receipts
from tests.unit.test_posting_worked_examples import (
    PAID_1001,
    USD,
    chargeback,
    line,
    make,
    order_1001,
    order_gbp,
    payout,
    refund_1001,
)

BOOKS = USD.model_copy(update={"accounts": USD.accounts | CODES})


@pytest.fixture
def company() -> Company:
    made = Company()
    made.books.closed_until = None
    for entity in ("Invoice",):
        made.books.objects[entity].clear()
    return made


@pytest.fixture
def writer(company: Company) -> Iterator[QuickBooksWriter]:
    with opened(company) as made:
        yield made


def intent(company: Company, document: Any, kind: str, part: str = "", books: Any = BOOKS, **other: Any) -> Intent:
    """As deliver makes it."""
    entry, problems = post(document, representation=kind, books=books, part=part)
    assert problems == []
    assert entry is not None
    local = f"{document.type} {document.source_id} {part} {entry.total}"
    related = {key: value for key, value in company.related.items() if key != "parent"}
    return Intent(
        subject=Subject("books", kind, local, part),
        verb=Verb.CREATE,
        look_up_key=local,
        idempotency_key=f"{local} 1",
        document={},
        document_type=document.type,
        number=document.number(),
        date=entry.date,
        lines=entry.lines,
        moves=moves(document),
        bridge=entry.bridge,
        rows=rows(document, representation=kind, books=books, entry=entry) if isinstance(document, Trade) and kind not in OTHER else (),
        related=other.pop("related", related),
        **other,
    )


OTHER = ("journal", "cost_journal")


def stands(company: Company, made: Receipt) -> dict[str, Any]:
    found: dict[str, Any] = company.books.objects[made.body["entity"]][made.remote_id]
    return found


def shown(company: Company, made: Receipt) -> list[tuple[str, Decimal]]:
    """(item, amount) of the lines of a sale."""
    items = company.books.objects["Item"]
    lines = [line for line in stands(company, made)["Line"] if "SalesItemLineDetail" in line]
    return [(items[line["SalesItemLineDetail"]["ItemRef"]["value"]]["Name"], line["Amount"]) for line in lines]


def test_j1_a_gift_card_is_a_receipt_on_the_liability(company, writer):
    sold = make("order", lines=[line("gift_card", "25.00")], grand_total="25.00")
    (made,) = receipts(writer, intent(company, sold, "sales_receipt"))
    assert made.effect == Decimal("25.00")
    assert shown(company, made) == [("GiftCardLiability line", Decimal("25.00"))]
    assert trial_balance(company.books) == {"Clearing": Decimal(25), "GiftCardLiability": Decimal(-25)}


def test_j2_is_a_receipt_of_85_84(company, writer):
    (made,) = receipts(writer, intent(company, order_1001(tenders=PAID_1001), "sales_receipt"))
    document = stands(company, made)
    assert document["TotalAmt"] == made.effect == Decimal("85.84")
    assert document["TxnTaxDetail"]["TotalTax"] == Decimal("7.84")
    assert shown(company, made) == [
        ("Mug", Decimal(100)),
        ("Discounts line", Decimal(-10)),
        ("ShippingIncome line", Decimal(8)),
        ("TipsPayable line", Decimal(5)),
        ("GiftCardLiability line", Decimal(-25)),
    ]
    mug = document["Line"][0]["SalesItemLineDetail"]
    assert (mug["Qty"], mug["UnitPrice"]) == (2, 50)
    assert document["CustomerMemo"]["value"] == "Order 1001"
    assert trial_balance(company.books) == {
        "Clearing": Decimal("85.84"),
        "GiftCardLiability": Decimal(25),
        "Discounts": Decimal(10),
        "Sales": Decimal(-100),
        "ShippingIncome": Decimal(-8),
        "Sales Tax Payable": Decimal("-7.84"),
        "TipsPayable": Decimal(-5),
    }


def test_j2_as_an_invoice_and_its_payments(company, writer):
    """The gift card comes as a payment: a journal entry, since QuickBooks deposits into bank accounts only."""
    books = BOOKS.model_copy(update={"gift_cards_taken": "with_payment"})
    (invoice,) = receipts(writer, intent(company, order_1001(tenders=PAID_1001), "invoice", books=books))
    assert invoice.effect == Decimal("110.84")
    related = company.related | {"parent": company.related["parent"]._replace(remote_id=invoice.remote_id)}
    card = make("payment", amount_paid="85.84")
    gift = make("payment", amount_paid="25.00", tender_type="gift_card")
    paid, voucher = receipts(
        writer,
        intent(company, card, "payment", books=books, related=related),
        intent(company, gift, "payment", books=books, related=related),
    )
    assert (paid.body["entity"], voucher.body["entity"]) == ("Payment", "JournalEntry")
    assert (paid.effect, voucher.effect) == (Decimal("85.84"), Decimal("25.00"))
    assert stands(company, invoice)["Balance"] == Decimal("25.00")
    assert "Accounts Receivable" not in trial_balance(company.books)


def test_j3_is_a_refund_receipt_on_returns(company, writer):
    (made,) = receipts(writer, intent(company, refund_1001(), "refund_receipt", links=("1001",)))
    assert (made.body["entity"], made.effect) == ("RefundReceipt", Decimal("-48.60"))
    assert shown(company, made) == [("SalesReturns line", Decimal(50)), ("Discounts line", Decimal(-5))]
    assert stands(company, made)["CustomerMemo"]["value"] == "Refund 1001 for 1001"
    assert trial_balance(company.books) == {
        "Clearing": Decimal("-48.60"),
        "SalesReturns": Decimal(50),
        "Discounts": Decimal(-5),
        "Sales Tax Payable": Decimal("3.60"),
    }


def test_j3_as_a_credit_memo_and_the_money_paid_back(company, writer):
    credit = intent(company, refund_1001(), "credit_note")
    back = intent(company, make("payment", payment_type="refund", amount_paid="48.60"), "payment")
    note, money = receipts(writer, credit, back)
    assert (note.body["entity"], money.body["entity"]) == ("CreditMemo", "JournalEntry")
    assert (note.effect, money.effect) == (Decimal("-48.60"), Decimal("-48.60"))
    balance = trial_balance(company.books)
    assert "Accounts Receivable" not in balance
    assert balance["Clearing"] == Decimal("-48.60")


def test_j6_in_the_home_currency_keeps_the_tax_as_converted(company, writer):
    (made,) = receipts(writer, intent(company, order_gbp(), "sales_receipt"))
    assert made.effect == Decimal("32.50")
    assert stands(company, made)["TxnTaxDetail"]["TotalTax"] == Decimal("5.42")
    assert made.unit == "USD"


def test_j9_cash_rounding_is_a_negative_line(company, writer):
    tenders = [{"tender_type": "cash", "amount": "10.00"}]
    sale = make("order", lines=[line("item", "9.54", tax="0.48")], rounding_total="-0.02", grand_total="10.00", tenders=tenders)
    (made,) = receipts(writer, intent(company, sale, "sales_receipt"))
    assert shown(company, made) == [("Mug", Decimal("9.54")), ("CashRounding line", Decimal("-0.02"))]
    assert trial_balance(company.books)["Cash"] == Decimal(10)


def test_after_j1_to_j8_the_processor_holds_nothing_and_the_bank_has_it_all(company, writer):
    settled = make(
        "balance_transaction",
        charged_amount="25.59",
        charged_currency="GBP",
        booked_amount="32.50",
        settled_amount="31.99",
        fee_amount="1.23",
    )
    month = [
        intent(company, make("order", lines=[line("gift_card", "25.00")], grand_total="25.00"), "sales_receipt"),
        intent(company, make("fee", fee_amount="1.03"), "spend"),
        intent(company, order_1001(tenders=PAID_1001), "sales_receipt"),
        intent(company, make("fee", fee_amount="2.79"), "spend"),
        intent(company, make("fulfillment", lines=[{"sku": "MUG", "quantity": 2, "unit_cost": "22.00"}]), "cost_journal"),
        intent(company, refund_1001(), "refund_receipt"),
        intent(company, refund_1001(), "cost_journal"),
        intent(company, make("order", lines=[line("item", "55.56", tax="4.44")], grand_total="60.00"), "sales_receipt"),
        intent(company, make("fee", fee_amount="2.04"), "spend"),
        intent(company, chargeback(status="lost"), "journal", part="opened"),
        intent(company, chargeback(status="lost"), "journal", part="lost"),
        intent(company, order_gbp(), "sales_receipt"),
        intent(company, settled, "spend"),
        intent(company, payout(), "transfer", part="issue"),
        intent(company, payout(), "transfer", part="arrival"),
        intent(company, make("tip_payout", tips="5.00"), "journal"),
    ]
    calls = writer.edge.calls
    made = receipts(writer, *month)
    assert writer.edge.calls - calls <= 3  # one batch; and the items that it names, asked once
    assert [each.effect for each in made] == [sum(line.amount for line in each.lines if line.control) for each in month]
    assert {each.body["entity"] for each in made} == {"SalesReceipt", "Purchase", "RefundReceipt", "JournalEntry", "Transfer"}
    assert trial_balance(company.books) == {
        "Bank": Decimal("72.14"),
        "Sales": Decimal("-180.96"),
        "SalesReturns": Decimal(50),
        "Discounts": Decimal("7.54"),
        "ShippingIncome": Decimal("-12.22"),
        "Sales Tax Payable": Decimal("-14.10"),
        "Fees": Decimal("7.09"),
        "DisputeFees": Decimal(15),
        "ChargebackLoss": Decimal(60),
        "FXGainLoss": Decimal("0.51"),
        "COGS": Decimal(22),
        "Inventory": Decimal(-22),
        "PayrollClearing": Decimal(-5),
    }


def test_a_payout_that_failed_goes_the_other_way(company, writer):
    out, failed = receipts(
        writer,
        intent(company, payout(), "transfer", part="issue"),
        intent(company, make("payout", net_amount="72.14", status="failed", failed_on="2026-02-03"), "transfer", part="failed"),
    )
    assert (out.effect, failed.effect) == (Decimal("72.14"), Decimal("-72.14"))
    assert trial_balance(company.books) == {}


def test_a_fee_that_was_given_back_is_a_journal_entry(company, writer):
    (made,) = receipts(writer, intent(company, make("fee", fee_amount="-1.03"), "spend"))
    assert (made.body["entity"], made.effect) == ("JournalEntry", Decimal("1.03"))
    assert trial_balance(company.books) == {"Clearing": Decimal("1.03"), "Fees": Decimal("-1.03")}
