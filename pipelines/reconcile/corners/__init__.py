"""One module a corner: each fills `item` (the hub: `standing`) with what its system holds, read by code of its own."""

from __future__ import annotations

from pipelines.reconcile.words import Corner

ASKED = {
    Corner.SOURCE: "{connection}, every row read anew without a cursor, by its control",
    Corner.HUB: "the hub's current documents",
    Corner.TARGET: "{connection}, as it stands",
    Corner.BANK: "{connection}, its statements",
}
"""How each corner was asked, for the report."""
