"""What is different in the books of a period since somebody certified them, in words: which corner, how much."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.reconcile.exports.totals import spoken
from pipelines.reconcile.report import ZERO, CornerTotal, Report
from pipelines.reconcile.words import Corner

_BOOKS = (Corner.TARGET, Corner.BANK)
_MOST = 5


def what_changed(bound: Report, now: Report) -> str:
    """A sentence of the corners of target and bank that hold something else now; single documents where the totals are the same."""
    found = [*_totals(bound, now)]
    if not found:
        found = [*_documents(bound, now)] or ["single documents of target or bank are not what they were, with the same totals"]
    more = f"; and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return f"{'; '.join(found[:_MOST])}{more}."


def _totals(bound: Report, now: Report) -> Iterator[str]:
    before, after = _by_corner(bound), _by_corner(now)
    for place in sorted(before.keys() | after.keys()):
        old, new = before.get(place), after.get(place)
        items, was = (old.items, old.amount) if old else (0, ZERO)
        held, is_now = (new.items, new.amount) if new else (0, ZERO)
        if (items, was) != (held, is_now):
            _sheet, corner, connection, kind, unit = place
            plus = f"{'+' if is_now > was else ''}{spoken(is_now - was)}"
            yield f"{corner} {connection}, {kind}: {items} → {held} items, {spoken(was)} → {spoken(is_now)} {unit} ({plus})"


def _by_corner(report: Report) -> dict[tuple[str, str, str, str, str], CornerTotal]:
    return {
        (each.sheet, each.corner.value, each.connection, each.kind, each.unit): each for each in report.corners if each.corner in _BOOKS
    }


def _documents(bound: Report, now: Report) -> Iterator[str]:
    """Documents whose side at target or bank differs between the two reports, as far as both tell of them."""
    before = {each.key: each for each in bound.breaks}
    for each in now.breaks:
        old = before.get(each.key)
        sides = [side for side in each.sides if side.corner in _BOOKS]
        if sides and (old is None or [side for side in old.sides if side.corner in _BOOKS] != sides):
            yield f"{sides[0].corner} {sides[0].connection}, {each.kind} {each.number or each.subject}: is not what it was"
