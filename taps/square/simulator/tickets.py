"""What Square works out of a ticket: lines with discounts, taxes, charges and tips, as an Order; and the return order that takes back.

Amounts are minor units. Order discounts are spread over the lines in proportion, each line is taxed for itself, half a unit is rounded
up, and the totals are the sums of the lines (OpenAPI: OrderLineItem, OrderLineItemTax, OrderLineItemDiscount).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax on all lines."""

    name: str
    percentage: str
    inclusive: bool
    catalog_id: str = "TAX1"


@dataclass(frozen=True, slots=True)
class Item:
    """One line to ring up. Without a variation it is an amount typed by hand."""

    name: str
    price: int
    quantity: int = 1
    variation: str | None = None
    kind: str = "ITEM"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is sold together."""

    items: Sequence[Item]
    currency: str
    tax: Tax | None = None
    discount_percentage: str = ""
    service_charge_percentage: str = ""
    tip: int = 0
    cash_rounding: int = 0
    """Smallest coin, in minor units; 0: none."""


def money(amount: int, currency: str) -> Body:
    """Square's Money."""
    return {"amount": amount, "currency": currency}


def share(amount: int, percentage: str, *, inside: bool = False) -> int:
    """A percentage of an amount, or the part of it that is already inside."""
    rate = Decimal(percentage) / 100
    exact = amount * rate / (1 + rate) if inside else amount * rate
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Shares of a total in proportion; what is left over goes to the first ones."""
    whole = sum(weights)
    shares = [total * weight // whole if whole else 0 for weight in weights]
    for place in range(total - sum(shares)):
        shares[place % len(shares)] += 1
    return shares


def rung_up(ticket: Ticket) -> Body:
    """The money side of an Order."""
    currency = ticket.currency
    gross = [item.price * item.quantity for item in ticket.items]
    off_in_all = share(sum(gross), ticket.discount_percentage) if ticket.discount_percentage else 0
    off = spread(off_in_all, gross)
    lines = [_line(ticket, item, place, gross[place], off[place]) for place, item in enumerate(ticket.items)]
    tax = sum(line["total_tax_money"]["amount"] for line in lines)
    sold = sum(line["total_money"]["amount"] for line in lines)
    charges, charged, charge_tax = _charges(ticket, sum(gross) - off_in_all)
    tax += charge_tax
    total = sold + charged + ticket.tip
    rounding = _rounding(total, ticket.cash_rounding)
    order: Body = {
        "line_items": lines,
        "total_money": money(total + rounding, currency),
        "total_tax_money": money(tax, currency),
        "total_discount_money": money(off_in_all, currency),
        "total_tip_money": money(ticket.tip, currency),
        "total_service_charge_money": money(sum(each["applied_money"]["amount"] for each in charges), currency),
    }
    if ticket.tax:
        order["taxes"] = [_tax(ticket.tax, tax, currency)]
    if ticket.discount_percentage:
        order["discounts"] = [_discount(ticket.discount_percentage, off_in_all, currency)]
    if charges:
        order["service_charges"] = charges
    if rounding:
        order["rounding_adjustment"] = {"uid": "rounding", "name": "Cash rounding", "amount_money": money(rounding, currency)}
    order["net_amounts"] = {
        "total_money": order["total_money"],
        "tax_money": order["total_tax_money"],
        "discount_money": order["total_discount_money"],
        "tip_money": order["total_tip_money"],
        "service_charge_money": order["total_service_charge_money"],
    }
    return order


def _line(ticket: Ticket, item: Item, place: int, gross: int, off: int) -> Body:
    currency, tax = ticket.currency, ticket.tax
    taxed = share(gross - off, tax.percentage, inside=tax.inclusive) if tax and item.kind != "GIFT_CARD" else 0
    line: Body = {
        "uid": f"line{place + 1}",
        "name": item.name,
        "quantity": str(item.quantity),
        "item_type": item.kind,
        "base_price_money": money(item.price, currency),
        "variation_total_price_money": money(gross, currency),
        "gross_sales_money": money(gross, currency),
        "total_tax_money": money(taxed, currency),
        "total_discount_money": money(off, currency),
        "total_service_charge_money": money(0, currency),
        "total_money": money(gross - off + (taxed if tax and not tax.inclusive else 0), currency),
    }
    if item.variation:
        line |= {"catalog_object_id": item.variation, "catalog_version": 1, "variation_name": "Regular"}
    if tax and taxed:
        line["applied_taxes"] = [{"uid": f"tax{place + 1}", "tax_uid": "tax", "applied_money": money(taxed, currency)}]
    if off:
        line["applied_discounts"] = [{"uid": f"off{place + 1}", "discount_uid": "discount", "applied_money": money(off, currency)}]
    return line


def _charges(ticket: Ticket, base: int) -> tuple[list[Body], int, int]:
    """A service charge on the subtotal, taxed like the goods: the charges, what they add to the total, and their tax."""
    if not ticket.service_charge_percentage:
        return [], 0, 0
    applied = share(base, ticket.service_charge_percentage)
    taxed = share(applied, ticket.tax.percentage, inside=ticket.tax.inclusive) if ticket.tax else 0
    total = applied + (taxed if ticket.tax and not ticket.tax.inclusive else 0)
    charge: Body = {
        "uid": "charge",
        "name": "Service charge",
        "percentage": ticket.service_charge_percentage,
        "applied_money": money(applied, ticket.currency),
        "total_money": money(total, ticket.currency),
        "total_tax_money": money(taxed, ticket.currency),
        "calculation_phase": "SUBTOTAL_PHASE",
        "taxable": ticket.tax is not None,
        "type": "CUSTOM",
        "treatment_type": "LINE_ITEM_TREATMENT",
    }
    if taxed:
        charge["applied_taxes"] = [{"uid": "taxc", "tax_uid": "tax", "applied_money": money(taxed, ticket.currency)}]
    return [charge], total, taxed


def _rounding(total: int, coin: int) -> int:
    """What cash rounding adds or takes off; to the nearest coin."""
    return (total + coin // 2) // coin * coin - total if coin else 0


def _tax(tax: Tax, amount: int, currency: str) -> Body:
    return {
        "uid": "tax",
        "catalog_object_id": tax.catalog_id,
        "name": tax.name,
        "percentage": tax.percentage,
        "type": "INCLUSIVE" if tax.inclusive else "ADDITIVE",
        "applied_money": money(amount, currency),
        "scope": "ORDER",
    }


def _discount(percentage: str, amount: int, currency: str) -> Body:
    return {
        "uid": "discount",
        "name": f"{percentage} % off",
        "percentage": percentage,
        "type": "FIXED_PERCENTAGE",
        "applied_money": money(amount, currency),
        "scope": "ORDER",
    }


def taken_back(order: Body, places: Sequence[int], *, tip: int = 0) -> Body:
    """A return of whole lines of an order, as OrderReturn; a tip may go back with them."""
    lines = [order["line_items"][place] for place in places]
    currency = order["total_money"]["currency"]
    total, tax, off = (sum(line[f"total_{part}money"]["amount"] for line in lines) for part in ("", "tax_", "discount_"))
    back: Body = {
        "uid": "return1",
        "source_order_id": order["id"],
        "return_line_items": [_line_back(line, place) for place, line in enumerate(lines)],
        "return_amounts": {
            "total_money": money(total + tip, currency),
            "tax_money": money(tax, currency),
            "discount_money": money(off, currency),
            "tip_money": money(tip, currency),
            "service_charge_money": money(0, currency),
        },
    }
    if tax:
        back["return_taxes"] = [{**order["taxes"][0], "uid": "rtax", "source_tax_uid": "tax", "applied_money": money(tax, currency)}]
    if off:
        given = {**order["discounts"][0], "uid": "roff", "source_discount_uid": "discount", "applied_money": money(off, currency)}
        back["return_discounts"] = [given]
    if tip:
        back["return_tips"] = [{"uid": "rtip", "applied_money": money(tip, currency), "source_tender_id": order["tenders"][0]["id"]}]
    return back


_TAKEN_OVER = (
    "name",
    "quantity",
    "item_type",
    "catalog_object_id",
    "catalog_version",
    "variation_name",
    "base_price_money",
    "variation_total_price_money",
    "total_tax_money",
    "total_discount_money",
    "total_service_charge_money",
    "total_money",
)


def _line_back(line: Body, place: int) -> Body:
    back = {name: line[name] for name in _TAKEN_OVER if name in line}
    return {**back, "uid": f"back{place + 1}", "source_line_item_uid": line["uid"], "gross_return_money": line["gross_sales_money"]}
