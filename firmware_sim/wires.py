"""The wires of one simulated bay: the function an agent's `hardware` setting names, and the options it takes."""

from __future__ import annotations

import difflib
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contract.clock import Clock
from contract.errors import ConfigurationError
from contract.ids import PlateId, ZoneId
from firmware_sim.board import SimulatedBoard
from firmware_sim.hx711 import SETTLE_MS, SimulatedLine
from firmware_sim.load_cell import CAPACITY_G_DEFAULT, cell_for
from firmware_sim.plate import LoadedPlate
from firmware_sim.tags import BLOCKED_SHARE, ROUND_MS, SimulatedReader
from firmware_sim.vibration import Vibration
from firmware_sim.world_link import WorldChange, WorldLink

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BayOptions:
    """`[hardware_options]` of a simulated bay.

    `socket` is where the world listens and `seed` what all that is drawn depends on; the other options have the
    values of an ordinary bay. `capacities_g` names the plates that are not of `capacity_g`; they must be those the
    scenario calibrated. `vibration` scales the shaking, `rate_sps` is the RATE pin of the converters.
    """

    socket: Path
    seed: int
    capacity_g: float = CAPACITY_G_DEFAULT
    capacities_g: Mapping[str, float] = field(default_factory=dict)
    rate_sps: float = 10.0
    vibration: float = 1.0
    round_ms: float = ROUND_MS
    blocked_share: float = BLOCKED_SHARE

    def capacity_of(self, plate: str) -> float:
        """Return the capacity in grams of the cell under a plate."""
        return self.capacities_g.get(plate, self.capacity_g)


OPTION_NAMES = tuple(BayOptions.__dataclass_fields__)
NUMBER_OPTIONS = ("capacity_g", "rate_sps", "vibration", "round_ms", "blocked_share")
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


class SimulatedBay:
    """Implements `BayHardware`: plates and one reader whose loads and tags come from the world.

    Lines are not ready, and the reader is away, until the world has spoken for the first time.
    """

    def __init__(
        self,
        *,
        device: str,
        plates: Sequence[PlateId],
        zones: Sequence[ZoneId],
        options: BayOptions,
        clock: Clock,
        wiring: Sequence[Mapping[str, object]] = (),
    ) -> None:
        self._clock = clock
        self._seed = options.seed
        vibration = Vibration(options.seed, device, scale=options.vibration)
        day_zero_ms = _day_zero_ms(clock)
        self._plates = {
            plate: LoadedPlate(
                cell_for(options.seed, plate, options.capacity_of(plate)),
                seed=options.seed,
                vibration=vibration,
                rate_sps=options.rate_sps,
                day_zero_ms=day_zero_ms,
            )
            for plate in plates
        }
        signals = {plate: loaded.signal for plate, loaded in self._plates.items()}
        self._board = SimulatedBoard(signals, wiring, clock, rate_sps=options.rate_sps)
        self._chips = self._board.chips
        self._reader = SimulatedReader(
            options.seed, device, clock, round_ms=options.round_ms, blocked_share=options.blocked_share
        )
        self._zones = tuple(zones)
        self._loaded: set[PlateId] = set()
        hello = {"device": device, "plates": list(plates), "zones": list(zones)}
        self._link = WorldLink(options.socket, hello, on_picture=self._apply_picture, on_change=self._apply_change)

    @property
    def lines(self) -> Mapping[PlateId, SimulatedLine]:
        """The lines of the HX711 chips, by the plate they weigh."""
        return {plate: chip for plate, chip in self._chips.items() if isinstance(chip, SimulatedLine)}

    @property
    def board(self) -> SimulatedBoard:
        """The pins and buses the chips hang on."""
        return self._board

    @property
    def readers(self) -> Sequence[SimulatedReader]:
        """The one reader of the bay, or none when it has no zones."""
        return (self._reader,) if self._zones else ()

    def close(self) -> None:
        """Let go of the world; the loads stay as they were."""
        self._link.close()

    def _apply_picture(self, picture: WorldChange) -> None:
        """Lay on all the world knows, and say which plates it does not; called on the thread of the link."""
        self._apply_change(picture)
        self._reader.connect()
        missing = sorted(set(self._chips) - self._loaded)
        if missing:
            logger.warning("world does not know plates", extra={"event": "plates_unknown", "plates": missing})

    def _apply_change(self, change: WorldChange) -> None:
        """Lay on what the world says; called on the thread of the link. What is not of this bay is left alone."""
        now_ms = self._clock.mono_ms()
        for plate, chip in self._chips.items():
            load_g = change.loads.get(plate)
            if load_g is None:
                continue
            self._plates[plate].place(load_g, now_ms)
            if plate not in self._loaded:
                self._loaded.add(plate)
                chip.start(phase=self._phase(plate))
        if change.unplugged is not None:
            self._follow_plugs(change.unplugged)
        self._reader.set_tags({zone: change.tags[zone] for zone in self._zones if zone in change.tags})

    def _follow_plugs(self, unplugged: frozenset[str]) -> None:
        for plate, chip in self._chips.items():
            if plate in unplugged:
                chip.unplug()
            else:
                chip.plug_in()

    def _phase(self, plate: PlateId) -> float:
        """Return where in a period a converter runs: each has its own oscillator, so no two end together."""
        return random.Random(f"{self._seed}/{plate}/phase").random()


def open_bay(
    *,
    device: str,
    plates: Sequence[PlateId],
    zones: Sequence[ZoneId],
    options: Mapping[str, object],
    clock: Clock,
    wiring: Sequence[Mapping[str, object]] = (),
) -> SimulatedBay:
    """Open the wires of a simulated bay; `options` are those of `BayOptions`, `wiring` says how chips hang on them.

    Raises ConfigurationError naming the option. Never waits for the world.
    """
    checked = read_options(options)
    return SimulatedBay(device=device, plates=plates, zones=zones, options=checked, clock=clock, wiring=wiring)


def _day_zero_ms(clock: Clock) -> float:
    """Return what `mono_ms` was at the last midnight UTC, so that drift goes on where an earlier run left it."""
    now = clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return clock.mono_ms() - (now - midnight).total_seconds() * 1000.0
