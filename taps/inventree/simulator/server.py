"""The simulated server: log-in, lists with filters, records, and the way to stock and orders."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from taps._kit.simulator import Clock, Request, Response, Simulator
from taps.inventree.facts import IN_PROGRESS, PURCHASE_OPEN, SALE_OPEN
from taps.inventree.simulator.rules import Invalid, checked, known
from taps.inventree.simulator.sales import STATES, Sales
from taps.inventree.simulator.stock import Stock
from taps.inventree.simulator.tables import Row, Shape, Shapes, Tables, instant

_PART = {"IPN": "", "description": "", "keywords": None, "active": True, "virtual": False, "salable": True, "revision": ""}
_COMPANY = {"description": "", "email": None, "phone": "", "tax_id": "", "currency": "EUR", "active": True, "is_supplier": False}
_LOCATION = {"description": "", "parent": None, "structural": False, "external": False}
_SEARCHED = {
    "parts": ("IPN", "description", "keywords", "name"),
    "companies": ("description", "name", "tax_id"),
    "locations": ("description", "name"),
    "items": ("batch", "serial"),
    "tracking": ("notes",),
    "purchase_orders": ("description", "reference"),
    "sales_orders": ("customer_reference", "description", "reference"),
}
"""The searched fields that the specification names, as far as they are kept here."""


class InvenTreeSimulator(Simulator):
    """An InvenTree with one user, `counterfoil`, whose token is `inventree-token`."""

    api_version = 534

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.tables = Tables()
        self.stock = Stock(self.tables, self.clock)
        self.sales = Sales(self.tables, self.clock)
        self.ipn_taken_once = False
        """The setting that an IPN may stand once only; off unless an administrator turns it on [C]."""
        self.tokens: dict[str, int] = {}
        self.passwords: dict[str, str] = {}
        self.seed_user("counterfoil", "inventree-token", "inventree-password")
        shapes = Shapes(self.tables)
        for path, name, shape in (
            ("/api/part/", "parts", shapes.part),
            ("/api/company/", "companies", shapes.company),
            ("/api/stock/location/", "locations", shapes.location),
            ("/api/stock/track/", "tracking", shapes.entry),
            ("/api/stock/", "items", shapes.item),
            ("/api/order/po/", "purchase_orders", shapes.order),
            ("/api/order/po-line/", "purchase_lines", shapes.purchase_line),
            ("/api/order/so/shipment/", "shipments", shapes.shipment),
            ("/api/order/so/", "sales_orders", shapes.order),
            ("/api/order/so-line/", "sales_lines", shapes.sales_line),
            ("/api/order/so-allocation/", "allocations", shapes.allocation),
        ):
            self.route("GET", path, self._list(name, shape))
            self.route("GET", path + "{pk}/", self._detail(name, shape))
        self.route("GET", "/api/", self._info)
        self.route("GET", "/api/user/me/", self._me)
        self.route("GET", "/api/user/me/token/", self._token)
        self.route("POST", "/api/part/", self._record("part", "parts", _PART, shapes.part))
        self.route("POST", "/api/company/", self._record("company", "companies", _COMPANY, shapes.company))
        self.route("POST", "/api/stock/location/", self._record("location", "locations", _LOCATION, shapes.location))
        self.route("PATCH", "/api/part/{pk}/", self._record("part", "parts", _PART, shapes.part))
        self.route("PATCH", "/api/company/{pk}/", self._record("company", "companies", _COMPANY, shapes.company))
        self.route("POST", "/api/stock/", self._new_item(shapes.item))
        self.route("PATCH", "/api/stock/{pk}/", self._change_item(shapes.item))
        for action in ("add", "remove", "count", "transfer"):
            self.route("POST", f"/api/stock/{action}/", self._adjustment(action))
        self._sales_routes(shapes)

    # ── what stands there from the start ──

    def seed_user(self, username: str, token: str, password: str = "") -> int:
        """A user with a token and a password."""
        row = {"username": username, "first_name": "", "last_name": "", "email": f"{username}@example.com"}
        user: int = self.tables.put(self.tables.users, row)["pk"]
        self.tokens[token] = user
        self.passwords[username] = password
        return user

    def seed_part(self, ipn: str, name: str = "", **fields: Any) -> int:
        """A part that somebody typed."""
        at = {"creation_date": instant(self.clock())[:10]}
        return self._pk(self.tables.put(self.tables.parts, {**_PART, **at, "IPN": ipn, "name": name or ipn, **fields}))

    def seed_company(self, name: str, **fields: Any) -> int:
        """A company that somebody typed."""
        return self._pk(self.tables.put(self.tables.companies, {**_COMPANY, "is_customer": False, "name": name, **fields}))

    def seed_location(self, name: str, **fields: Any) -> int:
        """A stock location."""
        return self._pk(self.tables.put(self.tables.locations, {**_LOCATION, "name": name, **fields}))

    def seed_item(self, part: int, location: int, quantity: str = "100", **fields: Any) -> int:
        """A stock item that somebody typed; it stays when it is used up unless `delete_on_deplete` says otherwise."""
        made = self.stock.put(part, location, Decimal(quantity), **({"delete_on_deplete": False} | fields))
        self.stock.track(made, 1, 1, "", {"quantity": made["quantity"], "location": location})
        return self._pk(made)

    def seed_order(self, reference: str, supplier: int, lines: Iterable[tuple[int, str, str]]) -> int:
        """A purchase order that was placed; its lines are (part, quantity, price)."""
        order = self._order(self.tables.purchase_orders, reference, supplier=supplier)
        for part, quantity, price in lines:
            line = {"order": order, "part": None, "internal_part": part, "quantity": Decimal(quantity), "received": Decimal(0)}
            self.tables.put(self.tables.purchase_lines, line | {"purchase_price": price, "purchase_price_currency": "EUR"})
        return order

    def seed_sale(self, reference: str, customer: int, lines: Iterable[tuple[int, str, str]]) -> int:
        """A sales order; its lines are (part, quantity, price)."""
        more = {"customer": customer, "customer_reference": "", "shipment_date": None, "issue_date": None}
        order = self._order(self.tables.sales_orders, reference, **more, status=IN_PROGRESS, status_text=STATES[IN_PROGRESS])
        for part, quantity, price in lines:
            line = {"order": order, "part": part, "quantity": Decimal(quantity), "shipped": Decimal(0)}
            self.tables.put(self.tables.sales_lines, line | {"sale_price": price, "sale_price_currency": "EUR"})
        return order

    def receive(self, line: int, quantity: str, location: int) -> int:
        """Goods of a purchase line come in: a new stock item at the line's price, with the order's number in its history [C].

        An order of which everything came is complete, unless a setting says otherwise [C].
        """
        row = self.tables.purchase_lines[line]
        row["received"] += Decimal(quantity)
        price = {name: row[name] for name in ("purchase_price", "purchase_price_currency")}
        more = {"purchase_order": row["order"], "delete_on_deplete": False, **price}
        item = self.stock.put(row["internal_part"], location, Decimal(quantity), **more)
        order = self.tables.purchase_orders[row["order"]]
        order["updated_at"] = instant(self.clock())
        if all(each["received"] >= each["quantity"] for each in self.tables.purchase_lines.values() if each["order"] == row["order"]):
            order.update(status=30, status_text="Complete", complete_date=instant(self.clock())[:10])
        deltas = {"status": 10, "purchaseorder": row["order"], "quantity": Decimal(quantity), "location": location}
        self.stock.track(item, 70, 1, "", deltas)
        return self._pk(item)

    def _order(self, table: dict[int, Row], reference: str, **fields: Any) -> int:
        now = instant(self.clock())
        row = {"reference": reference, "description": "", "status": 20, "status_text": "Placed", "creation_date": now[:10]}
        more = {"order_currency": "EUR", "total_price": None, "created_by": 1, "updated_at": now}
        return self._pk(self.tables.put(table, row | more | fields))

    def _pk(self, row: Row) -> int:
        return int(row["pk"])

    # ── log-in ──

    def before(self, request: Request) -> Response | None:
        """A token, or a user with a password; the root tells its version to everybody [C]."""
        if request.path == "/api/" or self._user(request):
            return None
        return self.unauthorized(request)

    def unauthorized(self, _request: Request) -> Response:
        """As Django REST framework says it."""
        return Response(401, {"detail": "Invalid token."})

    def missing(self, _request: Request) -> Response:
        """The same."""
        return Response(404, {"detail": "Not found."})

    def handle(self, request: Request) -> Response:
        """The answer; what is wrong comes as 400 with its fields."""
        try:
            return super().handle(request)
        except Invalid as wrong:
            return Response(400, wrong.errors)

    def _user(self, request: Request) -> int:
        """Whose call it is; 0 for nobody's."""
        scheme, _blank, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "token":
            return self.tokens.get(value, 0)
        if scheme.lower() != "basic":
            return 0
        name, _colon, password = base64.b64decode(value).decode().partition(":")
        users = {row["username"]: pk for pk, row in self.tables.users.items()}
        return users[name] if password and self.passwords.get(name) == password else 0

    def _info(self, _request: Request) -> Response:
        none = dict.fromkeys(("debug_mode", "docker_mode", "email_configured", "plugins_enabled", "plugins_install_disabled"), False)
        return Response(
            200,
            {
                "server": "InvenTree",
                "version": "1.2.0",
                "instance": "Simulated",
                "apiVersion": self.api_version,
                "worker_running": True,
                "worker_count": 1,
                "worker_pending_tasks": 0,
                "system_health": True,
                "active_plugins": [],
                "default_locale": "en",
                "customize": {"logo": "", "splash": "", "login_message": None, "navbar_message": None},
                "settings": {"sso_registration": False, "registration_enabled": False, "password_forgotten_enabled": True},
                **dict.fromkeys(("database", "platform", "installer", "django_admin"), ""),
                **none,
            },
        )

    def _me(self, request: Request) -> Response:
        user = Shapes(self.tables).user(self.tables.users[self._user(request)])
        flags = {"is_staff": False, "is_superuser": False, "is_active": True}
        return Response(200, {**user, **flags, "groups": [], "profile": {}, "roles": {"stock": ["view", "add", "change"]}})

    def _token(self, request: Request) -> Response:
        user = self._user(request)
        token = next(token for token, owner in self.tokens.items() if owner == user)
        expiry = (self.clock() + timedelta(days=365)).date().isoformat()
        return Response(200, {"token": token, "name": request.query.get("name", ""), "expiry": expiry})

    # ── lists ──

    def _list(self, name: str, shape: Shape) -> Callable[..., Response]:
        def answer(request: Request) -> Response:
            query = request.query
            found = [row for row in self._table(name).values() if self._fits(name, row, query)]
            found.sort(key=_order_of(query.get("ordering", "")), reverse=query.get("ordering", "").startswith("-"))
            if "limit" not in query:
                return Response(200, [shape(row, query) for row in found])  # without a limit, a plain list [K]
            limit, offset = int(query["limit"]), int(query.get("offset", 0))
            page = [shape(row, query) for row in found[offset : offset + limit]]
            following = offset + limit if offset + limit < len(found) else None
            links = {"next": _link(request, following), "previous": _link(request, max(0, offset - limit) if offset else None)}
            return Response(200, {"count": len(found), **links, "results": page})

        return answer

    def _table(self, name: str) -> dict[int, Row]:
        table: dict[int, Row] = getattr(self.tables, name)
        return table

    def _fits(self, name: str, row: Row, query: Mapping[str, str]) -> bool:
        """The filters that are used, as the specification describes them; Django ignores what it does not know."""
        text = " ".join(str(row.get(field) or "") for field in _SEARCHED.get(name, ())).casefold()
        since = str(row.get("updated") or row.get("updated_at") or "")[:10]
        checks = [
            all(word.casefold() in text for word in query.get("search", "").split()),
            since >= query.get("updated_after", ""),
            str(row.get("date") or "")[:10] >= query.get("min_date", ""),
            query.get("outstanding") != "true" or row.get("status") in (SALE_OPEN if name == "sales_orders" else PURCHASE_OPEN),
        ]
        exact = ("IPN", "name", "part", "location", "item", "order", "reference")
        checks += [str(row.get(field)) == query[field] for field in exact if field in query]
        if query.get("is_customer"):
            checks.append(str(bool(row.get("is_customer"))).lower() == query["is_customer"])
        return all(checks)

    def _detail(self, name: str, shape: Shape) -> Callable[..., Response]:
        def answer(request: Request, pk: str) -> Response:
            row = self._table(name).get(int(pk)) if pk.isdigit() else None
            return Response(200, shape(row, request.query)) if row else self.missing(request)

        return answer

    # ── records ──

    def _record(self, kind: str, name: str, blank: Row, shape: Shape) -> Callable[..., Response]:
        """POST a new one, PATCH one that is there."""

        def answer(request: Request, pk: str = "") -> Response:
            fields = checked(kind, request.body, partial=bool(pk))
            table = self._table(name)
            if pk:
                if int(pk) not in table:
                    return self.missing(request)
                self._unique(kind, table[int(pk)] | fields, table)
                table[int(pk)].update(fields)
                return Response(200, shape(table[int(pk)], None))
            row = blank | ({"creation_date": instant(self.clock())[:10]} if kind == "part" else {}) | fields
            self._unique(kind, row, table)
            return Response(201, shape(self.tables.put(table, row), None))

        return answer

    def _unique(self, kind: str, row: Row, table: Mapping[int, Row]) -> None:
        """name, IPN and revision of a part, name and e-mail of a company stand once [C]; an IPN alone may stand twice."""
        names = {"part": ("name", "IPN", "revision"), "company": ("name", "email"), "location": ("name", "parent")}[kind]
        others = [each for each in table.values() if each["pk"] != row.get("pk")]
        if any(row.get(name) is not None for name in names[1:]) and any(all(e[n] == row.get(n) for n in names) for e in others):
            raise Invalid({"non_field_errors": [f"The fields {', '.join(names)} must make a unique set."]})
        if kind == "part" and self.ipn_taken_once and row["IPN"] and any(each["IPN"] == row["IPN"] for each in others):
            raise Invalid({"IPN": ["Duplicate IPN not allowed in part settings"]})

    # ── stock ──

    def _new_item(self, shape: Shape) -> Callable[..., Response]:
        def answer(request: Request) -> Response:
            return Response(201, [shape(self.stock.create(request.body, self._user(request)), None)])

        return answer

    def _change_item(self, shape: Shape) -> Callable[..., Response]:
        def answer(request: Request, pk: str) -> Response:
            item = known(self.tables.items, "pk", int(pk))
            item.update(request.body)
            item["updated"] = instant(self.clock())
            return Response(200, shape(item, None))

        return answer

    def _adjustment(self, action: str) -> Callable[..., Response]:
        def answer(request: Request) -> Response:
            return Response(201, self.stock.adjust(action, request.body, self._user(request)))

        return answer

    # ── sales orders ──

    def _sales_routes(self, shapes: Shapes) -> None:
        sales, orders, lines = self.sales, self.tables.sales_orders, self.tables.sales_lines

        def on(table: dict[int, Row], act: Callable[[Row, Any], Row | None], shape: Shape | None, status: int) -> Callable[..., Response]:
            def answer(request: Request, pk: str) -> Response:
                if not pk.isdigit() or int(pk) not in table:
                    return self.missing(request)
                made = act(table[int(pk)], request.body)
                return Response(status, shape(made, None) if shape and made is not None else None)

            return answer

        def allocated(order: Row, body: Any) -> Row:
            sales.allocate(order, body)
            return dict(body)

        def completed(order: Row, body: Any) -> Row:
            sales.complete(order, body)
            return {"accept_incomplete": bool((body or {}).get("accept_incomplete"))}

        def freed(request: Request) -> Response:
            sales.free(request.body["items"])
            return Response(204)

        plain: Shape = lambda row, _query: row  # noqa: E731 (an echo of what was sent)
        order, line = "/api/order/so/{pk}/", "/api/order/so-line/{pk}/"
        self.route("POST", "/api/order/so/", lambda request: Response(201, shapes.order(sales.create(request.body, self._user(request)))))
        self.route("POST", "/api/order/so-line/", lambda request: Response(201, shapes.sales_line(sales.add_line(request.body))))
        self.route("PATCH", order, on(orders, sales.change, shapes.order, 200))
        self.route("POST", order + "issue/", on(orders, lambda row, _body: sales.issue(row), None, 201))
        self.route("POST", order + "hold/", on(orders, lambda row, _body: sales.hold(row), None, 201))
        self.route("POST", order + "cancel/", on(orders, lambda row, _body: sales.cancel(row), None, 201))
        self.route("POST", order + "complete/", on(orders, completed, plain, 201))
        self.route("POST", order + "allocate/", on(orders, allocated, plain, 201))
        self.route("PATCH", line, on(lines, sales.change_line, shapes.sales_line, 200))
        self.route("DELETE", line, on(lines, lambda row, _body: sales.remove_line(row), None, 204))
        self.route("DELETE", "/api/order/so-allocation/", freed)
        self.route(
            "DELETE",
            "/api/order/so/shipment/{pk}/",
            on(self.tables.shipments, lambda row, _body: self.tables.shipments.pop(row["pk"]), None, 204),
        )


def _order_of(ordering: str) -> Callable[[Row], Any]:
    """Rows in the order asked for; those that are alike in the order in which they were made."""
    name = ordering.lstrip("-")

    def key(row: Row) -> Any:
        if name == "reference":
            return (int("".join(re.findall(r"\d+", row["reference"])[-1:] or ["0"])), row["pk"])  # by its number, not as a text [C]
        return (str(row.get(name) or ""), row["pk"])

    return key


def _link(request: Request, offset: int | None) -> str | None:
    if offset is None:
        return None
    return f"http://{request.headers.get('host', 'localhost')}{request.path}?{urlencode({**request.query, 'offset': offset})}"
