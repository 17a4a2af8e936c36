"""What the source does to a document while it is in doubt. Each case was lost or doubled once; kills are raised in process here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.hub.store import Hub
from pipelines.steps import plan as planning
from pipelines.steps import run as running
from taps._kit import points
from tests._kit.company import Company, order
from tests.faults import checker


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def company(tmp_path: Path, hub_url: str) -> Iterator[Company]:
    made = Company(tmp_path / "home", hub_url, snapshot=True)
    yield made
    points.disarm()
    made.hub.close()


def killed(company: Company, point: str, target: str) -> None:
    """One run that dies at the point in the delivery to that target."""
    left = [{"ledger": 1, "stock": 2}[target]]  # the ledger comes first

    def die() -> None:
        left[0] -= 1
        if not left[0]:
            raise Killed

    points.arm(point, die)
    with pytest.raises(Killed):
        company.run()
    points.disarm()
    company.clock.pass_(minutes=5)


def planned(company: Company) -> None:
    """A run that ends after plan."""
    home = company.home
    running.read_stream(home, company.hub, home.taps["shop"], "orders")
    running.translate_stream(home, company.hub, home.taps["shop"], "orders")
    running.resolve_all(company.hub)
    running.plan_route(company.hub, home.routes["sales"])


def stands(company: Company) -> dict[str, list[checker.State]]:
    """The last state of order 1001 at each target."""
    verdict = checker.Verdict()
    ledger = checker._ledger(verdict, company.path / "books/entries.beancount")
    stock = checker._stock(verdict, f"sqlite:///{company.path / 'stock.db'}")
    assert verdict.good, str(verdict)
    name = ("order", "1001")
    return {"ledger": ledger[name].states[-1:] if name in ledger else [], "stock": stock[name].states[-1:] if name in stock else []}


@pytest.mark.parametrize("target", ["ledger", "stock"])
@pytest.mark.parametrize("point", ["O2", "H2"])
def test_an_order_that_is_deleted_while_it_is_in_doubt_does_not_stand(company: Company, point: str, target: str) -> None:
    company.export(order("1001", "10.00"), order("1002", "5.00"))
    killed(company, point, target)
    company.export(order("1002", "5.00"))
    company.run()
    assert stands(company)[target] in ([], [()])
    assert company.ask("SELECT DISTINCT fate, reason FROM disposition WHERE revision = 2") == [("excluded", "deleted at the source")]
    assert company.both_balance()


@pytest.mark.parametrize("point", ["O2", "H2"])
def test_an_order_that_returns_to_its_booked_state_while_a_change_is_in_doubt_ends_there(company: Company, point: str) -> None:
    company.export(order("1001", "10.00", units="1"))
    company.run()
    company.export(order("1001", "20.00", units="2", version="2"))
    killed(company, point, "stock")
    company.export(order("1001", "30.00", units="3", version="3"))
    planned(company)  # its fate is ready again, and what is in doubt is still in doubt
    company.export(order("1001", "10.00", units="1", version="4"))
    company.run()
    assert stands(company)["stock"] == [(("mug", 1),)]
    assert stands(company)["ledger"][0][1:] == (("Assets:Receivable", 10), ("Income:Sales", -10))
    assert company.both_balance()


@pytest.mark.postgres
def test_an_order_that_deliver_claims_while_its_deletion_is_planned_does_not_stand(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite one transaction waits for the other; on PostgreSQL they meet. Whoever comes first, the order must not stand."""
    company = Company(tmp_path / "home", postgres_url, snapshot=True)
    company.export(order("1001", "10.00"), order("1002", "5.00"))
    planned(company)
    company.export(order("1002", "5.00"))
    other = Hub(postgres_url, company.clock)
    write = planning._write
    delivered: list[int] = []

    def write_after_delivery(*given: object) -> None:
        if not delivered:
            with monkeypatch.context() as once, ThreadPoolExecutor(1) as elsewhere:
                once.setattr(running, "_until_done", lambda _hub, step, *_rest: step())
                home = company.home
                delivery = elsewhere.submit(running.deliver_target, home, other, "ledger", list(home.routes.values()))
                delivered.append(delivery.result(60).worked)
        write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(planning, "_write", write_after_delivery)
    company.run()
    assert delivered == [2], "it saw both as ready"
    assert stands(company)["ledger"] in ([], [()])
    assert company.ask("SELECT DISTINCT fate FROM disposition WHERE revision = 2") == ["excluded"]
    assert company.both_balance()
    for each in (other, company.hub):
        each.close()
