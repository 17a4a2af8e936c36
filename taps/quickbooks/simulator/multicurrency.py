"""Currencies of the simulated company (developer.intuit.com, "Manage multiple currencies"; Finance.xsd).

- Multicurrency is off until a person turns it on; the API cannot.
- A rate is home units for one foreign unit. HomeTotalAmt is QuickBooks' own: total times rate. A payment has none in the schema.
- A customer, vendor, bank account and receivable or payable account has one currency each; income and expenses are in home currency.
- A transaction has one foreign currency at most ("You can only use one foreign currency per transaction").

Not confirmed: codes and the other words of refusals; rounding half-up to the cent; that a party's currency cannot change; that the
receivable account of a currency comes with its first customer, under the name that is given here.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from taps.quickbooks.simulator.arithmetic import money, to_cent
from taps.quickbooks.simulator.books import BOUGHT, SALES, Books, Object
from taps.quickbooks.simulator.refusals import Refusal

RECEIVABLE = "Accounts Receivable"
_TOTALLED = (*SALES, *BOUGHT, "JournalEntry", "Purchase")


def denominated(books: Books, entity: str, new: Object) -> None:
    """Currency and rate of a transaction, and whether its party and its accounts are kept in it."""
    currency = _code(new) or books.home_currency
    if currency != books.home_currency and currency not in books.currencies:
        raise Refusal("5030", f"Multicurrency is off, or {currency} is not among the currencies of the company", "CurrencyRef")
    new["CurrencyRef"] = {"value": currency, "name": currency}
    if books.currencies:
        new["ExchangeRate"] = 1 if currency == books.home_currency else _rate(new)
    for party in ("Customer", "Vendor"):
        if new.get(f"{party}Ref"):
            kept_in = _code(books.named(party, new[f"{party}Ref"], f"{party}Ref")) or books.home_currency
            if kept_in != currency:
                say = f"The {party.lower()} is kept in {kept_in}; a transaction with it cannot be in {currency}"
                raise Refusal("6000", say, "CurrencyRef")
    for reference in _accounts(entity, new):
        account = books.objects["Account"].get(str(reference.get("value")), {})
        kept_in = _code(account) or books.home_currency
        owed = account.get("AccountType") in (RECEIVABLE, "Accounts Payable")
        if account and kept_in != currency and (owed or kept_in != books.home_currency):
            raise Refusal(
                "6000", f"You can only use one foreign currency per transaction: {account['Name']} is kept in {kept_in}", "AccountRef"
            )


def _rate(new: Object) -> Any:
    rate = new.get("ExchangeRate")
    if rate is None:
        raise Refusal("2020", "The simulator knows no day rate: state ExchangeRate", "ExchangeRate")
    if rate <= 0:
        raise Refusal("2140", f"Invalid amount : ExchangeRate {rate} is not supported", "ExchangeRate")
    return rate


def _accounts(entity: str, new: Object) -> Iterator[Object]:
    yield from (new[name] for name in ("DepositToAccountRef", "AccountRef", "APAccountRef") if new.get(name))
    if entity == "JournalEntry":
        yield from (line["JournalEntryLineDetail"].get("AccountRef") or {} for line in new.get("Line") or [])


def totalled(books: Books, entity: str, made: Object) -> Object:
    """With the total in home currency, where the company keeps several and the schema has a place for it."""
    if books.currencies and entity in _TOTALLED:
        made["HomeTotalAmt"] = money(to_cent(Fraction(made["TotalAmt"]) * Fraction(made["ExchangeRate"])))
    return made


def keep(books: Books, new: Object, old: Object | None) -> None:
    """The one currency of a party; with its first customer a currency gets its receivable account."""
    if not books.currencies and not _code(new):
        return
    currency = _code(new) or (_code(old) if old else "") or books.home_currency
    if currency != books.home_currency and currency not in books.currencies:
        raise Refusal("5030", f"Multicurrency is off, or {currency} is not among the currencies of the company", "CurrencyRef")
    if old is not None and currency != (_code(old) or books.home_currency):
        raise Refusal("6000", "The currency of a customer or vendor cannot be changed", "CurrencyRef")
    new["CurrencyRef"] = {"value": currency, "name": currency}
    there = {_code(each) for each in books.objects["Account"].values() if each["AccountType"] == RECEIVABLE}
    if currency not in {*there, books.home_currency}:
        name = f"{RECEIVABLE} (A/R) - {currency}"
        made: Object = {"Name": name, "FullyQualifiedName": name, "Active": True, "Classification": "Asset", "AccountType": RECEIVABLE}
        books.create("Account", made | {"CurrencyRef": {"value": currency, "name": currency}, "SubAccount": False})


def _code(each: Object) -> str:
    return str((each.get("CurrencyRef") or {}).get("value") or "")
