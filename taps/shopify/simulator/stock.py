"""Stock that an app sets: compare and swap, and once for each key.

@idempotent       required since 2026-04; the same key answers as the first time                changelog: idempotency is mandatory
                  the same key with other parameters is refused, one that failed too            schema: InventorySetQuantitiesUserErrorCode
compare           another quantity than `changeFromQuantity` refuses the whole mutation         schema: InventoryQuantityInput
bounds            at most 1,000,000,000 pieces                                                  schema: InventorySetQuantitiesUserErrorCode
scope             write_inventory                                                               reference of inventorySetQuantities
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taps.shopify.simulator.execute import Bare, Refusal
from taps.shopify.simulator.things import Place, Variant, gid
from taps.shopify.simulator.world import World

_MOST = 1_000_000_000
_NAMES = ("available", "on_hand")


class Stock:
    """What apps did to the stock of a shop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._keys: dict[str, tuple[str, Bare]] = {}
        self.set: dict[tuple[int, int], int] = {}
        """Units by variant and place, as an app set them last."""
        self.writes = 0
        """Mutations that changed something."""

    def set_quantities(self, given: Mapping[str, Any], scopes: Sequence[str]) -> Bare:
        """InventorySetQuantities."""
        if "write_inventory" not in scopes:
            raise Refusal("Access denied for inventorySetQuantities field.", "ACCESS_DENIED")
        key = str(given.get("@", {}).get("idempotent", {}).get("key", "")).strip()
        if not key:
            raise Refusal("The @idempotent directive is required for this mutation but was not provided.", "BAD_REQUEST")
        asked = repr(given["input"])
        if key in self._keys:
            first, answer = self._keys[key]
            if first != asked:
                return _no("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "The same idempotency key cannot be used with different parameters.")
            failed = answer.values["userErrors"]
            return _no("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "A previous request with this key failed.") if failed else answer
        answer = self._done(given["input"])
        self._keys[key] = asked, answer
        return answer

    def _done(self, asked: Mapping[str, Any]) -> Bare:
        if asked["name"] not in _NAMES:
            return _no("INVALID_NAME", "The quantity name must be either 'available' or 'on_hand'.")
        moves = []
        for each in asked["quantities"]:
            variant, place = self._variant(str(each["inventoryItemId"])), self._place(str(each["locationId"]))
            if variant is None:
                return _no("INVALID_INVENTORY_ITEM", "The specified inventory item could not be found.")
            if place is None or place.id not in variant.stock:
                return _no("INVALID_LOCATION", "The specified location could not be found.")
            if int(each["quantity"]) > _MOST:
                return _no("INVALID_QUANTITY_TOO_HIGH", f"The quantity can't be higher than {_MOST:,}.")
            if each["changeFromQuantity"] is not None and each["changeFromQuantity"] != variant.stock[place.id]:
                return _no("CHANGE_FROM_QUANTITY_STALE", "The changeFromQuantity argument no longer matches the persisted quantity.")
            moves.append((variant, place, int(each["quantity"])))
        return self._changed(moves)

    def _changed(self, moves: Sequence[tuple[Variant, Place, int]]) -> Bare:
        changes = []
        for variant, place, units in moves:
            delta = units - variant.stock[place.id]
            variant.stock[place.id] = self.set[variant.id, place.id] = units
            variant.updated = self._world.clock()
            changes += [Bare("InventoryChange", {"name": name, "delta": delta, "quantityAfterChange": units}) for name in _NAMES]
            self.writes += 1
        group = Bare("InventoryAdjustmentGroup", {"id": gid("InventoryAdjustmentGroup", self._world.number()), "changes": changes})
        return Bare("InventorySetQuantitiesPayload", {"inventoryAdjustmentGroup": group, "userErrors": []})

    def _variant(self, wanted: str) -> Variant | None:
        found = (each for product in self._world.products.values() for each in product.variants)
        return next((each for each in found if gid("InventoryItem", each.id) == wanted), None)

    def _place(self, wanted: str) -> Place | None:
        return next((each for each in self._world.places if gid("Location", each.id) == wanted), None)


def _no(code: str, message: str) -> Bare:
    told = Bare("InventorySetQuantitiesUserError", {"field": ["input"], "message": message, "code": code})
    return Bare("InventorySetQuantitiesPayload", {"inventoryAdjustmentGroup": None, "userErrors": [told]})
