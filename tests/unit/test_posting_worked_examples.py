"""The worked examples J1 to J9 of the reference and the cases beside them: the document in the test, its journal in the docstring.

Accounts are named as their roles. A docstring's journal is its indented lines `Dr|Cr ROLE AMOUNT` in any order, then optional lines
`control AMOUNT` and `bridge NAME AMOUNT`; what is not written there must not be there either.
"""

from __future__ import annotations

import functools
import inspect
import re
from decimal import Decimal

import pytest

from mappings.model import REGISTRY
from mappings.posting import Books, post, suggested_accounts

DECISIONS = {
    "gift_cards": "multi_purpose",
    "gift_cards_expired": "income",
    "chargebacks_lost": "loss",
    "cost_owner": "hub",
    "service_charges": "revenue",
}
USD = Books(base_currency="USD", accounts={role: role for role in suggested_accounts()}, decisions=DECISIONS)
EUR = USD.model_copy(update={"base_currency": "EUR"})


def make(kind, **fields):
    """A document of 31 January."""
    return REGISTRY[kind].model_validate({"source_id": "1001", "business_date": "2026-01-31", "currency": "USD", **fields})


def line(kind, net, *, tax="0", discount="0", **more):
    """A line; a kind that moves stock is of item MUG."""
    sku = {"sku": "MUG"} if kind in ("item", "sample", "exchange") else {}
    return {"line_number": 1, "kind": kind, "net_amount": net, "tax_amount": tax, "discount_amount": discount, **sku, **more}


def booked(document, representation, books=USD, part=""):
    """The entry; a problem fails the test."""
    entry, problems = post(document, representation=representation, books=books, part=part)
    assert problems == []
    return entry


def journal(text):
    """(side, account, amount) sorted, control or None, bridge: of a docstring."""
    sides = sorted((side, role, Decimal(amount)) for side, role, amount in re.findall(r"^ +(Dr|Cr) (\w+) +(-?[\d.]+)$", text, re.MULTILINE))
    control = re.search(r"^ +control +(-?[\d.]+)$", text, re.MULTILINE)
    bridge = {name: Decimal(amount) for name, amount in re.findall(r"^ +bridge (\w+) +(-?[\d.]+)$", text, re.MULTILINE)}
    assert sides, "the docstring has no journal"
    return sides, Decimal(control[1]) if control else None, bridge


def as_written(test):
    """Run a test that gives an entry, and compare the entry with the test's docstring."""

    @functools.wraps(test)
    def compared():
        entry = test()
        sides, control, bridge = journal(inspect.getdoc(test).replace("\n", "\n ") + "\n")
        found = sorted(("Dr" if each.amount >= 0 else "Cr", each.account, abs(each.amount)) for each in entry.lines)
        assert found == sides
        assert control is None or entry.total == control
        assert entry.bridge == bridge
        assert sum(each.amount for each in entry.lines) == 0

    return compared


def order_1001(**more):
    return make(
        "order",
        lines=[
            line("item", "90.00", tax="7.20", discount="10.00", quantity=2, unit_price="50.00", gross_amount="100.00"),
            line("shipping", "8.00", tax="0.64"),
            line("tip", "5.00"),
        ],
        grand_total="110.84",
        **more,
    )


PAID_1001 = [{"tender_type": "gift_card", "amount": "25.00"}, {"tender_type": "card", "amount": "85.84"}]


@as_written
def test_j1_gift_card_sold():
    """A gift card of 25.00: no tax, no revenue.

    Dr Clearing           25.00
    Cr GiftCardLiability  25.00
    control 25.00
    """
    return booked(make("order", lines=[line("gift_card", "25.00")], grand_total="25.00"), "sales_receipt")


@as_written
def test_j1f_fee():
    """The processor keeps 2.9 % + 0.30.

    Dr Fees      1.03
    Cr Clearing  1.03
    control -1.03
    """
    return booked(make("fee", fee_amount="1.03"), "spend")


@as_written
def test_j2_sale_with_discount_shipping_tax_tip_and_gift_card():
    """Order 1001: 110.84, of which 25.00 by gift card. The total is what came by card; the bridge names the rest.

    Dr Clearing           85.84
    Dr GiftCardLiability  25.00
    Dr Discounts          10.00
    Cr Sales             100.00
    Cr ShippingIncome      8.00
    Cr SalesTaxPayable     7.84
    Cr TipsPayable         5.00
    control 85.84
    bridge gift_card -25.00
    """
    return booked(order_1001(tenders=PAID_1001), "sales_receipt")


@as_written
def test_j2_as_an_invoice_without_the_gift_card():
    """The same order as an invoice whose gift card comes as a payment: all of it is owed.

    Dr Receivable        110.84
    Dr Discounts          10.00
    Cr Sales             100.00
    Cr ShippingIncome      8.00
    Cr SalesTaxPayable     7.84
    Cr TipsPayable         5.00
    control 110.84
    """
    return booked(order_1001(tenders=PAID_1001), "invoice", USD.model_copy(update={"gift_cards_taken": "with_payment"}))


@as_written
def test_j2_as_an_invoice_with_the_gift_card_on_it():
    """The same order as an invoice that holds the gift card: the card payment is a document of its own.

    Dr Receivable         85.84
    Dr GiftCardLiability  25.00
    Dr Discounts          10.00
    Cr Sales             100.00
    Cr ShippingIncome      8.00
    Cr SalesTaxPayable     7.84
    Cr TipsPayable         5.00
    control 85.84
    bridge gift_card -25.00
    """
    return booked(order_1001(tenders=PAID_1001), "invoice")


@as_written
def test_j2_payment_of_the_invoice():
    """What the card paid of it.

    Dr Clearing    85.84
    Cr Receivable  85.84
    control 85.84
    """
    return booked(make("payment", amount_paid="85.84"), "payment")


@as_written
def test_j2_gift_card_payment_of_the_invoice():
    """What the gift card paid of it, where payments book gift cards.

    Dr GiftCardLiability  25.00
    Cr Receivable         25.00
    control 25.00
    """
    books = USD.model_copy(update={"gift_cards_taken": "with_payment"})
    return booked(make("payment", amount_paid="25.00", tender_type="gift_card"), "payment", books)


@as_written
def test_j2c_cost_at_fulfilment():
    """Two shipped at an average cost of 22.00.

    Dr COGS       44.00
    Cr Inventory  44.00
    control 44.00
    """
    return booked(make("fulfillment", lines=[{"sku": "MUG", "quantity": 2, "unit_cost": "22.00"}]), "cost_journal")


def refund_1001(*, restocked=True, **more):
    returned = line("item", "45.00", tax="3.60", discount="5.00", quantity=1, unit_cost="22.00", restocked=restocked)
    return make("refund", lines=[returned], grand_total="48.60", **more)


@as_written
def test_j3_partial_refund():
    """One unit back: 50.00 − 5.00 of the discount + 3.60 tax. The fee is not returned.

    Dr SalesReturns     50.00
    Dr SalesTaxPayable   3.60
    Cr Discounts         5.00
    Cr Clearing         48.60
    control -48.60
    """
    return booked(refund_1001(), "refund_receipt")


@as_written
def test_j3_as_a_credit_note():
    """The same against what the buyer owes.

    Dr SalesReturns     50.00
    Dr SalesTaxPayable   3.60
    Cr Discounts         5.00
    Cr Receivable       48.60
    control -48.60
    """
    return booked(refund_1001(), "credit_note")


@as_written
def test_j3_money_back_for_the_credit_note():
    """And the money, paid back.

    Dr Receivable  48.60
    Cr Clearing    48.60
    control -48.60
    """
    return booked(make("payment", payment_type="refund", amount_paid="48.60"), "payment")


@as_written
def test_j3c_restocked():
    """The unit went back on the shelf at cost.

    Dr Inventory  22.00
    Cr COGS       22.00
    control -22.00
    """
    return booked(refund_1001(), "cost_journal")


def test_j3c_is_not_booked_without_restocking():
    assert post(refund_1001(restocked=False), representation="cost_journal", books=USD) == (None, [])


@as_written
def test_j4_sale():
    """Order 1002: 55.56 and 8 % tax.

    Dr Clearing         60.00
    Cr Sales            55.56
    Cr SalesTaxPayable   4.44
    control 60.00
    """
    return booked(make("order", lines=[line("item", "55.56", tax="4.44")], grand_total="60.00"), "sales_receipt")


def chargeback(**more):
    return make("dispute", disputed_amount="60.00", fee_amount="15.00", **more)


@as_written
def test_j5_chargeback_opened():
    """60.00 is taken back, and 15.00 charged for it.

    Dr DisputesReceivable  60.00
    Dr DisputeFees         15.00
    Cr Clearing            75.00
    control -75.00
    """
    return booked(chargeback(), "journal")


@as_written
def test_j5l_chargeback_lost():
    """The claim becomes a loss. The leg counts nothing more of the dispute, which its bridge says.

    Dr ChargebackLoss      60.00
    Cr DisputesReceivable  60.00
    control -60.00
    bridge lost -60.00
    """
    return booked(chargeback(status="lost", resolved_on="2026-02-20"), "journal", part="lost")


@as_written
def test_j5_chargeback_lost_as_a_price_reduction():
    """Where the firm decided that a lost chargeback is a reduction of the price.

    Dr SalesReturns        60.00
    Cr DisputesReceivable  60.00
    bridge lost -60.00
    """
    books = USD.model_copy(update={"decisions": {**DECISIONS, "chargebacks_lost": "price_reduction"}})
    return booked(chargeback(status="lost", resolved_on="2026-02-20"), "journal", books, part="lost")


@as_written
def test_j5_chargeback_won_with_a_part_of_its_fee():
    """The payment comes back, and 10.00 of the fee of 15.00.

    Dr Clearing            70.00
    Cr DisputesReceivable  60.00
    Cr DisputeFees         10.00
    control 70.00
    bridge won 70.00
    """
    return booked(chargeback(status="won", fee_returned="10.00", resolved_on="2026-02-20"), "journal", part="won")


def order_gbp():
    goods = line("item", "21.60", tax="3.60", discount="2.40", gross_amount="24.00")
    return make(
        "order",
        currency="GBP",
        exchange_rate="1.2700",
        tax_inclusive=True,
        lines=[goods, line("shipping", "3.99", tax="0.67")],
        grand_total="25.59",
    )


@as_written
def test_j6_sale_in_pounds_with_tax_in_the_price():
    """GBP 25.59 at 1.2700: each component is converted and rounded by itself. The bridge is what base and pounds differ by.

    Dr Clearing         32.50
    Dr Discounts         2.54
    Cr Sales            25.40
    Cr ShippingIncome    4.22
    Cr SalesTaxPayable   5.42
    control 32.50
    bridge fx 6.91
    """
    return booked(order_gbp(), "sales_receipt")


@as_written
def test_j6x_settled_at_another_rate():
    """Booked 32.50, settled at 1.2500 as 31.99 less a fee of 1.23.

    Dr FXGainLoss  0.51
    Dr Fees        1.23
    Cr Clearing    1.74
    control -1.74
    """
    settled = make(
        "balance_transaction",
        charged_amount="25.59",
        charged_currency="GBP",
        booked_amount="32.50",
        settled_amount="31.99",
        fee_amount="1.23",
    )
    return booked(settled, "spend")


def payout(net="72.14", **more):
    return make("payout", net_amount=net, status="paid", arrival_on="2026-02-02", **more)


@as_written
def test_j7_payout_issued():
    """On its way on the day of issue.

    Dr PayoutsInTransit  72.14
    Cr Clearing          72.14
    control 72.14
    """
    return booked(payout(), "transfer", part="issue")


@as_written
def test_j7_payout_arrived():
    """At the bank on the bank's day: the same money, so that the leg counts nothing more.

    Dr Bank              72.14
    Cr PayoutsInTransit  72.14
    control 72.14
    bridge arrival 72.14
    """
    return booked(payout(), "transfer", part="arrival")


@as_written
def test_j7_payout_failed():
    """It never arrived: the first leg is taken back.

    Dr Clearing          72.14
    Cr PayoutsInTransit  72.14
    control -72.14
    bridge failed -72.14
    """
    return booked(make("payout", net_amount="72.14", status="failed", failed_on="2026-02-03"), "transfer", part="failed")


@as_written
def test_j7_payout_returned_by_the_bank():
    """It had arrived: the bank's leg is taken back first.

    Dr PayoutsInTransit  72.14
    Cr Bank              72.14
    control -72.14
    bridge returned -72.14
    """
    failed = make("payout", net_amount="72.14", status="failed", arrival_on="2026-02-02", failed_on="2026-02-03")
    assert [part.name for part in failed.parts()] == ["issue", "arrival", "returned", "failed"]
    return booked(failed, "transfer", part="returned")


@as_written
def test_a_payout_of_minus_35_is_taken_from_our_bank():
    """More was refunded than sold: the processor takes money from the bank.

    Dr Clearing          35.00
    Cr PayoutsInTransit  35.00
    control -35.00
    """
    taken = payout("-35.00")
    assert taken.amount() == (Decimal("-35.00"), "USD")
    return booked(taken, "transfer", part="issue")


@as_written
def test_j8_tips_through_payroll():
    """Card tips are handed to payroll; declared cash tips never get here.

    Dr TipsPayable      5.00
    Cr PayrollClearing  5.00
    control -5.00
    """
    return booked(make("tip_payout", tips="5.00"), "journal")


@as_written
def test_j9_cash_rounding():
    """9.54 and 5 % are 10.02; the till takes 10.00. The tax is not touched.

    Dr Cash             10.00
    Dr CashRounding      0.02
    Cr Sales             9.54
    Cr SalesTaxPayable   0.48
    control 10.00
    """
    sale = make(
        "order",
        lines=[line("item", "9.54", tax="0.48")],
        rounding_total="-0.02",
        grand_total="10.00",
        tenders=[{"tender_type": "cash", "amount": "10.00"}],
    )
    return booked(sale, "sales_receipt")


def test_after_j1_to_j7_the_processor_holds_nothing():
    """Clearing ends at 0.00 and the trial balance is 0.00, as the reference says."""
    entries = [
        booked(make("order", lines=[line("gift_card", "25.00")], grand_total="25.00"), "sales_receipt"),
        booked(make("fee", fee_amount="1.03"), "spend"),
        booked(order_1001(tenders=PAID_1001), "sales_receipt"),
        booked(make("fee", fee_amount="2.79"), "spend"),
        booked(refund_1001(), "refund_receipt"),
        booked(make("order", lines=[line("item", "55.56", tax="4.44")], grand_total="60.00"), "sales_receipt"),
        booked(make("fee", fee_amount="2.04"), "spend"),
        booked(chargeback(status="lost"), "journal", part="opened"),
        booked(chargeback(status="lost"), "journal", part="lost"),
        booked(order_gbp(), "sales_receipt"),
        test_j6x_settled_at_another_rate.__wrapped__(),
        booked(payout(), "transfer", part="issue"),
        booked(payout(), "transfer", part="arrival"),
    ]
    balance: dict[str, Decimal] = {}
    for each in (each for entry in entries for each in entry.lines):
        balance[each.account] = balance.get(each.account, Decimal(0)) + each.amount
    assert {role: balance[role] for role in ("Clearing", "PayoutsInTransit", "DisputesReceivable", "GiftCardLiability", "Bank")} == {
        "Clearing": 0,
        "PayoutsInTransit": 0,
        "DisputesReceivable": 0,
        "GiftCardLiability": 0,
        "Bank": Decimal("72.14"),
    }
    assert sum(balance.values()) == 0


@as_written
def test_exchange_for_something_dearer():
    """Goods of 54.00 for goods of 75.60: the buyer pays the difference.

    Dr SalesReturns     50.00
    Dr SalesTaxPayable   4.00
    Dr Clearing         21.60
    Cr Sales            70.00
    Cr SalesTaxPayable   5.60
    control 21.60
    """
    entry = booked(
        make("order", lines=[line("item", "70.00", tax="5.60"), line("exchange", "-50.00", tax="-4.00", quantity=-1)], grand_total="21.60"),
        "sales_receipt",
    )
    # One line for the tax of both, as every role is summed: told apart here because the reference shows both sides.
    net = next(each for each in entry.lines if each.account == "SalesTaxPayable")
    assert net.amount == Decimal("-1.60")
    both = (net._replace(amount=Decimal("4.00")), net._replace(amount=Decimal("-5.60")))
    return type(entry)(entry.date, (*(each for each in entry.lines if each is not net), *both), entry.bridge)


@as_written
def test_refund_to_store_credit():
    """54.00 back as credit: the processor has nothing to do with it.

    Dr SalesReturns     50.00
    Dr SalesTaxPayable   4.00
    Cr StoreCredit      54.00
    control 0
    bridge store_credit 54.00
    """
    back = make(
        "refund",
        lines=[line("item", "50.00", tax="4.00")],
        grand_total="54.00",
        tenders=[{"tender_type": "store_credit", "amount": "54.00"}],
    )
    return booked(back, "refund_receipt")


@as_written
def test_pre_order_is_paid():
    """Paid on 30 January, shipped in February: a deposit, with its tax.

    Dr Clearing         108.00
    Cr CustomerDeposits 100.00
    Cr SalesTaxPayable    8.00
    control 108.00
    """
    return booked(make("order", lines=[line("deposit", "100.00", tax="8.00")], grand_total="108.00"), "sales_receipt")


@as_written
def test_pre_order_is_shipped():
    """The deposit becomes revenue.

    Dr CustomerDeposits  100.00
    Cr Sales             100.00
    control 100.00
    """
    return booked(make("fulfillment", lines=[{"sku": "MUG", "quantity": 1, "earned_amount": "100.00"}]), "journal")


@as_written
def test_bad_debt_written_off():
    """An adjustment of −11,062.06: the buyer owes that much less.

    Dr BadDebtExpense  11062.06
    Cr Receivable      11062.06
    control -11062.06
    """
    return booked(make("adjustment", lines=[line("bad_debt", "-11062.06")], grand_total="-11062.06"), "journal")


@as_written
def test_every_other_kind_of_line_has_a_place_of_its_own():
    """What a wholesaler's file puts beside goods.

    Dr Receivable      44.00
    Dr Discounts        6.00
    Cr Fees            10.00
    Cr ManualSales     20.00
    Cr SamplesExpense   3.00
    Cr DonationPayable  7.00
    Cr ServiceCharges  10.00
    control 44.00
    """
    kinds = {"fee": "10", "manual": "20", "sample": "3", "discount": "-6", "donation": "7", "service_charge": "10"}
    return booked(make("order", lines=[line(kind, net) for kind, net in kinds.items()], grand_total="44"), "invoice")


@as_written
def test_the_same_lines_credited():
    """A credit note of them: all sides turned.

    Dr SalesReturns     5.00
    Dr Fees            10.00
    Dr ManualSales     20.00
    Dr SamplesExpense   3.00
    Dr DonationPayable  7.00
    Dr ServiceCharges  10.00
    Dr ShippingIncome   4.00
    Dr BadDebtExpense   1.00
    Dr TipsPayable      2.00
    Dr CustomerDeposits 8.00
    Dr GiftCardLiability 9.00
    Dr Discounts         6.00
    Cr Receivable      85.00
    control -85.00
    """
    kinds = {
        "item": "5", "fee": "10", "manual": "20", "sample": "3", "donation": "7", "service_charge": "10",
        "shipping": "4", "bad_debt": "1", "tip": "2", "deposit": "8", "gift_card": "9", "discount": "6",
    }  # fmt: skip
    return booked(make("refund", lines=[line(kind, net) for kind, net in kinds.items()], grand_total="85"), "credit_note")


EVERY_TENDER = [
    {"tender_type": kind, "amount": amount}
    for kind, amount in zip(
        ("card", "wallet", "cash", "bank_transfer", "on_account", "gift_card", "store_credit"), range(1, 8), strict=True
    )
]


@as_written
def test_every_way_to_pay_a_sale():
    """What a card or wallet pays is at the processor; a gift card and store credit are in the amount, not in the total.

    Dr Clearing           3.00
    Dr Cash               3.00
    Dr Bank               4.00
    Dr Receivable         5.00
    Dr GiftCardLiability  6.00
    Dr StoreCredit        7.00
    Cr Sales             28.00
    control 15.00
    bridge gift_card -6.00
    bridge store_credit -7.00
    """
    return booked(make("order", lines=[line("item", "28")], grand_total="28", tenders=EVERY_TENDER), "sales_receipt")


@as_written
def test_every_way_to_give_money_back():
    """The same turned round.

    Dr SalesReturns      28.00
    Cr Clearing           3.00
    Cr Cash               3.00
    Cr Bank               4.00
    Cr Receivable         5.00
    Cr GiftCardLiability  6.00
    Cr StoreCredit        7.00
    control -15.00
    bridge gift_card 6.00
    bridge store_credit 7.00
    """
    return booked(make("refund", lines=[line("item", "28")], grand_total="28", tenders=EVERY_TENDER), "refund_receipt")


@as_written
def test_a_sale_that_is_paid_in_part():
    """What no tender covers is settled where the representation says.

    Dr Cash        10.00
    Dr Clearing    18.00
    Cr Sales       28.00
    control 28.00
    """
    tenders = [{"tender_type": "cash", "amount": "10"}]
    return booked(make("order", lines=[line("item", "28")], grand_total="28", tenders=tenders), "sales_receipt")


@as_written
def test_cash_given_back_is_rounded_too():
    """10.02 of goods and tax, 10.00 from the till.

    Dr SalesReturns     9.54
    Dr SalesTaxPayable  0.48
    Cr CashRounding     0.02
    Cr Cash            10.00
    control -10.00
    """
    tenders = [{"tender_type": "cash", "amount": "10.00"}]
    lines = [line("item", "9.54", tax="0.48")]
    return booked(make("refund", lines=lines, rounding_total="-0.02", grand_total="10.00", tenders=tenders), "refund_receipt")


@as_written
def test_an_exchange_taken_back():
    """The refund of an exchange: the piece that came back is sold again.

    Dr SalesReturns  70.00
    Cr Sales         50.00
    Cr Clearing      20.00
    control -20.00
    """
    return booked(make("refund", lines=[line("item", "70"), line("exchange", "-50")], grand_total="20"), "refund_receipt")


TO_STAFF = USD.model_copy(update={"decisions": {**DECISIONS, "service_charges": "staff"}, "gift_cards_taken": "with_payment"})


@as_written
def test_a_service_charge_that_is_the_staffs():
    """Where the firm decided that it is no revenue.

    Dr Receivable   10.00
    Cr TipsPayable  10.00
    control 10.00
    """
    return booked(make("order", lines=[line("service_charge", "10")], grand_total="10"), "invoice", TO_STAFF)


@as_written
def test_a_service_charge_of_the_staff_given_back():
    """The same back.

    Dr TipsPayable  10.00
    Cr Receivable   10.00
    control -10.00
    """
    return booked(make("refund", lines=[line("service_charge", "10")], grand_total="10"), "credit_note", TO_STAFF)


@pytest.mark.parametrize(
    ("tender", "role"),
    [
        ("card", "Clearing"),
        ("wallet", "Clearing"),
        ("cash", "Cash"),
        ("bank_transfer", "Bank"),
        ("gift_card", "GiftCardLiability"),
        ("store_credit", "StoreCredit"),
    ],
)
def test_every_way_to_pay_an_invoice(tender, role):
    entry = booked(make("payment", amount_paid="5", tender_type=tender), "payment", TO_STAFF)
    assert [(each.account, each.amount, each.control) for each in entry.lines] == [(role, 5, True), ("Receivable", -5, False)]
    assert entry.bridge == {}


@pytest.mark.parametrize(
    ("kind", "role"), [("processing", "Fees"), ("subscription", "Fees"), ("advertising", "Fees"), ("dispute", "DisputeFees")]
)
def test_every_kind_of_fee(kind, role):
    entry = booked(make("fee", fee_amount="5", fee_type=kind), "spend")
    assert [(each.account, each.amount, each.control) for each in entry.lines] == [(role, 5, False), ("Clearing", -5, True)]


@as_written
def test_counted_stock():
    """One is missing.

    Dr InventoryShrinkage  22.00
    Cr Inventory           22.00
    control 22.00
    """
    return booked(make("stock_movement", movement_type="count", sku="MUG", quantity=-1, unit_cost="22.00"), "cost_journal")


@as_written
def test_gift_card_expired():
    """25.00 that nobody will redeem, where the firm decided that it becomes income.

    Dr GiftCardLiability  25.00
    Cr GiftCardBreakage   25.00
    control -25.00
    """
    return booked(make("gift_card_entry", entry_type="expire", balance_change="-25.00"), "journal")


@as_written
def test_journal_entry_is_booked_as_written():
    """Somebody wrote it by hand.

    Dr PayrollClearing  12.00
    Cr Bank             12.00
    control 12.00
    """
    return booked(make("journal_entry", lines=[{"role": "PayrollClearing", "debit": "12"}, {"role": "Bank", "credit": "12"}]), "journal")


def test_a_docstring_that_says_otherwise_fails():
    """The comparison itself can fail."""

    @as_written
    def wrong():
        """One cent off.

        Dr Fees      1.04
        Cr Clearing  1.04
        """
        return booked(make("fee", fee_amount="1.03"), "spend")

    with pytest.raises(AssertionError):
        wrong()
