"""A sale and what was paid on it are taken back together: payment and credit first, the invoice after them, in one run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipelines.steps import run as running
from tests.unit._remote_route import RemoteRoute, opened
from tests.unit.test_steps_related import ROWS


@pytest.fixture(params=["quickbooks", "xero"])
def route(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RemoteRoute]:
    with opened(request.param, tmp_path) as made:
        yield made


def nothing(name: str) -> list[dict[str, Any]]:
    """The stream's rows, moving no money any more."""
    return [row | {"total": "0.00"} for row in ROWS[name]]


def test_one_run_takes_back_a_paid_sale(route: RemoteRoute, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.delivering, "deliver", partial(running.delivering.deliver, limit=1))  # no batch puts them in order by luck
    route.run()
    assert route.fates()["invoice"] == {"delivered": 2}
    for name in ("orders", "payments", "refunds"):
        route.put(name, nothing(name))
    report = route.run()
    assert route.problems() == []
    assert {kind: fates for kind, fates in route.fates().items() if kind not in ("contact", "item")} == {
        "invoice": {"excluded": 2},
        "payment": {"excluded": 1},
        "credit_note": {"excluded": 1},
    }
    assert report.written == {"books": 4}
    with route.hub.read() as tx:
        ended = "SELECT o.kind, d.number FROM attempt a JOIN operation o USING (operation_id) JOIN document d ON d.seq = o.document_seq"
        order = [tuple(row) for row in tx.exec_driver_sql(f"{ended} WHERE o.want = 'absent' ORDER BY a.attempt_id").all()]
    assert len(order) == 4, "nothing was tried twice"
    assert order.index(("invoice", "1001")) > max(order.index(("payment", "P1")), order.index(("credit_note", "R1")))


def test_a_sale_waits_while_its_payment_may_still_be_there(route: RemoteRoute) -> None:
    """The answer to the payment's end is lost: the invoice stays until somebody knows."""
    route.run()
    for name in ("orders", "payments", "refunds"):
        route.put(name, nothing(name))
    route.put("refunds", ROWS["refunds"])
    route.simulator.faults.add("drop_after", method="POST", path="company|Payments")
    route.run()
    fates = route.fates()
    assert fates["payment"] == {"in_doubt": 1}
    assert fates["invoice"]["ready"] == 1
    route.run()
    assert route.fates()["payment"] == {"excluded": 1}
    assert route.fates()["invoice"] == {"excluded": 2}
    assert route.problems() == []
