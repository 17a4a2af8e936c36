"""The streams of Square, and the fields of their records: Square's own, and behind the bar those that the reader adds.

Added are: `…_local`, what the clock at the location showed; `location`, what a mapping needs of it; `sku` on lines; and what Square gives
only by a call of its own (entries of a payout, details of a drawer shift, the item of a variation).
"""

from __future__ import annotations

from typing import Any

from taps._kit.reader import Stream

_TYPES: dict[str, dict[str, Any]] = {
    "s": {"type": ["string", "null"]},
    "i": {"type": ["integer", "null"]},
    "b": {"type": ["boolean", "null"]},
    "o": {"type": ["object", "null"]},
    "a": {"type": ["array", "null"]},
}

_FIELDS = {
    "locations": (
        "s: id name timezone status created_at merchant_id country language_code currency phone_number business_name type website_url "
        "business_email description twitter_username instagram_username facebook_url logo_url pos_background_url mcc full_format_logo_url; "
        "o: address business_hours coordinates tax_ids; a: capabilities"
    ),
    "customers": (
        "s: id created_at updated_at given_name family_name nickname company_name email_address phone_number birthday reference_id note "
        "creation_source; o: address preferences tax_ids; a: group_ids segment_ids; i: version"
    ),
    "catalog": (
        "s: type id updated_at; i: version; b: is_deleted present_at_all_locations; o: custom_attribute_values item_variation_data | item; "
        "a: catalog_v1_ids present_at_location_ids absent_at_location_ids"
    ),
    "inventory_counts": "s: catalog_object_id catalog_object_type state location_id quantity calculated_at | sku; b: is_estimated",
    "inventory_changes": (
        "s: type measurement_unit_id | id sku occurred_local created_at; o: physical_count adjustment transfer measurement_unit"
    ),
    "orders": (
        "s: id location_id reference_id customer_id created_at updated_at closed_at state ticket_name "
        "| created_local closed_local paid_local; "
        "o: source return_amounts net_amounts rounding_adjustment metadata total_money total_tax_money total_discount_money "
        "total_tip_money total_service_charge_money pricing_options net_amount_due_money | location; "
        "a: line_items taxes discounts service_charges fulfillments returns tenders refunds rewards; i: version"
    ),
    "payments": (
        "s: id created_at updated_at status delay_duration delay_action delayed_until source_type location_id order_id reference_id "
        "customer_id employee_id team_member_id terminal_checkout_id buyer_email_address note statement_description_identifier "
        "receipt_number receipt_url version_token | created_local; b: is_offline_payment; a: processing_fee refund_ids capabilities; "
        "o: amount_money tip_money total_money app_fee_money approved_money refunded_money card_details cash_details bank_account_details "
        "external_details wallet_details buy_now_pay_later_details square_account_details risk_evaluation billing_address "
        "shipping_address device_details application_details offline_payment_details | location"
    ),
    "refunds": (
        "s: id status location_id destination_type payment_id order_id reason created_at updated_at team_member_id terminal_refund_id "
        "| created_local; b: unlinked; a: processing_fee; o: destination_details amount_money app_fee_money | location"
    ),
    "disputes": (
        "s: dispute_id id reason state due_at card_brand created_at updated_at brand_dispute_id reported_date reported_at location_id "
        "| opened_local updated_local due_local; i: version; a: evidence_ids; o: amount_money disputed_payment"
    ),
    "payouts": (
        "s: id status location_id created_at updated_at type arrival_date end_to_end_id | created_local updated_local; i: version; "
        "o: amount_money destination | location; a: payout_fee | totals"
    ),
    "payout_entries": (
        "s: id payout_id effective_at type | effective_local location_id; o: gross_amount_money fee_amount_money net_amount_money | details"
    ),
    "gift_cards": "s: id type gan_source state gan created_at; o: balance_money; a: customer_ids",
    "gift_card_activities": (
        "s: id type location_id created_at gift_card_id gift_card_gan | created_local; o: gift_card_balance_money load_activity_details "
        "activate_activity_details redeem_activity_details clear_balance_activity_details deactivate_activity_details "
        "adjust_increment_activity_details adjust_decrement_activity_details refund_activity_details "
        "unlinked_activity_refund_activity_details import_activity_details block_activity_details unblock_activity_details "
        "import_reversal_activity_details transfer_balance_to_activity_details transfer_balance_from_activity_details"
    ),
    "team_members": (
        "s: id reference_id status given_name family_name email_address phone_number created_at updated_at; b: is_owner; "
        "o: assigned_locations wage_setting"
    ),
    "timecards": (
        "s: id location_id timezone start_at end_at status created_at updated_at team_member_id | start_local employee_number; i: version; "
        "o: wage declared_cash_tip_money; a: breaks"
    ),
    "cash_drawer_shifts": (
        "s: id state opened_at ended_at closed_at description created_at updated_at location_id opening_team_member_id "
        "ending_team_member_id closing_team_member_id | closed_local opened_local; o: opened_cash_money cash_payment_money "
        "cash_refunds_money cash_paid_in_money cash_paid_out_money expected_cash_money closed_cash_money device; "
        "a: team_member_ids | events"
    ),
}

_NOTES = {
    "customers": "A buyer who was deleted or merged into another is noticed once a week, when all buyers are read again.",
    "timecards": "Timecards of the last weeks are read again at each read; a change of an older one is not noticed.",
    "inventory_counts": "How much is there now; what changed is in inventory_changes.",
    "gift_cards": "What each card is worth now; what changed it is in gift_card_activities.",
}
_SNAPSHOTS = frozenset({"customers", "timecards"})
_KEYS = {"inventory_counts": ("catalog_object_id", "location_id", "state")}


def _schema(fields: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for part in fields.split(";"):
        kind, names = part.split(":")
        properties |= dict.fromkeys(names.replace("|", " ").split(), _TYPES[kind.strip()])
    return {"type": "object", "properties": properties}


STREAMS: dict[str, Stream] = {
    name: Stream(
        name,
        _schema(fields),
        key_properties=_KEYS.get(name, ("id",)),
        snapshot=name in _SNAPSHOTS,
        notes=(_NOTES[name],) if name in _NOTES else (),
    )
    for name, fields in _FIELDS.items()
}
