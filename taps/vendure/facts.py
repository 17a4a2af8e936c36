"""What is known of Vendure's Admin API. Tried on 3.7.3 with SQLite; `docs/connectors/vendure.md` says it for people."""

from __future__ import annotations

from datetime import timedelta

from taps._kit.facts import Facts

VERSION = "3.7"
MOST_ROWS = 1000
"""Rows of one list (adminListQueryLimit); a server may be set to fewer, and then says so."""
SESSION_HEADER = "vendure-auth-token"
"""Brings the session of a log-in with a password, in the reply."""
KEY_HEADER = "vendure-api-key"
CHANNEL_HEADER = "vendure-token"
"""A token that no channel has is not refused: the default channel answers."""
RIGHTS = {
    "orders": ("ReadOrder",),
    "customers": ("ReadCustomer",),
    "product_variants": ("ReadCatalog", "ReadProduct"),
    "stock_levels": ("ReadCatalog", "ReadProduct"),
    "stock_movements": ("ReadCatalog", "ReadProduct"),
    "stock_locations": ("ReadCatalog", "ReadStockLocation"),
}
"""By stream, the permissions of which a role needs one."""

FACTS = Facts(
    system="vendure",
    title="Vendure",
    request_timeout=timedelta(seconds=60),
    # No overlap of clocks: nothing is read by a clock, because the one of an order stands still when it is paid, shipped or refunded.
    cursor_overlap=timedelta(0),
    limits=(),
    api_version=VERSION,
    approval=(
        "Whoever runs the shop's server makes an administrator with a role that may read orders, customers, the catalogue and stock "
        "locations, or an API key for one: minutes, free."
    ),
)


def quiet_calls(rows: int, size: int) -> int:
    """Calls of a read that finds nothing new: what the server is set to, then pages of `size` (sweep_size for orders, else page_size)."""
    return 1 + max(1, -(-rows // size))
