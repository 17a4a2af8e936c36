"""Dagster over a home folder: the definitions load, a route materializes headless, and its checks tell red from amber."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from pipelines.components import components
from tests._kit.company import Company, order, refund


@pytest.fixture
def company(tmp_path: Path) -> Any:
    made = Company(tmp_path / "home", f"sqlite:///{tmp_path / 'hub.db'}")
    made.export(order("1001", "119.00"), order("1002", "25.50", units="3"))
    yield made
    made.hub.close()


def defs_of(company: Company) -> dg.Definitions:
    parts = [each.build_defs() for each in components(company.home)]
    return dg.Definitions.merge(*parts, dg.Definitions(executor=dg.in_process_executor))


def materialize(company: Company) -> tuple[bool, dict[str, tuple[bool, str]]]:
    """Run the route's job in this process; (success, check → (passed, severity))."""
    result = defs_of(company).resolve_job_def("sales_job").execute_in_process()
    found = {each.check_name: (each.passed, each.severity.value) for each in result.get_asset_check_evaluations()}
    return result.success, found


def test_a_route_materializes_and_both_equations_are_green(company: Company) -> None:
    assert materialize(company) == (
        True,
        {"intake_equation": (True, "ERROR"), "route_equation": (True, "ERROR"), "nothing_open": (True, "WARN")},
    )
    assert len(company.entries()) == 2


def test_an_open_document_is_amber_not_red(company: Company) -> None:
    company.export(refund("R1", "9999", "10.00"))
    _success, found = materialize(company)
    assert found["route_equation"] == (True, "ERROR")
    assert found["nothing_open"] == (False, "WARN")


def test_a_broken_equation_is_red(company: Company) -> None:
    materialize(company)
    with company.hub.begin() as tx:
        tx.execute(sa.text("DELETE FROM receipt WHERE target = 'ledger'"))
        tx.execute(sa.text("DELETE FROM landed WHERE seq = 1"))
    company.export(order("1001", "119.00"), order("1002", "25.50", units="3"), order("1003", "1.00"))
    _success, found = materialize(company)
    assert (found["intake_equation"][0], found["route_equation"][0]) == (False, False)


def test_assets_and_hourly_schedule_carry_the_names_of_the_home(company: Company) -> None:
    defs = defs_of(company)
    keys = {key.to_user_string() for key in defs.resolve_all_asset_keys()}
    assert keys == {"shop/orders", "canonical/shop/order", "canonical/shop/refund", "sales/plan", "sales/deliver", "acme/reconcile"}
    crons = {defs.resolve_schedule_def(name).cron_schedule for name in ("sales_job_schedule", "acme_reconcile_schedule")}
    assert crons == {"0 * * * *", "0 6 * * *"}


def reconciled(company: Company, day: str) -> dict[str, tuple[bool, str]]:
    result = defs_of(company).resolve_job_def("acme_reconcile").execute_in_process(partition_key=day)
    assert result.success
    return {each.check_name: (each.passed, each.severity.value) for each in result.get_asset_check_evaluations()}


def test_a_business_day_is_reconciled_and_a_deleted_entry_is_amber(company: Company) -> None:
    materialize(company)
    day = "2026-01-05"
    assert reconciled(company, day) == {"explained": (True, "ERROR"), "ties": (True, "WARN")}
    journal = company.path / "books/entries.beancount"
    journal.write_text(journal.read_text(encoding="utf-8").split("\n\n", 1)[1], encoding="utf-8")
    assert reconciled(company, day) == {"explained": (True, "ERROR"), "ties": (False, "WARN")}


def test_dg_check_defs_and_a_headless_materialization_pass(company: Company, tmp_path: Path) -> None:
    """As a scheduler would: in processes of their own, telemetry off, nothing in the user's home."""
    dagster_home = tmp_path / "dagster"
    dagster_home.mkdir()
    (dagster_home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    programs = Path(sys.executable).parent
    environment = os.environ | {
        "COUNTERFOIL_HOME": str(company.path),
        "DAGSTER_HOME": str(dagster_home),
        "HOME": str(tmp_path),
        "VIRTUAL_ENV": str(programs.parent),
    }
    root = Path(__file__).parents[2]
    for command in (
        [programs / "dg", "check", "defs"],
        [programs / "dagster", "asset", "materialize", "--select", '+key:"sales/deliver"', "-m", "pipelines.definitions"],
    ):
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert len(company.entries()) == 2


def test_without_a_home_there_is_nothing_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COUNTERFOIL_HOME", raising=False)
    from pipelines.definitions import defs

    assert not dg.Definitions.merge(defs()).resolve_all_asset_keys()
