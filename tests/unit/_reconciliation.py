"""Reports made by hand, for what reads them: a month of Meadow & Mill with every kind of break, and reports of any shape."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from pipelines.reconcile.report import (
    Break,
    Cause,
    CornerTotal,
    Gap,
    Line,
    Matched,
    Pair,
    Rates,
    Report,
    Side,
    Stated,
    Suggestion,
    Waterfall,
)
from pipelines.reconcile.words import BreakClass, Corner, Status

D = Decimal
AS_OF = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
FORMULA = '=HYPERLINK("http://evil.example","open")'


def side(corner, amount, *, number="1001", on=date(2026, 1, 14), unit="EUR", **more):
    where = {Corner.SOURCE: "shopify_eu", Corner.HUB: "hub", Corner.TARGET: "xero_eu", Corner.BANK: "bank_aib"}[corner]
    return Side(corner, where, f"{where}/{number}", number, on, unit, D(amount), **more)


def broken(kind, expected, actual, *, number="1001", unit="EUR", age=3, sheet="sales", key, say="", causes=None, **more):
    """A break with two sides and one cause, unless `causes` says otherwise."""
    expected, actual = D(expected), D(actual)
    on = date(2026, 1, 30) - timedelta(days=age)
    causes = causes or (Cause(kind, actual - expected, say or f"{number}: {actual - expected} {unit}."),)
    sides = tuple(
        side(corner, amount, number=number, on=on, unit=unit)
        for corner, amount in ((Corner.SOURCE, expected), (Corner.TARGET, actual))
        if amount
    )
    return Break(
        key, sheet, more.pop("document", "order"), f"doc-{number}", number, unit, on, age,
        expected, actual, causes, sides, **more,
    )  # fmt: skip


def month(**changes):
    """January of Meadow & Mill, by hand: sales, clearing, tax and payouts in EUR, stock in pieces."""
    breaks = (
        broken(BreakClass.MISSING_IN_TARGET, "412.50", "0", number="1042", age=12, key="a1", say="Order 1042 of 14 Jan is not at xero_eu.",
               suggested="counterfoil run shop_to_books"),
        broken(BreakClass.DUPLICATE_TARGET, "0", "119.00", number="1017", age=4, key="a2", say="Order 1017 stands twice at xero_eu."),
        broken(BreakClass.TAX, "110.84", "98.34", number=FORMULA, age=70, key="a3", say="The net agrees; tax is 7.84 here, −4.66 there."),
        broken(BreakClass.ROUNDING, "76.30", "76.31", number="-12.50", age=1, key="a4", say="Xero rounds tax by line: 0.01."),
        broken(BreakClass.IN_TRANSIT, "72.14", "0", number="po_77", age=1, key="a5", sheet="payouts", document="payout",
               say="Payout po_77 of 30 Jan has no bank line yet."),
        broken(BreakClass.QTY, "12", "9", number="MUG-01", unit="C62", age=33, key="a6", sheet="stock", document="stock",
               say="Three mugs fewer on the shelf than in the books."),
    )  # fmt: skip
    sales = Waterfall(
        "sales", "Sales: Shopify EU to Xero", "sales", "EUR",
        (
            Line("Source total, orders of January", D("18420.55"), 203, "total", "gross, with tax, tips and gift cards"),
            Line("Cancelled and test orders", D("-310.00"), 4),
            Line("Refunds", D("-648.60"), 9),
            Line("Gift cards sold", D("25.00"), 1, note="a liability, not in the source's total"),
            Line("Gift cards redeemed", D("-25.00"), 1, note="contained in the source's total"),
            Line("Expected at the target", D("17461.95"), 200, "total"),
            Line("Posted after the cut-off", D("-60.00"), 1, "step", "timing"),
            Line("Expected after timing", D("17401.95"), 199, "total"),
            Line("Missing at the target", D("-412.50"), 1, "break"),
            Line("Twice at the target", D("119.00"), 1, "break"),
            Line("Another tax", D("-12.50"), 1, "break"),
            Line("Rounding", D("0.01"), 1, "break"),
            Line("Actual at the target", D("17095.96"), 199, "total"),
            Line("Unexplained", D("0.00"), 0, "check"),
        ),
        D("0.00"),
    )  # fmt: skip
    clearing = Waterfall(
        "clearing", "Clearing: Shopify Payments", "clearing", "EUR",
        (
            Line("Opening balance", D("83.05"), 0, "total"),
            Line("Card sales", D("16902.10"), 190),
            Line("Refunds", D("-600.00"), 8),
            Line("Fees", D("-512.88"), 190),
            Line("Payouts issued", D("-15800.13"), 20),
            Line("Closing balance", D("72.14"), 0, "total"),
            Line("Unexplained", D("0.00"), 0, "check"),
        ),
        D("0.00"),
    )  # fmt: skip
    tax = Waterfall(
        "tax", "Tax payable: VAT Ireland", "tax", "EUR",
        (
            Line("Tax collected at the source", D("3240.12"), 203, "total"),
            Line("Another tax", D("-12.50"), 1, "break"),
            Line("Tax payable in the books", D("3227.62"), 0, "total"),
            Line("Unexplained", D("0.00"), 0, "check"),
        ),
        D("0.00"),
    )  # fmt: skip
    payouts = Waterfall(
        "payouts", "Payouts: issued to arrived", "payouts", "EUR",
        (
            Line("Issued", D("15800.13"), 20, "total"),
            Line("In transit", D("-72.14"), 1, "break"),
            Line("Arrived at the bank", D("15727.99"), 19, "total"),
            Line("Unexplained", D("0.00"), 0, "check"),
        ),
        D("0.00"),
    )  # fmt: skip
    stock = Waterfall(
        "stock", "Stock: books to shelf", "stock", "C62",
        (
            Line("In the books, Dublin", D("300"), 30, "corner"),
            Line("In the books, Cork", D("112"), 10, "corner"),
            Line("Expected on the shelf", D("412"), 40, "total"),
            Line("Another quantity", D("-3"), 1, "break"),
            Line("Counted", D("409"), 40, "total"),
            Line("Unexplained", D("0"), 0, "check"),
        ),
        D("0"),
    )  # fmt: skip
    whole = {
        "run": "1f2e3d4c5b6a", "company": "meadow_mill", "period": "2026-01", "as_of": AS_OF, "timezone": "Europe/Dublin",
        "rules": "standard@1 (9c1d)", "inputs_hash": "a" * 64, "books_hash": "b" * 64, "status": Status.BREAKS,
        "corners": (
            CornerTotal("sales", Corner.SOURCE, "shopify_eu", "order", "EUR", 203, D("18420.55"), "orders, total.sql", ("1007 to 1009",)),
            CornerTotal("sales", Corner.TARGET, "xero_eu", "invoice", "EUR", 199, D("17095.96"), "Invoices, by our reference"),
            CornerTotal("payouts", Corner.BANK, "bank_aib", "bank_line", "EUR", 19, D("15727.99"), "statements 1 to 4"),
        ),
        "waterfalls": (sales, clearing, tax, payouts, stock),
        "completeness": (
            Stated("sales", "shopify_eu", "order", "EUR", date(2026, 1, 14), 12, D("1240.00"), 11, 12, D("1240.00"), ("1042",),
                   "ordersCount and orders by CREATED_AT", AS_OF),
            Stated("sales", "shopify_eu", "refund", "", None, 0, None, 0, 0, None, (), "", None, "Refunds hang on their order."),
        ),
        "numbers": (Gap("sales", "shopify_eu", "order", "1007", date(2026, 1, 9), explained=True, says="Deleted after it was read."),),
        "breaks": tuple(sorted(breaks, key=lambda each: (-abs(each.difference), each.key))),
        "matched": (
            Matched("sales", "sync_link@1", "exact", "EUR", 190, D("16100.00")),
            Matched("sales", "reference@1", "exact", "EUR", 8, D("805.29")),
            Matched("sales", "link_within@1", "tolerance", "EUR", 1, D("76.31")),
            Matched("sales", "party_day@1", "suggested", "EUR", 1, D("44.00")),
            Matched("stock", "sku@1", "exact", "C62", 39, D("400")),
        ),
        "suggestions": (
            Suggestion("sales", "party_day@1", D("0.86"), ("same amount", "two days apart"),
                       (side(Corner.SOURCE, "44.00", number="1050"),), (side(Corner.TARGET, "44.00", number="INV-88"),)),
        ),
        "rates": (
            Rates("C62", D("0.975"), D("0.978155"), D(1), D(3), D(-3)),
            Rates("EUR", D("0.980296"), D("0.974208"), D(1), D("616.15"), D("-378.13")),
        ),
        "notes": ("Square was not asked: the connection square_dublin is paused.",),
    }  # fmt: skip
    return Report(**{**whole, **changes})


def pairs(count=3):
    """Matched pairs, the last with a difference that a tolerance took."""
    equal = (
        Pair("sales", "sync_link@1", "order", f"{2000 + n}", date(2026, 1, 1 + n % 31), "EUR", D(100 + n), D(100 + n))
        for n in range(count - 1)
    )
    return (*equal, Pair("sales", "link_within@1", "order", "9007199254740993", date(2026, 1, 31), "EUR", D("76.30"), D("76.31")))


# ── reports of any shape ──

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    [FORMULA, "-12.50", "+1", "@SUM(A1)", "'quoted", " =1", "#1042", "*bold* _x_ $a$ #panic()", "中文", 'say "x", y', ""]
)
amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False) | st.decimals(-99, 99, places=5, allow_nan=False)
days = st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1))
currencies = st.sampled_from(["EUR", "USD", "C62", "JPY"])
sides = st.builds(
    Side, st.sampled_from(Corner), texts, texts, texts, days, currencies, amounts,
    st.lists(st.tuples(st.sampled_from(["tax", "tip"]), amounts), max_size=2).map(tuple), texts, texts,
)  # fmt: skip


@st.composite
def breaks(draw):
    parts = draw(st.lists(st.builds(Cause, st.sampled_from(BreakClass), amounts, texts), min_size=1, max_size=2))
    expected = draw(amounts)
    actual = expected + sum((part.amount for part in parts), D(0))
    return Break(
        draw(st.text("0123456789abcdef", min_size=12, max_size=12)), draw(texts), draw(texts), draw(texts), draw(texts), draw(currencies),
        draw(days), draw(st.integers(0, 400)), expected, actual, tuple(parts), tuple(draw(st.lists(sides, max_size=2))), draw(texts),
    )  # fmt: skip


def several(strategy, most=3):
    return st.lists(strategy, max_size=most).map(tuple)


lines = st.builds(Line, texts, amounts, st.integers(0, 999), st.sampled_from(["corner", "total", "step", "break", "check"]), texts)
waterfalls = st.builds(
    Waterfall, st.sampled_from(["sales", "clearing", "tax", "payouts", "stock"]), texts, texts, currencies, several(lines, 5), amounts
)
fractions = st.decimals(0, 1, places=6)
corner_totals = st.builds(
    CornerTotal, texts, st.sampled_from(Corner), texts, texts, currencies, st.integers(0, 9), amounts, texts, several(texts)
)
matches = st.builds(Matched, texts, texts, st.sampled_from(["exact", "tolerance", "suggested"]), currencies, st.integers(0, 9), amounts)
reports = st.builds(
    Report,
    run=st.text("0123456789abcdef", min_size=12, max_size=12),
    company=st.sampled_from(["acme", "acme ireland/2", "Müller & Söhne"]),
    period=st.sampled_from(["", "2026-01"]),
    as_of=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001 (made UTC)
    timezone=st.just("Europe/Dublin"),
    rules=texts,
    inputs_hash=st.just("a" * 64),
    books_hash=st.just("b" * 64),
    status=st.sampled_from(Status),
    corners=several(corner_totals),
    waterfalls=several(waterfalls),
    breaks=several(breaks(), 4),
    matched=several(matches),
    suggestions=several(st.builds(Suggestion, texts, texts, fractions, several(texts), several(sides, 2), several(sides, 2)), 2),
    rates=several(st.builds(Rates, currencies, fractions, fractions, fractions, amounts, amounts)),
    notes=several(texts),
    late=several(breaks(), 1),
)  # fmt: skip
any_pairs = several(st.builds(Pair, texts, texts, texts, texts, days, currencies, amounts, amounts))
