"""From an intent to the documents that its attempt makes. Reads what stands where something is to be taken back; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from taps._kit.edge import Edge
from taps.tryton.client import search
from taps.tryton.facts import MOVING
from targets._kit.writer import Intent, Verb
from targets.tryton import entries, goods, invoices
from targets.tryton.catalogue import Catalogue, Unfit
from targets.tryton.config import TrytonTargetConfig
from targets.tryton.steps import INVOICE, MOVE, SHIPMENT, STATEMENT, Plan, Step, tag

_PRODUCT = "product.product"


def models_of(kind: str) -> tuple[str, ...]:
    """Where documents of a kind are to be looked for."""
    return (SHIPMENT,) if kind in MOVING else entries.MODELS[kind]


@dataclass(slots=True)
class Planner:
    """Plans for one open connection; remembers the products and invoices that it was asked for."""

    edge: Edge
    config: TrytonTargetConfig
    catalogue: Catalogue
    _by_sku: dict[str, goods.Product] = field(default_factory=dict)
    _units: dict[int, int] = field(default_factory=dict)
    _payers: dict[int, int] = field(default_factory=dict)

    def plan(self, intent: Intent, of: str) -> Plan:
        """The documents of an attempt. Raises Unfit."""
        if intent.subject.kind in MOVING:
            return self._goods(intent, of)
        bodies: list[tuple[str, Mapping[str, Any], int | None]] = []
        if intent.verb in (Verb.CREATE, Verb.UPDATE):
            bodies.append(self._wanted(intent, of))
        if intent.verb is not Verb.CREATE:
            bodies.append((*self._opposite(intent, of), None))
        steps = tuple(Step(model, tag(intent, leg, len(bodies)), values, pays) for leg, (model, values, pays) in enumerate(bodies, start=1))
        lines = intent.lines if intent.verb in (Verb.CREATE, Verb.UPDATE) else ()
        wanted = sum((line.amount for line in lines if line.control), Decimal(0))
        before = Decimal((intent.booked or {}).get("amount", 0)) if intent.verb is not Verb.CREATE else Decimal(0)
        return Plan(steps, wanted - before, self.catalogue.currency)

    # ── money ──

    def _wanted(self, intent: Intent, of: str) -> tuple[str, Mapping[str, Any], int | None]:
        foreign = {line.currency for line in intent.lines} - {self.catalogue.currency}
        if foreign:
            say = f"{of} is booked in {', '.join(sorted(foreign))}, and the company's books in Tryton are in {self.catalogue.currency}."
            raise Unfit("POST-RULE", say, "Set base_currency of the posting to that of the company in Tryton.", "currency")
        if intent.subject.kind in ("invoice", "credit_note"):
            self.catalogue.span(intent.date, of)
            terms = invoices.Terms(self.config, self.catalogue, self._products_of(intent))
            return INVOICE, invoices.invoice(intent, terms, of), None
        parent = intent.related.get("parent")
        if intent.subject.kind == "payment" and parent is not None and parent.remote_id.startswith(f"{INVOICE},"):
            number = int(parent.remote_id.partition(",")[2])
            return STATEMENT, entries.payment(intent, self.catalogue, self._payer(number, of), of), number
        return MOVE, entries.move(intent, self.config, self.catalogue, of), None

    def _opposite(self, intent: Intent, of: str) -> tuple[str, Mapping[str, Any]]:
        (name,) = (intent.booked or {}).get("documents") or ("",)
        model, _comma, number = str(name).partition(",")
        if not number:
            raise Unfit("SEND-CHANGED", f"Nothing is known to stand in Tryton for {of}.", "Ask for a reconciliation of this document.")
        if model == INVOICE:
            terms = invoices.Terms(self.config, self.catalogue, {})
            return INVOICE, invoices.opposite(self.edge, int(number), terms, of)
        return MOVE, entries.opposite(self.edge, model, int(number), self.config, self.catalogue, of)

    def _payer(self, invoice: int, of: str) -> int:
        if invoice not in self._payers:
            found = search(self.edge, INVOICE, [["id", "=", invoice]], ("party",))
            if not found:
                raise invoices.gone(f"The invoice that {of} pays", "deleted")
            self._payers[invoice] = found[0]["party"]
        return self._payers[invoice]

    # ── goods ──

    def _goods(self, intent: Intent, of: str) -> Plan:
        how = goods.Shipping(self.config, self.catalogue, self)
        change = goods.difference(intent, how, of)
        self._learn(product for product, _place in change)
        bodies = goods.shipments(intent, change, how, self._units, of) if change else []
        steps = tuple(Step(SHIPMENT, tag(intent, leg, len(bodies)), values) for leg, values in enumerate(bodies, start=1))
        return Plan(steps, sum(change.values(), Decimal(0)), goods.PIECES, intent.remote_id or intent.look_up_key)

    def product(self, sku: str, intent: Intent) -> goods.Product:
        """The product of a SKU: the one that the hub knows, else the one of that code. Raises Unfit."""
        if sku not in self._by_sku:
            known = intent.related.get(f"item:{sku}")
            number = int(known.remote_id.partition(",")[2]) if known else None
            found = search(self.edge, _PRODUCT, [["id", "=", number]] if number else [["code", "=", sku]], ("default_uom",))
            if not found:
                say = f"{intent.subject.kind} {intent.number} moves {sku}, and Tryton has no product of that code."
                raise Unfit("SEND-REFUSED", say, "Make the product there, or send items to Tryton in a posting of the route.", "sku")
            self._by_sku[sku] = goods.Product(found[0]["id"], found[0]["default_uom"])
            self._units[found[0]["id"]] = found[0]["default_uom"]
        return self._by_sku[sku]

    def _learn(self, products: Any) -> None:
        """Units of products that are only known from what is booked."""
        missing = sorted(set(products) - self._units.keys())
        if missing:
            found = search(self.edge, _PRODUCT, [["id", "in", missing], ["active", "in", [True, False]]], ("default_uom",))
            self._units.update({each["id"]: each["default_uom"] for each in found})

    def _products_of(self, intent: Intent) -> Mapping[int, int]:
        items = [each for role, each in intent.related.items() if role.startswith("item:")]
        self._learn(int(each.remote_id.partition(",")[2]) for each in items)
        return self._units
