"""Short lists that Square can only give whole: locations, team members, gift cards, disputes. They are read whole each time."""

from __future__ import annotations

from collections.abc import Iterator

from taps._kit.reader import Message
from taps.square import bodies
from taps.square.client import Body
from taps.square.reading import Reading


def locations(reading: Reading) -> Iterator[Message]:
    """Every location. Square closes them and deletes none; it does not say when one was changed."""
    for row in reading.square.locations.values():
        yield reading.record(row["id"], row, "updated_at")
    yield reading.state()


def team(reading: Reading) -> Iterator[list[Body]]:
    """Everybody who works or worked for the seller, page by page."""
    asked = {"limit": reading.square.config.staff_per_page}
    cursor: str | None = None
    while True:
        page = reading.square.searched("/v2/team-members/search", "team_members", asked, cursor)
        yield page.rows
        cursor = page.cursor
        if not cursor:
            return


def team_members(reading: Reading) -> Iterator[Message]:
    """Everybody; who left is INACTIVE, nobody is deleted."""
    for rows in team(reading):
        for row in rows:
            yield reading.record(row["id"], row)
        yield reading.state()


def gift_cards(reading: Reading) -> Iterator[Message]:
    """Every card with its balance; what changed it is in gift_card_activities."""
    cursor: str | None = None
    while True:
        page = reading.square.listed("/v2/gift-cards", "gift_cards", {"limit": reading.square.config.staff_per_page}, cursor)
        for row in page.rows:
            yield reading.record(row["id"], row)
        yield reading.state()
        cursor = page.cursor
        if not cursor:
            return


def disputes(reading: Reading) -> Iterator[Message]:
    """Every dispute in every state."""
    cursor: str | None = None
    while True:
        page = reading.square.listed("/v2/disputes", "disputes", {}, cursor)
        for row in page.rows:
            known = {"reported_at": row.get("reported_at") or row.get("reported_date") or row.get("created_at")}
            body = bodies.timed(
                reading.square, {**row, **known}, opened_local="reported_at", updated_local="updated_at", due_local="due_at"
            )
            yield reading.record(row["id"], body)
        yield reading.state()
        cursor = page.cursor
        if not cursor:
            return
