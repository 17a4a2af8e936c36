"""What is asked of Vendure's Admin API."""

from __future__ import annotations

_ADDRESS = "fullName company streetLine1 streetLine2 city province postalCode countryCode"
_TAXES = "taxLines { description taxRate }"
_DISCOUNTS = "discounts { adjustmentSource type description amount amountWithTax }"
_KEPT = tuple(f"ORDER_{what}_TRANSITION" for what in ("STATE", "PAYMENT", "REFUND", "FULFILLMENT"))
HISTORY = {"take": 1000, "sort": {"createdAt": "ASC", "id": "ASC"}, "filter": {"type": {"in": list(_KEPT)}}}
"""The entries of an order's history that say when something happened."""

SIGNS = """id state updatedAt orderPlacedAt total totalWithTax shipping shippingWithTax totalQuantity customer { id emailAddress }
  payments { id state amount transactionId updatedAt refunds { id state total transactionId updatedAt } }
  fulfillments { id state trackingCode updatedAt }
  modifications { id updatedAt isSettled }
  history(options: $one) { totalItems }"""
"""Of an order, whatever moves when it changes in any way: its own clock does not (see docs/connectors/vendure.md)."""

ORDER = f"""id code type state active createdAt updatedAt orderPlacedAt currencyCode couponCodes totalQuantity
  subTotal subTotalWithTax shipping shippingWithTax total totalWithTax
  channels {{ id code }} customer {{ id emailAddress }}
  shippingAddress {{ {_ADDRESS} }} billingAddress {{ {_ADDRESS} }}
  taxSummary {{ description taxRate taxBase taxTotal }}
  {_DISCOUNTS}
  lines {{ id quantity orderPlacedQuantity unitPrice unitPriceWithTax linePrice linePriceWithTax
    proratedUnitPrice proratedUnitPriceWithTax proratedLinePrice proratedLinePriceWithTax
    taxRate {_TAXES} {_DISCOUNTS} productVariant {{ id sku name }} }}
  surcharges {{ id createdAt description sku price priceWithTax taxRate {_TAXES} }}
  shippingLines {{ id shippingMethod {{ id code name }} price priceWithTax discountedPrice discountedPriceWithTax {_DISCOUNTS} }}
  payments {{ id createdAt updatedAt method amount state transactionId errorMessage
    refunds {{ id createdAt updatedAt items shipping adjustment total method state transactionId reason
      lines {{ orderLineId quantity }} }} }}
  fulfillments {{ id createdAt updatedAt state method trackingCode lines {{ orderLineId quantity }} }}
  modifications {{ id createdAt updatedAt priceChange note isSettled payment {{ id }} refund {{ id }} }}
  history(options: $history) {{ totalItems items {{ id type createdAt data }} }}"""
CUSTOMER = """id createdAt updatedAt title firstName lastName phoneNumber emailAddress groups { id name }
  addresses { id fullName company streetLine1 streetLine2 city province postalCode country { code } phoneNumber
    defaultShippingAddress defaultBillingAddress }"""
VARIANT = """id createdAt updatedAt enabled sku name trackInventory price priceWithTax currencyCode outOfStockThreshold
  product { id createdAt updatedAt name slug description enabled }
  options { id code name } taxCategory { id name } taxRateApplied { id name value }
  prices { price currencyCode }"""
LEVELS = "id sku stockLevels { id createdAt updatedAt stockOnHand stockAllocated stockLocation { id name } }"
_MOVE = "{ id createdAt type quantity }"
MOVEMENTS = f"""id sku
  adjustments: stockMovements(options: $adjustments) {{ totalItems items {{ ... on StockAdjustment {_MOVE} }} }}
  returns: stockMovements(options: $returns) {{ totalItems items {{ ... on Return {_MOVE} }} }}"""
LOCATION = "id createdAt updatedAt name description"
MOVES = f"""query Moves($id: ID!, $adjustments: StockMovementListOptions) {{
  productVariant(id: $id) {{ stockMovements(options: $adjustments) {{ totalItems items {{
    ... on StockAdjustment {_MOVE} ... on Return {_MOVE} }} }} }}
}}"""
"""Further movements of one variant."""

ABOUT = """query About {
  activeChannel { code token }
  globalSettings { serverConfig { moneyStrategyPrecision } }
}"""
RIGHTS = "query Rights { me { channels { token permissions } } }"
LOGIN = """mutation LogIn($username: String!, $password: String!) {
  login(username: $username, password: $password) { __typename ... on ErrorResult { errorCode message } }
}"""
OPTIONS = {
    "one": ("HistoryEntryListOptions", {"take": 1}),
    "history": ("HistoryEntryListOptions", HISTORY),
    "adjustments": ("StockMovementListOptions", {"type": "ADJUSTMENT", "take": 1000}),
    "returns": ("StockMovementListOptions", {"type": "RETURN", "take": 1000}),
}
"""Variables that a selection may use: their type, and what is always given."""


def page_of(field: str, selection: str) -> str:
    """A query for one page of a list."""
    kind = {"productVariants": "ProductVariant", "stockLocations": "StockLocation"}.get(field, field.removesuffix("s").capitalize())
    used = [f"${name}: {type_of}" for name, (type_of, _) in OPTIONS.items() if f"${name})" in selection]
    declared = ", ".join([f"$options: {kind}ListOptions", *used])
    return f"query Page({declared}) {{ {field}(options: $options) {{ totalItems items {{ {selection} }} }} }}"


def given(query: str) -> dict[str, object]:
    """The variables that a query declares and that are always the same."""
    return {name: value for name, (_, value) in OPTIONS.items() if f"${name}:" in query}
