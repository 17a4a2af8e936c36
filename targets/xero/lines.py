"""Invoice lines for Xero: prices that multiply out, a tax type for each line, and our tax where it differs from Xero's by rounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.model.money import round_half_up
from mappings.posting.rows import Row
from mappings.problem import Problem
from taps.xero.client import UNIT_PLACES
from taps.xero.facts import ROUNDING
from targets._kit.rounding import difference, is_rounding, line_amount, rate_of, taxes
from targets._kit.writer import Intent
from targets.xero.chart import Chart, percent
from targets.xero.config import TAX_SETTINGS, XeroTargetConfig

BOUGHT_KINDS = ("bill", "bill_credit")
_LONGEST = 4000
_CENT = Decimal("0.01")


class Lines(NamedTuple):
    """The elements and what Xero will make of them."""

    elements: list[dict[str, Any]]
    total: Decimal


def built(intent: Intent, chart: Chart, config: XeroTargetConfig, sign: int = 1) -> Lines | Problem:
    """LineItems of the intent's rows; −1 turns them round. The first thing that stands against them instead."""
    typed: list[tuple[Row, str]] = []
    setting = _setting(intent)
    told = _by_amount(intent.rows, chart, getattr(config, setting))
    for row in intent.rows:
        tax_type = _tax_type(intent, row, told, chart, config)
        fault = tax_type if isinstance(tax_type, Problem) else _account(intent, row.account, chart)
        if isinstance(tax_type, Problem) or fault is not None:
            return fault or tax_type  # type: ignore[return-value]
        typed.append((row._replace(rate=chart.tax_types.get(tax_type, ("", Decimal(0)))[1]), tax_type))
    rows = [row for row, _tax_type in typed]
    unlike = _unlike(intent, rows)
    if unlike is not None:
        return unlike
    elements = []
    for row, tax_type in typed:
        tracking = _tracking(intent, row, chart, config)
        if isinstance(tracking, Problem):
            return tracking
        elements.append(_element(intent, row, tax_type, tracking, sign))
    return Lines(elements, sign * sum((row.net + row.tax for row in rows), Decimal(0)))


def _account(intent: Intent, code: str, chart: Chart) -> Problem | None:
    account = chart.accounts.get(code)
    if account is None:
        return missing_account(intent, code)
    if account.is_bank or account.is_control:
        what = "a bank account" if account.is_bank else "a control account"
        return Problem(
            "POST-ACCOUNT",
            f"{intent.number} has a line on account {code} ({account.name}), {what} of Xero: no line may name it.",
            "Name another account for this role in the posting.",
        )
    return None


def missing_account(intent: Intent, code: str) -> Problem:
    """An account that the posting names and Xero does not have."""
    return Problem(
        "POST-ACCOUNT",
        f"{intent.number} names account {code or '(none)'}, which Xero does not have or has archived.",
        "Correct the posting's accounts, or add the account in Xero.",
    )


def _tax_type(intent: Intent, row: Row, told: Mapping[str, str], chart: Chart, config: XeroTargetConfig) -> str | Problem:
    """By the source's code, else by the rate, else by what the amounts tell, else that of lines without tax."""
    keys = [row.tax_code] if row.tax_code else []
    keys += [percent(row.rate)] if row.rate is not None else []
    setting = _setting(intent)
    types: Mapping[str, str] = getattr(config, setting)
    found = next((types[key] for key in keys if key in types), None)
    if found is None and not keys and row.tax:
        found = told.get(row.sku)
    if found is None and not row.tax and not row.rate:
        found = config.untaxed
    if found is None:
        return Problem(
            "MAP-LOOKUP",
            f"{intent.number} has a line with the tax {' / '.join(keys) or row.tax}, for which no tax type of Xero is named.",
            f"Add it to `{setting}` of the connection.",
            setting,
        )
    if found not in chart.tax_types and found != "NONE":
        say = f"{intent.number} needs the tax type {found}, which Xero does not have."
        return Problem("MAP-LOOKUP", say, f"Correct `{setting}` or `untaxed` of the connection.", setting)
    return found


def _setting(intent: Intent) -> str:
    """Where the tax types of its lines are named."""
    return TAX_SETTINGS[intent.subject.kind in BOUGHT_KINDS]


def _by_amount(rows: Sequence[Row], chart: Chart, types: Mapping[str, str]) -> dict[str, str]:
    """By item, the tax type of the one rate at which its lines' nets give their taxes: for a source that states neither code nor rate."""
    known = {chart.tax_types[each][1]: each for each in sorted(set(types.values())) if each in chart.tax_types}
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: -abs(row.tax)):  # the larger the amounts, the fewer rates fit
        rate = rate_of(row.net, row.tax, known, ROUNDING) if row.tax else None
        if rate is not None:
            found.setdefault(row.sku, known[rate])
    return found


def _unlike(intent: Intent, rows: Sequence[Row]) -> Problem | None:
    """Tax that is another one than Xero's by more than rounding, in the whole or on a line."""
    off = difference(rows, ROUNDING)
    most = max(_CENT, ROUNDING.most_per_line * len(rows))
    far = [row for row in rows if abs(row.tax - taxes([row.net], [row.rate], ROUNDING)) > most]
    if is_rounding(rows, off, ROUNDING) and not far:
        return None
    stated = sum((row.tax for row in rows), Decimal(0))
    line = f" (its line {far[0].description})" if far and not off else ""
    return Problem(
        "SEND-TOTAL",
        f"{intent.number} states {stated} of tax{line}; Xero would compute {stated - off}, which is more than rounding.",
        f"Give the tax its own code in `{_setting(intent)}`, or correct the rate in Xero.",
        _setting(intent),
    )


def _tracking(intent: Intent, row: Row, chart: Chart, config: XeroTargetConfig) -> list[dict[str, str]] | Problem:
    chosen = dict(config.tracking)
    if config.location_tracking and row.location:
        chosen[config.location_tracking] = row.location
    for category, option in chosen.items():
        if option not in chart.tracking.get(category, frozenset()):
            say = f"{intent.number} needs the option {option} of the tracking category {category}, which Xero does not have."
            return Problem("MAP-LOOKUP", say, "Add the option in Xero, or correct the connection.", "tracking")
    return [{"Name": category, "Option": option} for category, option in chosen.items()]


def _element(intent: Intent, row: Row, tax_type: str, tracking: list[dict[str, str]], sign: int) -> dict[str, Any]:
    quantity, unit, note = priced(row.quantity, sign * row.net)
    element: dict[str, Any] = {
        "Description": f"{note}{row.description or row.component.replace('_', ' ').capitalize()}"[:_LONGEST],
        "Quantity": quantity,
        "UnitAmount": unit,
        "AccountCode": row.account,
        "TaxType": tax_type,
    }
    if row.tax != taxes([row.net], [row.rate], ROUNDING):
        element["TaxAmount"] = sign * row.tax
    item = intent.related.get(f"item:{row.sku}") if row.sku else None
    if item is not None:
        element["ItemCode"] = row.sku
    if tracking:
        element["Tracking"] = tracking
    return element


def priced(quantity: Decimal, net: Decimal) -> tuple[Decimal, Decimal, str]:
    """Quantity and unit price at four places that multiply to exactly the net, or one at the net with the quantity as words."""
    pieces = abs(quantity)
    if pieces and pieces == round_half_up(pieces, UNIT_PLACES):
        unit = round_half_up(net / pieces, UNIT_PLACES)
        if line_amount(pieces, unit) == net:
            return pieces, unit, ""
    return Decimal(1), net, f"{pieces.normalize():f} × "


def plain(account: str, description: str, amount: Decimal, tax_type: str = "NONE") -> Mapping[str, Any]:
    """A line of one amount without tax."""
    return {
        "Description": description[:_LONGEST],
        "Quantity": Decimal(1),
        "UnitAmount": amount,
        "AccountCode": account,
        "TaxType": tax_type,
    }
