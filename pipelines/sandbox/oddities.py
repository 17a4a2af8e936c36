"""What is wrong in the sample company's files, on purpose. Each oddity names its file, its subject and what must come of it.

A company's exports are never clean: the demo shows what becomes of each kind of dirt, and `expected` counts with these marks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from pipelines.sandbox.exports import Row, order_row, payment_row, receipt_rows
from pipelines.sandbox.trade import FIRST_MOMENT, Order, Receipt, Till, Web
from pipelines.sandbox.web import as_first_exported
from pipelines.sandbox.world import GIFT_CARD, Shift


class Oddity(NamedTuple):
    """One thing that is planted."""

    file: str
    subject: str
    what: str
    code: str
    """The problem's code; '' where it is no problem but a fate."""
    outcome: str


@dataclass(slots=True)
class Marks:
    """The subjects that do not go the usual way, for the expectation."""

    oddities: list[Oddity] = field(default_factory=list)
    lost_orders: set[str] = field(default_factory=set)
    """Orders without a document."""
    lost_payments: set[str] = field(default_factory=set)
    lost_receipts: set[str] = field(default_factory=set)
    lost_customers: set[str] = field(default_factory=set)
    lost_shifts: set[str] = field(default_factory=set)

    def add(self, *oddity: str) -> None:
        """Note one."""
        self.oddities.append(Oddity(*oddity))


ORDERS, PAYMENTS, REFUNDS = "web/orders.jsonl", "web/payments.jsonl", "web/refunds.jsonl"
RECEIPTS, CONTACTS, HOURS = "till/receipts_2026-01.csv", "crm/customers.csv", "staff/hours.csv"


def plain_orders(web: Web) -> list[Order]:
    """UK orders of January with nothing special about them: oddities are planted there."""
    returned = {refund.order for refund in web.refunds}
    return [
        order
        for order in web.orders
        if order.store == "uk" and order.placed >= FIRST_MOMENT and not order.pays and order.id not in returned and len(order.lines) > 1
        if all(line.sku != GIFT_CARD for line in order.lines)
    ]


def plain_receipts(till: Till) -> list[Receipt]:
    """Cash sales of the company's own stores with several lines: what is lost there disturbs no settlement."""
    sold_back = {receipt.original for receipt in till.receipts}
    return [receipt for receipt in till.receipts if _is_plain(receipt) and receipt.number not in sold_back]


def _is_plain(receipt: Receipt) -> bool:
    extras = (receipt.tip, receipt.gift_cards, receipt.by_gift_card, receipt.donation)
    articles = {line.sku for line in receipt.lines}
    return receipt.tender == "cash" and receipt.store != "S90" and not any(extras) and 2 < len(receipt.lines) == len(articles)  # noqa: PLR2004


def web_order_rows(web: Web, marks: Marks) -> list[Row]:
    """The shop's export of orders, oddities in it; the cut-off line is made by `cut_last_line`."""
    plain = plain_orders(web)
    rows = {order.id: order_row(order) for order in web.orders}
    nameless, old_code, edited = plain[20], plain[45], plain[60:65]
    rows[nameless.id]["currency"] = None
    marks.lost_orders.add(nameless.id)
    marks.add(ORDERS, nameless.id, "no currency", "MAP-REQUIRED", "held; its payment is booked and waits as a credit on receivables")
    rows[old_code.id]["lines"][1]["tax"]["code"] = "UK-OLD"
    marks.lost_orders.add(old_code.id)
    marks.add(
        ORDERS, old_code.id, "tax code UK-OLD, which nobody mapped", "MAP-LOOKUP", "held until lookups/sample_tax_codes.yaml knows it"
    )
    for order in edited:
        rows[order.id] = order_row(as_first_exported(order))
        marks.add(ORDERS, order.id, "exported twice, changed by its customer in between", "", "replaced: only the later version counts")
    later = [order_row(order, order.placed + timedelta(hours=2)) for order in edited]
    for order in web.orders:
        if order.test:
            marks.add(ORDERS, order.id, "an order of the shop's testers", "", "excluded: test orders are not sales")
        if order.code == "FREEBIE":
            marks.add(
                ORDERS, order.id, "a voucher makes it free: total 0.00", "", "booked as sale and discount of the same amount; moves stock"
            )
    old = [order.id for order in web.orders if order.placed < FIRST_MOMENT]
    marks.add(ORDERS, f"{old[0]} to {old[-1]}", "orders of December", "", "excluded: before start")
    return _cut_off(web, marks, rows, later)


def _cut_off(web: Web, marks: Marks, rows: dict[str, Row], later: list[Row]) -> list[Row]:
    last = web.orders[-1]
    marks.lost_orders.add(last.id)
    marks.add(
        ORDERS, last.id, "the file ends in the middle of this line", "READ-DAMAGED", "shown with file and line; its payment is booked"
    )
    return [row for key, row in rows.items() if key != last.id] + later + [rows[last.id]]


def cut_last_line(file: bytes) -> bytes:
    """The file as it is when a disk was full: the last line ends in its middle."""
    start = file.rstrip(b"\n").rfind(b"\n") + 1
    return file[: start + (len(file) - start) * 2 // 3]


def web_payment_rows(web: Web, marks: Marks) -> list[Row]:
    """The charges; one by a means that nobody mapped, two lines twice."""
    for payment in web.payments:
        if payment.method == "seashells":
            marks.lost_payments.add(payment.id)
            marks.add(PAYMENTS, payment.id, "paid by seashells, a means that nobody mapped", "MAP-LOOKUP", "held; its order stays unpaid")
    rows = [payment_row(payment) for payment in web.payments]
    for n in (100, 200):
        marks.add(PAYMENTS, rows[n]["id"], "the same line stands in the file twice", "", "repeated: counted as read, booked once")
    return [*rows[:201], rows[200], *rows[201:], rows[100]]


def web_refund_oddities(web: Web, marks: Marks) -> None:
    """What is to be said of refunds; their rows are as the shop writes them."""
    known = {order.id: order for order in web.orders}
    for refund in web.refunds:
        if refund.order not in known:
            marks.add(REFUNDS, refund.id, "its order is older than the export", "", "waits for its order; its payout contains it")
        elif known[refund.order].placed < FIRST_MOMENT:
            marks.add(REFUNDS, refund.id, "its order is from before the start", "", "booked; the order itself is not")


def till_rows(till: Till, marks: Marks) -> list[Row]:
    """The till's export: parked receipts are finished later, so that their rows stand apart; three receipts cannot be booked."""
    plain = plain_receipts(till)
    rows = {receipt.number: receipt_rows(receipt) for receipt in till.receipts}
    wrong, stray, two_cashiers, two_times = plain[8], plain[20], plain[31], plain[40]
    rows[wrong.number][1]["Amount"] = rows[wrong.number][1]["Amount"][:-1] + "O"
    marks.add(RECEIPTS, wrong.number, "a letter O in an amount of its second row", "MAP-TYPE", "the whole receipt is held, every row of it")
    for row in rows[stray.number]:
        row["Store"] = "S77"
    marks.add(
        RECEIPTS, stray.number, "store S77, which belongs to no company", "MAP-COMPANY", "held until the connection's table knows the store"
    )
    rows[two_cashiers.number][-1]["Cashier"] = "E99"
    marks.add(RECEIPTS, two_cashiers.number, "its rows name two cashiers", "MAP-HEAD", "held: nobody may guess which is right")
    for row in rows[two_times.number][1:]:
        row["Time"] = f"{two_times.at + timedelta(seconds=50):%H:%M:%S}"
    marks.add(RECEIPTS, two_times.number, "its rows carry two times", "", "booked with the earliest: the mapping says `Time: min`")
    marks.lost_receipts |= {wrong.number, stray.number, two_cashiers.number}
    _fates_of_receipts(till, marks)
    return list(_as_the_till_writes(till, rows, marks))


def _fates_of_receipts(till: Till, marks: Marks) -> None:
    """What is no fault of the rows, and yet no usual way."""
    outcome = "held on the books until `DonationPayable` has an account; its goods leave the stock"
    for receipt in till.receipts:
        if receipt.donation:
            what = "2.00 for the hospice's box; the route names no account for donations"
            marks.add(RECEIPTS, receipt.number, what, "POST-ACCOUNT", outcome)
    marks.add(RECEIPTS, "12 receipts of S90", "a franchise, another company, uses the same till", "", "excluded: other company")
    marks.add(RECEIPTS, "some receipts", "the same article scanned twice gives two equal rows", "", "both count")


def _as_the_till_writes(till: Till, rows: dict[str, list[Row]], marks: Marks) -> Iterator[Row]:
    """Each fortieth receipt is parked after its first row and finished three receipts later."""
    parked: list[tuple[int, list[Row]]] = []
    for n, receipt in enumerate(till.receipts):
        mine = rows[receipt.number]
        if n % 40 == 7 and len(mine) > 1:  # noqa: PLR2004
            yield mine[0]
            parked.append((n + 3, mine[1:]))
            marks.add(RECEIPTS, receipt.number, "was parked: its rows do not stand together", "", "one document")
        else:
            yield from mine
        for due, rest in [each for each in parked if each[0] == n]:
            yield from rest
            parked.remove((due, rest))
    for _, rest in parked:
        yield from rest


def short_row(file: bytes, till: Till, marks: Marks) -> bytes:
    """The till's file with one row that lost its last columns; the receipt's total then tells that a row is missing."""
    receipt = plain_receipts(till)[14]
    lines = file.split(b"\r\n")
    at = next(n for n, line in enumerate(lines) if line.startswith(receipt.number.encode() + b";"))
    lines[at] = b";".join(lines[at].split(b";")[:13])
    marks.lost_receipts.add(receipt.number)
    marks.add(RECEIPTS, receipt.number, "its first row has 13 columns of 21", "READ-DAMAGED", "the row is shown with its line")
    marks.add(RECEIPTS, receipt.number, "so its other rows do not make its total", "MAP-TOTAL", "the receipt is held")
    return b"\r\n".join(lines)


def crm_rows(rows: list[Row], marks: Marks) -> list[Row]:
    """The CRM's export; one contact without any name, one whose street has a line break."""
    nameless = rows[50]
    for column in ("First name", "Last name", "Company"):
        nameless[column] = ""
    marks.lost_customers.add(nameless["Contact"])
    marks.add(CONTACTS, nameless["Contact"], "a contact without any name", "", "excluded by the mapping: a contact without a name")
    rows[77]["Street"] = f"The Old Mill, Unit 4\n{rows[77]['Street']}"
    marks.add(CONTACTS, rows[77]["Contact"], "an address with a comma and a line break inside quotes", "", "read as it is")
    return rows


def bad_byte(file: bytes, marks: Marks) -> bytes:
    """One byte of the CRM's file is no UTF-8."""
    line = file.split(b"\r\n")[30]
    number = line.split(b",", 1)[0].decode()
    marks.lost_customers.add(number)
    marks.add(
        CONTACTS, number, "a byte that is no UTF-8 in its row", "READ-DAMAGED", "shown with file, row and column; the other rows are read"
    )
    head, first, rest = line.split(b",", 2)
    return file.replace(line, head + b"," + first[:1] + b"\xff" + first[1:] + b"," + rest)


def shift_rows(shifts: list[Shift], write: Callable[[Shift], Row], marks: Marks) -> list[Row]:
    """The time clock's export; one entry was never clocked out."""
    rows = [write(shift) for shift in shifts]
    rows[120]["Clock out"] = ""
    marks.lost_shifts.add(shifts[120].number)
    marks.add(HOURS, shifts[120].number, "clocked in and never out", "MAP-REQUIRED", "held: hours are never guessed")
    return rows
