"""What one load cell is: its zero, its gain and its faults of a good day, drawn from the ranges its maker allows."""

from __future__ import annotations

import random
from dataclasses import dataclass

from firmware_sim.hx711 import EXCITATION_V, INPUT_V_TO_COUNT

CAPACITY_G_DEFAULT = 10_000.0
"""A plate is a 10 kg bar cell unless told otherwise."""

COUNTS_PER_V_PER_V = INPUT_V_TO_COUNT * EXCITATION_V
"""Counts per volt of bridge output per volt of excitation."""

RATED_OUTPUT_V_PER_V = (0.85e-3, 1.15e-3)
"""Output at full load per volt of excitation, 1.0 +-0.15 mV/V (DFRobot SEN0160 cell, data sheet)."""

ZERO_BALANCE_V_PER_V = 0.1e-3
"""Output without load, at most +-0.1 mV/V (the same data sheet)."""

NON_LINEARITY_SHARE = 0.0005
"""Largest departure from the straight line, 0.05 % of full scale (Seeed bar cell, data sheet)."""

CREEP_SHARE = 0.0005
"""Creep 30 minutes after a change to full load, at most 0.05 % of full scale (the same data sheet)."""

CREEP_MS = 600_000.0
"""Time constant of creep. Of an exponential with 10 minutes 95 % are over after 30; the part between 20 and 30
minutes is then 9 % of it, inside the 0.15 / 0.7 = 21 % that OIML R 60-1, 5.5.1 allows."""

ZERO_SHARE_PER_C = (0.00002, 0.00005)
"""Zero drift, 0.02 to 0.05 % of full scale in 10 degrees: 1 to 2.5 g on a 5 kg CZL611 cell with an HX711 over 21 days
(kim5jk/loadcell-temp-compensation); the upper end is the limit of the Seeed data sheet. There the rest, once
temperature is taken out, is 0.1 g, so nothing else drifts here."""

SPAN_SHARE_PER_C = 0.00005
"""Change of the gain, at most 0.05 % in 10 degrees (Seeed bar cell, data sheet)."""

SETTLE_MS = (200.0, 400.0)
"""Until a plate is within 2 % of a change: recording cps-test-01 (CPS-IoT Week 2020), where it is about 300 ms after a
100 g pick and 400 ms after a 500 g pick."""

RING_HZ = (12.0, 20.0)
"""How fast a plate rings after a change: the same recording, three to five samples a swing at 60 Hz."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCell:
    """One cell under its plate. Counts are those of a converter at gain 128.

    `non_linearity_g` is the error at half the capacity; a load of `x` g creeps by `creep_share * x` in the end;
    `zero_g_per_c` and `span_share_per_c` act on the difference to the temperature of calibration.
    """

    plate: str
    capacity_g: float
    zero_count: float
    counts_per_g: float
    non_linearity_g: float
    creep_share: float
    zero_g_per_c: float
    span_share_per_c: float
    settle_ms: float
    ring_hz: float


def cell_for(seed: int, plate: str, capacity_g: float = CAPACITY_G_DEFAULT) -> LoadCell:
    """Return the cell of a plate: the same for the same seed, plate and capacity, in every process.

    What a data sheet limits is drawn evenly between its limits. Raises ValueError when the capacity is not positive.
    """
    if not capacity_g > 0.0:
        raise ValueError(f"capacity_g of plate {plate}: found {capacity_g}, expected more than 0")
    draw = random.Random(f"{seed}/{plate}/cell").uniform
    rated_count = draw(*RATED_OUTPUT_V_PER_V) * COUNTS_PER_V_PER_V
    return LoadCell(
        plate=plate,
        capacity_g=capacity_g,
        zero_count=draw(-ZERO_BALANCE_V_PER_V, ZERO_BALANCE_V_PER_V) * COUNTS_PER_V_PER_V,
        counts_per_g=rated_count / capacity_g,
        non_linearity_g=draw(-NON_LINEARITY_SHARE, NON_LINEARITY_SHARE) * capacity_g,
        creep_share=draw(-CREEP_SHARE, CREEP_SHARE),
        zero_g_per_c=draw(*ZERO_SHARE_PER_C) * capacity_g * (1.0 if draw(0.0, 1.0) < 0.5 else -1.0),
        span_share_per_c=draw(-SPAN_SHARE_PER_C, SPAN_SHARE_PER_C),
        settle_ms=draw(*SETTLE_MS),
        ring_hz=draw(*RING_HZ),
    )
