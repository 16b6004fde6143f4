"""A simulated shop on a manual clock: hours of it in a moment, with all that its sensors felt."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contract.clock import ManualClock
from firmware_sim.scenario.corner_shop import write_corner_shop
from firmware_sim.world.configuration import WorldConfiguration, read_configuration
from firmware_sim.world.errands import Errands
from firmware_sim.world.shop import Shop
from tests.fakes.store_api import FakeStoreApi, Trouble


def corner_shop(seed: int = 1, **behaviour: Any) -> WorldConfiguration:
    """Return the world of the corner shop, with some settings of its people changed."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        files = write_corner_shop(
            path, seed=seed, broker_url="mqtt://127.0.0.1", socket_path=Path("world.sock"), data_dir=Path("data")
        )
        world = read_configuration(files.world)
    return replace(world, behaviour=replace(world.behaviour, **behaviour))


@dataclass
class ShopDay:
    """Runs a shop; `felt` holds each change of a plate's load with its time, `seen` each change of a zone's tags."""

    world: WorldConfiguration
    trouble: Trouble = lambda _: ""
    clock: ManualClock = field(default_factory=ManualClock)
    felt: list[tuple[int, str, float]] = field(default_factory=list)
    seen: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.truth_file = io.StringIO()
        self.api = FakeStoreApi(self.world, trouble=self.trouble)
        self.errands = Errands(self.api, wall_s=lambda: self.clock.elapsed_ms / 1000)
        self.shop = Shop(self.world, clock=self.clock, truth=self.truth_file, errands=self.errands)
        self.api.units_at = self.shop.goods.units_at

    @property
    def truth(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.truth_file.getvalue().splitlines()]

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        return [line for line in self.truth if line["kind"] in kinds]

    def open_for(self, shop_s: float) -> ShopDay:
        """Open the doors and let the shop run."""
        self.shop.open_doors(0.0)
        return self.run_for(shop_s)

    def run_for(self, shop_s: float) -> ShopDay:
        """Let time pass."""
        end_ms = self.clock.elapsed_ms + round(shop_s * 1000)
        while True:
            wait_s = self._do_what_is_due()
            due_ms = [end_ms] if self.shop.next_ms is None else [end_ms, self.shop.next_ms]
            if wait_s is not None:
                due_ms.append(self.clock.elapsed_ms + max(1, round(wait_s * 1000)))
            if min(due_ms) >= end_ms:
                self.clock.advance((end_ms - self.clock.elapsed_ms) / 1000)
                self._do_what_is_due()
                return self
            self.clock.advance((min(due_ms) - self.clock.elapsed_ms) / 1000)

    def close(self) -> ShopDay:
        """Stop acting and wait until all hands are off and all requests are answered."""
        self.shop.stop_acting()
        return self.run_for(120.0)

    def _do_what_is_due(self) -> float | None:
        self.shop.step()
        wait_s = self.errands.attempt_due()
        self.shop.step()
        changes = self.shop.shelves.changes()
        self.felt += [(self.clock.elapsed_ms, plate, load_g) for plate, load_g in changes.loads.items()]
        self.seen.update(changes.tags)
        return wait_s
