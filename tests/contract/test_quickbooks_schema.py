"""Independent judges of QuickBooks: Intuit's XSDs over every request and every simulated answer, and python-quickbooks as a reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taps._kit.simulator import Request, Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps.quickbooks.config import QuickBooksConfig
from taps.quickbooks.reader import QuickBooksReader
from taps.quickbooks.rows import STREAMS
from targets._kit.writer import Intent, Payload, Receipt, Related, Subject, Verb
from targets.quickbooks.config import QuickBooksTargetConfig
from targets.quickbooks.writer import QuickBooksWriter
from tests.contract.quickbooks_schema import Judge
from tests.contract.samples.quickbooks_company import SECRETS, Company, config
from tests.contract.samples.target_quickbooks import CASES

KINDS = sorted(CASES)
_CHANGING = ("SyncToken", "sparse")


class Watched(Company):
    """Keeps every call with its answer."""

    def __init__(self, country: str = "US") -> None:
        self.heard: list[tuple[Request, Any]] = []
        super().__init__(country)

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        self.heard.append((request, json.loads(json.dumps(response.body, default=_number), parse_float=Decimal)))
        return response


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(value)


@pytest.fixture(scope="module")
def judge(shared: Path) -> Judge:
    return Judge(shared / "specs" / "quickbooks")


@pytest.fixture(params=["US", "CA"])
def company(request: pytest.FixtureRequest) -> Watched:
    return Watched(request.param)


@pytest.fixture
def url(company: Watched) -> Iterator[str]:
    with serve(company) as address:
        yield address


@pytest.fixture
def around(company: Watched) -> Surroundings:
    return Surroundings(clock=company.clock, safe=Pocket(dict(SECRETS)), sleep=company.clock.sleep)


@pytest.fixture
def settings(company: Watched, url: str) -> dict[str, Any]:
    place = {"departments": {"Reno": company.seeds.place("Department", "Reno")}, "classes": {"Reno": company.seeds.place("Class", "Reno")}}
    if company.books.country == "US":
        return config(url, **place)
    return config(url, tax="global", tax_codes={"8%": "Twelve"}, untaxed="None", **place)


@pytest.fixture
def writer(settings: dict[str, Any], around: Surroundings, tmp_path: Path) -> Iterator[QuickBooksWriter]:
    made = QuickBooksWriter(QuickBooksTargetConfig.model_validate(settings), tmp_path)
    made.open(None, around)
    yield made
    made.close()


def intent(company: Watched, kind: str, n: int, state: dict[str, Any], verb: Verb = Verb.CREATE, booked: Receipt | None = None) -> Intent:
    """The n-th document of a kind, in Reno; outside the US its tax is what the code gives."""
    fields: dict[str, Any] = {"document": {"location": "Reno"}, "document_type": "order", "related": company.related, **state}
    if company.books.country != "US" and fields.get("rows"):
        fields |= _taxed(fields)
    if fields.get("rows"):
        fields["rows"] = tuple(row._replace(location="Reno") for row in fields["rows"])
    return Intent(
        subject=Subject("books", kind, f"00000000-0000-4000-8000-{n:012d}"),
        verb=verb,
        look_up_key=f"{n:040x}",
        idempotency_key=f"{n}-{verb}-{booked.body['token'] if booked else ''}",
        number=f"R-{n}",
        date=date(2026, 11, 2),
        booked=booked.body if booked else None,
        remote_id=booked.remote_id if booked else None,
        **fields,
    )


def _taxed(fields: dict[str, Any]) -> dict[str, Any]:
    """At twelve per cent."""
    (row,) = fields["rows"]
    tax = (row.net * Decimal("0.12")).quantize(Decimal("0.01"))
    sign = 1 if fields["amount"] > 0 else -1
    lines = tuple(line._replace(amount=sign * (row.net + tax)) if line.control else line for line in fields["lines"])
    return {"rows": (row._replace(tax=tax),), "lines": lines}


def written(writer: QuickBooksWriter, *intents: Intent) -> list[Receipt]:
    payloads = [writer.prepare(each) for each in intents]
    assert all(isinstance(each, Payload) for each in payloads), payloads
    answers = writer.send(payloads)  # type: ignore[arg-type]
    assert all(isinstance(each, Receipt) for each in answers), answers
    return answers  # type: ignore[return-value]


def everything(company: Watched, writer: QuickBooksWriter) -> None:
    """Each kind alone and in batches: created, changed, taken back."""
    for place, kind in enumerate(KINDS):
        state = CASES[kind].first
        numbers = [place * 10 + n for n in (1, 2, 3)]
        made = written(writer, intent(company, kind, numbers[0], state))
        made += written(writer, *(intent(company, kind, n, state) for n in numbers[1:]))
        changed = [intent(company, kind, n, CASES[kind].changed, Verb.UPDATE, each) for n, each in zip(numbers, made, strict=True)]
        after = written(writer, changed[0]) + written(writer, *changed[1:])
        gone = [intent(company, kind, n, state, Verb.VOID, each) for n, each in zip(numbers, after, strict=True)]
        written(writer, gone[0])
        written(writer, *gone[1:])


def test_every_request_and_every_answer_is_as_the_schema_says(judge, company, writer, settings, around, tmp_path):
    everything(company, writer)
    writer.read_back()
    writer.prepare(intent(company, "payment", 900, CASES["payment"].first))
    refused = intent(company, "invoice", 901, CASES["invoice"].first | {"related": {"customer": Related("contact", "999", "C")}})
    writer.send([writer.prepare(refused)])  # type: ignore[list-item]
    reader = QuickBooksReader(
        QuickBooksConfig(**{key: settings[key] for key in settings if key in QuickBooksConfig.model_fields}), tmp_path
    )
    for stream in STREAMS:
        *_, state = reader.read(stream, None, around)
        list(reader.read(stream, state.value, around))  # type: ignore[union-attr]
    wrong = []
    kinds = set()
    for request, answer in company.heard:
        if request.method == "POST" and "/company/" in request.path:
            kinds.add(request.path.rsplit("/", 1)[-1])
            wrong += [f"{request.path}: {each}" for each in judge.request(request.path, request.body)]
        wrong += [f"answer to {request.path} {request.query.get('query', '')[:60]}: {each}" for each in judge.answer(answer)]
    assert wrong == []
    assert kinds >= {"batch", "invoice", "salesreceipt", "creditmemo", "refundreceipt", "payment", "purchase", "transfer", "journalentry"}
    assert kinds >= {"bill", "vendorcredit", "vendor"}
    assert {request.path.rsplit("/", 1)[-1] for request, _ in company.heard} >= {"query", "cdc"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"DocNo": "1"}, "Invoice.DocNo is unknown"),
        ({"TotalAmt": "1.00"}, "Invoice.TotalAmt is no decimal: '1.00'"),
        ({"TxnDate": "2.11.2026"}, "Invoice.TxnDate is no date: '2.11.2026'"),
        ({"Line": {}}, "Invoice.Line is no list"),
        ({"CustomerRef": "7"}, "Invoice.CustomerRef is no object: '7'"),
        ({"Line": [{"DetailType": "Sales"}]}, "Invoice.Line[0].DetailType is none of"),
        ({"Line": [{"DetailType": "SalesItemLineDetail", "DiscountLineDetail": {}}]}, "Invoice.Line[0] says SalesItemLineDetail and has"),
    ],
)
def test_the_schema_sees_a_breach(judge, body, said):
    assert any(each.startswith(said) for each in judge.entity("Invoice", body))


# ── what was sent is what stands ──


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, (*path, place))
    else:
        yield path, value


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_that_was_written_stands_there(kind, company, writer):
    payload = writer.prepare(intent(company, kind, 1, CASES[kind].first))
    assert isinstance(payload, Payload)
    (made,) = writer.send([payload])
    assert isinstance(made, Receipt), made
    stands = writer.company.one(payload.body.entity, made.remote_id)
    sent = [(path, value) for path, value in leaves(payload.body.body) if path[-1] not in _CHANGING]
    assert len(sent) >= 5
    assert [(path, at(stands, path)) for path, _ in sent] == sent


# ── python-quickbooks ──


@pytest.fixture
def library(company: Watched, url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Intuit's log-in client and the community's library, both led to the simulator."""
    from intuitlib.client import AuthClient
    from quickbooks import QuickBooks

    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{url}/v3")
    monkeypatch.setattr(QuickBooks, "sandbox_api_url_v3", f"{url}/v3")
    client = AuthClient(SECRETS["client_id"], SECRETS["client_secret"], "https://example.com", f"{url}/discovery")
    return QuickBooks(
        auth_client=client, refresh_token=SECRETS["refresh_token"], company_id=company.realm_id, minorversion=75, use_decimal=True
    )


OBJECTS = {
    "invoice": "quickbooks.objects.invoice.Invoice",
    "sales_receipt": "quickbooks.objects.salesreceipt.SalesReceipt",
    "credit_note": "quickbooks.objects.creditmemo.CreditMemo",
    "refund_receipt": "quickbooks.objects.refundreceipt.RefundReceipt",
    "payment": "quickbooks.objects.payment.Payment",
    "spend": "quickbooks.objects.purchase.Purchase",
    "transfer": "quickbooks.objects.transfer.Transfer",
    "journal": "quickbooks.objects.journalentry.JournalEntry",
    "bill": "quickbooks.objects.bill.Bill",
    "bill_credit": "quickbooks.objects.vendorcredit.VendorCredit",
    "contact": "quickbooks.objects.customer.Customer",
    "supplier": "quickbooks.objects.vendor.Vendor",
    "item": "quickbooks.objects.item.Item",
}


def imported(dotted: str) -> Any:
    from importlib import import_module

    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)


@pytest.mark.parametrize("kind", sorted(OBJECTS))
def test_python_quickbooks_reads_what_was_written(kind, company, writer, library):
    (made,) = written(writer, intent(company, kind, 1, CASES[kind].first))
    found = imported(OBJECTS[kind]).get(int(made.remote_id), qb=library)
    assert "R-1 - Counterfoil CF-" in (
        getattr(found, "PrivateNote", "") or getattr(found, "Notes", "") or getattr(found, "PurchaseDesc", "")
    )
    if kind not in ("contact", "supplier", "item", "journal"):
        assert abs(found.Amount if kind == "transfer" else found.TotalAmt) == abs(made.effect)
    if kind in ("invoice", "sales_receipt", "credit_note", "refund_receipt"):
        (same,) = imported(OBJECTS[kind]).filter(DocNumber=found.DocNumber, qb=library)
        detail = same.Line[0]["SalesItemLineDetail"] if isinstance(same.Line[0], dict) else same.Line[0].SalesItemLineDetail
        item = detail["ItemRef"]["value"] if isinstance(detail, dict) else detail.ItemRef.value
        assert (same.Id, item) == (made.remote_id, company.mug)
    if kind == "journal":
        assert [line.JournalEntryLineDetail.PostingType for line in found.Line] == ["Debit", "Credit"]


def test_python_quickbooks_hears_of_changes_and_voids(company, writer, library):
    from quickbooks.cdc import change_data_capture
    from quickbooks.objects.invoice import Invoice

    company.clock.forward(minutes=5)
    since = company.clock()
    (made,) = written(writer, intent(company, "invoice", 1, CASES["invoice"].first))
    changed = change_data_capture([Invoice], since, qb=library)
    assert [each.Id for each in changed.Invoice] == [made.remote_id]
    found = Invoice.get(int(made.remote_id), qb=library)
    found.void(qb=library)
    (back,) = [each for each in writer.read_back() if each.remote_id == made.remote_id]
    assert (back.effect, back.body["gone"], back.number) == (0, True, "R-1")
