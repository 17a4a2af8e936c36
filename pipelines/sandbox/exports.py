"""The exports as the company's systems write them: values in, rows out. Each file has the habits of the system it comes from.

The shop and its processors write JSON Lines (text for prices, whole minor units for payments); the till writes a semicolon-separated
file in Windows-1252 with decimal commas, one row a line and the head repeated; CRM and staff system write plain CSV in UTF-8.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pipelines.sandbox.settle import CARD_VALUE
from pipelines.sandbox.trade import Dispute, Line, Order, Payment, Payout, Receipt, Refund, Settlement
from pipelines.sandbox.world import GIFT_CARD, RATE, UK_STANDARD, US_STATE, Person, Product, Shift

Row = dict[str, Any]
TILL_TAX = {"UK-STD": "1", "UK-ZERO": "2", "NONE": ""}
"""The till knows tax codes by number."""


def utc(at: datetime) -> str:
    """An instant as the web shop writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _tax(code: str, amount: Decimal) -> Row | None:
    return None if code == "NONE" else {"code": code, "rate": f"{RATE[code]:.2f}", "amount": f"{amount:.2f}"}


def _line(kind: str, title: str, price: Decimal, tax: Row | None, **more: Any) -> Row:
    return {"type": kind, "title": title, "quantity": 1, "unit_price": f"{price:.2f}", "discount": "0.00", "tax": tax} | more


def _item(line: Line) -> Row:
    kind = "gift_card" if line.sku == GIFT_CARD else "item"
    tax = _tax(line.tax_code, line.tax)
    return _line(kind, line.title, line.price, tax, sku=line.sku, quantity=line.quantity, discount=f"{line.discount:.2f}")


def _order_lines(order: Order) -> list[Row]:
    """What was ordered, then carriage and tip: the shop exports all of it as lines."""
    lines = [_item(line) for line in order.lines]
    if order.shipping:
        tax = _tax(UK_STANDARD if order.inclusive else US_STATE, order.shipping_tax)
        lines.append(_line("shipping", "Tracked 48", order.shipping, tax))
    if order.tip:
        lines.append(_line("tip", "Tip for the packers", order.tip, None))
    return lines


def order_row(order: Order, updated: datetime | None = None) -> Row:
    """One order of the shop, nested as it exports it."""
    return {
        "id": order.id,
        "number": f"MM-{order.id}",
        "store": order.store,
        "test": order.test,
        "created_at": utc(order.placed),
        "updated_at": utc(updated or order.placed),
        "currency": order.currency,
        "exchange_rate": f"{order.rate:.4f}" if order.rate else None,
        "prices_include_tax": order.inclusive,
        "customer": order.customer.number if order.customer else None,
        "email": order.customer.email if order.customer else None,
        "lines": _order_lines(order),
        "discount_codes": [{"code": order.code, "amount": f"{order.discount:.2f}"}] if order.code else [],
        "totals": {"discount": f"{order.discount:.2f}", "tax": f"{order.tax:.2f}", "total": f"{order.total:.2f}"},
        "fulfilment": {"id": f"F{order.id}", "shipped_at": utc(order.shipped), "from": "WH1"} if order.shipped else None,
    }


def payment_row(payment: Payment) -> Row:
    """One charge, in pence and cents; the processor's part is in GBP."""
    settlement = {"currency": "GBP", "amount": int(payment.settled * 100), "fee": int(payment.fee * 100)}
    return {
        "id": payment.id,
        "order": payment.order,
        "created_at": utc(payment.at),
        "method": payment.method,
        "gateway": payment.gateway or None,
        "amount": int(payment.amount * 100),
        "currency": payment.currency,
        "exchange_rate": f"{payment.rate:.4f}" if payment.rate else None,
        "settlement": settlement if payment.gateway else None,
        "payout": payment.payout or None,
    }


def refund_row(refund: Refund) -> Row:
    """One refund with the lines that it takes back."""
    lines = [
        {
            "line": line.line,
            "sku": line.sku,
            "quantity": line.units,
            "gross": f"{line.gross:.2f}",
            "discount": f"{line.discount:.2f}",
            "tax": f"{line.tax:.2f}",
        }
        for line in refund.lines
    ]
    return {
        "id": refund.id,
        "order": refund.order,
        "created_at": utc(refund.at),
        "store": "uk" if refund.inclusive else "us",
        "currency": refund.currency,
        "exchange_rate": f"{refund.rate:.4f}" if refund.rate else None,
        "prices_include_tax": refund.inclusive,
        "restock": refund.restock,
        "lines": lines,
        "method": refund.method,
        "gateway": refund.gateway,
        "tax": f"{refund.tax:.2f}",
        "total": f"{refund.total:.2f}",
        "payout": refund.payout or None,
    }


def dispute_rows(dispute: Dispute) -> list[Row]:
    """The chargeback when it was opened and again when it was lost; the later row replaces the earlier one."""
    first: Row = {
        "id": dispute.id,
        "payment": dispute.payment,
        "order": dispute.order,
        "gateway": dispute.gateway,
        "opened_at": utc(dispute.opened),
        "updated_at": utc(dispute.opened),
        "reason": "fraudulent",
        "amount": int(dispute.amount * 100),
        "fee": int(dispute.fee * 100),
        "currency": dispute.currency,
        "exchange_rate": f"{dispute.rate:.4f}" if dispute.rate else None,
        "status": "open",
        "resolved_at": None,
    }
    return [first, first | {"status": "lost", "updated_at": utc(dispute.lost), "resolved_at": utc(dispute.lost)}]


def payout_row(payout: Payout) -> Row:
    """What a processor sent to the bank."""
    return {
        "id": payout.id,
        "gateway": payout.gateway,
        "currency": "GBP",
        "issued_at": utc(payout.issued),
        "arrival_date": f"{payout.arrives:%Y-%m-%d}",
        "status": "paid",
        "gross": int(payout.gross * 100),
        "fees": int(payout.fees * 100),
        "refunds": int(payout.refunds * 100),
        "disputes": int(payout.disputes * 100),
        "net": int(payout.net * 100),
    }


def product_row(product: Product) -> Row:
    """One article of the shop."""
    return {
        "sku": product.sku,
        "title": product.title,
        "category": product.category,
        "tax_code": product.tax,
        "price_gbp": f"{product.gbp:.2f}",
        "price_usd": f"{product.usd:.2f}",
        "cost_gbp": f"{product.cost:.2f}",
        "updated_at": "2025-12-20T09:00:00Z",
    }


LEAVER = "E15"
TILL_COLUMNS = (
    "Receipt", "Kind", "Date", "Time", "Store", "Register", "Cashier", "Customer", "Original", "SKU", "Text", "Quantity", "Price",
    "Discount", "Tax code", "Tax", "Amount", "Total", "Rounding", "Tender", "Gift card",
)  # fmt: skip


def comma(value: Decimal) -> str:
    """Two decimals after a comma."""
    return f"{value:.2f}".replace(".", ",")


def receipt_rows(receipt: Receipt) -> list[Row]:
    """One row a line, tips and sold gift cards included; each row repeats the receipt's head."""
    head = {
        "Receipt": receipt.number,
        "Kind": receipt.kind,
        "Date": f"{receipt.at:%d.%m.%Y}",
        "Time": f"{receipt.at:%H:%M:%S}",
        "Store": receipt.store,
        "Register": receipt.register,
        "Cashier": receipt.cashier,
        "Customer": receipt.customer,
        "Original": receipt.original,
    }
    tail = {
        "Total": comma(receipt.total),
        "Rounding": comma(receipt.rounding),
        "Tender": receipt.tender,
        "Gift card": comma(receipt.by_gift_card),
    }
    rows = [head | _till_line(line) | tail for line in receipt.lines]
    if receipt.tip:
        rows.append(head | _till_extra("TIP", "Tip", receipt.tip) | tail)
    if receipt.donation:
        rows.append(head | _till_extra("CHARITY", "Hospice box", receipt.donation) | tail)
    rows += [head | _till_extra(GIFT_CARD, "Gift card", CARD_VALUE) | tail] * receipt.gift_cards
    return rows


def _till_line(line: Line) -> Row:
    return {
        "SKU": line.sku,
        "Text": line.title,
        "Quantity": str(line.quantity),
        "Price": comma(line.price),
        "Discount": comma(line.discount),
        "Tax code": TILL_TAX[line.tax_code],
        "Tax": comma(line.tax),
        "Amount": comma(line.total),
    }


def _till_extra(sku: str, text: str, amount: Decimal) -> Row:
    price, none = comma(amount), comma(Decimal(0))
    return {"SKU": sku, "Text": text, "Quantity": "1", "Price": price, "Discount": none, "Tax code": "", "Tax": none, "Amount": price}


def settlement_row(settlement: Settlement) -> Row:
    """A day of the card terminals."""
    return {
        "Settlement": settlement.id,
        "Issued": f"{settlement.issued:%d.%m.%Y}",
        "At bank": f"{settlement.arrives:%d.%m.%Y}",
        "Card sales": comma(settlement.gross),
        "Card returns": comma(settlement.refunds),
        "Charges": comma(settlement.fees),
        "Paid out": comma(settlement.net),
    }


def customer_row(person: Person) -> Row:
    """One contact of the CRM; every field of it is personal."""
    return {
        "Contact": person.number,
        "First name": person.first,
        "Last name": person.last,
        "Company": person.company,
        "E-mail": person.email,
        "Phone": person.phone,
        "Street": person.street,
        "City": person.city,
        "Postcode": person.postcode,
        "Country": person.country,
        "Newsletter": "yes" if int(person.number[1:]) % 3 else "no",
        "Changed": "2025-12-18T10:00:00Z",
    }


def employee_row(person: Person) -> Row:
    """One member of staff."""
    number = int(person.number[1:])
    return {
        "Staff no": person.number,
        "First name": person.first,
        "Last name": person.last,
        "E-mail": person.email,
        "Phone": person.phone,
        "Shop": f"S0{2 - number % 2}",
        "Role": "Shop manager" if number in (1, 2) else "Sales assistant",
        "Hired": f"20{18 + number % 7}-0{1 + number % 9}-01",
        "Left": "2026-01-24" if person.number == LEAVER else "",
    }


def shift_row(shift: Shift) -> Row:
    """One entry of the time clock, in local time."""
    return {
        "Entry": shift.number,
        "Staff no": shift.employee,
        "Shop": shift.store,
        "Clock in": f"{shift.start:%Y-%m-%d %H:%M}",
        "Clock out": f"{shift.end:%Y-%m-%d %H:%M}",
        "Unpaid minutes": str(shift.unpaid_minutes),
    }


def json_lines(rows: Iterable[Row]) -> bytes:
    """One JSON object a line, in UTF-8."""
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


def separated(rows: Iterable[Row], columns: Sequence[str], separator: str, encoding: str) -> bytes:
    """A CSV file with a header and Windows line ends, as the systems of shops write them."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, delimiter=separator, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)
