"""What QuickBooks says when it says no: code, message and detail of Intuit's list of error codes.

Codes and messages: developer.intuit.com, error codes (as the SDKs repeat them). Details are made up in the same manner.
"""

from __future__ import annotations

from typing import Any

_MESSAGES = {
    "610": "Object Not Found",
    "2020": "Required param missing, need to supply the required value for the API",
    "2040": "Invalid String",
    "2050": "String length is either shorter or longer than supported by specification",
    "2140": "Invalid amount",
    "2210": "Invalid Email Address format",
    "2300": "Amount on debits not equal to credits",
    "2500": "Invalid Reference Id",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "5010": "Stale Object Error",
    "5030": "Feature Not Supported",
    "6000": "A business validation error has occurred while processing your request",
    "6070": "Amount calculation incorrect in the request",
    "6100": "Invalid Line TaxCode in the request",
    "6140": "Duplicate Document Number Error",
    "6170": "Invalid TxnTaxDetail Error",
    "6200": "Account Period Closed",
    "6240": "Duplicate Name Exists Error",
    "6430": "Invalid account type used",
    "6520": "Missing Tracked Inventory Item Quantity",
}


class Refusal(Exception):
    """QuickBooks refuses one thing."""

    def __init__(self, code: str, detail: str, element: str = "") -> None:
        super().__init__(f"{code} {detail}")
        self.code = code
        self.detail = detail
        self.element = element

    def fault(self) -> dict[str, Any]:
        """As it stands in an answer."""
        error = {"Message": _MESSAGES[self.code], "Detail": self.detail, "code": self.code}
        if self.element:
            error["element"] = self.element
        return {"Error": [error], "type": "ValidationFault"}
