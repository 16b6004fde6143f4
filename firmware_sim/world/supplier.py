"""The supplier: looks for orders, sends goods, and they reach the backroom after a lead time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from firmware_sim.world.errands import Answer, Errand
from firmware_sim.world.floor import Floor


class Supplier:
    """Delivers every open order of the store once, `Behaviour.lead_time_s` after it was seen."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._sent: set[str] = set()
        query = urlencode({"store": floor.world.store, "state": "open"})
        self._list = Errand(method="GET", path=f"/v1/replenishment-orders?{query}", keep=False)

    def open(self) -> None:
        """Look for orders now and then."""
        self._floor.later(self._floor.behaviour.order_poll_s, lambda: self._floor.errands.send(self._list, self._read))

    def _read(self, answer: Answer) -> None:
        for row in answer.body.get("orders", []) if answer.ok else []:
            self._send(row)
        self.open()

    def _send(self, row: Mapping[str, Any]) -> None:
        try:
            order_id, sku = str(row["order_id"]), str(row["sku"])
            units = int(row["units"]) - int(row.get("received_units") or 0)
        except (KeyError, TypeError, ValueError):
            return
        if order_id in self._sent or sku not in self._floor.mean_g or units <= 0:
            return
        self._sent.add(order_id)
        self._floor.goods.send(order_id, sku, units)
        self._floor.later(self._floor.behaviour.lead_time_s, lambda: self._deliver(order_id))

    def _deliver(self, order_id: str) -> None:
        body = {"order_id": order_id, "units": self._floor.goods.arrive(order_id)}
        key = self._floor.key(f"receipt/{order_id}")
        self._floor.errands.send(Errand(method="POST", path="/v1/receipts", body=body, key=key))
