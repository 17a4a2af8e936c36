"""What the company offers: accounts, items, tax codes, the closing date. Read once at open; items and names when the first is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from taps._kit.errors import Misconfigured
from taps.quickbooks.client import Company, quoted
from targets._kit.writer import Metadata, Period
from targets.quickbooks.config import QuickBooksTargetConfig

RECEIVABLE, PAYABLE = "Accounts Receivable", "Accounts Payable"
LONGEST_NAME = 500
HOLDS_MONEY = ("Bank", "Other Current Asset")


class Account(NamedTuple):
    """One account of the company."""

    remote_id: str
    label: str
    """Its number, or its full name where it has none."""
    kind: str
    currency: str = ""
    """Empty where the company does not say."""


class TaxCode(NamedTuple):
    """One tax code: its id and its rates, 0.2 for 20 %."""

    remote_id: str
    rates: tuple[Decimal, ...]
    """Of sales."""
    bought: tuple[Decimal, ...] = ()
    """Of purchases."""


class Item(NamedTuple):
    """One item: where its lines are booked."""

    remote_id: str
    account_id: str


class Chart:
    """The company as one run sees it."""

    def __init__(self, company: Company, config: QuickBooksTargetConfig) -> None:
        self._company = company
        self._config = config
        self._items: dict[str, Item] = {}
        self._names: dict[tuple[str, str], str | None] = {}
        self._buyers: dict[tuple[str, str], str] = {}
        self._currencies: dict[tuple[str, str], str] = {}
        self._kept: dict[str, tuple[str, str]] = {}
        preferences = next(company.rows("Preferences"), {})
        closing = (preferences.get("AccountingInfoPrefs") or {}).get("BookCloseDate")
        self.closed_until = date.fromisoformat(closing[:10]) if closing else None
        self.currency = ((preferences.get("CurrencyPrefs") or {}).get("HomeCurrency") or {}).get("value", "")
        many = (preferences.get("CurrencyPrefs") or {}).get("MultiCurrencyEnabled")
        self.currencies = {str(each["Code"]) for each in company.rows("CompanyCurrency")} if many else set()
        self._accounts = {key: account for each in company.rows("Account") for key, account in _named(each)}
        self._tax_codes = dict(_tax_codes(company)) if config.tax == "global" else {}
        missing = [name for name in (*config.tax_codes.values(), config.untaxed) if name and name not in self._tax_codes]
        if config.tax == "global" and missing:
            raise Misconfigured(f"QuickBooks has no tax code {missing[0]!r}. Correct tax_codes and untaxed.")

    def account(self, code: str) -> Account | None:
        """By number, else by full name."""
        return self._accounts.get(code)

    def item_of(self, account: Account) -> Item | str:
        """The item through which lines are booked to an account, as the configuration names it; or why there is none."""
        named = self._config.items.get(account.label)
        if named is None:
            return "the connection names no item for this account"
        found = self.item(named, by_name=True)
        if found is None:
            return f"QuickBooks has no item {named!r}, which the connection names for it"
        if found.account_id != account.remote_id:
            return f"the item {named!r}, which the connection names for it, is booked to another account"
        return found

    def item(self, key: str, *, by_name: bool = False) -> Item | None:
        """An item by its id, or by its name first. All are read when the first is needed; what is new since is asked for by itself."""
        if not self._items:
            self._learn(self._company.rows("Item"))
        found = self._items.get(f"name {key.casefold()}") if by_name else None
        if found is None and key.isdigit():
            if f"id {key}" not in self._items:
                self._learn(self._company.among("Item", "Id", [key]))
            found = self._items.get(f"id {key}")
        return found

    def _learn(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for each in rows:
            item = Item(each["Id"], str((each.get("IncomeAccountRef") or {}).get("value", "")))
            self._items[f"id {item.remote_id}"] = self._items[f"name {each['FullyQualifiedName'].casefold()}"] = item

    def tax_code(self, name: str) -> TaxCode:
        """A tax code of the configuration."""
        return self._tax_codes[name]

    def party(self, entity: str, name: str) -> str | None:
        """Id of the customer or supplier of that name; of a supplier also where the name alone was taken by a customer."""
        if (entity, name) not in self._names:
            names = ", ".join(quoted(each) for each in named_for(entity, name))
            found = {each["DisplayName"].casefold(): str(each["Id"]) for each in self._company.rows(entity, f"DisplayName IN ({names})")}
            self._names[entity, name] = next((found[each.casefold()] for each in named_for(entity, name) if each.casefold() in found), None)
        return self._names[entity, name]

    def buyer_in(self, currency: str, remote_id: str) -> tuple[str | None, str]:
        """The customer himself if he is kept in that currency; else the one of his name who is, or a name for one who is to be made."""
        if remote_id not in self._kept:
            found = next(iter(self._company.among("Customer", "Id", [remote_id])), {})
            self._kept[remote_id] = found.get("DisplayName", ""), (found.get("CurrencyRef") or {}).get("value", self.currency)
        name, kept_in = self._kept[remote_id]
        if not name or kept_in == currency:
            return remote_id, ""
        other = in_currency(name, currency)
        return self.party("Customer", other), other

    def receivable(self, currency: str) -> Account | None:
        """The account on which buyers owe in that currency; one that came with its first customer is asked for."""
        known = next((each for each in self._accounts.values() if each.kind == RECEIVABLE and each.currency == currency), None)
        if known is None:
            self._accounts |= {key: account for each in self._company.rows("Account") for key, account in _named(each)}
            known = next((each for each in self._accounts.values() if each.kind == RECEIVABLE and each.currency == currency), None)
        return known

    def currency_of(self, entity: str, remote_id: str) -> str:
        """The currency of a document as it stands; '' where it does not."""
        self.learn_buyers([(entity, remote_id)])
        return self._currencies.get((entity, remote_id), "")

    def ask_anew(self) -> None:
        """Somebody else may have made a customer or supplier since."""
        self._names = {name: found for name, found in self._names.items() if found}

    def buyer_of(self, entity: str, remote_id: str) -> str | None:
        """Id of the customer whom a document names."""
        self.learn_buyers([(entity, remote_id)])
        return self._buyers.get((entity, remote_id)) or None

    def learn_buyers(self, documents: Iterable[tuple[str, str]]) -> None:
        """Ask once for all of them."""
        wanted: dict[str, list[str]] = {}
        for entity, remote_id in dict.fromkeys(documents):
            if entity and (entity, remote_id) not in self._buyers:
                wanted.setdefault(entity, []).append(remote_id)
        for entity, ids in wanted.items():
            self._buyers |= dict.fromkeys(((entity, remote_id) for remote_id in ids), "")
            for each in self._company.among(entity, "Id", ids):
                self._currencies[entity, each["Id"]] = (each.get("CurrencyRef") or {}).get("value", self.currency)
                if each.get("CustomerRef"):
                    self._buyers[entity, each["Id"]] = str(each["CustomerRef"]["value"])

    def remember_party(self, entity: str, shown: str, remote_id: str) -> None:
        """Who was just made, under one of the names that he may have."""
        for kind, name in [each for each in self._names if each[0] == entity and shown in named_for(*each)]:
            self._names[kind, name] = remote_id

    def periods(self) -> list[Period]:
        """Closed up to the closing date of the books."""
        if self.closed_until is None:
            return []
        return [Period(date.min, self.closed_until, "closed"), Period(self.closed_until + timedelta(days=1), date.max, "open")]

    def metadata(self) -> Metadata:
        """What `connect` proposes for the posting's accounts and taxes."""
        accounts = {account.label: account.kind for account in self._accounts.values()}
        codes = {name: " + ".join(f"{rate * 100:f} %" for rate in code.rates) or "no tax" for name, code in self._tax_codes.items()}
        closed = [self.closed_until.isoformat()] if self.closed_until else []
        return Metadata({"accounts": accounts, "tax_codes": codes, "closed_until": closed})


def in_currency(name: str, currency: str) -> str:
    """The name of a buyer in another currency than the one in which he is kept already: Ann Berg (GBP)."""
    ending = f" ({currency})"
    return f"{name[: LONGEST_NAME - len(ending)]}{ending}"


def named_for(entity: str, name: str) -> tuple[str, ...]:
    """The names that somebody may be made under: QuickBooks takes each once among customers, suppliers and employees."""
    return (name, f"{name} (supplier)") if entity == "Vendor" else (name,)


def _named(each: Mapping[str, Any]) -> list[tuple[str, Account]]:
    number, full = each.get("AcctNum"), each["FullyQualifiedName"]
    currency = (each.get("CurrencyRef") or {}).get("value", "")
    account = Account(each["Id"], str(number or full), each["AccountType"], currency)
    return [(full, account), *([(str(number), account)] if number else [])]


def _tax_codes(company: Company) -> list[tuple[str, TaxCode]]:
    percent = {each["Id"]: Decimal(each.get("RateValue") or 0) / 100 for each in company.rows("TaxRate")}
    found = []
    for each in company.rows("TaxCode"):
        sold, bought = (
            tuple(percent[detail["TaxRateRef"]["value"]] for detail in (each.get(rates) or {}).get("TaxRateDetail", []))
            for rates in ("SalesTaxRateList", "PurchaseTaxRateList")
        )
        found.append((each["Name"], TaxCode(each["Id"], sold, bought)))
    return found
