"""How old a difference is: in business days from the document's own date, not from the day on which somebody noticed."""

from __future__ import annotations

from datetime import date, timedelta

_WEEK, _WORKING = 7, 5


def business_days(start: date | None, end: date) -> int:
    """Days from Monday to Friday after `start` up to and with `end`; 0 where there is no date, or it lies ahead."""
    if start is None or end <= start:
        return 0
    weeks, rest = divmod((end - start).days, _WEEK)
    return weeks * _WORKING + sum((start + timedelta(days=day)).weekday() < _WORKING for day in range(1, rest + 1))


def working_day(start: date, count: int) -> date:
    """The `count`-th day from Monday to Friday after `start`."""
    day = start
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _WORKING
    return day
