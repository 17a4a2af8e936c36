"""What the organisation offers, read once when the connection opens: accounts, tax types, tracking options, lock dates, open drafts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from mappings.problem import Problem
from taps.xero.client import Organisation, day
from targets._kit.writer import Period
from targets.xero.config import TAX_SETTINGS, XeroTargetConfig

BANK = "BANK"
_CONTROLS = ("DEBTORS", "CREDITORS")
_FIRST = date(1970, 1, 1)


class Account(NamedTuple):
    """One account of the chart."""

    code: str
    name: str
    type: str
    identity: str
    system: str
    takes_payments: bool

    @property
    def is_bank(self) -> bool:
        """Whether only bank transactions, payments and transfers move it."""
        return self.type == BANK

    @property
    def is_control(self) -> bool:
        """Whether only invoices, credit notes and payments move it."""
        return self.system in _CONTROLS


@dataclass(slots=True)
class Chart:
    """The organisation's own lists."""

    currency: str = ""
    currencies: frozenset[str] = frozenset()
    """Currencies that the organisation has added, its own included."""
    accounts: dict[str, Account] = field(default_factory=dict)
    """Active accounts by code."""
    tax_types: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    """Name and rate (0.2 for 20 %) by TaxType."""
    tracking: dict[str, frozenset[str]] = field(default_factory=dict)
    period_lock: date | None = None
    year_lock: date | None = None
    drafts: set[str] = field(default_factory=set)
    """Ids of invoices and credit notes that wait for approval; read only where drafts are wanted."""

    def account_of(self, named: Mapping[str, Any] | None) -> Account | None:
        """The account that an answer names, by its code or its id."""
        if not named:
            return None
        by_id = (each for each in self.accounts.values() if each.identity == named.get("AccountID"))
        return self.accounts.get(str(named.get("Code"))) or next(by_id, None)

    def periods(self) -> list[Period]:
        """What is closed: for everybody until the end-of-year lock, for all but advisers until the period lock."""
        found = [Period(_FIRST, self.year_lock, "closed")] if self.year_lock else []
        start = self.year_lock + timedelta(days=1) if self.year_lock else _FIRST
        if self.period_lock and self.period_lock >= start:
            found.append(Period(start, self.period_lock, "locked"))
        return found

    def offers(self) -> dict[str, Any]:
        """For people who fill in tables, and for the hub: a refused document is tried again when something here changes."""
        return {
            "accounts": {code: f"{each.name} ({each.type})" for code, each in sorted(self.accounts.items())},
            "tax_types": {name: f"{title} ({percent(rate)})" for name, (title, rate) in sorted(self.tax_types.items())},
            "currencies": sorted(self.currencies),
            "tracking": {name: sorted(options) for name, options in sorted(self.tracking.items())},
            "periods": [f"{each.status} until {each.end_on}" for each in self.periods()],
            "drafts": sha256("".join(sorted(self.drafts)).encode()).hexdigest()[:12] if self.drafts else "",
        }


def percent(rate: Decimal) -> str:
    """0.2 → 20%."""
    whole = (rate * 100).normalize()
    return f"{whole:f}%"


def read(organisation: Organisation, config: XeroTargetConfig) -> Chart:
    """Read the lists. Raises Misconfigured where the log-in sees no organisation."""
    found = organisation.itself()
    chart = Chart(
        currency=found.get("BaseCurrency", ""),
        period_lock=day(found.get("PeriodLockDate")),
        year_lock=day(found.get("EndOfYearLockDate")),
    )
    for each in organisation.whole("Accounts"):
        if each.get("Code") and each.get("Status", "ACTIVE") == "ACTIVE":
            system, takes = each.get("SystemAccount") or "", bool(each.get("EnablePaymentsToAccount"))
            chart.accounts[each["Code"]] = Account(each["Code"], each.get("Name", ""), each["Type"], each["AccountID"], system, takes)
    chart.currencies = frozenset(each["Code"] for each in organisation.whole("Currencies"))
    for each in organisation.whole("TaxRates"):
        if each.get("Status", "ACTIVE") == "ACTIVE":
            chart.tax_types[each["TaxType"]] = (each.get("Name", ""), Decimal(each.get("EffectiveRate") or 0) / 100)
    if config.tracking or config.location_tracking:
        for each in organisation.whole("TrackingCategories"):
            chart.tracking[each["Name"]] = frozenset(option["Name"] for option in each.get("Options") or ())
    if config.draft_first:
        waiting = organisation.rows("Invoices", 'Type=="ACCREC"', Statuses="DRAFT,SUBMITTED")
        chart.drafts = {each["InvoiceID"] for each in waiting}
        drafted = 'Type=="ACCRECCREDIT" AND (Status=="DRAFT" OR Status=="SUBMITTED")'
        chart.drafts |= {each["CreditNoteID"] for each in organisation.rows("CreditNotes", drafted)}
    return chart


def faults(chart: Chart, config: XeroTargetConfig) -> list[Problem]:
    """What the configuration names and the organisation does not have."""
    wanted = {f"{setting}.{name}": value for setting in TAX_SETTINGS for name, value in getattr(config, setting).items()}
    wanted["untaxed"] = config.untaxed
    found = [
        Problem("MAP-LOOKUP", f"Xero has no tax type {value} ({name}).", f"Choose one of {', '.join(sorted(chart.tax_types))}.", name)
        for name, value in wanted.items()
        if value not in chart.tax_types and value != "NONE"
    ]
    for category, option in config.tracking.items():
        if option not in chart.tracking.get(category, frozenset()):
            say = f"Xero has no tracking category {category} with the option {option}."
            found.append(Problem("MAP-LOOKUP", say, "Correct `tracking`, or make the option in Xero.", "tracking"))
    if config.location_tracking and config.location_tracking not in chart.tracking:
        say = f"Xero has no tracking category {config.location_tracking}."
        found.append(Problem("MAP-LOOKUP", say, "Correct `location_tracking`, or make the category in Xero.", "location_tracking"))
    clearing = chart.accounts.get(config.clearing_account)
    if config.clearing_account and (clearing is None or not clearing.is_bank):
        say = f"Account {config.clearing_account} (clearing_account) is no bank account of Xero."
        found.append(Problem("POST-ACCOUNT", say, "Name an account of type BANK.", "clearing_account"))
    return found
