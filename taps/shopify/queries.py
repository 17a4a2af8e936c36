"""The GraphQL that is asked, for version 2026-10. The tests hold every text here against Shopify's own schema.

A list that can be longer than one page (`nodes` with `pageInfo`) is named in PAGED, with the type it hangs on: what did not come with the
row is paged out by `rest_of`, so that an order with 300 lines is whole.
"""

from __future__ import annotations

import json
import re

BAG = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
MONEY = "{ amount currencyCode }"
_ADDRESS = "{ name company address1 address2 city province provinceCode zip country countryCodeV2 phone }"
_TAX = f"taxLines {{ title rate channelLiable priceSet {BAG} }}"
_DISCOUNTS = f"""discountAllocations {{
    allocatedAmountSet {BAG}
    discountApplication {{
      targetSelection
      value {{ __typename ... on PricingPercentageValue {{ percentage }} }}
      ... on DiscountCodeApplication {{ code }}
      ... on AutomaticDiscountApplication {{ title }}
      ... on ManualDiscountApplication {{ title }}
      ... on ScriptDiscountApplication {{ title }}
    }}
  }}"""
_INFO = "pageInfo { hasNextPage endCursor }"

LINE = f"""id title variantTitle sku vendor quantity currentQuantity unfulfilledQuantity isGiftCard requiresShipping taxable
  variant {{ id }}
  originalUnitPriceSet {BAG}
  {_DISCOUNTS}
  {_TAX}
  duties {{ id price {BAG} }}"""
SHIPPING = f"""id title code source originalPriceSet {BAG} discountedPriceSet {BAG} {_DISCOUNTS} {_TAX}"""
REFUND_LINE = f"""id quantity restockType restocked location {{ id name }} lineItem {{ id sku title isGiftCard variant {{ id }} }}
  priceSet {BAG} subtotalSet {BAG} totalTaxSet {BAG}"""
REFUND_SHIPPING = f"id shippingLine {{ id title }} subtotalAmountSet {BAG} taxAmountSet {BAG}"
ADJUSTMENT = f"id reason amountSet {BAG} taxAmountSet {BAG}"
FULFILLED_LINE = "id quantity lineItem { id sku title requiresShipping variant { id } }"
VARIANT = f"""id legacyResourceId sku barcode title displayName price position taxable updatedAt
  selectedOptions {{ name value }}
  inventoryItem {{ id tracked requiresShipping unitCost {MONEY} measurement {{ weight {{ value unit }} }} }}"""
LEVEL = "id isActive updatedAt location { id name } quantities(names: $names) { name quantity updatedAt }"
RETURN_LINE = """__typename id quantity refundedQuantity returnReasonNote
  ... on ReturnLineItem { fulfillmentLineItem { id lineItem { id sku } } }
  ... on UnverifiedReturnLineItem { unitPrice { amount currencyCode } }"""
EXCHANGE_LINE = "id quantity title variantId variantSku lineItems { id sku quantity }"
NAMES = ["available", "committed", "incoming", "on_hand", "reserved", "safety_stock"]
"""States of stock that are asked for."""

PAGED: dict[tuple[str, str], str] = {
    ("Order", "lineItems"): LINE,
    ("Order", "shippingLines"): SHIPPING,
    ("Refund", "refundLineItems"): REFUND_LINE,
    ("Refund", "refundShippingLines"): REFUND_SHIPPING,
    ("Refund", "orderAdjustments"): ADJUSTMENT,
    ("Fulfillment", "fulfillmentLineItems"): FULFILLED_LINE,
    ("Return", "returnLineItems"): RETURN_LINE,
    ("Return", "exchangeLineItems"): EXCHANGE_LINE,
    ("Product", "variants"): VARIANT,
    ("InventoryItem", "inventoryLevels"): LEVEL,
    ("InventoryItem", "variants"): "id legacyResourceId",
}


_ONE = "1"
_TWO = "2"
_FEW = "20"
"""Rows of a list inside rows that are paged out."""


def some(owner: str, field: str, first: str = "$nested") -> str:
    """The first elements of a list, as they come with their row; `first` is a constant where most rows have one or none."""
    return f"{field}(first: {first}) {{ nodes {{ {PAGED[owner, field]} }} {_INFO} }}"


ORDER = f"""id legacyResourceId name createdAt updatedAt processedAt cancelledAt cancelReason closedAt test edited
  sourceName note email poNumber tags currencyCode presentmentCurrencyCode taxesIncluded dutiesIncluded
  displayFinancialStatus displayFulfillmentStatus returnStatus paymentGatewayNames
  customer {{ id }} retailLocation {{ id name address {{ countryCode }} }}
  shippingAddress {_ADDRESS} billingAddress {{ countryCodeV2 provinceCode }}
  totalPriceSet {BAG} currentTotalPriceSet {BAG} totalTaxSet {BAG} totalDiscountsSet {BAG} totalTipReceivedSet {BAG}
  totalCashRoundingAdjustment {{ paymentSet {BAG} refundSet {BAG} }}
  additionalFees {{ id name price {BAG} {_TAX} }}
  {some("Order", "lineItems")}
  {some("Order", "shippingLines", _TWO)}"""
REFUND = f"""id legacyResourceId createdAt processedAt updatedAt note totalRefundedSet {BAG}
  duties {{ amountSet {BAG} originalDuty {{ id }} }}
  {some("Refund", "refundLineItems")}
  {some("Refund", "refundShippingLines", _TWO)}
  {some("Refund", "orderAdjustments", _TWO)}"""
FULFILLMENT = f"""id legacyResourceId name status createdAt updatedAt location {{ id name }} trackingInfo {{ number company }}
  {some("Fulfillment", "fulfillmentLineItems")}"""
TRANSACTION = f"""id kind status gateway paymentId createdAt processedAt test parentTransaction {{ id }} location {{ id name }}
  amountSet {BAG} amountRoundingSet {BAG} settlementCurrency settlementCurrencyRate fees {{ type amount {MONEY} taxAmount {MONEY} }}"""
RETURN = f"""id name status createdAt closedAt totalQuantity
  {some("Return", "returnLineItems")}
  {some("Return", "exchangeLineItems", _TWO)}"""
PAGED["Order", "returns"] = RETURN
CUSTOMER = """id legacyResourceId createdAt updatedAt displayName firstName lastName state taxExempt tags
  defaultEmailAddress { emailAddress marketingState } defaultPhoneNumber { phoneNumber }
  defaultAddress { company address1 address2 city province provinceCode zip country countryCodeV2 }"""
PRODUCT = f"""id legacyResourceId createdAt updatedAt title description vendor productType status isGiftCard tags
  category {{ fullName }}
  {some("Product", "variants")}"""
LOCATION = """id legacyResourceId name isActive fulfillsOnlineOrders isFulfillmentService createdAt updatedAt
  address { address1 address2 city provinceCode zip countryCode }"""
INVENTORY_ITEM = f"""id legacyResourceId sku tracked updatedAt unitCost {MONEY}
  {some("InventoryItem", "variants", _ONE)}
  {some("InventoryItem", "inventoryLevels")}"""
_PARTS = (
    "adjustmentsFee adjustmentsGross advanceFees advanceGross chargesFee chargesGross refundsFee refundsFeeGross reservedFundsFee "
    "reservedFundsGross retriedPayoutsFee retriedPayoutsGross usdcRebateCreditAmount"
)
_SUMMARY = re.sub(r"\w+", rf"\g<0> {MONEY}", _PARTS)
PAYOUT = f"id legacyResourceId issuedAt status transactionType externalTraceId net {MONEY} summary {{ {_SUMMARY} }}"
BALANCE = f"""id type sourceType sourceId sourceOrderTransactionId transactionDate test adjustmentReason
  amount {MONEY} fee {MONEY} net {MONEY} associatedOrder {{ id name }} associatedPayout {{ id status }}"""
DISPUTE = f"""id legacyResourceId type status initiatedAt evidenceDueBy finalizedOn amount {MONEY}
  reasonDetails {{ reason networkReasonCode }} order {{ id name }}"""

ABOUT = """query About {
  currentAppInstallation { accessScopes { handle } }
  shop { name myshopifyDomain currencyCode ianaTimezone }
}"""
RUN_IN_BULK = """mutation RunInBulk($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id status createdAt }
    userErrors { field message code }
  }
}"""
BULK_STANDS = """query BulkStands($id: ID!) {
  bulkOperation(id: $id) { id status errorCode createdAt objectCount rootObjectCount fileSize url }
}"""
OLDEST = "query Oldest { orders(first: 1, sortKey: CREATED_AT) { nodes { id createdAt } } }"
DELETED = f"""query Deleted($filter: String!, $first: Int!, $after: String) {{
  events(first: $first, after: $after, query: $filter, sortKey: ID) {{
    nodes {{ id action createdAt ... on BasicEvent {{ subjectId subjectType }} }} {_INFO}
  }}
}}"""


COUNTED = "query Counted($filter: String) { ordersCount(query: $filter, limit: null) { count precision } }"
LISTED_ORDERS = f"""query ListedOrders($first: Int!, $after: String, $filter: String) {{
  orders(first: $first, after: $after, query: $filter, sortKey: CREATED_AT) {{
    nodes {{
      id name createdAt updatedAt processedAt currencyCode totalPriceSet {{ shopMoney {{ amount }} }}
      totalCashRoundingAdjustment {{ paymentSet {{ shopMoney {{ amount }} }} }}
    }} {_INFO}
  }}
}}"""
LISTED_PAYOUTS = f"""query ListedPayouts($first: Int!, $after: String, $filter: String) {{
  shopifyPaymentsAccount {{ payouts(first: $first, after: $after, query: $filter, sortKey: ID) {{
    nodes {{ id legacyResourceId issuedAt net {MONEY} }} {_INFO}
  }} }}
}}"""
LISTED_ENTRIES = f"""query ListedEntries($first: Int!, $after: String, $filter: String) {{
  shopifyPaymentsAccount {{ balanceTransactions(first: $first, after: $after, query: $filter, sortKey: ID) {{
    nodes {{ id transactionDate fee {MONEY} }} {_INFO}
  }} }}
}}"""


NAMED = """query Named($filter: String!, $first: Int!) {
  orders(first: $first, query: $filter) { nodes { id name createdAt processedAt cancelledAt test } }
}"""
"""Orders by their names: `name:'#1' OR name:'#2'`."""


WRITABLE = """query Writable {
  currentAppInstallation { accessScopes { handle } }
  locations(first: 250) { nodes { id name } }
}"""
LEVEL_OF = """query LevelOf($search: String!, $place: ID!, $names: [String!]!) {
  inventoryItems(first: 10, query: $search) {
    nodes { id sku tracked inventoryLevel(locationId: $place) { id quantities(names: $names) { quantity updatedAt } } }
  }
}"""
SET_LEVEL = """mutation SetLevel($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { name delta quantityAfterChange } }
    userErrors { field message code }
  }
}"""


def page_of(path: tuple[str, ...], selection: str, arguments: str = "") -> str:
    """A query for one page of a list; `path` leads to it from the root."""
    *above, field = path
    given = [("first", "Int!"), ("after", "String"), ("filter", "String"), ("nested", "Int!"), ("names", "[String!]!")]
    used = [(name, kind) for name, kind in given if name in ("first", "after") or f"${name}" in selection + arguments]
    declared = ", ".join(f"${name}: {kind}" for name, kind in used)
    inner = f"{field}(first: $first, after: $after{arguments}) {{ nodes {{ {selection} }} {_INFO} }}"
    for name in reversed(above):
        inner = f"{name} {{ {inner} }}"
    return f"query Page({declared}) {{ {inner} }}"


def how_many(field: str) -> str:
    """A query for what the app may see, and how many rows a list at the root has."""
    return f"""query HowMany($filter: String) {{
  currentAppInstallation {{ accessScopes {{ handle }} }}
  {field}Count(query: $filter, limit: null) {{ count }}
}}"""


def in_bulk(field: str, selection: str, search: str | None) -> str:
    """The query of a bulk operation: the same rows as `page_of` gives, with every list whole and no variables."""
    arguments = f"(query: {json.dumps(search)})" if search else ""
    inner = re.sub(r"\(first: (\$nested|\d+)\)", "", selection)
    inner = inner.replace("{ nodes {", "{ edges { node {").replace(f"}} {_INFO} }}", "} } }")
    return f"{{ {field}{arguments} {{ edges {{ node {{ {inner} }} }} }} }}"


def these(owner: str, selection: str) -> str:
    """A query for objects by their ids."""
    names = ", $nested: Int!" if "$nested" in selection else ""
    return f"query These($ids: [ID!]!{names}) {{ nodes(ids: $ids) {{ ... on {owner} {{ {selection} }} }} }}"


def rest_of(owner: str, field: str) -> str:
    """A query for further pages of a list that hangs on one object."""
    selection = PAGED[owner, field].replace("$nested", _FEW)
    names = ", $names: [String!]!" if "$names" in selection else ""
    return f"""query Rest($id: ID!, $first: Int!, $after: String{names}) {{
  node(id: $id) {{ ... on {owner} {{ {field}(first: $first, after: $after) {{ nodes {{ {selection} }} {_INFO} }} }} }}
}}"""


_LISTS = ("additionalFees", "duties", "fees", "paymentGatewayNames", "tags", "trackingInfo")
"""Lists of the schema that come whole, without pages."""
_YES_NO = (
    *("dutiesIncluded", "edited", "fulfillsOnlineOrders", "isActive", "isFulfillmentService", "isGiftCard", "taxExempt", "taxesIncluded"),
    *("test", "tracked"),
)
_KNOWN = dict.fromkeys(_LISTS, "array") | dict.fromkeys(_YES_NO, "boolean") | {"totalQuantity": "integer"}


def columns(selection: str) -> dict[str, str]:
    """The fields that a selection asks for, and what each is in JSON. The tests hold it against Shopify's schema."""
    found: dict[str, str] = {}
    depth = arguments = 0
    last = ""
    for token in re.findall(r"\w+|[{}()]", selection):
        arguments += {"(": 1, ")": -1}.get(token, 0)
        if token == "{":  # noqa: S105 (a bracket)
            depth += 1
            if depth == 1:
                found[last] = _KNOWN.get(last, "object")
        elif token == "}":  # noqa: S105 (a bracket)
            depth -= 1
        elif token == "nodes" and depth == 1:  # noqa: S105 (a field)
            found[last] = "array"
        elif token.isidentifier() and not depth and not arguments:
            last = token
            found[token] = _KNOWN.get(token, "string")
    return found
