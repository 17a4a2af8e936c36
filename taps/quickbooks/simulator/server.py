"""The service itself: tokens, limits, paths, batches and the shape of answers.

Access tokens live an hour (unconfirmed). The refresh token is replaced at each refresh (Intuit does so every 24 hours), and the one before
is good for another day (unconfirmed: whoever loses an answer must not be locked out). 500 calls a minute, 10 a second, 40 batches a minute;
then 429 (limits and throttles). Limits are off unless asked for, since the simulator's clock stands still.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.quickbooks.simulator.books import LISTS, TRANSACTIONS, Books, Object
from taps.quickbooks.simulator.query_language import at, parse
from taps.quickbooks.simulator.refusals import Refusal
from taps.quickbooks.simulator.rules import judge
from taps.quickbooks.simulator.seeding import Seeds

_TOKEN_LIVES = timedelta(hours=1)
_REPLACED_LIVES = timedelta(days=1)
_CDC = timedelta(days=30)
_MOST_CHANGES, _MOST_IN_BATCH, _MOST_BATCHES, _MOST_A_MINUTE, _MOST_A_SECOND = 1000, 30, 40, 500, 10
_LONGEST_REQUEST_ID, _LONGEST_IN_BATCH = 50, 36


class QuickBooksSimulator(Simulator):
    """One company. `seeds` fills it; `books` is its state."""

    def __init__(self, *, clock: Clock | None = None, country: str = "US", currency: str = "USD", limits: bool = False) -> None:
        super().__init__(clock=clock)
        self.realm_id = "4620816365000000001"
        self.books = Books(self.clock)
        self.books.country, self.books.home_currency = country, currency
        self.books.rules = judge(self.books)
        self.seeds = Seeds(self.books)
        self.lag = timedelta(0)
        """How long a query does not show what is new."""
        self.replays = True
        """Whether a requestid that was answered is answered with the same again; issue 352 of the .NET SDK says that it may not be."""
        self.client = ("app", "app-secret")
        self.refresh_token = "refresh-1"  # noqa: S105 (a simulator's)
        self.replaced: dict[str, datetime] = {}
        """Refresh tokens of before, and until when they are good."""
        self.access = {"access-1": self.clock() + _TOKEN_LIVES}
        self._limits = limits
        self._calls: deque[datetime] = deque()
        self._batches: deque[datetime] = deque()
        self._answered: dict[str, Response] = {}
        self._add_routes()

    def _add_routes(self) -> None:
        root = "/v3/company/{realm}"
        self.route("POST", "/oauth2/v1/tokens/bearer", self._token)
        self.route("GET", "/discovery", self._discovery)
        self.route("GET", f"{root}/query", self._query)
        self.route("POST", f"{root}/query", self._query)
        self.route("GET", f"{root}/cdc", self._changes)
        self.route("POST", f"{root}/batch", self._batch)
        self.route("GET", f"{root}/preferences", lambda _request, **_: self._wrapped("Preferences", self.preferences()))
        self.route("POST", f"{root}/{{entity}}", self._write)
        self.route("GET", f"{root}/{{entity}}/{{remote_id}}", self._read)

    # ── who may call ──

    def before(self, request: Request) -> Response | None:
        """Token, company and limits."""
        if not request.path.startswith("/v3/"):
            return None
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.access.get(token, self.clock()) <= self.clock():
            return self.unauthorized(request)
        if request.path.split("/")[3] != self.realm_id:
            return Response(403, self._timed(_fault("AuthorizationFault", "3100", "ApplicationAuthorizationFailed")))
        return self._too_fast(request)

    def unauthorized(self, _request: Request) -> Response:
        """A token that is not good, or no longer."""
        detail = "Token expired"
        return Response(401, self._timed(_fault("AuthenticationFault", "3200", "message=AuthenticationFailed; errorCode=003200", detail)))

    def missing(self, request: Request) -> Response:
        """A path that is not there."""
        return Response(404, self._timed(_fault("ValidationFault", "4", f"Unsupported operation: {request.path}")))

    def _too_fast(self, request: Request) -> Response | None:
        now = self.clock()
        self._calls.append(now)
        while self._calls[0] <= now - timedelta(minutes=1):
            self._calls.popleft()
        batches = self._batches
        if request.path.endswith("/batch"):
            batches.append(now)
            while batches[0] <= now - timedelta(minutes=1):
                batches.popleft()
        in_a_second = sum(1 for each in self._calls if each > now - timedelta(seconds=1))
        if not self._limits or (len(self._calls) <= _MOST_A_MINUTE and in_a_second <= _MOST_A_SECOND and len(batches) <= _MOST_BATCHES):
            return None
        return Response(429, self._timed(_fault("ThrottlingFault", "3001", "ThrottleExceeded", "statusCode=429")))

    def _token(self, request: Request) -> Response:
        """A refresh, as RFC 6749 has it."""
        pair = base64.b64encode(":".join(self.client).encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}":
            return Response(401, {"error": "invalid_client"})
        form = request.body if isinstance(request.body, dict) else {}
        given = str(form.get("refresh_token"))
        good = given == self.refresh_token or self.replaced.get(given, self.clock()) > self.clock()
        if form.get("grant_type") != "refresh_token" or not good:
            return Response(400, {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"})
        self.replaced[self.refresh_token] = self.clock() + _REPLACED_LIVES
        number = int(self.refresh_token.rpartition("-")[2]) + 1
        self.refresh_token = f"refresh-{number}"
        self.access[f"access-{number}"] = self.clock() + _TOKEN_LIVES
        answer = {"access_token": f"access-{number}", "refresh_token": self.refresh_token, "token_type": "bearer", "expires_in": 3600}
        return Response(200, answer | {"x_refresh_token_expires_in": 8_726_400})

    def _discovery(self, request: Request) -> Response:
        """The OpenID document that Intuit's own client asks for."""
        root = f"http://{request.headers['host']}"
        names = ("issuer", "authorization_endpoint", "userinfo_endpoint", "revocation_endpoint", "jwks_uri")
        return Response(200, dict.fromkeys(names, root) | {"token_endpoint": f"{root}/oauth2/v1/tokens/bearer"})

    # ── reading ──

    def preferences(self) -> Object:
        """The company's settings."""
        accounting: Object = {"UseAccountNumbers": True, "TrackDepartments": True, "ClassTrackingPerTxnLine": True}
        if self.books.closed_until:
            accounting["BookCloseDate"] = self.books.closed_until.isoformat()
        made: Object = {"Id": "1", "SyncToken": "0", "domain": "QBO", "sparse": False, "AccountingInfoPrefs": accounting}
        made["SalesFormsPrefs"] = {"CustomTxnNumbers": self.books.own_numbers}
        made["TaxPrefs"] = {"UsingSalesTax": True, "PartnerTaxEnabled": self.books.country == "US"}
        made["CurrencyPrefs"] = {"MultiCurrencyEnabled": bool(self.books.currencies), "HomeCurrency": {"value": self.books.home_currency}}
        return made

    def _query(self, request: Request, realm: str) -> Response:  # noqa: ARG002 (judged before)
        text = request.query.get("query") or (request.body if isinstance(request.body, str) else "")
        try:
            return Response(200, self._timed({"QueryResponse": self.answer_to(text)}))
        except Refusal as refusal:
            return Response(400, self._timed({"Fault": refusal.fault()}))

    def answer_to(self, text: str) -> Object:
        """The rows of one page."""
        statement = parse(text)
        if statement.entity == "Preferences":
            return {"Preferences": [self.preferences()], "startPosition": 1, "maxResults": 1}
        if statement.entity == "CompanyCurrency":
            active = [{"Id": str(n), "Code": code, "Name": code, "Active": True} for n, code in enumerate(sorted(self.books.currencies), 1)]
            return {"CompanyCurrency": active, "startPosition": 1, "maxResults": len(active)} if active else {}
        if statement.entity not in self.books.objects:
            raise Refusal("4001", f"QueryValidationError: Invalid context declaration: {statement.entity}")
        shown = [each for each in self.books.objects[statement.entity].values() if self._visible(each) and statement.fits(each)]
        if statement.counts:
            return {"totalCount": len(shown)}
        if statement.order:
            shown.sort(key=lambda each: _sortable(at(each, statement.order)), reverse=statement.descending)
        page = shown[statement.start - 1 :][: statement.most]
        return {statement.entity: page, "startPosition": statement.start, "maxResults": len(page)} if page else {}

    def _visible(self, each: Object) -> bool:
        return datetime.fromisoformat(each["MetaData"]["CreateTime"]) + self.lag <= self.clock()

    def _changes(self, request: Request, realm: str) -> Response:  # noqa: ARG002
        """Change data capture: thirty days, a thousand objects in all, deletions too; there are no pages."""
        said = datetime.fromisoformat(request.query["changedSince"])
        since = said if said.tzinfo else said.replace(tzinfo=UTC)
        if since < self.clock() - _CDC:
            return Response(400, self._timed({"Fault": Refusal("2040", "changedSince reaches back at most 30 days").fault()}))
        answers, left = [], _MOST_CHANGES
        for entity in request.query["entities"].split(","):
            rows = [each for each in self.books.objects[entity].values() if _updated(each) >= since and self._visible(each)]
            gone = [(at_, remote_id) for at_, kind, remote_id in self.books.deleted if kind == entity and at_ >= since]
            rows += [
                {"domain": "QBO", "status": "Deleted", "Id": remote_id, "MetaData": _meta(self.books.stamp(at_))} for at_, remote_id in gone
            ]
            page, left = rows[:left], left - len(rows[:left])
            answers.append({entity: page, "startPosition": 1, "maxResults": len(page)} if page else {})
        return Response(200, self._timed({"CDCResponse": [{"QueryResponse": answers}]}))

    def _read(self, _request: Request, realm: str, entity: str, remote_id: str) -> Response:  # noqa: ARG002
        try:
            name = _entity(entity)
            return self._wrapped(name, self.books.get(name, remote_id))
        except Refusal as refusal:
            return Response(400, self._timed({"Fault": refusal.fault()}))

    # ── writing ──

    def _write(self, request: Request, realm: str, entity: str) -> Response:  # noqa: ARG002
        def written() -> Response:
            operation = request.query.get("operation") or ("update" if (request.body or {}).get("Id") else "create")
            name = _entity(entity)
            return self._wrapped(name, self._do(name, operation, request.body, void=request.query.get("include") == "void"))

        return self._once(request, _LONGEST_REQUEST_ID, written)

    def _batch(self, request: Request, realm: str) -> Response:  # noqa: ARG002
        """Up to thirty things, each with an answer of its own."""

        def written() -> Response:
            items = request.body.get("BatchItemRequest") or []
            if len(items) > _MOST_IN_BATCH:
                raise Refusal("6000", f"A batch takes {_MOST_IN_BATCH} items")
            return Response(200, self._timed({"BatchItemResponse": [self._item(each) for each in items]}))

        return self._once(request, _LONGEST_IN_BATCH, written)

    def _item(self, item: Object) -> Object:
        name = next((key for key in item if key in self.books.objects), "")
        try:
            done = self._do(name, item["operation"], item[name], void=item.get("optionsData") == "void")
        except Refusal as refusal:
            return {"bId": item["bId"], "Fault": refusal.fault()}
        return {"bId": item["bId"], name: done}

    def _once(self, request: Request, longest: int, written: Any) -> Response:
        """The answer of a request id is given again, if it was a good one (unconfirmed for a bad one)."""
        name = request.query.get("requestid", "")
        if self.replays and name in self._answered:
            return self._answered[name]
        if len(name) > longest:
            return Response(400, self._timed({"Fault": Refusal("2050", f"requestid takes {longest} characters").fault()}))
        try:
            response: Response = written()
        except Refusal as refusal:
            return Response(400, self._timed({"Fault": refusal.fault()}))
        if name:
            self._answered[name] = response
        return response

    def _do(self, entity: str, operation: str, body: Object, *, void: bool) -> Object:
        if operation == "void" or (operation == "update" and void):
            return _copy(self.books.void(entity, body))
        if operation == "delete":
            return self.books.delete(entity, body)
        return _copy(self.books.create(entity, body) if operation == "create" else self.books.update(entity, body))

    def _wrapped(self, name: str, body: Object) -> Response:
        return Response(200, self._timed({name: body}))

    def _timed(self, body: Object) -> Object:
        return {**body, "time": self.books.stamp()}


def _copy(made: Object) -> Object:
    """An answer stays as it was given though the object changes."""
    return dict(made)


def _entity(name: str) -> str:
    found = {each.lower(): each for each in (*LISTS, *TRANSACTIONS)}.get(name.lower())
    if found is None:
        raise Refusal("5030", f"Unsupported Operation : Resource {name} is not known")
    return found


def _fault(kind: str, code: str, message: str, detail: str = "") -> Object:
    return {"Fault": {"Error": [{"Message": message, "Detail": detail or message, "code": code}], "type": kind}}


def _updated(each: Object) -> datetime:
    return datetime.fromisoformat(each["MetaData"]["LastUpdatedTime"])


def _meta(stamp: str) -> Mapping[str, str]:
    return {"LastUpdatedTime": stamp}


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else "")
