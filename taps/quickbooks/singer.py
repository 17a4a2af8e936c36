"""The QuickBooks Online tap as a Singer program."""

from __future__ import annotations

from taps._kit.singer import ReaderTap
from taps.quickbooks import CONNECTOR


class TapQuickbooks(ReaderTap):
    """Singer tap for QuickBooks Online: what stands in the books, whoever made it."""

    name = "tap-counterfoil-quickbooks"
    connector = CONNECTOR
