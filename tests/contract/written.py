"""Which fields a target has written, as the simulator's log has them: so that a test which asserts each can see a new one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from taps._kit.simulator import Simulator

_OWN_NAME = re.compile(r"[0-9a-f-]*\d[0-9a-f-]*")
"""A segment of a path that is an id."""


def sent_fields(simulator: Simulator) -> dict[str, set[str]]:
    """By method and path (ids are `*`), the names of all fields that were sent in good calls."""
    found: dict[str, set[str]] = defaultdict(set)
    for exchange in simulator.log:
        request = exchange.request
        if request.method in ("POST", "PUT", "PATCH") and 200 <= exchange.status < 300 and isinstance(request.body, (dict, list)):
            path = "/".join("*" if _OWN_NAME.fullmatch(part) else part for part in request.path.split("/"))
            found[f"{request.method} {path}"] |= set(_names(request.body))
    return dict(found)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inside in value.items():
            if not isinstance(inside, (dict, list)):
                yield name
            yield from _names(inside)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)
