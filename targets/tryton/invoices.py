"""Customer invoices and credit notes: lines from the posting's rows, taxes to the cent as the source stated them.

A credit note is an invoice with negative quantities; Tryton numbers it in the sequence of credit notes by itself. Tax lines are given,
not left to be computed: Tryton keeps the amount of a tax line whose base is the one that it computes. What Tryton does not take as a
line, because the account is no revenue (tips, gift cards, deposits), stands among the taxes, as a line by hand without a tax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mappings.posting.rows import Row
from taps.tryton.client import TrytonEdge, search
from taps.tryton.values import quantity
from targets._kit.writer import Intent
from targets.tryton.catalogue import Account, Catalogue, Tax, Unfit
from targets.tryton.config import TrytonTargetConfig
from targets.tryton.steps import INVOICE, MACHINES

_UNIT_PRICE = Decimal("0.0001")
"""Tryton keeps four decimals of a unit price."""
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Terms:
    """What all invoices of a connection share."""

    config: TrytonTargetConfig
    catalogue: Catalogue
    uoms: Mapping[int, int]
    """Unit of measure of each product that may stand on an invoice, by the product's id."""
    bought: bool = False
    """Whether they are a supplier's."""

    def takes(self, account: Account) -> bool:
        """Whether Tryton takes a line on that account."""
        return account.bought if self.bought else account.revenue

    @property
    def taxes(self) -> tuple[Mapping[str, Tax], Mapping[str, str], str, str]:
        """Tryton's by name, ours to theirs, the setting that says so, and the role that books them."""
        if self.bought:
            return self.catalogue.purchase_taxes, self.config.purchase_taxes, "purchase_taxes", "InputTax"
        return self.catalogue.taxes, self.config.taxes, "taxes", "SalesTaxPayable"


def invoice(intent: Intent, terms: Terms, of: str) -> dict[str, Any]:
    """The body of the invoice. Raises Unfit."""
    catalogue, sign = terms.catalogue, -1 if intent.subject.kind == "credit_note" else 1
    control = [line for line in intent.lines if line.control]
    total = sum((line.amount for line in control), Decimal(0))
    if sign * sum((row.net + row.tax for row in intent.rows), Decimal(0)) != total:
        raise Unfit("POST-UNBALANCED", f"The lines of {of} do not sum to {total}.", "Correct the posting rule or the document.", "lines")
    owed = {line.account for line in control}
    receivable = catalogue.account(owed.pop(), of) if len(owed) == 1 else None
    if receivable is None or not receivable.receivable:
        named = ", ".join(sorted({line.account for line in control})) or "no account"
        say = f"{of} is owed on {named}, and Tryton wants one receivable account."
        raise Unfit("POST-ACCOUNT", say, "Give the role Receivable one account of type receivable.", "Receivable")
    lines, taxes = shown(intent, terms, sign, of)
    values = head(terms, receivable.id, lines, taxes) | {
        "party": _party(intent),
        "invoice_date": intent.date,
        "payment_term_date": intent.date,
        "reference": intent.number,
    }
    if intent.links:
        values["comment"] = f"Belongs to {', '.join(intent.links)}"
    if terms.config.payment_term:
        values["payment_term"] = catalogue.named("payment term", catalogue.terms, terms.config.payment_term, of, "payment_term")
    return values | {"journal": catalogue.named("journal", catalogue.journals, terms.config.sales_journal, of, "sales_journal")}


def _party(intent: Intent) -> Any:
    customer = intent.related.get("customer")
    return int(customer.remote_id.partition(",")[2]) if customer else {"walk_in": intent.walk_in}


def head(terms: Terms, settled_on: int, lines: Sequence[Any], taxes: Sequence[Any]) -> dict[str, Any]:
    """What an invoice of either direction says first: company, account, lines and taxes."""
    way = "in" if terms.bought else "out"
    shared = {"company": terms.catalogue.company, "currency": terms.catalogue.currency_id, "invoice_type": way, "type": "line"}
    return {
        "type": way,
        "company": terms.catalogue.company,
        "currency": terms.catalogue.currency_id,
        "account": settled_on,
        "lines": [["create", [shared | line for line in lines]]],
        "taxes": [["create", list(taxes)]],
    }


def shown(intent: Intent, terms: Terms, sign: int, of: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The lines, and the taxes. Raises Unfit."""
    lines: list[dict[str, Any]] = []
    by_hand: list[dict[str, Any]] = []
    groups: dict[tuple[Tax, bool], list[Decimal]] = {}
    taxed: list[tuple[Row, Tax]] = []
    for row in intent.rows:
        account, net, amount = terms.catalogue.account(row.account, of), sign * row.net, sign * row.tax
        tax = _tax(row, intent, terms, of)
        taxed += [(row, tax)] if tax else []
        if terms.takes(account):
            lines.append(_line(row, net, account, intent, terms) | {"taxes": [["add", [tax.id]]] if tax else []})
            if tax is not None:
                base_and_amount = groups.setdefault((tax, net >= 0), [Decimal(0), Decimal(0)])
                base_and_amount[0] += net
                base_and_amount[1] += amount
            continue
        by_hand.append({"manual": True, "description": row.description, "account": account.id, "base": Decimal(0), "amount": net})
        if tax is not None and amount:
            by_hand.append(_tax_line(tax, net, amount) | {"manual": True})
    _plausible(taxed, of)
    return lines, [*(_tax_line(tax, *sums) for (tax, _positive), sums in groups.items()), *by_hand]


def _tax_line(tax: Tax, base: Decimal, amount: Decimal) -> dict[str, Any]:
    account = tax.account if base >= 0 else tax.credit_account
    return {"manual": False, "tax": tax.id, "description": tax.name, "account": account, "base": base, "amount": amount}


def _line(row: Row, net: Decimal, account: Account, intent: Intent, terms: Terms) -> dict[str, Any]:
    """Quantity × unit price must give the amount to the cent; where four decimals are too few, it is one piece of the whole."""
    units, price, text = row.quantity, Decimal(0), row.description
    if units > 0:
        price = (abs(net) / units).quantize(_UNIT_PRICE)
    if units <= 0 or abs(price * units - abs(net)) >= _CENT / 2:
        units, price, text = Decimal(1), abs(net), f"{row.quantity.normalize():f} × {row.description}"
    made: dict[str, Any] = {"account": account.id, "description": text, "unit_price": price}
    made["quantity"] = quantity(units if net >= 0 else -units)
    item = intent.related.get(f"item:{row.sku}") if row.sku else None
    if item is not None and units == units.to_integral_value():
        product = int(item.remote_id.partition(",")[2])
        if product in terms.uoms:
            made |= {"product": product, "unit": terms.uoms[product]}
    return made


def _tax(row: Row, intent: Intent, terms: Terms, of: str) -> Tax | None:
    """Tryton's tax of a row: by the source's code, then by its rate; None where there is none to state."""
    by_name, mapped, setting, role = terms.taxes
    rate = None if row.rate is None else row.rate.normalize()
    name = mapped.get(row.tax_code) if row.tax_code or row.tax else None
    if name is None and rate is not None:
        name = mapped.get(f"{rate:f}")
    same = [tax for tax in by_name.values() if rate is not None and tax.rate == rate]
    tax = by_name.get(name) if name else (same[0] if len(same) == 1 else None)
    if tax is None:
        if not row.tax and not name:
            return None
        what = f"the tax {name}" if name else f"one tax for the code {row.tax_code or '(none)'} and the rate {row.rate}"
        raise Unfit("POST-ACCOUNT", f"{of} needs {what}, and Tryton has not.", f"Add a row to {setting} of the connection.", setting)
    booked = {line.account for line in intent.lines if line.component == "tax"}
    if row.tax and not {tax.account_code, tax.credit_account_code} <= booked:
        say = f"{of} books tax on {', '.join(sorted(booked))}; Tryton books {tax.name} on {tax.account_code}."
        raise Unfit("POST-ACCOUNT", say, f"Give the role {role} the account of Tryton's tax.", role)
    return tax


def _plausible(taxed: Sequence[tuple[Row, Tax]], of: str) -> None:
    """A tax that is off by more than a cent for each unit sold is no rounding but another tax, or a mistake."""
    off = sum((row.tax - row.net * tax.rate for row, tax in taxed), Decimal(0))
    if abs(off) > _CENT * sum(max(Decimal(1), row.quantity) for row, _tax in taxed):
        say = f"The tax of {of} is off by {off.quantize(_CENT)} from what {', '.join(sorted({tax.name for _row, tax in taxed}))} gives."
        raise Unfit("SEND-TOTAL", say, "Correct the rates in the front office or in the mapping, or taxes of the connection.", "tax_lines")


# ── taking back ──

_READ = (
    *MACHINES[INVOICE].fields,
    "party",
    "invoice_address",
    "account",
    "journal",
    "accounting_date",
    "reference",
    *(f"lines.{name}" for name in ("type", "account", "description", "quantity", "unit_price", "product", "unit", "taxes")),
    *(f"taxes.{name}" for name in ("manual", "tax", "description", "account", "base", "amount")),
)


def opposite(edge: TrytonEdge, number: int, terms: Terms, of: str) -> dict[str, Any]:
    """The same invoice with the sign turned, as it stands in Tryton and on its date. Raises Unfit where it stands no more."""
    found = search(edge, INVOICE, [["id", "=", number]], _READ)
    if not found or found[0]["state"] not in MACHINES[INVOICE].done:
        raise gone(of, found[0]["state"] if found else "deleted")
    stood = found[0]
    day = stood["accounting_date"] or stood["invoice_date"]
    terms.catalogue.span(day, of)
    values = head(terms, stood["account"], list(_turned_lines(stood["lines"])), [_turned_tax(tax) for tax in stood["taxes"]])
    return values | {
        "party": stood["party"],
        "invoice_address": stood["invoice_address"],
        "journal": stood["journal"],
        "invoice_date": day,
        "payment_term_date": day,
        "reference": stood["reference"],
        "comment": f"Takes back {stood['number']}",
    }


def gone(of: str, state: str) -> Unfit:
    """What is to be changed no longer stands."""
    say = f"{of} is {state} in Tryton, and not as Counterfoil left it."
    return Unfit("SEND-CHANGED", say, "Find out who changed it there; then have this document sent anew.")


def _turned_lines(lines: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line["type"] == "line":
            kept = {name: line[name] for name in ("account", "description", "unit_price", "product", "unit") if line[name] is not None}
            yield kept | {"quantity": quantity(-Decimal(str(line["quantity"]))), "taxes": [["add", line["taxes"]]] if line["taxes"] else []}


def _turned_tax(tax: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: tax[name] for name in ("manual", "tax", "description", "account") if tax[name] is not None}
    return kept | {"base": -tax["base"], "amount": -tax["amount"]}
