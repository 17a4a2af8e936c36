"""What a person writes under `config:` of a Gusto connection, for reading."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Columns(BaseModel):
    """How the columns of a payroll export are called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    employee: str = "Employee"
    department: str = "Department"
    period_start: str = "Pay period start"
    period_end: str = "Pay period end"
    check_date: str = "Check date"
    gross: str = "Gross earnings"
    employee_taxes: str = "Employee taxes"
    employer_taxes: str = "Employer taxes"
    deductions: str = "Employee deductions"
    benefits: str = "Company contributions"
    reimbursements: str = "Reimbursements"
    paycheck_tips: str = "Paycheck tips"
    cash_tips: str = "Cash tips"
    net: str = "Net pay"


class GustoConfig(BaseModel):
    """One company of Gusto. Over the API the secrets are client_id, client_secret and the tokens that `counterfoil connect` stores."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["file", "api"] = Field("file", description="file: through files that a person imports and exports; api: over the API.")
    folder: str = Field("gusto", min_length=1, description="file: the folder of the files; a relative one starts at the home folder.")
    columns: Columns = Field(Columns(), description="file: names of the columns of the payroll export.")
    company: str = Field("", description="api: the UUID of the company.")
    base_url: str = Field("https://api.gusto.com/v1", description="api: the address; https://api.gusto-demo.com/v1 for a trial.")
    private_network: bool = Field(default=False, description="api: base_url is a server of our own, inside our network.")
    page_size: int = Field(100, ge=1, le=100, description="api: rows of one page.")

    @model_validator(mode="after")
    def _named(self) -> GustoConfig:
        if self.mode == "api" and not self.company:
            raise ValueError("mode api needs company, the UUID of the company")
        return self
