"""Which periods of a company's books are closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipelines.hub.ledger_tables import period
from pipelines.hub.words import PeriodStatus


@dataclass(frozen=True, slots=True)
class Closed:
    """The closed spans, by company."""

    spans: tuple[tuple[str, date, date], ...]

    def covers(self, company_id: str, day: date | None) -> bool:
        """Whether the day lies in a closed or locked period of the company."""
        return day is not None and any(company == company_id and start <= day <= end for company, start, end in self.spans)


def closed_on(day: date | None) -> str:
    """Why a document of that day is held."""
    return f"the period of {day} is closed"


def closed(tx: Connection) -> Closed:
    """Every period that is not open."""
    rows = tx.execute(sa.select(period.c.company_id, period.c.start_on, period.c.end_on).where(period.c.status != PeriodStatus.OPEN))
    return Closed(tuple((row.company_id, row.start_on, row.end_on) for row in rows))
