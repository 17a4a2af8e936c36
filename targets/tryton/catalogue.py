"""What a company's Tryton offers, read once when the writer is opened: accounts, taxes, journals, periods, locations, works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.problem import Problem
from taps.tryton.client import TrytonEdge, hello, search
from targets._kit.writer import Metadata, Period
from targets.tryton.config import TrytonTargetConfig


class Unfit(Exception):
    """An intent that cannot be sent as it is, with the problem that says why."""

    def __init__(self, code: str, say: str, fix: str, field: str = "") -> None:
        super().__init__(say)
        self.problem = Problem(code, say, fix, field)


class Account(NamedTuple):
    """One account that can be booked on."""

    id: int
    code: str
    party_required: bool
    revenue: bool
    """Tryton takes only these as lines of a customer invoice."""
    receivable: bool
    bought: bool
    """Tryton takes only these as lines of a supplier's invoice: expenses and debts."""
    payable: bool


class Tax(NamedTuple):
    """One tax of a single rate."""

    id: int
    name: str
    rate: Decimal
    account: int
    """Of an invoice."""
    account_code: str
    credit_account: int
    credit_account_code: str


class Span(NamedTuple):
    """One period of the books."""

    id: int
    name: str
    start_on: date
    end_on: date
    state: str


class Till(NamedTuple):
    """One statement journal."""

    id: int
    account: int


class Place(NamedTuple):
    """One location."""

    id: int
    type: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it, by the names that people use."""

    company: int
    currency: str
    currency_id: int
    accounts: Mapping[str, Account]
    taxes: Mapping[str, Tax]
    """Of sales."""
    purchase_taxes: Mapping[str, Tax]
    journals: Mapping[str, int]
    statement_journals: Mapping[str, Till]
    """By the code of the account that they book on."""
    spans: tuple[Span, ...]
    places: Mapping[str, Place]
    works: Mapping[str, int]
    terms: Mapping[str, int]
    categories: Mapping[str, int]
    units: Mapping[str, int]
    countries: Mapping[str, int]

    def account(self, code: str, of: str) -> Account:
        """The account of that code."""
        found = self.accounts.get(code)
        if found is None:
            raise Unfit(
                "POST-ACCOUNT",
                f"{of} books on the account {code}, and Tryton has no such account that is open and has a type.",
                "Correct the account in the posting, or open it in Tryton.",
                "account",
            )
        return found

    def named(self, what: str, names: Mapping[str, int], name: str | None, of: str, setting: str) -> int:
        """The id behind a name of the configuration."""
        if name is None or name not in names:
            missing = f"{what} {name} is not in Tryton" if name else f"no {what} is configured"
            raise Unfit(
                "POST-ACCOUNT", f"{of} cannot be sent: {missing}.", f"Set {setting} of the connection to one that Tryton has.", setting
            )
        return names[name]

    def span(self, day: date, of: str) -> Span:
        """The open period of a day."""
        found = next((each for each in self.spans if each.start_on <= day <= each.end_on), None)
        if found is None:
            raise Unfit("POST-PERIOD", f"{of} is dated {day}, and Tryton has no period for it.", "Open a fiscal year there.", "date")
        if found.state != "open":
            say = f"{of} is dated {day}, and the period {found.name} is {found.state} in Tryton."
            raise Unfit("POST-PERIOD", say, "Reopen the period there, or have the document dated later.", "date")
        return found

    def place(self, name: str, of: str, setting: str) -> Place:
        """The location of that code or name."""
        found = self.places.get(name)
        if found is None:
            say = f"{of} names the location {name or '(none)'}, and Tryton has none of that code or name."
            raise Unfit("SEND-REFUSED", say, f"Add it to {setting} of the connection.", "location")
        return found

    def periods(self) -> list[Period]:
        """The periods as the hub knows them."""
        words = {"open": "open", "closed": "closed", "locked": "locked"}
        return [Period(each.start_on, each.end_on, words.get(each.state, "closed")) for each in self.spans]

    def metadata(self) -> Metadata:
        """What decides whether a refused document may be tried again; and what `connect` shows."""
        return Metadata(
            {
                "accounts": sorted(self.accounts),
                "taxes": sorted(f"{tax.name}: {tax.rate} on {tax.account_code}" for tax in self.taxes.values()),
                "journals": sorted(self.journals),
                "statement_journals": sorted(self.statement_journals),
                "closed_periods": [each.name for each in self.spans if each.state != "open"],
                "locations": sorted(self.places),
                "works": sorted(self.works),
            }
        )


def load(edge: TrytonEdge, config: TrytonTargetConfig) -> Catalogue:
    """Read it. Modules that are not active give nothing; raises Misconfigured for a wrong key, database or company."""
    company = hello(edge, config.company)
    ours = [["company", "=", config.company]]
    return Catalogue(
        company=config.company,
        currency=company["currency"]["code"],
        currency_id=company["currency"]["id"],
        accounts=_accounts(edge, ours),
        taxes=_taxes(edge, ours, "sale"),
        purchase_taxes=_taxes(edge, ours, "purchase"),
        journals=_ids(search(edge, "account.journal", [], ("code",)), "code"),
        statement_journals=_tills(edge, ours),
        spans=_spans(edge, ours),
        places=_places(edge) if config.sold_location or config.location else {},
        works=_ids(search(edge, "timesheet.work", ours, ("name",)), "name") if config.work else {},
        terms=_ids(search(edge, "account.invoice.payment_term", [], ("name",)), "name") if config.payment_term else {},
        categories=_ids(search(edge, "product.category", [["accounting", "=", True]], ("name",)), "name") if config.item_category else {},
        units=_ids(search(edge, "product.uom", [], ("name",)), "name"),
        countries=_ids(search(edge, "country.country", [], ("code",)), "code"),
    )


def _ids(records: Iterable[Mapping[str, Any]], field: str) -> dict[str, int]:
    return {record[field]: record["id"] for record in records if record.get(field)}


def _accounts(edge: TrytonEdge, ours: list[Any]) -> dict[str, Account]:
    flags = ("revenue", "receivable", "expense", "debt", "payable")
    fields = ("code", "party_required", *(f"type.{flag}" for flag in flags))
    found = search(edge, "account.account", [*ours, ["type", "!=", None], ["closed", "!=", True]], fields)
    return {
        each["code"]: Account(
            each["id"],
            each["code"],
            bool(each["party_required"]),
            revenue=bool(each["type"]["revenue"]),
            receivable=bool(each["type"]["receivable"]),
            bought=bool(each["type"]["expense"] or each["type"]["debt"]),
            payable=bool(each["type"]["payable"]),
        )
        for each in found
        if each["code"]
    }


def _taxes(edge: TrytonEdge, ours: list[Any], kind: str) -> dict[str, Tax]:
    """Single rates only: a tax that is a sum of others cannot be told the amount of each."""
    fields = ("name", "rate", "invoice_account.code", "credit_note_account.code")
    domain = [*ours, ["type", "=", "percentage"], ["parent", "=", None], ["childs", "=", None]]
    domain.append(["OR", ["group", "=", None], ["group.kind", "in", [kind, "both"]]])
    return {
        each["name"]: Tax(
            each["id"],
            each["name"],
            each["rate"],
            each["invoice_account"]["id"],
            each["invoice_account"]["code"],
            each["credit_note_account"]["id"],
            each["credit_note_account"]["code"],
        )
        for each in search(edge, "account.tax", domain, fields)
        if each["invoice_account"] and each["credit_note_account"]
    }


def _tills(edge: TrytonEdge, ours: list[Any]) -> dict[str, Till]:
    found = search(edge, "account.statement.journal", [*ours], ("account.code", "currency"))
    return {each["account"]["code"]: Till(each["id"], each["account"]["id"]) for each in found}


def _spans(edge: TrytonEdge, ours: list[Any]) -> tuple[Span, ...]:
    fields = ("name", "start_date", "end_date", "state")
    found = search(edge, "account.period", [*ours, ["type", "=", "standard"]], fields, order=(("start_date", "ASC"), ("id", "ASC")))
    return tuple(Span(each["id"], each["name"], each["start_date"], each["end_date"], each["state"]) for each in found)


def _places(edge: TrytonEdge) -> dict[str, Place]:
    found = search(edge, "stock.location", [["type", "in", ["storage", "lost_found"]]], ("code", "name", "type"))
    by_name = {each["name"]: Place(each["id"], each["type"]) for each in found}
    return by_name | {each["code"]: Place(each["id"], each["type"]) for each in found if each["code"]}
