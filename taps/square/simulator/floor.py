"""What else happens at a seller: staff and their hours, drawers, stock, gift cards, disputes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from taps.square.moments import written
from taps.square.simulator.shop import Shop

Body = dict[str, Any]


def hire(shop: Shop, given: str, family: str, number: str | None = None) -> Body:
    """A new team member."""
    member: Body = {
        "id": shop.new("TM"),
        "is_owner": False,
        "status": "ACTIVE",
        "given_name": given,
        "family_name": family,
        "email_address": f"{given}@example.com".lower(),
        "created_at": shop.now(),
        "updated_at": shop.now(),
        "phone_number": "+15550111",
        "assigned_locations": {"assignment_type": "EXPLICIT_LOCATIONS", "location_ids": list(shop.locations)},
        "wage_setting": {
            "job_assignments": [{"job_title": "Cashier", "pay_type": "HOURLY", "hourly_rate": shop.money(2000), "job_id": "JOB1"}],
            "is_overtime_exempt": False,
            "version": 1,
            "created_at": shop.now(),
            "updated_at": shop.now(),
        },
    }
    if number:
        member["reference_id"] = number
    return shop.team.put(member)


def work(shop: Shop, member: Body, location: str, hours: int, *, unpaid_minutes: int = 30, tips: int = 0) -> Body:
    """A timecard that ends now; times with the offset of the location (OpenAPI: Timecard.start_at)."""
    zone = ZoneInfo(shop.locations[location]["timezone"])
    end = shop.clock()
    start = end - timedelta(hours=hours)
    pause = start + timedelta(hours=1)
    card: Body = {
        "id": shop.new("TC"),
        "location_id": location,
        "timezone": str(zone),
        "start_at": _with_offset(start, zone),
        "end_at": _with_offset(end, zone),
        "wage": {"title": "Cashier", "hourly_rate": shop.money(2000), "job_id": "JOB1", "tip_eligible": True},
        "breaks": [
            {
                "id": shop.new("BRK"),
                "start_at": _with_offset(pause, zone),
                "end_at": _with_offset(pause + timedelta(minutes=unpaid_minutes), zone),
                "break_type_id": "BT1",
                "name": "Lunch",
                "expected_duration": f"PT{unpaid_minutes}M",
                "is_paid": False,
            }
        ],
        "status": "CLOSED",
        "version": 1,
        "created_at": written(start),
        "updated_at": written(end),
        "team_member_id": member["id"],
        "declared_cash_tip_money": shop.money(tips),
    }
    return shop.timecards.put(card)


def _with_offset(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")


def drawer(shop: Shop, location: str, *, opened: int, sales: int, paid_out: int, counted: int) -> Body:
    """A drawer shift of eight hours that is closed now, by the two members of the team that there are first."""
    start = shop.clock() - timedelta(hours=8)
    expected = opened + sales - paid_out
    staff = sorted(shop.team.rows)[:2]
    shift: Body = {
        "id": shop.new("DRW"),
        "state": "CLOSED",
        "opened_at": written(start),
        "ended_at": shop.now(),
        "closed_at": shop.now(),
        "description": "Evening",
        "opened_cash_money": shop.money(opened),
        "cash_payment_money": shop.money(sales),
        "cash_refunds_money": shop.money(0),
        "cash_paid_in_money": shop.money(0),
        "cash_paid_out_money": shop.money(paid_out),
        "expected_cash_money": shop.money(expected),
        "closed_cash_money": shop.money(counted),
        "created_at": written(start),
        "updated_at": shop.now(),
        "location_id": location,
        "team_member_ids": staff,
        "opening_team_member_id": staff[0],
        "ending_team_member_id": staff[-1],
        "closing_team_member_id": staff[-1],
        "device": {"id": "DEV1", "name": "Till 1"},
    }
    event = {"event_type": "PAID_OUT", "event_money": shop.money(paid_out), "created_at": shop.now(), "description": "Milk"}
    shop.drawer_events[shift["id"]] = [{"id": shop.new("EVT"), **event}] if paid_out else []
    return shop.drawers.put(shift)


SUMMARY = (
    "id",
    "state",
    "opened_at",
    "ended_at",
    "closed_at",
    "description",
    "opened_cash_money",
    "expected_cash_money",
    "closed_cash_money",
    "created_at",
    "updated_at",
    "location_id",
)
"""What a list shows of a shift (OpenAPI: CashDrawerShiftSummary)."""


def adjust(shop: Shop, variation: str, location: str, quantity: str, before: str, after: str) -> Body:
    """Stock moves from one state to another; the count of the place follows."""
    change: Body = {
        "id": shop.new("ADJ"),
        "occurred_at": shop.now(),
        "type": "ADJUSTMENT",
        "adjustment": {
            "from_state": before,
            "to_state": after,
            "location_id": location,
            "catalog_object_id": variation,
            "catalog_object_type": "ITEM_VARIATION",
            "quantity": quantity,
            "occurred_at": shop.now(),
            "created_at": shop.now(),
        },
    }
    change["adjustment"]["id"] = change["id"]
    count = {"catalog_object_id": variation, "catalog_object_type": "ITEM_VARIATION", "state": "IN_STOCK", "location_id": location}
    shop.counts.put({**count, "id": f"{variation}/{location}", "quantity": quantity, "calculated_at": shop.now()})
    return shop.changes.put(change)


def activity(shop: Shop, kind: str, location: str, amount: int, balance: int, **details: Any) -> Body:
    """A change of a gift card; the card follows (OpenAPI: GiftCardActivity, GiftCard)."""
    card: Body = shop.gift_cards.get("GC1") or {
        "id": "GC1",
        "type": "DIGITAL",
        "gan_source": "SQUARE",
        "gan": "7783320001001635",
        "created_at": shop.now(),
        "customer_ids": sorted(shop.customers.rows)[:1],
    }
    made: Body = {
        "id": shop.new("GCA"),
        "type": kind,
        "location_id": location,
        "created_at": shop.now(),
        "gift_card_id": card["id"],
        "gift_card_gan": card["gan"],
        "gift_card_balance_money": shop.money(balance),
        f"{kind.lower()}_activity_details": {"amount_money": shop.money(amount), **details},
    }
    state = {"DEACTIVATE": "DEACTIVATED", "BLOCK": "BLOCKED"}.get(kind, "ACTIVE")
    shop.gift_cards.put({**card, "state": state, "balance_money": shop.money(balance)})
    return shop.activities.put(made)


def dispute(shop: Shop, payment: Body, state: str = "EVIDENCE_REQUIRED", reason: str = "NOT_RECEIVED") -> Body:
    """A buyer's bank takes a payment back."""
    made: Body = {
        "id": shop.new("DSP"),
        "amount_money": payment["total_money"],
        "reason": reason,
        "state": state,
        "due_at": written(shop.clock() + timedelta(days=7)),
        "disputed_payment": {"payment_id": payment["id"]},
        "card_brand": "VISA",
        "created_at": shop.now(),
        "updated_at": shop.now(),
        "reported_at": shop.now(),
        "version": 1,
        "location_id": payment["location_id"],
    }
    return shop.disputes.put({**made, "dispute_id": made["id"]})


def dispute_becomes(shop: Shop, dispute_id: str, state: str) -> Body:
    """The bank has decided."""
    made = shop.disputes.rows[dispute_id].body()
    return shop.disputes.put({**made, "state": state, "updated_at": shop.now(), "version": made["version"] + 1})
