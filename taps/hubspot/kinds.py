"""The streams: which properties are asked for, by which property a stream is followed, and what hangs on a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taps._kit.reader import Stream

MODIFIED = "hs_lastmodifieddate"
MERGED = "hs_merged_object_ids"
"""Ids that went into a record when it was merged, with semicolons between them."""
NUMBER = "hs_object_id"


@dataclass(frozen=True, slots=True)
class Kind:
    """One stream of CRM records."""

    name: str
    """Also the name of the object type in addresses."""
    properties: tuple[str, ...]
    associated: tuple[str, ...] = ()
    """Object types whose ids are handed out with a record."""
    modified: str = MODIFIED
    """The property that grows with each change."""
    more: tuple[str, ...] = ()
    """Fields beside HubSpot's own that the reader adds."""

    def asked(self, own: tuple[str, ...]) -> list[str]:
        """The properties of a call, those of the configuration included."""
        return list(dict.fromkeys((*self.properties, self.modified, NUMBER, MERGED, *own)))


CONTACTS = Kind(
    "contacts",
    (
        *("firstname", "lastname", "email", "hs_additional_emails", "phone", "mobilephone", "company", "jobtitle", "address", "city"),
        *("state", "zip", "country", "lifecyclestage", "hubspot_owner_id", "associatedcompanyid", "hs_email_optout"),
        *("num_associated_deals", "createdate"),
    ),
    ("companies",),
    modified="lastmodifieddate",
)
COMPANIES = Kind(
    "companies",
    (
        *("name", "domain", "phone", "address", "address2", "city", "state", "zip", "country", "description", "industry"),
        *("lifecyclestage", "hubspot_owner_id", "hs_parent_company_id", "num_associated_deals", "createdate"),
    ),
    more=("tax_number", "payment_terms"),
)
PRODUCTS = Kind(
    "products",
    (
        *("name", "description", "hs_sku", "price", "hs_cost_of_goods_sold", "hs_product_type", "hs_folder_name"),
        *("recurringbillingfrequency", "createdate"),
    ),
    more=("currency",),
)
LINE_ITEMS = Kind(
    "line_items",
    (
        *("name", "description", "hs_sku", "hs_product_id", "quantity", "price", "amount", "hs_discount_percentage", "discount"),
        *("hs_tax_amount", "hs_tax_label", "hs_tax_rate", "hs_line_item_currency_code", "recurringbillingfrequency"),
        *("hs_position_on_quote", "hs_cost_of_goods_sold", "createdate"),
    ),
)
DEALS = Kind(
    "deals",
    (
        *("dealname", "amount", "deal_currency_code", "dealstage", "pipeline", "closedate", "createdate", "dealtype", "description"),
        *("hs_is_closed", "hs_is_closed_won", "hubspot_owner_id", "hs_primary_associated_company", "hs_num_of_associated_line_items"),
    ),
    ("companies", "contacts", "line_items"),
    more=("currency",),
)
KINDS = {kind.name: kind for kind in (COMPANIES, CONTACTS, PRODUCTS, LINE_ITEMS, DEALS)}
OWNERS = "owners"

_TEXT = {"type": ["string", "null"]}
_OWNER = {
    **dict.fromkeys(("id", "email", "firstName", "lastName", "type", "createdAt", "updatedAt"), _TEXT),
    **{name: {"type": ["integer", "null"]} for name in ("userId", "userIdIncludingInactive")},
    "archived": {"type": ["boolean", "null"]},
    "teams": {"type": ["array", "null"]},
}


def streams(own: dict[str, tuple[str, ...]]) -> list[Stream]:
    """Every stream, parties and products before the deals that name them."""
    owners = Stream(OWNERS, {"type": "object", "properties": _OWNER}, ("id",), snapshot=True)
    return [owners, *(_stream(kind, own.get(kind.name, ())) for kind in KINDS.values())]


def _stream(kind: Kind, own: tuple[str, ...]) -> Stream:
    columns: dict[str, Any] = dict.fromkeys(("id", "createdAt", "updatedAt", *kind.more), _TEXT)
    columns |= {"archived": {"type": ["boolean", "null"]}}
    columns |= {"properties": {"type": "object", "properties": dict.fromkeys(kind.asked(own), _TEXT)}}
    columns |= {name: {"type": "array"} for name in kind.associated}
    return Stream(kind.name, {"type": "object", "properties": columns}, ("id",), snapshot=True)
