"""What an order carries beside what Vendure says: instants from its history, taxes by line, and what each refund takes back of the sale.

All amounts are whole numbers of the server's unit of money, like Vendure's own.

A refund at Vendure is money alone. Goods that are cancelled make the order smaller, with the refund or without one; a refund of goods that
stay in the order makes the sale smaller and leaves the order as it is. So of the refunds of an order those come first that only give back
what was paid beyond its total; what is refunded beyond that takes back so much of the sale (`takesBack`, `takes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = Mapping[str, Any]
_TEXTS = "id", "code", "type", "state", "createdAt", "updatedAt", "orderPlacedAt", "currencyCode", "cancelledAt", "moneyUnit"
_COUNTS = "totalQuantity", "subTotal", "subTotalWithTax", "shipping", "shippingWithTax", "total", "totalWithTax"
_LISTS = (
    *("couponCodes", "channels", "taxSummary", "discounts", "lines", "surcharges", "shippingLines"),
    *("payments", "refunds", "fulfillments", "modifications", "allTaxes"),
)
COLUMNS = {
    **dict.fromkeys(_TEXTS, "string"),
    **dict.fromkeys(_COUNTS, "integer"),
    **dict.fromkeys(("customer", "shippingAddress", "billingAddress"), "object"),
    **dict.fromkeys(_LISTS, "array"),
    "active": "boolean",
}
"""The fields of an order's record, and what each is in JSON."""


def whole_order(order: Row) -> dict[str, Any]:
    """The record of an order."""
    when = _History(order["history"]["items"])
    lines = {line["id"]: line | {"lineNumber": number} for number, line in enumerate(order["lines"], 1)}
    return {
        **{name: value for name, value in order.items() if name != "history"},
        "lines": list(lines.values()),
        "payments": [
            {name: value for name, value in payment.items() if name != "refunds"} | {"settledAt": when.payment(payment)}
            for payment in order["payments"] or []
        ],
        "refunds": [refund | {"settledAt": when.refund(refund)} for refund in _taking(order, lines)],
        "fulfillments": [
            parcel | {"shippedAt": when.parcel(parcel), "lines": [_named(line, lines) for line in parcel["lines"]]}
            for parcel in order["fulfillments"] or []
        ],
        "allTaxes": list(_taxes(order)),
        "cancelledAt": when.cancelled() if order["state"] == "Cancelled" else None,
    }


def _named(part: Row, lines: Mapping[str, Row]) -> dict[str, Any]:
    line = lines[part["orderLineId"]]
    return {**part, "lineNumber": line["lineNumber"], "sku": line["productVariant"]["sku"], "name": line["productVariant"]["name"]}


class _History:
    """When something came into a state."""

    def __init__(self, entries: Sequence[Row]) -> None:
        self._entries = entries

    def payment(self, payment: Row) -> str | None:
        """When the money was taken."""
        return self._first("paymentId", payment["id"], "Settled")

    def refund(self, refund: Row) -> str | None:
        """When the money was given back."""
        return self._first("refundId", refund["id"], "Settled")

    def parcel(self, parcel: Row) -> str | None:
        """When it was handed over."""
        return self._first("fulfillmentId", parcel["id"], "Shipped", "Delivered")

    def cancelled(self) -> str | None:
        """When the order was cancelled, the last time."""
        moves = [entry for entry in self._entries if entry["type"] == "ORDER_STATE_TRANSITION"]
        return next((str(entry["createdAt"]) for entry in reversed(moves) if entry["data"].get("to") == "Cancelled"), None)

    def _first(self, what: str, number: str, *states: str) -> str | None:
        for entry in self._entries:
            if str(entry["data"].get(what)) == number and entry["data"].get("to") in states:
                return str(entry["createdAt"])
        return None


# ── taxes ──


def _taxes(order: Row) -> Iterator[dict[str, Any]]:
    """Each tax of each line, shipping line and surcharge, numbered as the lines of a document are: goods, shipping, surcharges."""
    for number, line in enumerate(order["lines"], 1):
        yield from _split(number, line["proratedLinePrice"], line["proratedLinePriceWithTax"], line["taxLines"])
    for number, line in enumerate(order["shippingLines"], len(order["lines"]) + 1):
        net, gross = line["discountedPrice"], line["discountedPriceWithTax"]
        yield from _split(number, net, gross, _likely(order, net, gross))
    for number, extra in enumerate(order["surcharges"], len(order["lines"]) + len(order["shippingLines"]) + 1):
        yield from _split(number, extra["price"], extra["priceWithTax"], extra["taxLines"])


def _split(number: int, net: int, gross: int, taxes: Sequence[Row]) -> Iterator[dict[str, Any]]:
    tax = gross - net
    if not tax:
        return
    for each, amount in zip(taxes, shares(tax, [Decimal(each["taxRate"]) for each in taxes]), strict=True):
        if amount:
            yield {"lineNumber": number, **each, "base": net, "amount": amount}


def _likely(order: Row, net: int, gross: int) -> list[Row]:
    """The tax of a shipping line, which Vendure gives as an amount only: the one of the order's taxes that comes nearest."""
    nearest = min(order["taxSummary"], key=lambda each: abs(Decimal(each["taxRate"]) * net / 100 - (gross - net)), default=None)
    return [{"description": nearest["description"], "taxRate": nearest["taxRate"]}] if nearest else [{"description": None, "taxRate": None}]


def shares(amount: int, weights: Sequence[Decimal]) -> list[int]:
    """Whole shares that add up to the amount exactly; all of it for the first where no weight counts."""
    total = sum(weights, Decimal(0))
    if not total:
        return [amount] + [0] * (len(weights) - 1)
    cut, gone, found = Decimal(0), 0, []
    for weight in weights:
        cut += weight
        here = int((amount * cut / total).quantize(Decimal(1), ROUND_HALF_UP))
        found.append(here - gone)
        gone = here
    return found


# ── refunds ──


def _taking(order: Row, lines: Mapping[str, Row]) -> Iterator[dict[str, Any]]:
    """Refunds in their order, each with what it takes back of the sale."""
    refunds: list[dict[str, Any]] = [
        refund | {"paymentId": payment["id"], "paymentMethod": payment["method"]}
        for payment in order["payments"] or []
        for refund in payment["refunds"]
    ]
    refunds.sort(key=lambda refund: (refund["createdAt"], len(refund["id"]), refund["id"]))
    paid = sum(payment["amount"] for payment in order["payments"] or [] if payment["state"] == "Settled")
    beyond = max(paid - order["totalWithTax"], 0)
    for refund in refunds:
        back = 0
        if refund["state"] != "Failed":
            back = max(refund["total"] - beyond, 0)
            beyond -= refund["total"] - back
        named = [_named(line, lines) for line in refund["lines"]]
        yield {**refund, "lines": named, "takesBack": back, "takes": list(_takes(order, lines, refund, back))}


def _takes(order: Row, lines: Mapping[str, Row], refund: Row, back: int) -> Iterator[dict[str, Any]]:
    """The lines of what a refund takes back. Goods and shipping by name where it takes back all that it says; else by tax rate alone."""
    if not back:
        return
    rest = back
    if back == refund["total"] and refund["lines"]:
        rest -= refund["items"]
        yield from _goods(lines, refund)
    if back == refund["total"] and refund["shipping"]:
        rest -= refund["shipping"]
        yield _priced({"kind": "shipping", "name": "Shipping"}, refund["shipping"], _rates(order, shipping=True)[0])
    rates = _rates(order, shipping=False)
    for (rate, _), share in zip(rates, shares(rest, [weight for _, weight in rates]), strict=True):
        if share:
            yield _priced({"kind": "manual", "name": refund["reason"]}, share, (rate, Decimal(0)))


def _goods(lines: Mapping[str, Row], refund: Row) -> Iterator[dict[str, Any]]:
    """What the refund says of goods, by unit price: the sum is Vendure's, whose unit prices are rounded."""
    chosen = [(lines[part["orderLineId"]], part) for part in refund["lines"]]
    worth = [Decimal(line["proratedUnitPriceWithTax"] * part["quantity"]) for line, part in chosen]
    for (line, part), gross in zip(chosen, shares(refund["items"], worth), strict=True):
        yield _priced({**_named(part, lines), "kind": "item"}, gross, (Decimal(line["taxRate"]), Decimal(0)))


def _priced(line: dict[str, Any], gross: int, rate: tuple[Decimal, Decimal]) -> dict[str, Any]:
    net = int((gross / (1 + rate[0] / 100)).quantize(Decimal(1), ROUND_HALF_UP))
    return {**line, "net": net, "tax": gross - net, "gross": gross, "taxRate": rate[0]}


def _rates(order: Row, *, shipping: bool) -> list[tuple[Decimal, Decimal]]:
    """Tax rates and what was sold at each, with tax: of the shipping, or of everything. Never empty."""
    if shipping:
        found = [
            (Decimal(_likely(order, each["price"], each["priceWithTax"])[0]["taxRate"] or 0), Decimal(each["priceWithTax"]))
            for each in order["shippingLines"]
        ]
    else:
        found = [(Decimal(each["taxRate"]), Decimal(each["taxBase"] + each["taxTotal"])) for each in order["taxSummary"]]
    return found or [(Decimal(0), Decimal(0))]
