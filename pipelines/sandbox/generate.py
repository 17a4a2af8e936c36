"""Makes the sample company's exports: `python -m pipelines.sandbox.generate FOLDER`. The same bytes on every machine.

The files that ship with the package were made by this module; a test makes them again and compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from pipelines.sandbox import exports, oddities
from pipelines.sandbox.expected import expectation
from pipelines.sandbox.oddities import Marks
from pipelines.sandbox.settle import web_month
from pipelines.sandbox.till import till_month
from pipelines.sandbox.trade import Till, Web
from pipelines.sandbox.web import web_orders
from pipelines.sandbox.world import World, the_company

SAMPLE = Path(__file__).parent / "sample"
"""The home folder of the sample company, as it ships."""


def sample_files() -> tuple[dict[str, bytes], World, Web, Till, Marks]:
    """All exports by their path below `files`, the truth they were made from, and the marks of what is wrong in them."""
    world, marks = the_company(), Marks()
    web, till = web_month(web_orders(world)), till_month(world)
    files = _web_files(world, web, marks) | _till_files(till, marks) | _people_files(world, marks)
    return files, world, web, till, marks


def _web_files(world: World, web: Web, marks: Marks) -> dict[str, bytes]:
    orders = exports.json_lines(oddities.web_order_rows(web, marks))
    oddities.web_refund_oddities(web, marks)
    return {
        "web/orders.jsonl": oddities.cut_last_line(orders),
        "web/payments.jsonl": exports.json_lines(oddities.web_payment_rows(web, marks)),
        "web/refunds.jsonl": exports.json_lines(exports.refund_row(refund) for refund in web.refunds),
        "web/disputes.jsonl": exports.json_lines(row for dispute in web.disputes for row in exports.dispute_rows(dispute)),
        "web/payouts.jsonl": exports.json_lines(exports.payout_row(payout) for payout in web.payouts),
        "web/products.jsonl": exports.json_lines(exports.product_row(product) for product in world.products),
    }


def _till_files(till: Till, marks: Marks) -> dict[str, bytes]:
    rows = oddities.till_rows(till, marks)
    receipts = exports.separated(rows, exports.TILL_COLUMNS, ";", "cp1252")
    days = [exports.settlement_row(settlement) for settlement in till.settlements]
    return {
        oddities.RECEIPTS: oddities.short_row(receipts, till, marks),
        "terminal/settlements.csv": exports.separated(days, list(days[0]), ";", "cp1252"),
    }


def _people_files(world: World, marks: Marks) -> dict[str, bytes]:
    contacts = oddities.crm_rows([exports.customer_row(person) for person in world.customers], marks)
    staff = [exports.employee_row(person) for person in world.staff]
    hours = oddities.shift_rows(world.shifts, exports.shift_row, marks)
    return {
        oddities.CONTACTS: oddities.bad_byte(exports.separated(contacts, list(contacts[0]), ",", "utf-8"), marks),
        "staff/employees.csv": exports.separated(staff, list(staff[0]), ",", "utf-8"),
        oddities.HOURS: exports.separated(hours, list(hours[0]), ",", "utf-8"),
    }


def everything() -> dict[str, bytes]:
    """All that this module makes, by its path below the home folder."""
    files, world, web, till, marks = sample_files()
    expected = yaml.safe_dump(expectation(world, web, till, marks), sort_keys=False, allow_unicode=True, width=140)
    made = {f"files/{name}": content for name, content in files.items()}
    return made | {"expected.yaml": f"# Made by pipelines.sandbox.generate; see docs/sample-company.md.\n{expected}".encode()}


def write(folder: Path) -> None:
    """Write every export below the folder, and `expected.yaml` beside them."""
    for name, content in everything().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE)
