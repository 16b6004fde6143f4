"""The options of a simulated bay: what stands under `[hardware_options]` comes in, checked values go out."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contract.errors import ConfigurationError
from firmware_sim.hx711 import SETTLE_MS
from firmware_sim.load_cell import CAPACITY_G_DEFAULT
from firmware_sim.tags import BLOCKED_SHARE, ROUND_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class BayOptions:
    """`[hardware_options]` of a simulated bay.

    `socket` is where the world listens and `seed` what all that is drawn depends on; the other options have the
    values of an ordinary bay. `capacities_g` names the plates that are not of `capacity_g`; they must be those the
    scenario calibrated. `vibration` scales the shaking, `rate_sps` is the RATE pin of the converters. `faults` scales
    all rates of the fault table; 0 is a bay in which nothing goes wrong by itself.
    """

    socket: Path
    seed: int
    capacity_g: float = CAPACITY_G_DEFAULT
    capacities_g: Mapping[str, float] = field(default_factory=dict)
    rate_sps: float = 10.0
    vibration: float = 1.0
    round_ms: float = ROUND_MS
    blocked_share: float = BLOCKED_SHARE
    faults: float = 0.0

    def capacity_of(self, plate: str) -> float:
        """Return the capacity in grams of the cell under a plate."""
        return self.capacities_g.get(plate, self.capacity_g)


OPTION_NAMES = tuple(BayOptions.__dataclass_fields__)
NUMBER_OPTIONS = ("capacity_g", "rate_sps", "vibration", "round_ms", "blocked_share", "faults")
POSITIVE_OPTIONS = ("capacity_g", "round_ms")


def read_options(options: Mapping[str, object]) -> BayOptions:
    """Return the options checked. Raises ConfigurationError naming the option, what was found and what was expected."""
    for name in options:
        if name not in OPTION_NAMES:
            near = difflib.get_close_matches(name, OPTION_NAMES, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigurationError(f"hardware_options.{name}: unknown, expected {', '.join(OPTION_NAMES)}{hint}")
    path, seed = options.get("socket"), options.get("seed")
    if not isinstance(path, str) or not path:
        raise ConfigurationError(f"hardware_options.socket: found {path!r}, expected the path of the world's socket")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ConfigurationError(f"hardware_options.seed: found {seed!r}, expected a whole number")
    numbers = {
        name: _number(name, options[name], positive=name in POSITIVE_OPTIONS)
        for name in NUMBER_OPTIONS
        if name in options
    }
    if numbers.get("rate_sps", 10.0) not in SETTLE_MS:
        raise ConfigurationError(f"hardware_options.rate_sps: found {numbers['rate_sps']}, expected 10 or 80")
    return BayOptions(
        socket=Path(path), seed=seed, capacities_g=_capacities(options.get("capacities_g", {})), **numbers
    )


def _capacities(found: object) -> Mapping[str, float]:
    if not isinstance(found, Mapping):
        raise ConfigurationError(f"hardware_options.capacities_g: found {found!r}, expected a table of grams by plate")
    return {plate: _number(f"capacities_g.{plate}", grams, positive=True) for plate, grams in found.items()}


def _number(name: str, found: object, *, positive: bool) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not found >= 0.0:
        raise ConfigurationError(f"hardware_options.{name}: found {found!r}, expected a number of 0 or more")
    if positive and found == 0.0:
        raise ConfigurationError(f"hardware_options.{name}: found {found!r}, expected more than 0")
    return float(found)
