"""What a person writes under `config:` of a Tryton target: the names of things there. Accounts come from the posting, by their codes."""

from __future__ import annotations

from pydantic import Field

from taps.tryton.config import TrytonConfig


class TrytonTargetConfig(TrytonConfig):
    """One company that is written to. Journals go by code, locations by code or name, everything else by name."""

    sales_journal: str = Field("REV", description="Code of the journal of invoices and credit notes (type Revenue).")
    purchase_journal: str = Field("EXP", description="Code of the journal of bills and credits of suppliers (type Expense).")
    general_journal: str = Field("MISC", description="Code of the journal of all other entries.")
    payment_term: str | None = Field(None, description="Payment term of invoices; without one they are due on their date.")
    taxes: dict[str, str] = Field(
        default_factory=dict,
        description="Tryton's tax by tax code or rate of the source (0.2 for 20 %); a rate that only one tax there has needs no row; "
        "'' is for tax without code and rate.",
    )
    purchase_taxes: dict[str, str] = Field(default_factory=dict, description="The same for bills and credits of suppliers.")
    location: str | None = Field(None, description="Where goods lie of which the source does not say where.")
    locations: dict[str, str] = Field(default_factory=dict, description="Tryton's location by the source's.")
    sold_location: str | None = Field(
        None, description="Location of type Lost and Found where sold goods go and returned ones come from; needed for stock."
    )
    unit: str = Field("Unit", description="Unit of measure of new items.")
    item_category: str | None = Field(None, description="Accounting category of new items.")
    work: str | None = Field(None, description="Timesheet work of hours; needed for time entries.")
    overtime_work: str | None = Field(None, description="Timesheet work of overtime, where it is not the same.")
