"""Staff and their hours."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from mappings.model.base import PII, ZERO, Amount, Currency, Day, Document, Instant, Key, Quantity, Rate, Text


class Employee(Document):
    """Someone who works for us."""

    type: ClassVar[str] = "employee"
    title: ClassVar[str] = "Employee"

    employee_number: Key
    first_name: Annotated[Text | None, PII] = None
    last_name: Annotated[Text | None, PII] = None
    preferred_name: Annotated[Text | None, PII] = None
    work_email: Annotated[Text | None, PII] = None
    phone: Annotated[Text | None, PII] = None
    tax_identifier_ref: Annotated[Text | None, PII] = None
    """A token, never the number itself."""
    employment_status: Literal["active", "inactive", "terminated"] = "active"
    hire_date: Day | None = None
    termination_date: Day | None = None
    manager_number: Text | None = None
    department: Text | None = None
    location: Text | None = None
    job_title: Text | None = None

    def number(self) -> str:
        """The employee number."""
        return self.employee_number


class TimeEntry(Document):
    """Hours that one employee worked on one day."""

    type: ClassVar[str] = "time_entry"
    title: ClassVar[str] = "Time entry"

    business_date: Day
    employee_number: Key
    employee_id: UUID | None = None
    location: Text | None = None
    role_code: Text | None = None
    clock_in: Instant | None = None
    clock_out: Instant | None = None
    unpaid_break_hours: Quantity = ZERO
    """Already taken off the hours."""
    regular_hours: Quantity
    overtime_hours: Quantity = ZERO
    declared_tips: Amount = ZERO
    """Cash tips, already in the pocket: told to payroll, never booked."""
    currency: Currency | None = None
    status: Literal["open", "approved", "exported"] = "approved"

    def hours(self) -> Decimal:
        """Regular and overtime hours."""
        return self.regular_hours + self.overtime_hours

    def parents(self) -> tuple[UUID, ...]:
        """The employee."""
        return (self.employee_id,) if self.employee_id else ()


class TipPayout(Document):
    """Card tips of one employee, handed over to payroll. Positive; counts −."""

    type: ClassVar[str] = "tip_payout"
    title: ClassVar[str] = "Tips to payroll"

    business_date: Day
    employee_number: Text | None = None
    location: Text | None = None
    currency: Currency
    exchange_rate: Rate | None = None
    tips: Amount

    def amount(self) -> tuple[Decimal, str]:
        """− the tips."""
        return ZERO - self.tips, self.currency
