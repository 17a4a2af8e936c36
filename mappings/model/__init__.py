"""The canonical model: what every source is translated into and every target is fed from.

    trade    order                a sale, with its lines, taxes, discounts and tenders    counts +
             refund               goods or money given back, tied to its sale             counts −
             adjustment           a correction, such as a bad debt written off            as signed
    money    payment              money received for a sale, or paid back                 + received
             fee                  what a processor keeps                                  counts −
             dispute              a payment taken back by the buyer's bank                counts −
             gift_card            a gift card and what it is worth
             gift_card_entry      one change of a gift card's balance                     + worth more
             cash_drawer_session  a shift of a cash drawer, counted                       + too much in it
             payout               money between processor and bank                        + to our bank
             balance_transaction  how a payment in another currency was settled           − less than booked
             bank_transaction     an entry of our bank account                            + into the account
    goods    product              one sellable item
             inventory_level      how much of it is where
             fulfillment          goods handed over for a sale                            + units leave
             stock_movement       stock that changes without a sale                       + the place has more
    parties  customer             someone who buys
             supplier             someone we buy from
             location             a place of ours
    people   employee             someone who works for us
             time_entry           hours of one employee on one day
             tip_payout           card tips handed to payroll                             counts −
    purchase bill                 what a supplier bills us                               counts −
             vendor_credit        what a supplier takes off our bills                    counts +
             purchase_order       what we ordered from a supplier                        nothing
             goods_receipt        what arrived of it                                     + its value, units come
             bill_payment         what we paid a supplier, or what he paid back          − paid
    books    invoice              what the books say of an invoice, read back            nothing: its sale does
             journal_entry        an entry that is booked as it is written                counts its debits

A document has a body that may be stored and shown, and personal fields that are kept apart (`pack`, `join`); it says itself what it
counts in money, units and hours, and in which legs it happens.
"""

from __future__ import annotations

from types import MappingProxyType

from mappings.model.bank import BankDetail, BankTransaction
from mappings.model.base import PII, Document, ExternalRef, Part, StockLine
from mappings.model.books import Invoice, JournalEntry
from mappings.model.cash import CashDrawerSession
from mappings.model.order import Adjustment, Order, Refund
from mappings.model.packing import Packed, content_hash, join, pack, split
from mappings.model.party import Customer, Location, Supplier
from mappings.model.payment import Dispute, Fee, GiftCard, GiftCardEntry, Payment
from mappings.model.payout import BalanceTransaction, Payout
from mappings.model.people import Employee, TimeEntry, TipPayout
from mappings.model.product import Product
from mappings.model.purchase import Bill, BillPayment, VendorCredit
from mappings.model.stock import Fulfillment, InventoryLevel, StockMovement
from mappings.model.supply import GoodsReceipt, PurchaseOrder

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
            GiftCard,
            GiftCardEntry,
            CashDrawerSession,
            Payout,
            BalanceTransaction,
            BankTransaction,
            Product,
            InventoryLevel,
            Fulfillment,
            StockMovement,
            Customer,
            Supplier,
            Location,
            Employee,
            TimeEntry,
            TipPayout,
            Bill,
            VendorCredit,
            PurchaseOrder,
            GoodsReceipt,
            BillPayment,
            Invoice,
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
    "BankDetail",
    "BankTransaction",
    "Bill",
    "BillPayment",
    "CashDrawerSession",
    "Customer",
    "Dispute",
    "Document",
    "Employee",
    "ExternalRef",
    "Fee",
    "Fulfillment",
    "GiftCard",
    "GiftCardEntry",
    "GoodsReceipt",
    "InventoryLevel",
    "Invoice",
    "JournalEntry",
    "Location",
    "Order",
    "Packed",
    "Part",
    "Payment",
    "Payout",
    "Product",
    "PurchaseOrder",
    "Refund",
    "StockLine",
    "StockMovement",
    "Supplier",
    "TimeEntry",
    "TipPayout",
    "VendorCredit",
    "content_hash",
    "join",
    "pack",
    "split",
]
