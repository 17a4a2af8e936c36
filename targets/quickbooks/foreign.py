"""A document in its own currency at QuickBooks, which knows a rate as home units for one foreign unit (Finance.xsd, ExchangeRate).

A customer, a bank account and a receivable account have one currency each (developer.intuit.com, "Manage multiple currencies"). So a buyer
stands once for each currency in which he buys: Ann Berg, and Ann Berg (GBP). The total in home currency is QuickBooks' own (HomeTotalAmt).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from mappings.model.money import round_half_up
from targets._kit import currency
from targets._kit.writer import Intent
from targets.quickbooks.chart import RECEIVABLE, Chart
from targets.quickbooks.draft import FOLLOWING, STANDS_AS, Draft, plain
from targets.quickbooks.held import held


def in_home(amount: Decimal, rate: Decimal) -> Decimal:
    """What an amount is in home currency, half-up to the cent (the rounding is not confirmed)."""
    return round_half_up(amount * rate, 2)


def turned(intent: Intent, chart: Chart) -> Intent:
    """In its own currency where it is to stand so: a payment or credit follows what it pays or credits.

    Held where the company cannot take it, or where the books are in another currency than the company's own.
    """
    others = sorted({line.currency for line in intent.lines} - {chart.currency})
    if others:
        say = f"is booked in {others[0]}, and the QuickBooks company keeps its books in {chart.currency}"
        raise held(intent, "POST-RATE", say, f"Set the posting's base currency to {chart.currency}.")
    own, parent = intent.own, intent.related.get("parent")
    if own is None:
        return intent
    if parent is not None and intent.subject.kind in FOLLOWING and not (intent.booked or {}).get("currency"):
        entity = STANDS_AS.get(parent.kind, "")
        if not entity or chart.currency_of(entity, parent.remote_id) != own.currency:
            return replace(intent, own=None)
    if own.currency not in chart.currencies:
        why = "does not have among its currencies" if chart.currencies else "takes none of, since Multicurrency is off there"
        fix = f"Turn on Multicurrency in QuickBooks (it cannot be turned off again) and add {own.currency}, or set `documents_in: base`."
        raise held(intent, "POST-RATE", f"is in {own.currency}, which the QuickBooks company {why}", fix, "documents_in")
    made = currency.turned(intent, lambda amount: in_home(amount, own.rate))
    for line in made.lines:
        account = chart.account(line.account)
        if account is not None and account.kind != RECEIVABLE and account.currency not in ("", own.currency, chart.currency):
            say = f"is in {own.currency}, and is booked to {account.label}, which QuickBooks keeps in {account.currency}"
            raise held(intent, "POST-ACCOUNT", say, f"Name an account in {own.currency} or {chart.currency}: {{currency}} may stand in it.")
    return made


def named(draft: Draft, intent: Intent) -> Draft:
    """The draft with its currency and rate, and its effect in home currency."""
    own = intent.own
    if own is None:
        return draft
    said: dict[str, Any] = {"CurrencyRef": {"value": own.currency}, "ExchangeRate": plain(own.rate)}
    return replace(draft, body={**draft.body, **said}, effect=in_home(draft.effect, own.rate))
