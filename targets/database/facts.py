"""What is known of a database as a target; everything here is our own doing, so everything is tried."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import DeliveryClass, Facts, Idempotency

MOVING = ("stock_removal", "stock_return", "stock_movement", "time_entry")
"""Kinds that add up: only differences are appended."""
RECORDS = {"customer": "customer", "contact": "customer", "item": "item", "part": "item", "employee": "employee", "document": "document"}
"""Kinds that are replaced as they change → their table."""
KINDS = (*MOVING, *RECORDS)

FACTS = Facts(
    system="database",
    title="Tables for stock, people and records in any SQL database",
    batch=500,
    delivery=DeliveryClass.KEYED,
    idempotency=Idempotency(
        where="primary key of counterfoil_receipt, in the transaction of the rows", window=timedelta.max, scope="the tables' schema"
    ),
    verbs=dict.fromkeys(MOVING, ("create", "adjust", "reverse")) | dict.fromkeys(RECORDS, ("create", "update", "void")),
)
