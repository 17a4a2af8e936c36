"""A person at the keyboard of a real Vendure: buys in the shop, and takes money, refunds, ships, cancels in the admin. None of the
product's code is used, so that what it reads can be judged by it."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

USER = PASSWORD = "superadmin"
_ERROR = "... on ErrorResult { errorCode message }"
_ADDRESS = {"fullName": "Ann Buyer", "streetLine1": "1 Ring", "city": "Vienna", "postalCode": "1010", "countryCode": "AT"}
_ORDER = "__typename ... on Order { id code totalWithTax lines { id quantity } payments { id } }"
_BUY = f"mutation($v: ID!, $q: Int!) {{ addItemToOrder(productVariantId: $v, quantity: $q) {{ {_ORDER} {_ERROR} }} }}"
_WHO = f"""mutation($c: CreateCustomerInput!, $a: CreateAddressInput!) {{
  c: setCustomerForOrder(input: $c) {{ {_ORDER} {_ERROR} }}
  s: setOrderShippingAddress(input: $a) {{ {_ORDER} {_ERROR} }}
  b: setOrderBillingAddress(input: $a) {{ {_ORDER} {_ERROR} }}
}}"""
_SHIP = f"mutation($m: [ID!]!) {{ m: setOrderShippingMethod(shippingMethodId: $m) {{ {_ORDER} {_ERROR} }} }}"
_PAY = f"""mutation {{
  t: transitionOrderToState(state: "ArrangingPayment") {{ {_ORDER} ... on OrderStateTransitionError {{ errorCode message }} }}
  p: addPaymentToOrder(input: {{ method: "standard-payment", metadata: {{}} }}) {{ {_ORDER} {_ERROR} }}
}}"""
_HANDLER = {"code": "manual-fulfillment", "arguments": [{"name": "method", "value": "DHL"}, {"name": "trackingCode", "value": "T1"}]}
_TRUTH = """query($o: OrderListOptions) { orders(options: $o) { totalItems items {
  id code state total totalWithTax lines { id quantity productVariant { sku } }
  payments { id state amount refunds { id state total lines { orderLineId quantity } } } fulfillments { id state } } } }"""


class Refused(Exception):
    """What the shop did not do, and why."""


class _Api:
    def __init__(self, url: str) -> None:
        self._url = url
        self._token = ""

    def __call__(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        with urllib.request.urlopen(urllib.request.Request(self._url, body, headers), timeout=60) as answer:
            self._token = answer.headers.get("vendure-auth-token") or self._token
            told = json.loads(answer.read())
        if told.get("errors"):
            raise Refused(json.dumps(told["errors"])[:600])
        data: dict[str, Any] = told["data"]
        for value in data.values():
            if isinstance(value, dict) and "errorCode" in value:
                raise Refused(f"{value['errorCode']}: {value.get('message')}")
        return data


class Shop:
    """One running server. Orders are what `place` gave: id, code, lines with their ids, payments."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.admin = _Api(f"{url}/admin-api")
        self.admin("mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }", u=USER, p=PASSWORD)
        found = self.admin("{ productVariants { items { id sku } } }")["productVariants"]["items"]
        self.variants = {each["sku"]: each["id"] for each in found}

    # ── the buyer ──

    def cart(self, email: str, wanted: list[tuple[str, int]], *, coupon: str = "", name: str = "Ann") -> tuple[_Api, dict[str, Any]]:
        """A cart with an address and a way to ship it."""
        shop = _Api(f"{self.url}/shop-api")
        order: dict[str, Any] = {}
        for sku, units in wanted:
            order = shop(_BUY, v=self.variants[sku], q=units)["addItemToOrder"]
        shop(_WHO, c={"firstName": name, "lastName": "Buyer", "emailAddress": email}, a={**_ADDRESS, "fullName": f"{name} Buyer"})
        if coupon:
            shop(f"mutation($c: String!) {{ applyCouponCode(couponCode: $c) {{ {_ORDER} {_ERROR} }} }}", c=coupon)
        method = shop("{ eligibleShippingMethods { id } }")["eligibleShippingMethods"][0]["id"]
        shop(_SHIP, m=[method])
        return shop, order

    def place(self, email: str, wanted: list[tuple[str, int]], **more: str) -> dict[str, Any]:
        """An order whose payment is authorized."""
        shop, _ = self.cart(email, wanted, **more)
        order: dict[str, Any] = shop(_PAY)["p"]
        return order

    # ── the admin ──

    def settle(self, order: dict[str, Any]) -> None:
        self.admin(f"mutation($i: ID!) {{ settlePayment(id: $i) {{ __typename {_ERROR} }} }}", i=order["payments"][0]["id"])

    def refund(
        self, order: dict[str, Any], lines: list[tuple[int, int]], amount: int | None = None, *, shipping: int = 0, reason: str = ""
    ) -> dict[str, Any]:
        given: dict[str, Any] = {"paymentId": order["payments"][0]["id"], "reason": reason, "shipping": shipping, "adjustment": 0}
        given["lines"] = _lines(order, lines)
        if amount is not None:
            given["amount"] = amount
        query = f"mutation($i: RefundOrderInput!) {{ refundOrder(input: $i) {{ __typename ... on Refund {{ id total }} {_ERROR} }} }}"
        made: dict[str, Any] = self.admin(query, i=given)["refundOrder"]
        return made

    def settle_refund(self, _order: dict[str, Any], refund: dict[str, Any]) -> None:
        query = f"mutation($i: SettleRefundInput!) {{ settleRefund(input: $i) {{ __typename {_ERROR} }} }}"
        self.admin(query, i={"id": refund["id"], "transactionId": f"bank-{refund['id']}"})

    def fulfil(self, order: dict[str, Any], lines: list[tuple[int, int]]) -> dict[str, Any]:
        query = (
            f"mutation($i: FulfillOrderInput!) {{ addFulfillmentToOrder(input: $i) {{ __typename ... on Fulfillment {{ id }} {_ERROR} }} }}"
        )
        made: dict[str, Any] = self.admin(query, i={"lines": _lines(order, lines), "handler": _HANDLER})["addFulfillmentToOrder"]
        return made

    def forward(self, _order: dict[str, Any], parcel: dict[str, Any], state: str) -> None:
        query = f"mutation($i: ID!, $s: String!) {{ transitionFulfillmentToState(id: $i, state: $s) {{ __typename {_ERROR} }} }}"
        self.admin(query, i=parcel["id"], s=state)

    def cancel(self, order: dict[str, Any], lines: list[tuple[int, int]] | None = None, *, shipping: bool = True) -> None:
        given: dict[str, Any] = {"orderId": order["id"], "reason": "changed my mind", "cancelShipping": shipping}
        if lines:
            given["lines"] = _lines(order, lines)
        self.admin(f"mutation($i: CancelOrderInput!) {{ cancelOrder(input: $i) {{ __typename {_ERROR} }} }}", i=given)

    def note(self, order: dict[str, Any]) -> None:
        self.admin(
            "mutation($i: AddNoteToOrderInput!) { addNoteToOrder(input: $i) { id } }", i={"id": order["id"], "note": "x", "isPublic": False}
        )

    def count(self, sku: str, on_hand: int) -> None:
        given = [{"id": self.variants[sku], "stockOnHand": on_hand}]
        self.admin("mutation($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }", i=given)

    def coupon(self, code: str, percent: int) -> None:
        """A promotion: so much off every order with this coupon."""
        given = {
            "enabled": True,
            "couponCode": code,
            "conditions": [],
            "actions": [{"code": "order_percentage_discount", "arguments": [{"name": "discount", "value": str(percent)}]}],
            "translations": [{"languageCode": "en", "name": f"{percent}% off"}],
        }
        query = f"mutation($i: CreatePromotionInput!) {{ createPromotion(input: $i) {{ __typename {_ERROR} }} }}"
        self.admin(query, i=given)

    def trade_in(self, currency: str) -> None:
        """Sell in another currency, at the same figures."""
        given = {"id": "1", "defaultCurrencyCode": currency, "availableCurrencyCodes": [currency]}
        self.admin("mutation($i: UpdateChannelInput!) { updateChannel(input: $i) { __typename } }", i=given)

    def forget(self, customer: str) -> None:
        """Delete a customer."""
        self.admin("mutation($i: ID!) { deleteCustomer(id: $i) { result } }", i=customer)

    # ── what the server says ──

    def orders(self) -> list[dict[str, Any]]:
        """Every order that was placed."""
        options = {"take": 1000, "sort": {"id": "ASC"}, "filter": {"orderPlacedAt": {"isNull": False}}}
        found: list[dict[str, Any]] = self.admin(_TRUTH, o=options)["orders"]["items"]
        return found

    def stock(self) -> dict[str, tuple[int, int]]:
        """On hand and allocated, by SKU."""
        found = self.admin("{ productVariants { items { sku stockLevels { stockOnHand stockAllocated } } } }")["productVariants"]["items"]
        return {
            each["sku"]: (sum(at["stockOnHand"] for at in each["stockLevels"]), sum(at["stockAllocated"] for at in each["stockLevels"]))
            for each in found
        }


def said(order: dict[str, Any]) -> str:
    """State, total, units, money and parcels of an order as the server tells it: whatever changes of it."""
    money = sorted(
        (
            int(each["id"]),
            each["state"],
            each["amount"],
            sorted((int(back["id"]), back["state"], back["total"]) for back in each["refunds"]),
        )
        for each in order["payments"]
    )
    parcels = sorted((int(parcel["id"]), parcel["state"]) for parcel in order["fulfillments"])
    units = [line["quantity"] for line in sorted(order["lines"], key=lambda line: int(line["id"]))]
    return f"{order['state']} {order['totalWithTax']} {units} {money} {parcels}"


def _lines(order: dict[str, Any], lines: list[tuple[int, int]]) -> list[dict[str, Any]]:
    return [{"orderLineId": order["lines"][place]["id"], "quantity": units} for place, units in lines]
