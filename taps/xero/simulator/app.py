"""The simulated service: log-in with rotation, limits, idempotency, lists in pages, batches with an answer for each element."""

from __future__ import annotations

import base64
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import msgspec

from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.xero.client import PAGED, instant
from taps.xero.simulator import answers, moves, records, trade
from taps.xero.simulator.books import ID_OF, Books, Document, ticks
from taps.xero.simulator.where import BadFilter, parse

ROOT = "/api.xro/2.0"
TENANT = "3f4a9c52-7c3b-4a58-9d0e-2f6b1c8d7e01"
_ACCESS_LIVES = timedelta(minutes=30)
_GRACE = timedelta(minutes=30)  # how long a refresh token that was used is still taken; not confirmed
_A_MINUTE, _A_DAY = 60, 5_000
_MOST_ELEMENTS = 50  # not confirmed
_LONGEST_KEY = 128
_REMEMBERED = timedelta(minutes=6)  # not confirmed
_encode = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode


class XeroSimulator(Simulator):
    """One organisation behind one app. `books` is its state."""

    def __init__(self, *, clock: Clock | None = None, base_currency: str = "USD") -> None:
        super().__init__(clock=clock)
        self.books = Books(self.clock, base_currency)
        self.tenant = TENANT
        self.client = ("client", "client-secret")
        self._access: dict[str, datetime] = {"access-1": self.clock() + _ACCESS_LIVES}
        self._refresh, self._used, self._turn = "refresh-1", dict[str, datetime](), 1
        self._calls: list[datetime] = []
        self._remembered: dict[str, tuple[datetime, bytes, Response]] = {}
        self.route("POST", "/connect/token", self._token)
        self.route("GET", f"{ROOT}/Organisation", self._organisation)
        self.route("GET", f"{ROOT}/Accounts", self._accounts)
        self.route("GET", f"{ROOT}/TaxRates", self._tax_rates)
        self.route("GET", f"{ROOT}/Currencies", self._currencies)
        self.route("GET", f"{ROOT}/TrackingCategories", self._tracking)
        self.route("PUT", f"{ROOT}/CreditNotes/{{identity}}/Allocations", self._allocate)
        self.route("DELETE", f"{ROOT}/CreditNotes/{{identity}}/Allocations/{{allocation}}", self._release)
        self.route("POST", f"{ROOT}/Payments/{{identity}}", self._delete_payment)
        for resource in ID_OF:
            self.route("GET", f"{ROOT}/{resource}", lambda request, of=resource: self._list(request, of))
            self.route("GET", f"{ROOT}/{resource}/{{identity}}", lambda _request, identity, of=resource: self._get(of, identity))
            self.route("PUT", f"{ROOT}/{resource}", lambda request, of=resource: self._write(request, of, create=True))
            self.route("POST", f"{ROOT}/{resource}", lambda request, of=resource: self._write(request, of, create=False))

    # ── before a call ──

    def before(self, request: Request) -> Response | None:
        """Token, tenant and limits; a replay of an idempotency key."""
        if request.path.startswith("/connect/"):
            return None
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._access.get(token, datetime.min.replace(tzinfo=self.clock().tzinfo)) <= self.clock():
            return self.unauthorized(request)
        if request.headers.get("xero-tenant-id") != self.tenant:  # 403 AuthenticationUnsuccessful; 422 only of a mock
            return Response(403, {"Type": None, "Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful"})
        return self._limited()

    def unauthorized(self, _request: Request) -> Response:
        """What an old token is told."""
        return Response(401, {"Type": None, "Title": "Unauthorized", "Status": 401, "Detail": "TokenExpired: token expired"})

    def _limited(self) -> Response | None:
        """60 a minute and 5,000 a day for each organisation (developer.xero.com/faq/limits)."""
        now = self.clock()
        self._calls = [at for at in self._calls if now - at < timedelta(days=1)]
        minute = [at for at in self._calls if now - at < timedelta(minutes=1)]
        for problem, used, most, window in (
            ("day", self._calls, _A_DAY, timedelta(days=1)),
            ("minute", minute, _A_MINUTE, timedelta(minutes=1)),
        ):
            if len(used) >= most:
                wait = max(1, -int((now - used[0] - window).total_seconds() // 1))
                return Response(429, None, {"retry-after": str(wait), "x-rate-limit-problem": problem})
        self._calls.append(now)
        return None

    def handle(self, request: Request) -> Response:
        """A key that was used lately gets the answer of then, and nothing is done (Idempotency-Key in the OpenAPI file)."""
        key = request.headers.get("idempotency-key", "")
        if not key or request.method == "GET":
            return super().handle(request)
        sent = _encode([request.method, request.path, request.body])
        known = self._remembered.get(key)
        if len(key) > _LONGEST_KEY:
            return answers.invalid([], "The Idempotency-Key must not be longer than 128 characters")
        if known and known[0] > self.clock():
            return known[2] if known[1] == sent else answers.invalid([], "The Idempotency-Key was used with another request")
        response = super().handle(request)
        if response.status < 400:  # noqa: PLR2004 (what was refused as a whole may be tried again)
            self._remembered[key] = (self.clock() + _REMEMBERED, sent, response)
        return response

    def _token(self, request: Request) -> Response:
        """Access tokens live 30 minutes; the refresh token changes with each use."""
        pair = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if tuple(pair.split(":", 1)) != self.client:
            return Response(401, {"error": "invalid_client"})
        said = (request.body or {}).get("refresh_token", "")
        if said != self._refresh and self._used.get(said, datetime.min.replace(tzinfo=self.clock().tzinfo)) <= self.clock():
            return Response(400, {"error": "invalid_grant"})
        if said == self._refresh:
            self._used[said] = self.clock() + _GRACE
            self._turn += 1
            self._refresh = f"refresh-{self._turn}"
        self._access[f"access-{self._turn}"] = self.clock() + _ACCESS_LIVES
        granted = {"access_token": f"access-{self._turn}", "refresh_token": self._refresh, "expires_in": 1800, "token_type": "Bearer"}
        return Response(200, granted)

    # ── reading ──

    def _organisation(self, _request: Request) -> Response:
        books = self.books
        answer: Document = {
            "OrganisationID": self.tenant,
            "Name": "Acme",
            "BaseCurrency": books.base_currency,
            "OrganisationStatus": "ACTIVE",
            "IsDemoCompany": False,
        }
        answer |= {name: lock for name, lock in (("PeriodLockDate", books.period_lock), ("EndOfYearLockDate", books.year_lock)) if lock}
        return answers.envelope(books, "Organisations", [answers.shown("Organisations", answer)])

    def _accounts(self, _request: Request) -> Response:
        return answers.envelope(self.books, "Accounts", [answers.shown("Accounts", each) for each in self.books.accounts.values()])

    def _tax_rates(self, _request: Request) -> Response:
        return answers.envelope(self.books, "TaxRates", list(self.books.tax_rates.values()))

    def _currencies(self, _request: Request) -> Response:
        codes = sorted({self.books.base_currency, *self.books.currencies})
        return answers.envelope(self.books, "Currencies", [{"Code": code, "Description": code} for code in codes])

    def _tracking(self, _request: Request) -> Response:
        return answers.envelope(self.books, "TrackingCategories", list(self.books.tracking.values()))

    def _get(self, resource: str, identity: str) -> Response:
        found = self.books.get(resource, identity)
        if found is None:
            return Response(404, {"Title": "Not Found", "Status": 404, "Detail": "The resource you're looking for cannot be found"})
        return answers.envelope(self.books, resource, [answers.shown(resource, found)])

    def _list(self, request: Request, resource: str) -> Response:
        query, rows = request.query, list(self.books.documents[resource].values())
        if resource == "BankTransfers" and query.get("includeDeleted") != "true":
            rows = [row for row in rows if row["Status"] != "DELETED"]
        if resource == "Contacts" and query.get("includeArchived") != "true":
            rows = [row for row in rows if row["ContactStatus"] != "ARCHIVED"]
        since = request.headers.get("if-modified-since")
        if since:
            rows = [row for row in rows if row["_updated"] >= instant(since)]
        if query.get("Statuses"):
            rows = [row for row in rows if row["Status"] in query["Statuses"].split(",")]
        try:
            rows = [row for row in rows if parse(query["where"])(row)] if query.get("where") else rows
        except BadFilter as wrong:
            return Response(400, {"ErrorNumber": 16, "Type": "QueryParseException", "Message": str(wrong)})
        if query.get("order") == "UpdatedDateUTC ASC":
            rows.sort(key=lambda row: row["_updated"])
        if resource not in PAGED or "page" not in query:
            return answers.envelope(self.books, resource, [answers.shown(resource, row) for row in rows])
        page, size = int(query["page"]), int(query.get("pageSize", 100))
        pagination = {"page": page, "pageSize": size, "pageCount": -(-len(rows) // size), "itemCount": len(rows)}
        cut = rows[(page - 1) * size : page * size]
        return answers.envelope(self.books, resource, [answers.shown(resource, row) for row in cut], pagination)

    # ── writing ──

    def _write(self, request: Request, resource: str, *, create: bool) -> Response:
        body = request.body if isinstance(request.body, dict) else {}
        elements = body.get(resource)
        if not isinstance(elements, list) or not all(isinstance(each, dict) for each in elements):
            return answers.invalid([], f"{resource} must be a list")
        if len(elements) > _MOST_ELEMENTS:
            return answers.invalid([], f"No more than {_MOST_ELEMENTS} elements are taken at once")
        # BankTransfers are made all or none: their PUT has no such parameter.
        apart = request.query.get("summarizeErrors") == "false" and (resource != "BankTransfers" or not create)
        kept = None if apart else deepcopy(self.books.documents)
        said = [self._element(request, resource, each, create=create) for each in elements]
        bad = [each for each in said if each.get("ValidationErrors")]
        if bad and kept is not None:  # "If false return 200 OK and mix of successfully created objects and any with validation errors"
            self.books.documents = kept
            return answers.invalid(bad)
        return answers.envelope(self.books, resource, said)

    def _element(self, request: Request, resource: str, element: Document, *, create: bool) -> Document:
        old = None if create else self._standing(resource, element)
        if not create and old is None and (element.get(ID_OF[resource]) or resource == "BankTransfers"):
            return answers.refused(resource, element, ["The document was not found"])
        places = 4 if request.query.get("unitdp") == "4" else 2
        document, wrong = self._judged(resource, element, old, places)
        if wrong:
            return answers.refused(resource, element, wrong)
        if old is not None:
            return answers.taken(resource, self.books.touch(old, **{name: value for name, value in document.items() if name != "_updated"}))
        made = self.books.documents[resource][self.books.add(resource, document)]
        if resource == "Payments":
            moves.settle(self.books, made, 1)
        if resource == "BankTransfers":
            made |= {"FromBankTransactionID": self.books.new_id(), "ToBankTransactionID": self.books.new_id()}
        return answers.taken(resource, made)

    def _standing(self, resource: str, element: Document) -> Document | None:
        """What a POST speaks of: by id, of items by code too."""
        if resource == "Items" and not element.get("ItemID"):
            return next((each for each in self.books.documents["Items"].values() if each["Code"] == element.get("Code")), None)
        return self.books.get(resource, element.get(ID_OF[resource]))

    def _judged(self, resource: str, element: Document, old: Document | None, places: int) -> tuple[Document, list[str]]:
        if resource == "Contacts":
            return records.contact(self.books, element, old)
        if resource == "Items":
            taken = any(each["Code"] == element.get("Code") for each in self.books.documents["Items"].values())
            document, wrong = records.item(self.books, element, old)
            return document, [*wrong, f"Price List Item with Code '{element.get('Code')}' already exists"] if taken and not old else wrong
        if resource == "Payments":
            return moves.payment(self.books, element)
        if resource == "BankTransfers":
            if old is not None:
                return old | {"Status": "DELETED"}, ["The transfer is deleted already"] if old["Status"] == "DELETED" else []
            return moves.transfer(self.books, element)
        return trade.written(self.books, resource, element, old, places)

    def _delete_payment(self, request: Request, identity: str) -> Response:
        found = self.books.get("Payments", identity)
        if found is None:
            return self._get("Payments", identity)
        if found["Status"] == "DELETED" or (request.body or {}).get("Status") != "DELETED" or self.books.locked(found["Date"]):
            return answers.invalid([answers.refused("Payments", {"PaymentID": identity}, ["The payment cannot be deleted"])])
        moves.settle(self.books, self.books.touch(found, Status="DELETED"), -1)
        return answers.envelope(self.books, "Payments", [answers.taken("Payments", found)])

    def _allocate(self, request: Request, identity: str) -> Response:
        credit = self.books.get("CreditNotes", identity)
        if credit is None:
            return self._get("CreditNotes", identity)
        said: list[Any] = []
        for element in (request.body or {}).get("Allocations") or []:
            made, wrong = moves.allocation(self.books, credit, element)
            if wrong:
                return answers.invalid([answers.refused("Allocations", element, wrong)])
            made["AllocationID"] = self.books.new_id()
            moves.apply(self.books, credit, made, 1)
            said.append(answers.taken("Allocations", made))
        return answers.envelope(self.books, "Allocations", said)

    def _release(self, _request: Request, identity: str, allocation: str) -> Response:
        credit = self.books.get("CreditNotes", identity)
        made = next((each for each in (credit or {}).get("Allocations", []) if each["AllocationID"] == allocation), None)
        if credit is None or made is None:
            return self._get("CreditNotes", allocation)
        moves.apply(self.books, credit, made, -1)
        return Response(
            200, {"AllocationID": allocation, "IsDeleted": True, "Amount": made["Amount"], "Date": ticks(self.clock()), "Invoice": {}}
        )
