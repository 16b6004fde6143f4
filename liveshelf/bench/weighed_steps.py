"""How well the weigher tells goods from everything else: simulated cells in virtual time come in, shares go out."""

from __future__ import annotations

import random

from contract.ids import PlateId, ShelfId
from contract.records import WeightRecord
from edge.weighing.shelf import ShelfWeigher
from firmware_sim.hx711 import INPUT_NOISE_V, INPUT_V_TO_COUNT
from firmware_sim.load_cell import LoadCell, cell_for
from firmware_sim.plate import LoadedPlate
from firmware_sim.vibration import Vibration

RATE_SPS = 10.0
PERIOD_MS = round(1000 / RATE_SPS)
PLATES = 4
SHELF = ShelfId("b1-s1")
LOAD_G = 2_000.0
SEED = 7
SIGMAS = 5.0
SIZES = (5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0, 100.0)
STEP_MS = 2_000
"""A step is told within so long, when the next one comes, or it was missed."""

WARM_MS = 3_600_000
"""An hour in which a shelf learns how still it stands."""

WEEK_H = 168.0


class _Shelf:
    """Some cells and the weigher that watches them. Nobody samples faster than it asks."""

    def __init__(self, seed: int, plates: int, vibration: float) -> None:
        names = [PlateId(f"{SHELF}-l{number}") for number in range(1, plates + 1)]
        shaking = Vibration(seed, "bay-1", scale=vibration)
        self.cells = [cell_for(seed, name) for name in names]
        self.plates = [LoadedPlate(cell, seed=seed, vibration=shaking, rate_sps=RATE_SPS) for cell in self.cells]
        self.noise_g = shaking.level_g
        self._names = names
        self._weigher = ShelfWeigher(SHELF, names, heartbeat_s=30.0)
        self.now_ms = 0
        for plate in self.plates:
            plate.place(LOAD_G, 0.0)

    def run(self, for_ms: int) -> list[WeightRecord]:
        """Let time go by; return the steps told in it."""
        add, steps = self._weigher.add, []
        read = [
            (name, plate.signal, cell.zero_count, cell.counts_per_g)
            for name, plate, cell in zip(self._names, self.plates, self.cells, strict=True)
        ]
        for now_ms in range(self.now_ms + PERIOD_MS, self.now_ms + for_ms + 1, PERIOD_MS):
            for name, signal, zero_count, counts_per_g in read:
                add(name, now_ms, (round(signal(now_ms)) - zero_count) / counts_per_g)
            steps += [record for record in self._weigher.tick(now_ms) if record.kind == "step"]
        self.now_ms += for_ms
        return steps


def step_recall(count: int, sigmas: float = SIGMAS) -> float:
    """Return the share of steps of so many sigma of the mean of 1 s or up to half more, 2 s apart, that were told.

    One plate on a shelf that stands still, sigma being the input noise of an HX711 over the samples of a second.
    """
    shelf = _Shelf(SEED, plates=1, vibration=0.0)
    shelf.run(WARM_MS)
    step_g = sigmas * _sigma_of_mean_g(shelf.cells[0])
    rng = random.Random(f"{SEED}/steps")
    load_g, told = LOAD_G, 0
    for _ in range(count):
        change_g = step_g * (1.0 if load_g < LOAD_G else -1.0) * rng.uniform(1.0, 1.5)
        load_g += change_g
        shelf.plates[0].place(load_g, shelf.now_ms)
        told += any(_is(step, change_g) for step in shelf.run(STEP_MS))
    return told / count


def sigmas_told(count: int, share: float) -> float:
    """Return the least size of steps, of `SIZES` and in sigmas, of which at least this share was told; the largest
    when it was told of none.
    """
    return next((sigmas for sigmas in SIZES if step_recall(count, sigmas) >= share), SIZES[-1])


def _is(step: WeightRecord, change_g: float) -> bool:
    return step.before_g is not None and (step.weight_g - step.before_g) * change_g > 0.0


def _sigma_of_mean_g(cell: LoadCell) -> float:
    noise_g = INPUT_NOISE_V[RATE_SPS] * INPUT_V_TO_COUNT / cell.counts_per_g
    return float(noise_g / RATE_SPS**0.5)


def false_steps_per_plate_week(hours: float) -> float:
    """Return how often a plate of a shelf nobody touches told a step a week: warm days, creep, floors that shake."""
    shelves = [_Shelf(seed, plates=PLATES, vibration=1.0) for seed in range(SEED, SEED + 2)]
    told = 0
    for shelf in shelves:
        shelf.run(WARM_MS)
        told += len({step.mono_ms for step in shelf.run(round(hours * 3_600_000))})
    return told * WEEK_H / (hours * PLATES * len(shelves))
