"""Records as they are handed out: HubSpot's own fields, and what hangs on them.

companies, contacts     ids of what a record is associated with, in the order of the ids
line_items              of a deal: the line items themselves, in the order of the quote
currency                of a deal its own, else that of the account; of a product that of the account
tax_number, payment_terms   of a company, from the properties that the configuration names
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taps.hubspot.client import Body, Portal
from taps.hubspot.kinds import COMPANIES, DEALS, LINE_ITEMS, MERGED, PRODUCTS, Kind

_OWN = ("id", "createdAt", "updatedAt", "archived")
_FAR = 10**9


class Records:
    """Builds the records of one stream."""

    def __init__(self, portal: Portal, kind: Kind) -> None:
        self._portal = portal
        self._kind = kind
        config = portal.config
        self._own = tuple(config.more_properties.get(kind.name, ()))
        if kind is COMPANIES:
            self._own += (config.tax_number_property, config.payment_terms_property)
        self.properties = kind.asked(self._own)

    def of(self, ids: Sequence[str]) -> list[Body]:
        """Records by id, as they stand now; what is archived or gone is left out."""
        if not ids:
            return []
        rows = self._portal.read(self._kind.name, ids, self.properties)
        known = [str(row["id"]) for row in rows]
        for other in self._kind.associated if known else ():
            found = self._portal.associated(self._kind.name, other, known)
            for row in rows:
                row.setdefault("_ids", {})[other] = found[str(row["id"])]
        return self.whole(rows)

    def listed(self, after: str | None) -> tuple[list[Body], str | None]:
        """One page of all records, in the order of their ids, not whole yet."""
        page = self._portal.listed(self._kind.name, self.properties, after, associated=self._kind.associated)
        cut: dict[str, list[str]] = {}
        for row in page.rows:
            held = row.get("associations") or {}
            # the list shows an object type without its blanks and underscores as people write it
            row["_ids"] = {other: _ids(held.get(other) or held.get(other.replace("_", " "))) for other in self._kind.associated}
            for other in self._kind.associated:
                if ((held.get(other) or held.get(other.replace("_", " ")) or {}).get("paging") or {}).get("next"):
                    cut.setdefault(other, []).append(str(row["id"]))
        for other, ids in cut.items():
            found = self._portal.associated(self._kind.name, other, ids)
            for row in page.rows:
                row["_ids"][other] = found.get(str(row["id"]), row["_ids"][other])
        return page.rows, page.after

    def whole(self, rows: Sequence[Body]) -> list[Body]:
        """The records of these rows; the line items of deals are read for all of them at once."""
        lines = self._lines(rows) if self._kind is DEALS else {}
        return [self._record(row, lines) for row in rows]

    def _record(self, row: Body, lines: dict[str, Body]) -> Body:
        given = row.get("properties") or {}
        found: Body = {name: row.get(name) for name in _OWN}
        found["properties"] = {name: given.get(name) for name in self.properties}
        ids = row.get("_ids") or {}
        found |= {other: ids[other] for other in self._kind.associated if other != LINE_ITEMS.name}
        if self._kind is DEALS:
            mine = [lines[each] for each in ids[LINE_ITEMS.name] if each in lines]
            found["line_items"] = sorted(mine, key=_position)
            found["currency"] = given.get("deal_currency_code") or self._portal.account["companyCurrency"]
        elif self._kind is PRODUCTS:
            found["currency"] = self._portal.account["companyCurrency"]
        elif self._kind is COMPANIES:
            found["tax_number"] = given.get(self._portal.config.tax_number_property)
            found["payment_terms"] = given.get(self._portal.config.payment_terms_property)
        return found

    def _lines(self, deals: Sequence[Body]) -> dict[str, Body]:
        ids = list(dict.fromkeys(each for deal in deals for each in deal["_ids"][LINE_ITEMS.name]))
        asked = LINE_ITEMS.asked(tuple(self._portal.config.more_properties.get(LINE_ITEMS.name, ())))
        found = self._portal.read(LINE_ITEMS.name, ids, asked) if ids else []
        return {str(row["id"]): {"id": row["id"], "properties": {name: row["properties"].get(name) for name in asked}} for row in found}


def merged(record: Body) -> list[str]:
    """Ids that went into this record: they are gone, and it has taken their place."""
    said = (record["properties"].get(MERGED) or "").split(";")
    return [each.strip() for each in said if each.strip() and each.strip() != str(record["id"])]


def _ids(held: Any) -> list[str]:
    """Ids of an association, which may be named once for each of its labels."""
    return sorted({str(each["id"]) for each in (held or {}).get("results") or []}, key=int)


def _position(line: Body) -> tuple[int, int]:
    said = line["properties"].get("hs_position_on_quote") or ""
    return int(said) if said.isdecimal() else _FAR, int(line["id"])
