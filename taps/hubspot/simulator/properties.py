"""The properties that an account has from the start, by object type, as HubSpot's property settings list them. Names are not confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_EACH = "createdate hs_lastmodifieddate hs_object_id hs_merged_object_ids hubspot_owner_id"
DEFINED = {
    "contacts": (
        f"{_EACH} lastmodifieddate firstname lastname email hs_additional_emails phone mobilephone company jobtitle address city state zip "
        "country lifecyclestage associatedcompanyid hs_email_optout website num_associated_deals"
    ).split(),
    "companies": (
        f"{_EACH} name domain website phone address address2 city state zip country description industry lifecyclestage "
        "hs_parent_company_id num_associated_deals"
    ).split(),
    "products": (
        f"{_EACH} name description hs_sku price hs_cost_of_goods_sold hs_product_type hs_folder_name recurringbillingfrequency hs_url"
    ).split(),
    "line_items": (
        f"{_EACH} name description hs_sku hs_product_id quantity price amount discount hs_discount_percentage hs_tax_amount hs_tax_label "
        "hs_tax_rate hs_line_item_currency_code recurringbillingfrequency hs_position_on_quote hs_cost_of_goods_sold"
    ).split(),
    "deals": (
        f"{_EACH} dealname amount deal_currency_code dealstage pipeline closedate dealtype description hs_is_closed hs_is_closed_won "
        "hs_primary_associated_company hs_num_of_associated_line_items"
    ).split(),
}
_DATES = ("createdate", "lastmodifieddate", "hs_lastmodifieddate", "closedate")
_NUMBERS = ("amount", "price", "quantity", "discount", "hs_discount_percentage", "hs_cost_of_goods_sold", "hs_tax_amount", "hs_tax_rate")
WORKED_OUT = frozenset(
    (
        *("createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_object_id", "hs_merged_object_ids", "hs_is_closed"),
        *("hs_is_closed_won", "hs_primary_associated_company", "hs_num_of_associated_line_items", "num_associated_deals"),
    )
)
"""Nobody may write these."""


def defined(name: str, **given: Any) -> dict[str, Any]:
    """The definition of a property."""
    kind = "datetime" if name in _DATES else "number" if name in _NUMBERS else "string"
    field = {"datetime": "date", "number": "number"}.get(kind, "text")
    return {
        "name": name,
        "label": name,
        "type": kind,
        "fieldType": field,
        "groupName": "information",
        "description": "",
        "options": [],
        "archived": False,
        "calculated": name in WORKED_OUT,
        "externalOptions": False,
        "hasUniqueValue": name == "email",
        "hidden": False,
        "formField": False,
        "displayOrder": -1,
        "hubspotDefined": not given,
        **given,
    }


def fits(definition: Mapping[str, Any], value: str) -> bool:
    """Whether a text is a value of this property: a number, a day or an instant, one of its options."""
    try:
        if definition["type"] == "number":
            return Decimal(value).is_finite()
        if definition["type"] in ("date", "datetime"):
            return value.isdecimal() or datetime.fromisoformat(value) is not None
    except (InvalidOperation, ValueError):
        return False
    return definition["type"] != "enumeration" or value in {option["value"] for option in definition["options"]}
