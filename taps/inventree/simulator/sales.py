"""Sales orders of the simulated server: lines, allocations, and the states from pending to complete or cancelled [C].

Status codes are those of the server's source: 10 pending, 15 in progress, 20 shipped, 25 on hold, 30 complete, 40 cancelled; 10, 15 and 25
are open. An action that does not fit the state is answered with 201 all the same and does nothing [C].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from taps._kit.simulator import Clock
from taps.inventree.facts import CANCELLED, COMPLETE, IN_PROGRESS, ON_HOLD, PENDING, SALE_OPEN, SHIPPED
from taps.inventree.simulator.rules import Invalid, known, quantity_of, required, texts
from taps.inventree.simulator.tables import Row, Tables, instant

STATES = {
    PENDING: "Pending",
    IN_PROGRESS: "In Progress",
    SHIPPED: "Shipped",
    ON_HOLD: "On Hold",
    COMPLETE: "Complete",
    CANCELLED: "Cancelled",
}
_LONGEST_REFERENCE = 64
_ORDER = ("customer", "reference", "customer_reference", "description", "creation_date", "target_date", "order_currency", "link", "notes")
_LINE = ("part", "quantity", "reference", "notes", "sale_price", "sale_price_currency", "target_date", "line")


class Sales:
    """The rules of sales orders. Its settings are those of the server [C]."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        self.reference_pattern = "SO-{ref:04d}"
        self.default_shipment = False
        """SALESORDER_DEFAULT_SHIPMENT: an order comes with a shipment, which keeps it from being completed until it is shipped or gone."""
        self.ship_complete = False
        """SALESORDER_SHIP_COMPLETE: an order that is completed is complete at once, and not shipped first."""
        self.edit_completed = False
        """SALESORDER_EDIT_COMPLETED_ORDERS: what is shipped or complete may still be changed."""

    # ── orders ──

    def create(self, body: Any, user: int) -> Row:
        """A new order, pending. Its reference is unique, at most 64 characters, and matches the pattern."""
        fields = texts("sales_order", body)
        reference = str(required(body, "reference")).strip()
        self._reference(reference)
        customer = fields.get("customer")
        if customer is not None and not known(self._tables.companies, "customer", customer)["is_customer"]:
            raise Invalid({"customer": [f'Invalid pk "{customer}" - object does not exist.']})
        now = instant(self._clock())
        blank = {"description": "", "customer": None, "customer_reference": "", "order_currency": "EUR", "total_price": None}
        more = {"status": PENDING, "status_text": STATES[PENDING], "created_by": user, "updated_at": now, "issue_date": None}
        chosen = {name: fields[name] for name in _ORDER if name in fields}
        row = self._tables.put(
            self._tables.sales_orders, blank | {"creation_date": now[:10], "shipment_date": None} | more | chosen | {"reference": reference}
        )
        if self.default_shipment:
            self._tables.put(self._tables.shipments, {"order": row["pk"], "reference": "1", "shipment_date": None})
        return row

    def _reference(self, reference: str) -> None:
        width = re.search(r"\{ref(?::0(\d+)d)?\}", self.reference_pattern)
        head, _ref, tail = self.reference_pattern.partition(width[0] if width else "")
        digits = rf"\d{{{int(width[1] or 1) if width else 1},}}"
        if len(reference) > _LONGEST_REFERENCE:
            raise Invalid({"reference": [f"Ensure this field has no more than {_LONGEST_REFERENCE} characters."]})
        if not re.fullmatch(re.escape(head) + digits + re.escape(tail), reference):
            raise Invalid({"reference": [f"Reference must match required pattern: {self.reference_pattern}"]})
        if any(row["reference"] == reference for row in self._tables.sales_orders.values()):
            raise Invalid({"reference": ["Sales Order with this Reference already exists."]})

    def change(self, order: Row, body: Any) -> Row:
        """Fields of an order that is not locked."""
        fields = texts("sales_order", body)
        self._unlocked(order)
        if "reference" in fields and fields["reference"] != order["reference"]:
            self._reference(str(fields["reference"]))
        order.update({name: fields[name] for name in _ORDER if name in fields})
        self._touch(order)
        return order

    def _unlocked(self, order: Row) -> None:
        if order["status"] in (SHIPPED, COMPLETE) and not self.edit_completed:
            raise Invalid({"non_field_errors": ["The order is locked and cannot be modified"]})

    def _touch(self, order: Row) -> None:
        order["updated_at"] = instant(self._clock())

    def _become(self, order: Row, status: int) -> None:
        order["status"], order["status_text"] = status, STATES[status]
        self._touch(order)

    def issue(self, order: Row) -> None:
        """From pending or on hold to in progress; else nothing happens."""
        if order["status"] in (PENDING, ON_HOLD):
            self._become(order, IN_PROGRESS)
            order["issue_date"] = instant(self._clock())[:10]

    def hold(self, order: Row) -> None:
        """From pending or in progress to on hold."""
        if order["status"] in (PENDING, IN_PROGRESS):
            self._become(order, ON_HOLD)

    def cancel(self, order: Row) -> None:
        """Only an open order; what it keeps is free again."""
        if order["status"] in SALE_OPEN:
            self._become(order, CANCELLED)
            self.free(each["pk"] for each in self.allocations(order))

    def complete(self, order: Row, body: Any) -> None:
        """Shipped, or complete at once if it is set so. Not while a shipment or an allocation is pending, nor with open lines unasked."""
        accepts = bool((body or {}).get("accept_incomplete"))
        if order["status"] in (COMPLETE, CANCELLED):
            raise Invalid({"non_field_errors": [f"Order is already {STATES[order['status']].lower()}"]})
        if any(each["shipment_date"] is None for each in self._of(self._tables.shipments, order)):
            raise Invalid({"non_field_errors": ["Order cannot be completed as there are incomplete shipments"]})
        if self.allocations(order):
            raise Invalid({"non_field_errors": ["Order cannot be completed as there are incomplete allocations"]})
        if not accepts and any(line["shipped"] < line["quantity"] for line in self._of(self._tables.sales_lines, order)):
            raise Invalid({"accept_incomplete": ["Order has incomplete line items"]})
        self._become(order, COMPLETE if self.ship_complete or order["status"] == SHIPPED else SHIPPED)
        order["shipment_date"] = order["shipment_date"] or instant(self._clock())[:10]

    def _of(self, table: Mapping[int, Row], order: Row) -> list[Row]:
        return [row for row in table.values() if row["order"] == order["pk"]]

    # ── lines ──

    def add_line(self, body: Any) -> Row:
        """A line; only of a part that may be sold."""
        order = known(self._tables.sales_orders, "order", required(body, "order"))
        self._unlocked(order)
        fields = texts("sales_line", body)
        part = known(self._tables.parts, "part", required(body, "part"))
        if not part["salable"]:
            raise Invalid({"part": ["Only salable parts can be assigned to a sales order"]})
        blank = {"reference": "", "notes": "", "sale_price": None, "sale_price_currency": "EUR", "shipped": Decimal(0)}
        chosen = {name: fields[name] for name in _LINE if name in fields} | {"quantity": quantity_of(required(body, "quantity"))}
        self._touch(order)
        return self._tables.put(self._tables.sales_lines, {"order": order["pk"], **blank, **chosen})

    def change_line(self, line: Row, body: Any) -> Row:
        """Fields of a line."""
        order = self._tables.sales_orders[line["order"]]
        self._unlocked(order)
        fields = texts("sales_line", body)
        line.update({name: fields[name] for name in _LINE if name in fields and name != "part"})
        line["quantity"] = quantity_of(line["quantity"])
        self._touch(order)
        return line

    def remove_line(self, line: Row) -> None:
        """A line goes with what it keeps."""
        order = self._tables.sales_orders[line["order"]]
        self._unlocked(order)
        self.free(each["pk"] for each in self.allocations(order) if each["line"] == line["pk"])
        del self._tables.sales_lines[line["pk"]]
        self._touch(order)

    # ── allocations ──

    def allocations(self, order: Row) -> list[Row]:
        """What an order keeps."""
        lines = {line["pk"] for line in self._of(self._tables.sales_lines, order)}
        return [each for each in self._tables.allocations.values() if each["line"] in lines]

    def allocate(self, order: Row, body: Any) -> None:
        """Stock items for lines, all or none; without a shipment where none is named. Not more of an item than is kept for nobody."""
        items = required(body, "items")
        if not items:
            raise Invalid({"non_field_errors": ["Allocation items must be provided"]})
        errors: list[Row] = []
        for each in items:
            try:
                self._fits(order, each)
                errors.append({})
            except Invalid as wrong:
                errors.append(wrong.errors)
        if any(errors):
            raise Invalid({"items": errors})
        for each in items:
            row = {"order": order["pk"], "line": each["line_item"], "item": each["stock_item"], "quantity": quantity_of(each["quantity"])}
            self._tables.put(self._tables.allocations, row | {"shipment": body.get("shipment")})

    def _fits(self, order: Row, body: Any) -> None:
        line = known(self._tables.sales_lines, "line_item", required(body, "line_item"))
        if line["order"] != order["pk"]:
            raise Invalid({"line_item": ["Line item is not associated with this order"]})
        item = known(self._tables.items, "stock_item", required(body, "stock_item"))
        quantity = quantity_of(required(body, "quantity"))
        if quantity <= 0:
            raise Invalid({"quantity": ["Quantity must be positive"]})
        if item["part"] != line["part"]:
            raise Invalid({"non_field_errors": ["Cannot allocate stock item to a line with a different part"]})
        free = item["quantity"] - self._tables.kept_of(item["pk"])
        if quantity > free:
            raise Invalid({"quantity": [f"Available quantity ({free.normalize():f}) exceeded"]})

    def free(self, allocations: Iterable[int]) -> None:
        """Take allocations back."""
        for pk in list(allocations):
            self._tables.allocations.pop(pk, None)
