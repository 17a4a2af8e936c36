"""The canonical model: what every source is translated into and every target is fed from.

trade     order        a sale, with its lines, taxes, discounts and tenders          counts +
          refund       goods or money given back, tied to its sale                   counts −
          adjustment   a signed correction, such as a bad debt written off           as signed
money     payment      money received for a sale, or paid back                       counts + or −
          fee          what a processor keeps                                        counts −
          dispute      a payment taken back by the buyer's bank                      counts −
          gift_card_entry  one change of a gift card's balance                       + worth more
"""

from __future__ import annotations

from types import MappingProxyType

from mappings.model.base import PII, Document, ExternalRef, Part, StockLine
from mappings.model.books import JournalEntry
from mappings.model.order import Adjustment, Order, Refund
from mappings.model.packing import Packed, content_hash, join, pack, split
from mappings.model.party import Customer, Location, Supplier
from mappings.model.payment import Dispute, Fee, GiftCardEntry, Payment
from mappings.model.payout import BalanceTransaction, Payout
from mappings.model.people import Employee, TimeEntry, TipPayout
from mappings.model.product import Product
from mappings.model.stock import Fulfillment, StockMovement

REGISTRY: MappingProxyType[str, type[Document]] = MappingProxyType(
    {
        cls.type: cls
        for cls in (
            Order,
            Refund,
            Adjustment,
            Payment,
            Fee,
            Dispute,
            GiftCardEntry,
            Payout,
            BalanceTransaction,
            Product,
            Fulfillment,
            StockMovement,
            Customer,
            Supplier,
            Location,
            Employee,
            TimeEntry,
            TipPayout,
            JournalEntry,
        )
    }
)
"""Every document type by its name."""

__all__ = [
    "PII",
    "REGISTRY",
    "Adjustment",
    "BalanceTransaction",
    "Customer",
    "Dispute",
    "Document",
    "Employee",
    "ExternalRef",
    "Fee",
    "Fulfillment",
    "GiftCardEntry",
    "JournalEntry",
    "Location",
    "Order",
    "Packed",
    "Part",
    "Payment",
    "Payout",
    "Product",
    "Refund",
    "StockLine",
    "StockMovement",
    "Supplier",
    "TimeEntry",
    "TipPayout",
    "content_hash",
    "join",
    "pack",
    "split",
]
