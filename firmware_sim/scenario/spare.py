"""A bay that nobody has fitted yet: its device has no store, its plates stand empty and weigh by no line of theirs."""

from __future__ import annotations

from firmware_sim.hx711 import EXCITATION_V, INPUT_V_TO_COUNT
from firmware_sim.load_cell import CAPACITY_G_DEFAULT
from firmware_sim.world.configuration import PlateFacts

STORE = "_new"
"""What a device names that has no store yet."""

DEVICE = "spare-1"
SHELF = "spare-1-s1"
PLATES = tuple(f"spare-1-l{number}" for number in (1, 2, 3))

NOMINAL_COUNTS_PER_G = round(1e-3 * EXCITATION_V * INPUT_V_TO_COUNT / CAPACITY_G_DEFAULT, 1)
"""What a cell of 1 mV/V gives: all that is known of a plate before it is calibrated, and up to 15 % off."""


def spare_plates() -> tuple[PlateFacts, ...]:
    """Return the plates as the world has them: on a shelf of their own, under no position."""
    return tuple(PlateFacts(plate=plate, shelf=SHELF, capacity_g=CAPACITY_G_DEFAULT) for plate in PLATES)


def plates_of_file() -> str:
    """Return the plates as the agent's file has them when it comes out of the box: none was ever calibrated."""
    return "".join(
        f"""
[[plates]]
plate = "{plate}"
bay = "{DEVICE}"
shelf = "{SHELF}"
zero_count = 0.0
counts_per_g = {NOMINAL_COUNTS_PER_G}
"""
        for plate in PLATES
    )
