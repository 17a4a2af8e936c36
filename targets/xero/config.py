"""What a person writes under `config:` of a Xero connection that is written to."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from taps.xero.config import XeroConfig

TAX_SETTINGS = ("tax_types", "purchase_tax_types")


class XeroTargetConfig(XeroConfig):
    """One organisation of Xero to write to."""

    draft_first: bool = Field(default=False, description="Whether invoices and credit notes begin as drafts that a person approves.")
    tax_types: Mapping[str, str] = Field(
        default_factory=dict, description="Xero's TaxType for each tax of a line, by its code, or by its rate: {'20%': OUTPUT2}."
    )
    purchase_tax_types: Mapping[str, str] = Field(
        default_factory=dict, description="The same for lines of bills and credits of suppliers: {'20%': INPUT2}."
    )
    untaxed: str = Field("NONE", description="Xero's TaxType for lines without tax.")
    due_days: int = Field(0, ge=0, le=365, description="Days from an invoice's date to its due date.")
    counterparty: str = Field(
        "Payment processor", min_length=1, max_length=255, description="Contact of fees, disputes and other journals."
    )
    clearing_account: str = Field("", description="Code of the bank account for receipts of which nothing was paid in money.")
    tracking: Mapping[str, str] = Field(default_factory=dict, description="Tracking category and option that each line gets.")
    location_tracking: str = Field("", description="Tracking category whose options are the locations of lines.")
    batch: int = Field(50, ge=1, le=500, description="Documents of one call; lower it if Xero says that there are too many.")
