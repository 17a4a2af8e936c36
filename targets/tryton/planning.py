"""From an intent to the documents that its attempt makes. Reads what stands where something is to be taken back; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from taps.tryton.client import TrytonEdge, search
from taps.tryton.facts import MOVING
from targets._kit.writer import Intent, Verb
from targets.tryton import bills, entries, goods, invoices
from targets.tryton.catalogue import Catalogue, Unfit
from targets.tryton.config import TrytonTargetConfig
from targets.tryton.steps import INVOICE, MOVE, SHIPMENT, STATEMENT, Plan, Step, tag

_PRODUCT = "product.product"
_READ = ("default_uom", "account_category")


def models_of(kind: str) -> tuple[str, ...]:
    """Where documents of a kind are to be looked for."""
    return (SHIPMENT,) if kind in MOVING else entries.MODELS[kind]


@dataclass(slots=True)
class Planner:
    """Plans for one open connection; remembers the products and invoices that it was asked for."""

    edge: TrytonEdge
    config: TrytonTargetConfig
    catalogue: Catalogue
    _by_sku: dict[str, goods.Product] = field(default_factory=dict)
    _units: dict[int, int] = field(default_factory=dict)
    _sellable: set[int] = field(default_factory=set)
    """Products with an accounting category: without one Tryton takes none on an invoice."""
    _payers: dict[int, int] = field(default_factory=dict)

    def plan(self, intent: Intent, of: str) -> Plan:
        """The documents of an attempt. Raises Unfit."""
        if intent.subject.kind in MOVING:
            return self._goods(intent, of)
        bodies: list[dict[str, Any]] = []
        if intent.verb in (Verb.CREATE, Verb.UPDATE):
            bodies.append(self._wanted(intent, of))
        if intent.verb is not Verb.CREATE:
            bodies.append(self._opposite(intent, of))
        steps = tuple(Step(tag=tag(intent, leg, len(bodies)), **each) for leg, each in enumerate(bodies, start=1))
        lines = intent.lines if intent.verb in (Verb.CREATE, Verb.UPDATE) else ()
        wanted = sum((line.amount for line in lines if line.control), Decimal(0))
        before = Decimal((intent.booked or {}).get("amount", 0)) if intent.verb is not Verb.CREATE else Decimal(0)
        return Plan(steps, wanted - before, self.catalogue.currency)

    def bill(self, intent: Intent, of: str) -> bills.Bill:
        """What an attempt leaves of a bill; its lines name no products. Raises Unfit."""
        return bills.wanted(intent, invoices.Terms(self.config, self.catalogue, {}, bought=True), of)

    # ── money ──

    def _wanted(self, intent: Intent, of: str) -> dict[str, Any]:
        foreign = {line.currency for line in intent.lines} - {self.catalogue.currency}
        if foreign:
            say = f"{of} is booked in {', '.join(sorted(foreign))}, and the company's books in Tryton are in {self.catalogue.currency}."
            raise Unfit("POST-RULE", say, "Set base_currency of the posting to that of the company in Tryton.", "currency")
        if intent.subject.kind in ("invoice", "credit_note"):
            self.catalogue.span(intent.date, of)
            terms = invoices.Terms(self.config, self.catalogue, self._products_of(intent))
            return {"model": INVOICE, "values": invoices.invoice(intent, terms, of)}
        parent = intent.related.get("parent")
        if intent.subject.kind == "payment" and parent is not None and parent.remote_id.startswith(f"{INVOICE},"):
            number = int(parent.remote_id.partition(",")[2])
            values = entries.payment(intent, self.catalogue, self._payer(number, of), of)
            return {"model": STATEMENT, "values": values, "pays": number}
        return {"model": MOVE, "values": entries.move(intent, self.config, self.catalogue, of)}

    def _opposite(self, intent: Intent, of: str) -> dict[str, Any]:
        (name,) = (intent.booked or {}).get("documents") or ("",)
        model, _comma, number = str(name).partition(",")
        if not number:
            raise Unfit("SEND-CHANGED", f"Nothing is known to stand in Tryton for {of}.", "Ask for a reconciliation of this document.")
        if model == INVOICE:
            terms = invoices.Terms(self.config, self.catalogue, {})
            return {"model": INVOICE, "values": invoices.opposite(self.edge, int(number), terms, of), "against": int(number)}
        return {"model": MOVE, "values": entries.opposite(self.edge, model, int(number), self.config, self.catalogue, of)}

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
            found = search(self.edge, _PRODUCT, [["id", "=", number]] if number else [["code", "=", sku]], _READ, inactive=bool(number))
            if not found:
                say = f"{intent.subject.kind} {intent.number} moves {sku}, and Tryton has no product of that code."
                raise Unfit("SEND-REFUSED", say, "Make the product there, or send items to Tryton in a posting of the route.", "sku")
            self._by_sku[sku] = goods.Product(found[0]["id"], found[0]["default_uom"])
            self._keep(found)
        return self._by_sku[sku]

    def _learn(self, products: Any) -> None:
        """Units of products that are only known from what is booked."""
        missing = sorted(set(products) - self._units.keys())
        if missing:
            found = search(self.edge, _PRODUCT, [["id", "in", missing]], _READ, inactive=True)
            self._keep(found)

    def _keep(self, found: Sequence[Mapping[str, Any]]) -> None:
        self._units.update({each["id"]: each["default_uom"] for each in found})
        self._sellable |= {each["id"] for each in found if each["account_category"]}

    def _products_of(self, intent: Intent) -> Mapping[int, int]:
        items = [each for role, each in intent.related.items() if role.startswith("item:")]
        self._learn(int(each.remote_id.partition(",")[2]) for each in items)
        return {product: unit for product, unit in self._units.items() if product in self._sellable}
