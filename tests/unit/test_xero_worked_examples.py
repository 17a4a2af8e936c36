"""The worked examples J1 to J9 as the Xero documents that they become: posted, sent to the simulator, and read from its state.

A docstring shows the document: its kind, bank account and total, then each line as `account amount tax`. What is not written there must not
be there either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from mappings.posting import Books, in_own_currency, rows
from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from targets._kit.writer import Intent, Payload, Receipt, Related, Subject, Unpreparable, Verb
from targets.xero import CONNECTOR
from targets.xero.writer import XeroWriter
from tests.contract.samples import xero_company as company
from tests.unit import test_posting_worked_examples as examples

BOOKS = Books(base_currency="USD", accounts=company.ROLES, decisions=examples.DECISIONS)
NAMES = {code: name for name, code in company.ROLES.items()}


def at(rate: str, amount: str) -> list[dict[str, str]]:
    """The tax of a document, of one rate."""
    return [{"rate": rate, "amount": amount}]


@pytest.fixture
def simulator():
    made = company.simulator()
    made.books.period_lock = None
    return made


@pytest.fixture
def writer(simulator, tmp_path) -> Iterator[XeroWriter]:
    with serve(simulator) as url:
        config = company.config(url, tax_types=company.TAX_TYPES, clearing_account="091")
        made = CONNECTOR.build(CONNECTOR.config.model_validate(config), tmp_path)
        made.open(None, Surroundings(clock=simulator.clock, safe=Pocket(dict(company.SECRETS)), sleep=simulator.clock.sleep))
        yield made
        made.close()


def wanted(document: Any, kind: str, part: str = "", number: str = "1001", **more: Any) -> Intent:
    """The intent as the hub makes it of a canonical document."""
    entry = examples.booked(document, kind, more.pop("books", BOOKS), part)
    trade = document.type in ("order", "refund", "adjustment")
    return Intent(
        **(
            {
                "subject": Subject("xero", kind, f"{kind}-{number}", part),
                "verb": Verb.CREATE,
                "look_up_key": f"{kind}{number}{part}",
                "idempotency_key": f"{kind}{number}{part}1",
                "document": {},
                "document_type": document.type,
                "number": number,
                "date": entry.date,
                "lines": entry.lines,
                "unit": "USD",
                "bridge": entry.bridge,
                "rows": rows(document, representation=kind, books=BOOKS, entry=entry) if trade else (),
                "walk_in": "Walk-in customer",
            }
            | more
        )
    )


def entered(writer: XeroWriter, intent: Intent) -> Receipt:
    """Prepared, sent, and proved to the cent."""
    payload = writer.prepare(intent)
    assert isinstance(payload, Payload), payload
    (answer,) = writer.send([payload])
    assert isinstance(answer, Receipt), answer
    assert answer.effect == payload.predicted == sum(line.amount for line in intent.lines if line.control)
    return answer


def shown(simulator: Any, receipt: Receipt) -> list[str]:
    """A document as the docstrings write it."""
    resource = receipt.body["resource"]
    document = simulator.books.documents[resource][receipt.remote_id]
    if resource == "BankTransfers":
        source, goal = (NAMES[document[name]["Code"]] for name in ("FromBankAccount", "ToBankAccount"))
        return [f"BankTransfer {source} {goal} {document['Amount']}"]
    if resource == "ManualJournals":
        return ["ManualJournal", *(f"{NAMES[line['AccountCode']]} {line['LineAmount']}" for line in document["JournalLines"])]
    if resource == "Payments":
        return [f"Payment {NAMES[document['Account']['Code']]} {document['Amount']}"]
    bank = [NAMES[document["BankAccount"]["Code"]]] if "BankAccount" in document else []
    head = " ".join([document["Type"], *bank, str(document["Total"])])
    return [head, *(f"{NAMES[line['AccountCode']]} {line['LineAmount']} {line['TaxAmount']}" for line in document["LineItems"])]


def written(text: str) -> list[str]:
    """The indented lines of a docstring, with single blanks."""
    return [" ".join(line.split()) for line in re.findall(r"^    (?:    )?(\S.*)$", text.partition("\n\n")[2], re.MULTILINE)]


def refund(**more: Any) -> Any:
    return examples.refund_1001(tax_lines=at("0.08", "3.60"), **more)


ORDER_1001 = {"tenders": examples.PAID_1001, "tax_lines": at("0.08", "7.84")}


def j6_tax() -> Any:
    """The tax of J6, with its rate."""
    taxed = examples.make("order", lines=[examples.line("item", "21.35", tax="4.27")], grand_total="25.62", tax_lines=at("0.2", "4.27"))
    return taxed.tax_lines


class Examples:
    """Each method's docstring is what stands in Xero after it."""

    def j1_gift_card_sold(self):
        """A receipt on the clearing account.

        RECEIVE Clearing 25.00
        GiftCardLiability 25.00 0.00
        """
        return wanted(examples.make("order", lines=[examples.line("gift_card", "25.00")], grand_total="25.00"), "sales_receipt")

    def j1f_fee(self):
        """Money spent from clearing.

        SPEND Clearing 1.03
        Fees 1.03 0.00
        """
        return wanted(examples.make("fee", fee_amount="1.03"), "spend")

    def j2_sale(self):
        """What the card paid; the gift card is a negative line.

        RECEIVE Clearing 85.84
        Sales 100.00 8.00
        Discounts -10.00 -0.80
        ShippingIncome 8.00 0.64
        TipsPayable 5.00 0.00
        GiftCardLiability -25.00 0.00
        """
        return wanted(examples.order_1001(**ORDER_1001), "sales_receipt")

    def j2_on_terms(self):
        """The whole is owed.

        ACCREC 110.84
        Sales 100.00 8.00
        Discounts -10.00 -0.80
        ShippingIncome 8.00 0.64
        TipsPayable 5.00 0.00
        """
        document = examples.order_1001(**ORDER_1001)
        books = BOOKS.model_copy(update={"gift_cards_taken": "with_payment"})
        entry = examples.booked(document, "invoice", books)
        return wanted(document, "invoice", books=books, rows=rows(document, representation="invoice", books=books, entry=entry))

    def j2c_cost(self):
        """No money moves: a journal.

        ManualJournal
        COGS 44.00
        Inventory -44.00
        """
        lines = [{"sku": "MUG", "quantity": 2, "unit_cost": "22.00"}]
        return wanted(examples.make("fulfillment", lines=lines), "cost_journal")

    def j3_refund(self):
        """Money given back from clearing.

        SPEND Clearing 48.60
        SalesReturns 50.00 4.00
        Discounts -5.00 -0.40
        """
        return wanted(refund(), "refund_receipt")

    def j3_credit_note(self):
        """Against what the buyer owes.

        ACCRECCREDIT 48.60
        SalesReturns 50.00 4.00
        Discounts -5.00 -0.40
        """
        return wanted(refund(), "credit_note")

    def j3c_restocked(self):
        """The unit is on the shelf again.

        ManualJournal
        COGS -22.00
        Inventory 22.00
        """
        return wanted(refund(), "cost_journal")

    def j4_sale(self):
        """Order 1002.

        RECEIVE Clearing 60.00
        Sales 55.56 4.44
        """
        lines = [examples.line("item", "55.56", tax="4.44")]
        return wanted(examples.make("order", lines=lines, grand_total="60.00", tax_lines=at("0.08", "4.44")), "sales_receipt")

    def j5_chargeback(self):
        """It touches clearing, a bank account, so it is no journal in Xero.

        SPEND Clearing 75.00
        DisputesReceivable 60.00 0.00
        DisputeFees 15.00 0.00
        """
        return wanted(examples.chargeback(), "journal")

    def j5_lost(self):
        """No bank account: a journal.

        ManualJournal
        DisputesReceivable -60.00
        ChargebackLoss 60.00
        """
        return wanted(examples.chargeback(status="lost", resolved_on="2026-02-20"), "journal", part="lost")

    def j5_won(self):
        """The money comes back to clearing.

        RECEIVE Clearing 70.00
        DisputesReceivable 60.00 0.00
        DisputeFees 10.00 0.00
        """
        return wanted(examples.chargeback(status="won", fee_returned="10.00", resolved_on="2026-02-20"), "journal", part="won")

    def j6_sale_in_pounds(self):
        """In the base currency. Xero would compute 0.84 of tax on the shipping; the line says 0.85, so that the total is what was booked.

        RECEIVE Clearing 32.50
        Sales 25.40 5.08
        Discounts -2.54 -0.51
        ShippingIncome 4.22 0.85
        """
        pounds = examples.order_gbp().model_copy(update={"tax_lines": j6_tax()})
        return wanted(pounds, "sales_receipt")

    def j6x_settled(self):
        """Fee and difference leave clearing together.

        SPEND Clearing 1.74
        Fees 1.23 0.00
        FXGainLoss 0.51 0.00
        """
        settled = examples.make(
            "balance_transaction",
            charged_amount="25.59",
            charged_currency="GBP",
            booked_amount="32.50",
            settled_amount="31.99",
            fee_amount="1.23",
        )
        return wanted(settled, "spend")

    def j7_issued(self):
        """Between two bank accounts.

        BankTransfer Clearing PayoutsInTransit 72.14
        """
        return wanted(examples.payout(), "transfer", part="issue")

    def j7_arrived(self):
        """On the bank's day.

        BankTransfer PayoutsInTransit Bank 72.14
        """
        return wanted(examples.payout(), "transfer", part="arrival")

    def j7_taken(self):
        """A payout of −35.00 goes the other way.

        BankTransfer PayoutsInTransit Clearing 35.00
        """
        return wanted(examples.payout("-35.00"), "transfer", part="issue")

    def j8_tips(self):
        """Handed to payroll.

        ManualJournal
        TipsPayable 5.00
        PayrollClearing -5.00
        """
        return wanted(examples.make("tip_payout", tips="5.00"), "journal")

    def j9_cash_rounding(self):
        """Into the till, which is a bank account.

        RECEIVE Cash 10.00
        Sales 9.54 0.48
        CashRounding -0.02 0.00
        """
        sale = examples.make(
            "order",
            lines=[examples.line("item", "9.54", tax="0.48")],
            rounding_total="-0.02",
            grand_total="10.00",
            tenders=[{"tender_type": "cash", "amount": "10.00"}],
            tax_lines=at("0.05", "0.48"),
        )
        return wanted(sale, "sales_receipt")

    def refund_to_store_credit(self):
        """Nothing was paid in money: a receipt of nothing on the clearing account.

        SPEND Clearing 0.00
        SalesReturns 50.00 4.00
        StoreCredit -54.00 0.00
        """
        back = examples.make(
            "refund",
            lines=[examples.line("item", "50.00", tax="4.00")],
            grand_total="54.00",
            tenders=[{"tender_type": "store_credit", "amount": "54.00"}],
            tax_lines=at("0.08", "4.00"),
        )
        return wanted(back, "refund_receipt")


NUMBERED = [name for name in vars(Examples) if not name.startswith("_")]


@pytest.mark.parametrize("name", NUMBERED)
def test_the_example_becomes_this_document(name, writer, simulator):
    made = entered(writer, getattr(Examples(), name)())
    assert shown(simulator, made) == written(getattr(Examples, name).__doc__)


def test_an_invoice_is_paid_from_clearing_and_from_the_gift_card(writer, simulator):
    invoice = entered(writer, Examples().j2_on_terms())
    parent = {"parent": Related("invoice", invoice.remote_id, "1001")}
    books = BOOKS.model_copy(update={"gift_cards_taken": "with_payment"})
    card = wanted(examples.make("payment", amount_paid="85.84"), "payment", number="P-1", related=parent)
    gift = wanted(
        examples.make("payment", amount_paid="25.00", tender_type="gift_card"), "payment", number="P-2", related=parent, books=books
    )
    assert [shown(simulator, entered(writer, each)) for each in (card, gift)] == [
        ["Payment Clearing 85.84"],
        ["Payment GiftCardLiability 25.00"],
    ]
    stands = simulator.books.documents["Invoices"][invoice.remote_id]
    assert (stands["Status"], stands["AmountDue"]) == ("PAID", 0)


def test_money_back_for_a_credit_note(writer, simulator):
    credit = entered(writer, Examples().j3_credit_note())
    parent = {"parent": Related("credit_note", credit.remote_id, "1001")}
    back = wanted(examples.make("payment", payment_type="refund", amount_paid="48.60"), "payment", number="P-3", related=parent)
    assert shown(simulator, entered(writer, back)) == ["Payment Clearing 48.60"]
    assert simulator.books.documents["CreditNotes"][credit.remote_id]["Status"] == "PAID"


def test_after_j1_to_j7_the_clearing_account_holds_nothing(writer, simulator):
    """83.05 + 23.97 − 48.60 + 57.96 − 75.00 + 30.76 = 72.14, and the payout of 72.14."""
    fees = [wanted(examples.make("fee", fee_amount=amount), "spend", number=f"F-{amount}") for amount in ("1.03", "2.79", "2.04")]
    names = [
        "j1_gift_card_sold",
        "j2_sale",
        "j3_refund",
        "j4_sale",
        "j5_chargeback",
        "j5_lost",
        "j6_sale_in_pounds",
        "j6x_settled",
        "j7_issued",
        "j7_arrived",
    ]
    for each in [*(getattr(Examples(), name)() for name in names), *fees]:
        entered(writer, each)
    assert moved(simulator) == {"Clearing": 0, "PayoutsInTransit": 0, "Bank": Decimal("72.14")}


def moved(simulator: Any) -> dict[str, Decimal]:
    """What the documents move on each bank account, by the simulator's state."""
    balance: dict[str, Decimal] = {}
    for each in simulator.books.ours("BankTransactions"):
        name = NAMES[each["BankAccount"]["Code"]]
        balance[name] = balance.get(name, Decimal(0)) + (each["Total"] if each["Type"] == "RECEIVE" else -each["Total"])
    for each in simulator.books.ours("BankTransfers"):
        for name, sign in (("FromBankAccount", -1), ("ToBankAccount", 1)):
            account = NAMES[each[name]["Code"]]
            balance[account] = balance.get(account, Decimal(0)) + sign * each["Amount"]
    return balance


def test_a_sale_paid_into_two_bank_accounts_is_held(writer):
    tenders = [{"tender_type": "cash", "amount": "10"}, {"tender_type": "card", "amount": "18"}]
    sale = examples.make("order", lines=[examples.line("item", "28")], grand_total="28", tenders=tenders)
    held = writer.prepare(wanted(sale, "sales_receipt"))
    assert isinstance(held, Unpreparable)
    assert "093 and 091" in held.problem.say
    assert "invoice" in held.problem.fix


def test_bad_debt_on_the_receivable_is_held(writer):
    debt = examples.make("adjustment", lines=[examples.line("bad_debt", "-62.06")], grand_total="-62.06")
    bad_debt = BOOKS.model_copy(update={"accounts": {**BOOKS.accounts, "BadDebtExpense": "402"}})
    entry = examples.booked(debt, "journal", bad_debt)
    held = writer.prepare(wanted(debt, "journal", books=bad_debt, rows=(), lines=entry.lines))
    assert isinstance(held, Unpreparable)
    assert "credit note" in held.problem.fix


def pounds(kind: str) -> Intent:
    """J6 in pounds, with the rate at which it is booked."""
    document = examples.order_gbp().model_copy(update={"tax_lines": j6_tax()})
    entry = examples.booked(document, kind, BOOKS)
    return wanted(document, kind, own=in_own_currency(document, representation=kind, books=BOOKS, entry=entry))


def test_a_sale_in_pounds_stands_in_pounds_and_counts_in_dollars(writer, simulator):
    """25.59 at 1.27 is 32.50 in base: the pounds that the buyer owes are read back, and the receipt's bridge says the rest."""
    simulator.books.currencies.add("GBP")
    writer.hello()
    payload = writer.prepare(pounds("invoice"))
    assert isinstance(payload, Payload), payload
    (made,) = writer.send([payload])
    assert shown(simulator, made) == ["ACCREC 25.59", "Sales 20.00 4.00", "Discounts -2.00 -0.40", "ShippingIncome 3.32 0.67"]
    stands = simulator.books.documents["Invoices"][made.remote_id]
    assert (stands["CurrencyCode"], str(stands["CurrencyRate"])) == ("GBP", "0.787402")
    assert (made.effect, made.unit, payload.predicted, payload.bridge) == (
        Decimal("32.50"),
        "USD",
        Decimal("32.50"),
        {"fx": Decimal("6.91")},
    )
    assert made.effect - sum(payload.bridge.values()) == Decimal("25.59")
    assert made.body["currency"] == "GBP"


def test_a_currency_that_the_organisation_does_not_have_is_held(writer):
    held = writer.prepare(pounds("invoice"))
    assert isinstance(held, Unpreparable)
    assert "has not added" in held.problem.say
    assert held.problem.code == "POST-RATE"


def test_a_cent_that_the_rate_makes_otherwise_is_said_in_the_bridge(writer, simulator):
    """Six decimals of the reciprocal are not enough for a million: 1,000,000 at 1.27 is 1,269,999.31 by Xero's rate."""
    simulator.books.currencies.add("GBP")
    writer.hello()
    sale = examples.make(
        "order", currency="GBP", exchange_rate="1.27", lines=[examples.line("item", "1000000.00")], grand_total="1000000.00"
    )
    entry = examples.booked(sale, "invoice", BOOKS)
    payload = writer.prepare(wanted(sale, "invoice", own=in_own_currency(sale, representation="invoice", books=BOOKS, entry=entry)))
    (made,) = writer.send([payload])
    assert made.effect == payload.predicted == Decimal("1269999.31")
    assert payload.bridge == {"fx": Decimal("269999.31")}


def test_a_payment_follows_the_invoice_in_pounds(writer, simulator):
    simulator.books.currencies.add("GBP")
    writer.hello()
    (invoice,) = writer.send([writer.prepare(pounds("invoice"))])
    paid = examples.make("payment", amount_paid="25.59", currency="GBP", exchange_rate="1.27")
    entry = examples.booked(paid, "payment", BOOKS)
    own = in_own_currency(paid, representation="payment", books=BOOKS, entry=entry)
    parent = {"parent": Related("invoice", invoice.remote_id, "1001")}
    payload = writer.prepare(wanted(paid, "payment", number="P-6", related=parent, own=own))
    (made,) = writer.send([payload])
    assert made.effect == payload.predicted == Decimal("32.50")
    standing = simulator.books.documents["Payments"][made.remote_id]
    assert (standing["Amount"], standing["BankAmount"]) == (Decimal("25.59"), Decimal("32.50"))
    assert simulator.books.documents["Invoices"][invoice.remote_id]["Status"] == "PAID"


def test_a_credit_note_follows_its_invoice_and_an_invoice_in_base_takes_one_in_base(writer, simulator):
    simulator.books.currencies.add("GBP")
    writer.hello()
    back = examples.make("refund", currency="GBP", exchange_rate="1.27", lines=[examples.line("item", "5.00")], grand_total="5.00")
    entry = examples.booked(back, "credit_note", BOOKS)
    own = in_own_currency(back, representation="credit_note", books=BOOKS, entry=entry)
    for number, given, unit in (("1001", pounds("invoice").own, "GBP"), ("1002", None, "USD")):
        (invoice,) = writer.send([writer.prepare(replace(pounds("invoice"), own=given, number=number, look_up_key=number))])
        parent = {"parent": Related("invoice", invoice.remote_id, number)}
        (credit,) = writer.send([writer.prepare(wanted(back, "credit_note", number=f"C-{number}", related=parent, own=own))])
        stands = simulator.books.documents["CreditNotes"][credit.remote_id]
        assert (stands["CurrencyCode"], stands["RemainingCredit"], credit.effect) == (unit, 0, Decimal("-6.35"))


def test_a_document_in_pounds_is_voided_to_nothing(writer, simulator):
    simulator.books.currencies.add("GBP")
    writer.hello()
    (made,) = writer.send([writer.prepare(pounds("invoice"))])
    void = replace(
        pounds("invoice"), verb=Verb.VOID, lines=(), rows=(), own=None, bridge={}, booked=made.body, remote_id=made.remote_id,
        booked_bridge={"fx": Decimal("6.91")}, idempotency_key="void",
    )  # fmt: skip
    payload = writer.prepare(void)
    (gone,) = writer.send([payload])
    assert gone.effect == payload.predicted == Decimal("-32.50")
    assert gone.effect - sum(payload.bridge.values()) == Decimal("-25.59")


def test_the_simulator_refuses_an_account_of_a_third_currency(writer, simulator):
    simulator.books.currencies |= {"GBP", "EUR"}
    simulator.books.accounts["091"]["CurrencyCode"] = "EUR"
    writer.hello()
    (invoice,) = writer.send([writer.prepare(pounds("invoice"))])
    paid = examples.make("payment", amount_paid="25.59", currency="GBP", exchange_rate="1.27")
    entry = examples.booked(paid, "payment", BOOKS)
    own = in_own_currency(paid, representation="payment", books=BOOKS, entry=entry)
    parent = {"parent": Related("invoice", invoice.remote_id, "1001")}
    (answer,) = writer.send([writer.prepare(wanted(paid, "payment", number="P-7", related=parent, own=own))])
    assert "currency of the bank account" in answer.problem.say
