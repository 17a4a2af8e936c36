"""The state of the simulated company: objects with versions, and what create, update, void and delete do to them.

Every update names the SyncToken that it was made from; an older one is refused (5010). `sparse` changes only what is named; a full
update takes away what is not (the API reference, "full update", "sparse update").
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, TypeAlias

from taps.quickbooks.simulator.refusals import Refusal

Object: TypeAlias = dict[str, Any]
NAMES = ("Customer", "Vendor", "Employee")
"""Lists that share one set of display names."""
LISTS = (*NAMES, "Item", "Account", "Department", "Class", "TaxCode", "TaxRate")
SALES = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")
BOUGHT = ("Bill", "VendorCredit")
TRANSACTIONS = (*SALES, "Payment", "Purchase", "Transfer", "JournalEntry", "Deposit", *BOUGHT, "BillPayment")
VOIDABLE = ("Invoice", "SalesReceipt", "Payment", "BillPayment")
"""As python-quickbooks and the API reference have it; the others are deleted."""
_KEPT = ("Id", "SyncToken", "MetaData", "domain")
_ZONE = timezone(timedelta(hours=-8))
SYSTEM_USER = "9341450000000001"


class Books:
    """Objects of one company by entity and id. `rules` completes and judges what is written; it is set by the simulator."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.objects: dict[str, dict[str, Object]] = {entity: {} for entity in (*LISTS, *TRANSACTIONS)}
        self.deleted: list[tuple[datetime, str, str]] = []
        self.country = "US"
        self.home_currency = "USD"
        self.currencies: set[str] = set()
        """Others in which it takes documents; none: Multicurrency is off."""
        self.closed_until: date | None = None
        self.own_numbers = True
        """Custom transaction numbers with a warning for duplicates: the same number twice is refused."""
        self.us_percent = "8"
        self.rules: Callable[[str, Object, Object | None], Object] = lambda _entity, new, _old: new
        self._last_id = 0

    # ── reading ──

    def get(self, entity: str, remote_id: str) -> Object:
        """The object; 610 where it is not there."""
        found = self.objects.get(entity, {}).get(remote_id)
        if found is None:
            raise Refusal("610", f"Object Not Found : Something you're trying to use has been made inactive ({entity} {remote_id})")
        return found

    def named(self, entity: str, reference: Any, element: str) -> Object:
        """The object that a reference names; 2500 where there is none, 610 where it is not active."""
        remote_id = reference.get("value") if isinstance(reference, Mapping) else None
        found = self.objects[entity].get(str(remote_id))
        if found is None:
            raise Refusal("2500", f"Invalid Reference Id : {element} element id {remote_id} not found", element)
        if found.get("Active") is False:
            raise Refusal("610", f"Object Not Found : {found.get('DisplayName') or found.get('Name')} has been made inactive", element)
        return found

    def stamp(self, moment: datetime | None = None) -> str:
        """An instant as QuickBooks writes it."""
        return (moment or self.clock()).astimezone(_ZONE).isoformat(timespec="seconds")

    # ── writing ──

    def create(self, entity: str, body: Object, author: str = SYSTEM_USER) -> Object:
        """A new object."""
        made = self.rules(entity, copy.deepcopy(body), None)
        self._last_id += 1
        now = self.stamp()
        made.pop("sparse", None)
        made |= {
            "Id": str(self._last_id),
            "SyncToken": "0",
            "domain": "QBO",
            "sparse": False,
            "MetaData": {"CreateTime": now, "LastModifiedByRef": {"value": author}, "LastUpdatedTime": now},
        }
        self.objects[entity][made["Id"]] = made
        self._settle(None, made)
        return made

    def update(self, entity: str, body: Object, author: str = SYSTEM_USER) -> Object:
        """The object with what the body says."""
        old = self._current(entity, body)
        named = {name: value for name, value in copy.deepcopy(body).items() if name != "sparse"}
        base = dict(old) if body.get("sparse") else {name: old[name] for name in _KEPT}
        new = self.rules(entity, base | named, old)
        return self._replace(entity, old, new, author)

    def void(self, entity: str, body: Object, author: str = SYSTEM_USER) -> Object:
        """The object with every amount at zero; its number stays taken."""
        if entity not in VOIDABLE:
            raise Refusal("5030", f"Operation void is not supported for {entity}")
        old = self._current(entity, body)
        self.require_open(old["TxnDate"])
        new = copy.deepcopy(old)
        note = new.get("PrivateNote", "")
        new["PrivateNote"] = f"Voided - {note}" if note else "Voided"
        new["TotalAmt"] = 0
        if "HomeTotalAmt" in new:
            new["HomeTotalAmt"] = 0
        for line in new.get("Line", []):
            line["Amount"] = 0
            line.get("SalesItemLineDetail", {}).pop("Qty", None)
            line.get("SalesItemLineDetail", {}).pop("UnitPrice", None)
        if entity == "BillPayment":
            new["Line"] = []
        if entity == "Payment":
            new |= {"Line": [], "UnappliedAmt": 0}
        if entity == "Invoice":
            new["Balance"] = 0
        if "TxnTaxDetail" in new:
            new["TxnTaxDetail"] = {"TotalTax": 0}
        return self._replace(entity, old, new, author)

    def delete(self, entity: str, body: Object) -> Object:
        """Take a transaction away; it stays in the audit log and in change data capture."""
        if entity not in TRANSACTIONS:
            raise Refusal("5030", f"Operation delete is not supported for {entity}; set Active to false")
        old = self._current(entity, body)
        self.require_open(old["TxnDate"])
        del self.objects[entity][old["Id"]]
        self.deleted.append((self.clock().astimezone(UTC), entity, old["Id"]))
        self._settle(old, None)
        return {"domain": "QBO", "status": "Deleted", "Id": old["Id"]}

    def require_open(self, day: str) -> None:
        """6200 where the books of that day are closed (AccountingInfoPrefs.BookCloseDate)."""
        if self.closed_until and date.fromisoformat(day) <= self.closed_until:
            raise Refusal(
                "6200", f"Account Period Closed, Cannot Update Through Services API: the books are closed up to {self.closed_until}"
            )

    def _current(self, entity: str, body: Object) -> Object:
        old = self.get(entity, str(body.get("Id")))
        if str(body.get("SyncToken")) != old["SyncToken"]:
            raise Refusal(
                "5010",
                f"Stale Object Error : You and another user were working on this at the same time ({entity} {old['Id']})",
                "SyncToken",
            )
        return old

    def _replace(self, entity: str, old: Object, new: Object, author: str) -> Object:
        new |= {"Id": old["Id"], "domain": "QBO", "sparse": False}
        self.objects[entity][old["Id"]] = new
        self.touch(new, old, author)
        self._settle(old, new)
        return new

    def touch(self, new: Object, old: Object, author: str) -> None:
        """A new version."""
        new["SyncToken"] = str(int(old["SyncToken"]) + 1)
        new["MetaData"] = {**old["MetaData"], "LastModifiedByRef": {"value": author}, "LastUpdatedTime": self.stamp()}

    def _settle(self, old: Object | None, new: Object | None) -> None:
        """Balances of what a payment pays or uses up; each is a new version of the invoice, bill or credit (unconfirmed)."""
        for payment, sign in ((old, 1), (new, -1)):
            settles = () if payment is None else ("Invoice",) if "UnappliedAmt" in payment else BOUGHT if "PayType" in payment else ()
            for line in (payment or {}).get("Line", []):
                for link in line.get("LinkedTxn", []):
                    paid = self.objects[link["TxnType"]].get(link["TxnId"]) if link["TxnType"] in settles else None
                    if paid is not None:
                        paid["Balance"] += sign * line["Amount"]
                        self.touch(paid, paid, SYSTEM_USER)
