"""What the simulated QuickBooks refuses, limits, forgets and shows late: called in process, rule by rule."""

from __future__ import annotations

import base64
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from taps._kit.simulator import Request, Response
from tests.contract.samples.quickbooks_company import Company

ROOT = "/v3/company/4620816365000000001"


@pytest.fixture
def company() -> Company:
    return Company()


def call(company: Company, method: str, path: str, body: Any = None, token: str = "access-1", **query: str) -> Response:
    return company.handle(Request(method, f"{ROOT}/{path}", query, {"authorization": f"Bearer {token}"}, body))


def code(response: Response) -> str:
    found: str = response.body["Fault"]["Error"][0]["code"]
    return found


def refresh(company: Company, token: str, client: str = "app:app-secret") -> Response:
    headers = {"authorization": f"Basic {base64.b64encode(client.encode()).decode()}"}
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return company.handle(Request("POST", "/oauth2/v1/tokens/bearer", {}, headers, form))


# ── tokens and limits ──


def test_an_access_token_lives_an_hour_and_a_refresh_token_is_replaced(company):
    assert call(company, "GET", "query", query="SELECT * FROM Preferences").status == 200
    company.clock.forward(hours=1)
    expired = call(company, "GET", "query", query="SELECT * FROM Preferences")
    assert (expired.status, code(expired)) == (401, "3200")
    fresh = refresh(company, "refresh-1").body
    assert fresh["refresh_token"] == "refresh-2"
    assert call(company, "GET", "query", token=fresh["access_token"], query="SELECT * FROM Preferences").status == 200
    assert refresh(company, "refresh-1").status == 200
    company.clock.forward(hours=25)
    assert refresh(company, "refresh-1").body["error"] == "invalid_grant"
    assert refresh(company, "refresh-3", "app:wrong").status == 401


def test_another_company_is_forbidden(company):
    answer = company.handle(Request("GET", "/v3/company/1/query", {}, {"authorization": "Bearer access-1"}, None))
    assert (answer.status, code(answer)) == (403, "3100")


@pytest.mark.parametrize(("calls", "path"), [(10, "query"), (500, "query"), (40, "batch")])
def test_too_many_calls_are_told(calls, path):
    """10 in a second, 500 in a minute, 40 batches in a minute; the next one is 429."""
    company = Company(limits=True)
    step = {10: timedelta(0), 500: timedelta(milliseconds=110), 40: timedelta(seconds=1)}[calls]
    for _ in range(calls):
        company.clock.now += step
        answer = _any(company, path)
        assert answer.status == 200
    company.clock.now += step
    last = _any(company, path)
    assert (last.status, code(last)) == (429, "3001")
    company.clock.forward(minutes=1)
    assert _any(company, path).status == 200


def _any(company: Company, path: str) -> Response:
    company.access["access-1"] = company.clock() + timedelta(hours=1)
    if path == "batch":
        return call(company, "POST", "batch", {"BatchItemRequest": []})
    return call(company, "GET", "query", query="SELECT * FROM Preferences")


# ── queries ──


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT * FROM Invoice WHERE PrivateNote = 'x'", "4001"),
        ("SELECT * FROM Invoice WHERE DocNumber = 'x' OR DocNumber = 'y'", "4000"),
        ("SELECT * FROM Nothing", "4001"),
        ("DELETE FROM Invoice", "4000"),
        ("SELECT * FROM Invoice MAXRESULTS 1001", "4001"),
    ],
)
def test_what_is_no_query_is_refused(statement, said, company):
    assert code(call(company, "GET", "query", query=statement)) == said


def test_queries_filter_order_and_page(company):
    for amount in (3, 1, 2):
        company.seeds.by_hand("Invoice", company.typed(Decimal(amount), DocNumber=f"it's {amount}"))

    def asked(rest: str) -> list[Decimal]:
        answer = call(company, "GET", "query", query=f"SELECT * FROM Invoice {rest}").body["QueryResponse"]
        return [each["TotalAmt"] for each in answer.get("Invoice", [])]

    assert asked("WHERE TotalAmt < '10' ORDERBY TotalAmt") == [1, 2, 3]
    assert asked("WHERE TotalAmt < '10' ORDERBY TotalAmt DESC STARTPOSITION 2 MAXRESULTS 1") == [2]
    assert asked("WHERE DocNumber = 'it\\'s 2'") == [2]
    assert asked("WHERE DocNumber IN ('it\\'s 2', 'it\\'s 3') ORDERBY TotalAmt") == [2, 3]
    assert asked("WHERE DocNumber LIKE '%s 1'") == [1]
    counted = call(company, "POST", "query", "SELECT COUNT(*) FROM Invoice")
    assert counted.body["QueryResponse"]["totalCount"] == 4


def test_what_is_not_active_shows_only_when_asked_for(company):
    company.seeds.edit_by_hand("Customer", company.buyer, Active=False)
    assert "Customer" not in call(company, "GET", "query", query="SELECT * FROM Customer").body["QueryResponse"]
    told = call(company, "GET", "query", query="SELECT * FROM Customer WHERE Active IN (true, false)")
    assert len(told.body["QueryResponse"]["Customer"]) == 1


def test_what_is_new_may_show_late(company):
    company.lag = timedelta(seconds=5)
    made = call(company, "POST", "invoice", company.typed(Decimal(5), DocNumber="new")).body["Invoice"]
    statement = "SELECT * FROM Invoice WHERE DocNumber = 'new'"
    assert call(company, "GET", "query", query=statement).body["QueryResponse"] == {}
    assert call(company, "GET", f"invoice/{made['Id']}").body["Invoice"]["TotalAmt"] == 5
    company.clock.forward(seconds=5)
    assert len(call(company, "GET", "query", query=statement).body["QueryResponse"]["Invoice"]) == 1


def test_change_data_capture_reaches_back_thirty_days_and_tells_of_deletions(company):
    since = company.clock()
    made = company.seeds.by_hand("Invoice", company.typed(Decimal(5)))
    company.books.delete("Invoice", {"Id": made["Id"], "SyncToken": "0"})
    told = call(company, "GET", "cdc", entities="Invoice", changedSince=since.isoformat()).body["CDCResponse"][0]["QueryResponse"][0]
    assert ("Deleted", made["Id"]) in [(each.get("status"), each["Id"]) for each in told["Invoice"]]
    old = (since - timedelta(days=31)).isoformat()
    assert code(call(company, "GET", "cdc", entities="Invoice", changedSince=old)) == "2040"


# ── writing ──


def test_a_request_id_is_answered_again_if_it_was_answered_well(company):
    body = company.typed(Decimal(5))
    one, two = (call(company, "POST", "invoice", dict(body), requestid="abc") for _ in range(2))
    assert one.body["Invoice"]["Id"] == two.body["Invoice"]["Id"]
    company.replays = False
    assert call(company, "POST", "invoice", dict(body), requestid="abc").body["Invoice"]["Id"] != one.body["Invoice"]["Id"]
    assert code(call(company, "POST", "invoice", body, requestid="x" * 51)) == "2050"
    assert code(call(company, "POST", "batch", {"BatchItemRequest": []}, requestid="x" * 37)) == "2050"


def test_an_older_version_is_refused(company):
    body = {"Id": company.invoice, "SyncToken": "0", "sparse": True, "DocNumber": "A"}
    assert call(company, "POST", "invoice", body).body["Invoice"]["SyncToken"] == "1"
    assert code(call(company, "POST", "invoice", body)) == "5010"


def test_a_full_update_takes_away_what_it_does_not_say(company):
    sparse = call(company, "POST", "invoice", {"Id": company.invoice, "SyncToken": "0", "sparse": True, "PrivateNote": "kept"})
    assert sparse.body["Invoice"]["CustomerRef"]["value"] == company.buyer
    whole = company.typed(Decimal(7)) | {"Id": company.invoice, "SyncToken": "1"}
    assert "PrivateNote" not in call(company, "POST", "invoice", whole).body["Invoice"]


def test_a_batch_takes_thirty_and_answers_each(company):
    good = {"bId": "a", "operation": "create", "Invoice": company.typed(Decimal(5))}
    bad = {"bId": "b", "operation": "create", "Invoice": company.typed(Decimal(5), CustomerRef={"value": "999"})}
    answers = call(company, "POST", "batch", {"BatchItemRequest": [good, bad]}).body["BatchItemResponse"]
    assert (answers[0]["bId"], answers[0]["Invoice"]["TotalAmt"]) == ("a", 5)
    assert (answers[1]["bId"], answers[1]["Fault"]["Error"][0]["code"]) == ("b", "2500")
    assert code(call(company, "POST", "batch", {"BatchItemRequest": [good] * 31})) == "6000"


REFUSED = {
    "a number twice": ("6140", "invoice", lambda it: it.typed(Decimal(1), DocNumber="TWICE")),
    "a closed period": ("6200", "invoice", lambda it: it.typed(Decimal(1), TxnDate="2026-09-30")),
    "a number too long": ("2050", "invoice", lambda it: it.typed(Decimal(1), DocNumber="x" * 22)),
    "nobody": ("2020", "invoice", lambda it: {key: value for key, value in it.typed(Decimal(1)).items() if key != "CustomerRef"}),
    "less than nothing": ("6000", "invoice", lambda it: it.typed(Decimal(-1))),
    "half a cent": ("2140", "invoice", lambda it: it.typed(Decimal("0.005"))),
    "a wrong product": ("6070", "invoice", lambda it: it.typed(Decimal(10)) | {"Line": [_line(it, Qty=3, UnitPrice=Decimal("3.00"))]}),
    "a foreign tax code": ("6100", "invoice", lambda it: it.typed(Decimal(10)) | {"Line": [_line(it, TaxCodeRef={"value": "5"})]}),
    "a name twice": ("6240", "customer", lambda it: {"DisplayName": "BERG, ANN"}),
    "a name with a colon": ("2040", "customer", lambda it: {"DisplayName": "a:b"}),
    "no address": ("2210", "customer", lambda it: {"DisplayName": "new", "PrimaryEmailAddr": {"Address": "x"}}),
    "an item without income": ("2020", "item", lambda it: {"Name": "new"}),
    "more than is open": ("6000", "payment", lambda it: _payment(it, Decimal(99_999), Decimal(99_999))),
    "more than was paid": ("6000", "payment", lambda it: _payment(it, Decimal(1), Decimal(2))),
    "a deposit into a liability": ("6430", "payment", lambda it: _payment(it, Decimal(1), Decimal(1), "TipsPayable")),
    "a transfer to itself": ("6000", "transfer", lambda it: _transfer(it, "Bank", "Bank")),
    "a transfer to income": ("6430", "transfer", lambda it: _transfer(it, "Bank", "Sales")),
    "an unbalanced journal": ("2300", "journalentry", lambda it: _journal(it, ("Bank", 1), ("Sales", -2))),
    "a receivable of nobody": ("6000", "journalentry", lambda it: _journal(it, ("Receivable", 1), ("Sales", -1))),
    "an expense from income": ("6430", "purchase", lambda it: {"AccountRef": {"value": it.accounts["Sales"]}, "PaymentType": "Cash"}),
}


def _line(it: Company, **detail: Any) -> dict[str, Any]:
    named = {"ItemRef": {"value": it.mug}} | detail
    return {"Amount": Decimal(10), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": named}


def _payment(it: Company, total: Decimal, applied: Decimal, into: str = "Clearing") -> dict[str, Any]:
    link = {"Amount": applied, "LinkedTxn": [{"TxnId": it.invoice, "TxnType": "Invoice"}]}
    return {"CustomerRef": {"value": it.buyer}, "TotalAmt": total, "DepositToAccountRef": {"value": it.accounts[into]}, "Line": [link]}


def _transfer(it: Company, source: str, target: str) -> dict[str, Any]:
    return {"FromAccountRef": {"value": it.accounts[source]}, "ToAccountRef": {"value": it.accounts[target]}, "Amount": Decimal(1)}


def _journal(it: Company, *lines: tuple[str, int]) -> dict[str, Any]:
    def line(role: str, amount: int) -> dict[str, Any]:
        detail = {"PostingType": "Debit" if amount > 0 else "Credit", "AccountRef": {"value": it.accounts[role]}}
        return {"Amount": Decimal(abs(amount)), "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}

    return {"Line": [line(*each) for each in lines]}


@pytest.mark.parametrize("what", REFUSED)
def test_what_quickbooks_refuses(what, company):
    said, entity, body = REFUSED[what]
    company.seeds.by_hand("Invoice", company.typed(Decimal(1), DocNumber="TWICE"))
    company.there = {name: len(objects) for name, objects in company.books.objects.items()}
    answer = call(company, "POST", entity, body(company))
    assert (answer.status, code(answer)) == (400, said)
    assert company.made(*company.books.objects) == 0


def test_a_void_is_at_zero_and_a_delete_is_gone(company):
    voided = call(company, "POST", "invoice", {"Id": company.invoice, "SyncToken": "0"}, operation="void").body["Invoice"]
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"]) == (0, 0, "Voided")
    deleted = call(company, "POST", "invoice", {"Id": company.invoice, "SyncToken": "1"}, operation="delete").body["Invoice"]
    assert deleted == {"domain": "QBO", "status": "Deleted", "Id": company.invoice}
    assert code(call(company, "GET", f"invoice/{company.invoice}")) == "610"
    assert code(call(company, "POST", "creditmemo", {"Id": "1", "SyncToken": "0"}, operation="void")) == "5030"


def test_tax_in_canada_is_rounded_line_by_line():
    """31 lines of 1.59, two of them eleven times, at 12 %: 9.71."""
    it = Company("CA")
    code_ref = {"value": it.tax_codes["Twelve"]}
    lines = [_line(it, TaxCodeRef=code_ref) | {"Amount": Decimal("1.59")} for _ in range(29)]
    lines += [_line(it, TaxCodeRef=code_ref) | {"Amount": Decimal("17.49")} for _ in range(2)]
    made = call(it, "POST", "invoice", it.typed(Decimal(1)) | {"Line": lines}).body["Invoice"]
    assert (made["TxnTaxDetail"]["TotalTax"], made["TotalAmt"]) == (Decimal("9.71"), Decimal("90.80"))
    (part,) = made["TxnTaxDetail"]["TaxLine"]
    assert part["TaxLineDetail"]["NetAmountTaxable"] == Decimal("81.09")


# ── currencies ──


@pytest.fixture
def many() -> Company:
    """Multicurrency is on: pounds and euros besides dollars, and a buyer in pounds."""
    made = Company(limits=False)
    made.books.currencies |= {"GBP", "EUR"}
    made.pounds = made.seeds.customer("Berg, Ann (GBP)", CurrencyRef={"value": "GBP"})
    return made


def _in_pounds(company: Company, **more: Any) -> dict[str, Any]:
    rated = {"CurrencyRef": {"value": "GBP"}, "ExchangeRate": Decimal("1.27")}
    return company.typed(Decimal("25.59"), CustomerRef={"value": company.pounds}, **(rated | more))


def test_the_total_in_home_currency_is_quickbooks_own(many):
    made = call(many, "POST", "invoice", _in_pounds(many, HomeTotalAmt=1)).body["Invoice"]
    assert (made["TotalAmt"], made["HomeTotalAmt"], made["ExchangeRate"]) == (Decimal("25.59"), Decimal("32.50"), Decimal("1.27"))
    home = call(many, "POST", "invoice", many.typed(Decimal(5))).body["Invoice"]
    assert (home["CurrencyRef"]["value"], home["ExchangeRate"], home["HomeTotalAmt"]) == ("USD", 1, 5)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"CurrencyRef": {"value": "CHF"}}, "5030"),  # not among the company's currencies
        ({"CurrencyRef": {"value": "EUR"}}, "6000"),  # the customer is kept in pounds
        ({"CurrencyRef": {"value": "USD"}}, "6000"),
        ({"ExchangeRate": None}, "2020"),
        ({"ExchangeRate": Decimal(0)}, "2140"),
    ],
)
def test_a_transaction_is_in_the_one_currency_of_its_customer(many, more, expected):
    assert code(call(many, "POST", "invoice", _in_pounds(many, **more))) == expected


def test_without_multicurrency_there_is_home_currency_only(company):
    assert code(call(company, "POST", "invoice", company.typed(Decimal(5), CurrencyRef={"value": "GBP"}, ExchangeRate=1))) == "5030"
    assert "ExchangeRate" not in call(company, "POST", "invoice", company.typed(Decimal(5))).body["Invoice"]
    assert code(call(company, "POST", "customer", {"DisplayName": "Brown", "CurrencyRef": {"value": "GBP"}})) == "5030"


def test_an_account_of_another_currency_takes_no_part(many):
    euros = many.seeds.account("Bank EUR", "Bank", currency="EUR")
    paid = {"CustomerRef": {"value": many.pounds}, "CurrencyRef": {"value": "GBP"}, "ExchangeRate": 1, "TotalAmt": 5}
    refused = call(many, "POST", "payment", paid | {"DepositToAccountRef": {"value": euros}})
    assert code(refused) == "6000"
    assert "one foreign currency per transaction" in refused.body["Fault"]["Error"][0]["Detail"]
    assert call(many, "POST", "payment", paid | {"DepositToAccountRef": {"value": many.accounts["Bank"]}}).status == 200
    owed = {"Type": "Customer", "EntityRef": {"value": many.pounds}}
    lines = [
        {
            "Amount": 5,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}, "Entity": owed},
        }
        for side, account in (("Debit", _receivable(many, "USD")), ("Credit", many.accounts["Bank"]))
    ]
    entry = {"Line": lines, "CurrencyRef": {"value": "GBP"}, "ExchangeRate": 1}
    assert code(call(many, "POST", "journalentry", entry)) == "6000"
    lines[0]["JournalEntryLineDetail"]["AccountRef"] = {"value": _receivable(many, "GBP")}
    assert call(many, "POST", "journalentry", entry).body["JournalEntry"]["HomeTotalAmt"] == 5


def _receivable(company: Company, currency: str) -> str:
    """The account on which buyers owe in a currency; that of pounds came with the first customer in pounds."""
    accounts = company.books.objects["Account"].values()
    (found,) = (
        each["Id"] for each in accounts if each["AccountType"] == "Accounts Receivable" and each["CurrencyRef"]["value"] == currency
    )
    return str(found)


def test_the_currency_of_a_customer_stays(many):
    token = many.books.get("Customer", many.pounds)["SyncToken"]
    changed = {"Id": many.pounds, "SyncToken": token, "sparse": True}
    assert code(call(many, "POST", "customer", changed | {"CurrencyRef": {"value": "EUR"}})) == "6000"
    assert call(many, "POST", "customer", changed | {"GivenName": "Ann"}).status == 200


def test_a_voided_document_counts_nothing_in_home_currency_either(many):
    made = call(many, "POST", "invoice", _in_pounds(many)).body["Invoice"]
    gone = call(many, "POST", "invoice", {"Id": made["Id"], "SyncToken": made["SyncToken"]}, operation="void").body["Invoice"]
    assert (gone["TotalAmt"], gone["HomeTotalAmt"]) == (0, 0)
