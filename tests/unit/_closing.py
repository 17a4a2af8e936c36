"""A hub with a company and its people, and reports by hand, for the work on breaks and for the close."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pipelines.home.settings import Company, Person, Role
from pipelines.hub import schema
from pipelines.hub.audit import Audit
from pipelines.hub.keys import Keys
from pipelines.hub.store import Hub
from pipelines.reconcile import store
from pipelines.reconcile.acting import Desk
from pipelines.reconcile.closing import Books
from pipelines.reconcile.report import CornerTotal, Line, Report, Waterfall
from pipelines.reconcile.rights import Actor
from pipelines.reconcile.words import BreakClass, Corner, Status
from tests.unit._reconciliation import AS_OF, broken

D = Decimal
KEYS = Keys((b"1" * 32,))
PEOPLE = {
    "mary": Person(roles=[Role.PREPARER]),
    "tom": Person(roles=[Role.REVIEWER]),
    "ann": Person(roles=[Role.REVIEWER, Role.PREPARER]),
    "ada": Person(roles=[Role.ADMIN]),
    "vic": Person(roles=[Role.VIEWER]),
    "otto": Person(roles=[Role.OPERATOR]),
    "aud": Person(roles=[Role.AUDITOR]),
}
MARY, TOM, ANN, ADA, VIC, OTTO, AUD = (Actor(name, tuple(person.roles), "cli:test") for name, person in PEOPLE.items())
LIMITS = {"EUR": D("5.00")}
MISSING = broken(BreakClass.MISSING_IN_TARGET, "412.50", "0", number="1042", key="aa11", say="Order 1042 is not at xero_eu.",
                 suggested="counterfoil run")  # fmt: skip
ROUNDING = broken(BreakClass.ROUNDING, "76.30", "76.31", number="1003", key="bb22", say="Xero rounds tax by line.")
TRANSIT = broken(BreakClass.IN_TRANSIT, "72.14", "0", number="po_77", key="cc33", document="payout", say="No bank line yet.")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def company(**close):
    policy = {"write_off_limit": LIMITS, **close}
    decisions = {"chargebacks_lost": "loss"}
    return Company(legal_name="Meadow & Mill Ltd", base_currency="EUR", timezone="Europe/Dublin", close=policy, decisions=decisions)


def report(
    *breaks, books="b0", inputs="", as_of=AS_OF, period="2026-01", unexplained="0.00", sold="1000.00", booked=None, **changes
) -> Report:  # fmt: skip
    """A month of acme: what the shop sold, what the books hold, and the breaks between them."""
    total = D(booked) if booked is not None else D(sold) + sum((each.difference for each in breaks), D(0))
    status = Status.INVALID if D(unexplained) else Status.BREAKS if breaks else Status.TIES
    found = Report(
        run="abcdefabcdef", company="acme", period=period, as_of=as_of, timezone="Europe/Dublin", rules="standard@1 0123456789ab",
        inputs_hash=inputs or f"in-{sold}-{total}-{len(breaks)}", books_hash=books, status=status,
        corners=(
            CornerTotal("books/money", Corner.SOURCE, "shop", "order", "EUR", 10, D(sold), "orders, counted by the shop", ("1007",)),
            CornerTotal("books/money", Corner.TARGET, "xero_eu", "invoice", "EUR", 10, total, "every invoice, read back"),
        ),
        waterfalls=(
            Waterfall("sales", "Sales", "books/money", "EUR", (Line("Source", D(sold), 10, "total"), Line("Target", total, 10, "total")),
                      D(unexplained)),
        ),
        breaks=tuple(sorted(breaks, key=lambda each: (-abs(each.difference), each.key))),
        matched=(),
    )  # fmt: skip
    return replace(found, **changes)


class Office:
    """A hub with the company acme in it."""

    def __init__(self, hub_url: str, **close) -> None:
        self.clock = Clock()
        self.hub = Hub(hub_url, self.clock)
        schema.migrate(self.hub)
        self.audit = Audit(self.hub, KEYS)
        self.desk = Desk(self.hub, self.audit, "acme")
        self.books = Books(self.hub, self.audit, "acme", company(**close), PEOPLE)

    def store(self, found: Report, **more) -> int:
        return store.store(self.hub, self.audit, found, **more)

    def work(self, key="aa11"):
        from pipelines.reconcile.work import works

        with self.hub.read() as tx:
            return works(tx, "acme")[key]

    def told(self, key="aa11") -> list[tuple[str, str, str]]:
        from pipelines.reconcile.work import events

        with self.hub.read() as tx:
            return [(each.what, each.actor.split(" ")[0], each.say) for each in events(tx, "acme", [key])]
