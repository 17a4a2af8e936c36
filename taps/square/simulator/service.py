"""The calls that the simulator answers. Each rule names where it stands in Square's specification."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.square.facts import LOCATIONS_PER_SEARCH, TOKEN_LIFETIME
from taps.square.moments import instant, written
from taps.square.simulator.answers import Body, Refused, answering, error, ordered, sliced
from taps.square.simulator.floor import SUMMARY
from taps.square.simulator.past import Place
from taps.square.simulator.shop import Shop
from taps.square.simulator.tables import Table
from taps.square.simulator.team import Team

_PAGE, _ORDERS, _GOODS, _STAFF, _CARDS, _DEFAULT_ORDERS = 100, 1000, 1000, 200, 200, 500
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_YEAR = timedelta(days=365)


class SquareSimulator(Simulator):
    """Square, with one seller."""

    def __init__(self, *, clock: Clock | None = None, country: str = "US") -> None:
        super().__init__(clock=clock)
        self.shop = Shop(self.clock, country)
        self.team = Team(self.shop)
        self.tokens: dict[str, datetime] = {"square-access-1": self.clock() + TOKEN_LIFETIME}
        """Access tokens, and until when they are good."""
        self.refresh_tokens = {"square-refresh-1"}
        self.application = ("square-app", "square-app-secret")
        self.passed_over: set[str] = set()
        """Ids that lists in the order in which we follow changes leave out; other orders have them."""
        self._register()

    def _known(self, listed: Sequence[Place], *, following: bool) -> Sequence[Place]:
        return [each for each in listed if each[1] not in self.passed_over] if following and self.passed_over else listed

    def _register(self) -> None:
        listed: dict[str, Callable[..., Body]] = {
            "/v2/locations": self._locations,
            "/v2/payments": self._payments,
            "/v2/refunds": self._refunds,
            "/v2/disputes": self._disputes,
            "/v2/payouts": self._payouts,
            "/v2/payments/{key}": lambda _request, key: {"payment": self._one(self.shop.payments, key)},
            "/v2/refunds/{key}": lambda _request, key: {"refund": self._one(self.shop.refunds, key)},
            "/v2/payouts/{key}": lambda _request, key: {"payout": self._one(self.shop.payouts, key)},
            "/v2/payouts/{payout_id}/payout-entries": self._entries,
            "/v2/customers": self._profiles,
            "/v2/catalog/list": self._listed_catalog,
            "/v2/gift-cards": self._gift_cards,
            "/v2/gift-cards/activities": self._activities,
            "/v2/cash-drawers/shifts": self._shifts,
            "/v2/cash-drawers/shifts/{shift_id}": self._shift,
            "/v2/cash-drawers/shifts/{shift_id}/events": self._events,
        }
        searched: dict[str, Callable[..., Body]] = {
            "/v2/orders/search": self._orders,
            "/v2/orders/batch-retrieve": self._orders_by_id,
            "/v2/customers/search": self._customers,
            "/v2/catalog/search": self._catalog,
            "/v2/catalog/batch-retrieve": self._objects,
            "/v2/inventory/changes/batch-retrieve": self._changes,
            "/v2/inventory/counts/batch-retrieve": self._counts,
            "/v2/labor/timecards/search": self._timecards,
        }
        for path, handler in listed.items():
            self.route("GET", path, answering(handler))
        for path, handler in searched.items():
            self.route("POST", path, answering(handler))
        for method, path, handler in self.team.calls():
            self.route(method, path, answering(handler))
        self.route("POST", "/oauth2/token", self._token)

    # ── log-in ──

    def before(self, request: Request) -> Response | None:
        """A token that is known and not over; thirty days (OpenAPI: ObtainTokenResponse)."""
        if request.path == "/oauth2/token":
            return None
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        until = self.tokens.get(token)
        if until is None:
            return self.unauthorized(request)
        return error("ACCESS_TOKEN_EXPIRED", status=401, category="AUTHENTICATION_ERROR") if until <= self.clock() else None

    def unauthorized(self, _request: Request) -> Response:
        """The answer to a token that is not good."""
        return error("UNAUTHORIZED", status=401, category="AUTHENTICATION_ERROR")

    def missing(self, _request: Request) -> Response:
        """The answer to a path that is not there."""
        return error("NOT_FOUND", status=404)

    def _token(self, request: Request) -> Response:
        """The code flow: the refresh token stays the same and never expires (OpenAPI: ObtainTokenResponse.refresh_token)."""
        asked = request.body if isinstance(request.body, dict) else {}
        if (asked.get("client_id"), asked.get("client_secret")) != self.application:
            return error("UNAUTHORIZED", status=401, category="AUTHENTICATION_ERROR")
        refresh = asked.get("refresh_token")
        if asked.get("grant_type") != "refresh_token" or refresh not in self.refresh_tokens:
            return error("UNAUTHORIZED", status=401, category="AUTHENTICATION_ERROR")
        token = f"square-access-{len(self.tokens) + 1}"
        self.tokens[token] = self.clock() + TOKEN_LIFETIME
        said = {"access_token": token, "token_type": "bearer", "expires_at": written(self.tokens[token]), "merchant_id": "MERCHANT1"}
        return Response(200, {**said, "refresh_token": refresh, "short_lived": False})

    # ── lists by GET ──

    def _locations(self, _request: Request) -> Body:
        return {"locations": list(self.shop.locations.values())}

    def _payments(self, request: Request) -> Body:
        """Without a location the main one; without begin_time a year back; ranges of both times hold at once (OpenAPI: ListPayments)."""
        place = request.query.get("location_id") or next(iter(self.shop.locations))
        return self._money(request, self.shop.payments, "payments", place)

    def _refunds(self, request: Request) -> Body:
        """Without a location all of them (OpenAPI: ListPaymentRefunds)."""
        return self._money(request, self.shop.refunds, "refunds", request.query.get("location_id"))

    def _money(self, request: Request, table: Table, name: str, place: str | None) -> Body:
        query = request.query
        order = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at"}.get(query.get("sort_field", "CREATED_AT"))
        if order is None:
            raise Refused("INVALID_ENUM_VALUE", "sort_field")
        begin = instant(query["begin_time"]) if query.get("begin_time") else self.clock() - _YEAR
        updated = instant(query["updated_at_begin_time"]) if query.get("updated_at_begin_time") else _EPOCH
        bounds = {"created_at": begin, "updated_at": updated}
        (other,) = bounds.keys() - {order}
        listed = table.since(order, bounds[order], place, also=(other, bounds[other]))
        if query.get("end_time") and order == "created_at":  # of created_at; together with the other order nobody asks for it here
            listed = _until(listed, query["end_time"])
        listed = self._known(listed, following=order == "updated_at")
        return self._page(request, table, name, ordered(listed, query.get("sort_order", "DESC")), _PAGE)

    def _disputes(self, request: Request) -> Body:
        table = self.shop.disputes
        return self._page(request, table, "disputes", table.since("created_at", _EPOCH), _PAGE)

    def _payouts(self, request: Request) -> Body:
        """By the time of creation, inclusive; the main location and a year back unless said otherwise (OpenAPI: ListPayouts)."""
        table, query = self.shop.payouts, request.query
        place = query.get("location_id") or next(iter(self.shop.locations))
        begin = instant(query["begin_time"]) if query.get("begin_time") else self.clock() - _YEAR
        listed = _until(table.since("created_at", begin, place), query.get("end_time"))
        listed = self._known(listed, following=query.get("sort_order") == "ASC")
        return self._page(request, table, "payouts", ordered(listed, query.get("sort_order", "DESC")), _PAGE)

    def _entries(self, request: Request, payout_id: str) -> Body:
        if payout_id not in self.shop.entries:
            raise Refused("NOT_FOUND", "payout_id", 404)
        return sliced(request, "payout_entries", self.shop.entries[payout_id], _PAGE)

    def _profiles(self, request: Request) -> Body:
        """By creation where asked, else by name; at most a hundred, or it is an error (OpenAPI: ListCustomers)."""
        if int(request.query.get("limit") or _PAGE) > _PAGE:
            raise Refused("VALUE_TOO_HIGH", "limit")
        table = self.shop.customers
        listed = table.since("created_at", _EPOCH)
        if request.query.get("sort_field") != "CREATED_AT":
            listed = sorted(listed, key=self._name)
        return self._page(request, table, "customers", ordered(listed, request.query.get("sort_order", "ASC")), _PAGE)

    def _listed_catalog(self, request: Request) -> Body:
        """What is not deleted, a hundred a page; the kinds at the top unless others are named (OpenAPI: ListCatalog)."""
        kinds = [kind.strip().upper() for kind in request.query.get("types", "ITEM,CATEGORY,TAX,DISCOUNT").split(",")]
        return sliced(request, "objects", [row for row in self._flat() if row["type"] in kinds and not row["is_deleted"]], _PAGE)

    def _gift_cards(self, request: Request) -> Body:
        """Oldest first; thirty a page unless asked for more, up to two hundred (OpenAPI: ListGiftCards)."""
        table, query = self.shop.gift_cards, request.query
        rows = [body for _at, key in table.since("created_at", _EPOCH) if (body := table.shown(key))]
        wanted = [row for row in rows if all(query.get(name) in (None, row[name]) for name in ("type", "state"))]
        return sliced(request, "gift_cards", wanted, _CARDS, 30)

    def _activities(self, request: Request) -> Body:
        """Inclusive, a year back unless said otherwise (OpenAPI: ListGiftCardActivities)."""
        table, query = self.shop.activities, request.query
        begin = instant(query["begin_time"]) if query.get("begin_time") else self.clock() - _YEAR
        listed = table.since("created_at", begin)
        return self._page(request, table, "gift_card_activities", ordered(listed, query.get("sort_order", "DESC")), _PAGE, 50)

    def _shifts(self, request: Request) -> Body:
        """By the time of opening, oldest first; a location must be named (OpenAPI: ListCashDrawerShifts)."""
        table, query = self.shop.drawers, request.query
        if not query.get("location_id"):
            raise Refused("MISSING_REQUIRED_PARAMETER", "location_id")
        begin = instant(query["begin_time"]) if query.get("begin_time") else _EPOCH
        rows = [body for _at, key in table.since("opened_at", begin) if (body := table.shown(key))]
        rows = [{name: row[name] for name in SUMMARY} for row in rows if row["location_id"] == query["location_id"]]
        return sliced(request, "cash_drawer_shifts", ordered(rows, query.get("sort_order", "ASC")), _GOODS, 200)

    def _shift(self, _request: Request, shift_id: str) -> Body:
        return {"cash_drawer_shift": self._one(self.shop.drawers, shift_id)}

    def _events(self, request: Request, shift_id: str) -> Body:
        return sliced(request, "cash_drawer_shift_events", self.shop.drawer_events[shift_id], _GOODS, 200)

    # ── searches by POST ──

    def _orders(self, request: Request) -> Body:
        """At most ten locations; the sort field must be the filter's; newest first unless said otherwise (OpenAPI: SearchOrders)."""
        asked = request.body
        places = asked.get("location_ids") or []
        if not 0 < len(places) <= LOCATIONS_PER_SEARCH:
            raise Refused("BAD_REQUEST", "location_ids")
        query = asked.get("query") or {}
        sort = query.get("sort") or {"sort_field": "CREATED_AT"}
        times = (query.get("filter") or {}).get("date_time_filter") or {}
        if times and set(times) != {sort["sort_field"].lower()}:
            raise Refused("BAD_REQUEST", "query.sort.sort_field")
        field = sort["sort_field"].lower()
        span = times.get(field) or {}
        begin = instant(span["start_at"]) if span.get("start_at") else _EPOCH
        table = self.shop.orders
        wanted = set(places)
        listed = table.since(field, begin, places[0] if len(wanted) == 1 else None)
        if span.get("end_at"):
            listed = [(at, key) for at, key in listed if instant(at) <= instant(span["end_at"])]
        if len(wanted) > 1 and wanted != set(self.shop.locations):
            listed = [(at, key) for at, key in listed if (body := table.shown(key)) and body["location_id"] in wanted]
        listed = self._known(listed, following=field == "updated_at")
        return self._page(request, table, "orders", ordered(listed, sort.get("sort_order", "DESC")), _ORDERS, _DEFAULT_ORDERS)

    def _orders_by_id(self, request: Request) -> Body:
        """At most a hundred; those that are not there are left out (OpenAPI: BatchRetrieveOrders)."""
        wanted = request.body.get("order_ids") or []
        if not 0 < len(wanted) <= _PAGE:
            raise Refused("BAD_REQUEST", "order_ids")
        return {"orders": [row for each in wanted if (row := self.shop.orders.get(each))]}

    def _customers(self, request: Request) -> Body:
        """Filters hold all at once; sorted by creation where asked (OpenAPI: SearchCustomers)."""
        query = request.body.get("query") or {}
        wanted, table = query.get("filter") or {}, self.shop.customers
        spans = {name: instant(span["start_at"]) for name, span in wanted.items() if name in ("created_at", "updated_at")}
        sort = query.get("sort") or {}
        bounds = "updated_at", spans.get("updated_at", _EPOCH)
        listed = table.since("created_at", spans.get("created_at", _EPOCH), also=bounds)
        if sort.get("field") != "CREATED_AT":
            listed = sorted(listed, key=self._name)
        return self._page(request, table, "customers", ordered(listed, sort.get("order", "ASC")), _PAGE)

    def _name(self, place: Place) -> tuple[str, str]:
        """What customers are listed by unless they say otherwise."""
        body = self.shop.customers.rows[place[1]].body()
        return body.get("given_name") or "", body.get("family_name") or ""

    def _catalog(self, request: Request) -> Body:
        """Changed after begin_time, exclusive; deleted ones where asked; related ones one level deep (OpenAPI: SearchCatalogObjects)."""
        asked = request.body
        begin = instant(asked["begin_time"]) if asked.get("begin_time") else None
        kinds, deleted = set(asked.get("object_types") or ["ITEM"]), asked.get("include_deleted_objects")
        rows = [row for row in self._flat() if row["type"] in kinds and (deleted or not row["is_deleted"])]
        rows = sorted((row for row in rows if begin is None or instant(row["updated_at"]) > begin), key=lambda row: str(row["id"]))
        body = sliced(request, "objects", rows, _GOODS)
        body["latest_time"] = max((written(instant(row["updated_at"])) for row in self._flat()), default=self.shop.now())
        return {**body, **self._related(body["objects"], asked)}

    def _flat(self) -> list[Body]:
        """Items and their variations as objects of their own."""
        rows: list[Body] = []
        for row in self.shop.catalog.truth():
            rows.append(row)
            nested = row.get("item_data", {}).get("variations", [])
            gone = {"is_deleted": True, "updated_at": row["updated_at"]} if row["is_deleted"] else {}
            rows += [{**variation, **gone} for variation in nested]
        return rows

    def _objects(self, request: Request) -> Body:
        asked = request.body
        wanted = set(asked["object_ids"])
        rows = [row for row in self._flat() if row["id"] in wanted and (asked.get("include_deleted_objects") or not row["is_deleted"])]
        return {"objects": rows, **self._related(rows, asked)}

    def _related(self, rows: Iterable[Body], asked: Mapping[str, Any]) -> Body:
        if not asked.get("include_related_objects"):
            return {}
        ids = {each["id"] for row in rows for each in row.get("item_data", {}).get("categories", [])}
        return {"related_objects": [row for row in self.shop.catalog.truth() if row["id"] in ids]}

    def _changes(self, request: Request) -> Body:
        """After an instant, in the order in which they occurred (OpenAPI: BatchRetrieveInventoryChanges)."""
        table, after = self.shop.changes, instant(request.body.get("updated_after") or "1970-01-01T00:00:00Z")
        shown = [body for _at, key in table.since("occurred_at", _EPOCH) if (body := table.shown(key))]
        rows = [{name: row[name] for name in ("type", "adjustment")} for row in shown if instant(row["adjustment"]["created_at"]) > after]
        return sliced(request, "changes", rows, _GOODS)

    def _counts(self, request: Request) -> Body:
        """After an instant, newest first (OpenAPI: BatchRetrieveInventoryCounts)."""
        table, after = self.shop.counts, instant(request.body.get("updated_after") or "1970-01-01T00:00:00Z")
        shown = [body for _at, key in table.since("calculated_at", after)[::-1] if (body := table.shown(key))]
        rows = [{name: value for name, value in row.items() if name != "id"} for row in shown if instant(row["calculated_at"]) > after]
        return sliced(request, "counts", rows, _GOODS)

    def _timecards(self, request: Request) -> Body:
        """By start, inclusive; newest first unless said otherwise (OpenAPI: SearchTimecards)."""
        query = request.body.get("query") or {}
        begin = ((query.get("filter") or {}).get("start") or {}).get("start_at")
        sort, table = query.get("sort") or {}, self.shop.timecards
        field = (sort.get("field") or "START_AT").lower()
        listed = table.since(field, instant(begin) if begin and field == "start_at" else _EPOCH)
        return self._page(request, table, "timecards", ordered(listed, sort.get("order", "DESC")), _STAFF)

    # ── pages ──

    def _page(self, request: Request, table: Table, name: str, listed: Sequence[Place], most: int, default: int | None = None) -> Body:
        found = sliced(request, name, listed, most, default)
        return {**found, name: [table.shown(key) for _at, key in found[name]]}

    def _one(self, table: Table, key: str) -> Body:
        found = table.get(key)
        if found is None:
            raise Refused("NOT_FOUND", "id", 404)
        return found


def _until(listed: Sequence[Place], end: str | None) -> Sequence[Place]:
    """What was created before an instant, where one is named."""
    return [each for each in listed if instant(each[0]) < instant(end)] if end else listed
