"""The shipped mapping on the whole Online Retail file, against the control totals that its README and the shop's books have."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappings.shipped import find
from tests.unit._online_retail import added_up, read


@pytest.mark.long
def test_the_whole_file_gives_its_control_totals(shared):
    """541,909 rows, 25,900 documents; counts and exact totals by type and by kind of line, as its README and the shop's books have them."""
    types, kinds, units = added_up(find("online_retail/lines"), read(shared / "data" / "online_retail" / "online_retail.parquet"))
    assert types == {
        "order": (22_061, Decimal("10655622.484")),
        "refund": (3_836, Decimal("-896812.49")),
        "adjustment": (3, Decimal("-11062.06")),
    }
    assert sum(amount for _, amount in types.values()) == Decimal("9747747.934")
    assert kinds == {
        "item": (538_963, Decimal("9792708.883")),
        "shipping": (2_110, Decimal("279462.120")),
        "gift_card": (34, Decimal("685.810")),
        "fee": (71, Decimal("-228696.139")),
        "manual": (572, Decimal("-68671.640")),
        "sample": (63, Decimal("-3049.390")),
        "discount": (77, Decimal("-5696.220")),
        "donation": (16, Decimal("-7933.430")),
        "bad_debt": (3, Decimal("-11062.060")),
    }
    assert units == {"goods": 5_166_141, "samples": -59}
