"""What a person writes under `config:` of a QuickBooks Online connection that is written to."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from taps.quickbooks.config import QuickBooksConfig


class QuickBooksTargetConfig(QuickBooksConfig):
    """One company, and how our accounts and taxes are called there. Accounts are named by number, or by full name where they have none."""

    items: dict[str, str] = Field(
        default_factory=dict,
        description="By account: the item (name or id) through which lines of sales are booked there; its income account.",
    )
    tax: Literal["us", "global"] = Field(
        description="us: sales tax as the source states it is sent as the total. global: QuickBooks computes it per line from its codes."
    )
    tax_codes: dict[str, str] = Field(
        default_factory=dict, description="global: by the source's tax code, or by rate such as 20%, the name of the tax code there."
    )
    untaxed: str = Field("", description="global: name of the tax code of lines without tax.")
    us_tax_code: str = Field("", description="us: id of the tax code that goes with a total, where the company wants one.")
    rounding_account: str = Field("", description="global: account of the line that makes up for tax that QuickBooks rounds otherwise.")
    item_type: Literal["Service", "NonInventory", "Inventory"] = Field(
        "NonInventory", description="What goods become. Inventory is valued by QuickBooks itself."
    )
    item_accounts: dict[str, str] = Field(
        default_factory=dict, description="Income account of new items by product type: goods, service, bundle, gift_card, fee."
    )
    inventory_account: str = Field("", description="Asset account of new inventory items.")
    cogs_account: str = Field("", description="Cost account of new inventory items.")
    inventory_start_on: date | None = Field(None, description="Day from which QuickBooks keeps stock of new inventory items.")
    bills: Literal["refused", "posted"] = Field(
        "refused",
        description="QuickBooks has no draft of a bill. posted: bills and credits of suppliers are owed as soon as they are written.",
    )
    departments: dict[str, str] = Field(default_factory=dict, description="By location of ours: id of the location (department) there.")
    classes: dict[str, str] = Field(default_factory=dict, description="By location of ours: id of the class there.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tax == "global" and not self.untaxed:
            raise ValueError("with `tax: global`, `untaxed` names the tax code of lines without tax")
        if self.item_type == "Inventory" and not (self.inventory_account and self.cogs_account and self.inventory_start_on):
            raise ValueError("inventory items need inventory_account, cogs_account and inventory_start_on")
        return self
