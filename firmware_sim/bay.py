"""One simulated bay: plates, chips on wires and a reader; what the world says and what goes wrong act on them."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from contract.clock import Clock
from contract.ids import PlateId, ZoneId
from firmware_sim.bay_options import BayOptions
from firmware_sim.board import SimulatedBoard
from firmware_sim.faults.acting import ActingFaults
from firmware_sim.faults.commanded import CommandedFault
from firmware_sim.faults.schedule import Episode, FaultSchedule
from firmware_sim.faults.table import FAULT_OF, FaultKind, kinds_of
from firmware_sim.faults.wire import WireFaults
from firmware_sim.hx711 import SimulatedLine, busy_wait
from firmware_sim.load_cell import cell_for
from firmware_sim.plate import LoadedPlate
from firmware_sim.tags import SimulatedReader
from firmware_sim.vibration import Vibration
from firmware_sim.world_link import WorldChange

logger = logging.getLogger(__name__)


class SimulatedBay:
    """Implements `BayHardware`: plates and one reader whose loads and tags are laid on by `show` and `change`.

    Lines are not ready, and the reader is away, until the world is shown for the first time. `wall_ns` measures the
    pulses of chips that are clocked bit by bit, and `stall` holds one that long.
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
        wall_ns: Callable[[], int] = time.perf_counter_ns,
        stall: Callable[[float], None] = busy_wait,
    ) -> None:
        self._clock = clock
        self._seed = options.seed
        self._zones = tuple(zones)
        self._loaded: set[PlateId] = set()
        self._commanded: dict[int, Episode] = {}
        faults = _BayFaults(device, options, clock)
        self._felt = {plate: faults.felt(plate) for plate in plates}
        self._wires = {plate: faults.wires(plate) for plate in plates}
        self._reading = faults.reading(self._zones)
        self._plates = _loaded_plates(device, self._felt, options, clock)
        self._board = SimulatedBoard(
            {plate: loaded.signal for plate, loaded in self._plates.items()},
            wiring,
            clock,
            rate_sps=options.rate_sps,
            wall_ns=wall_ns,
            stall=stall,
            faults={plate: WireFaults(wires, seed=f"{options.seed}/{plate}") for plate, wires in self._wires.items()},
        )
        self._chips = self._board.chips
        self._reader = SimulatedReader(
            options.seed,
            device,
            clock,
            round_ms=options.round_ms,
            blocked_share=options.blocked_share,
            faults=self._reading,
        )

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
        """Nothing runs for it."""

    def show(self, picture: WorldChange) -> None:
        """Lay on all the world knows, and say which plates it does not."""
        self.change(picture)
        self._reader.connect()
        missing = sorted(set(self._chips) - self._loaded)
        if missing:
            logger.warning("world does not know plates", extra={"event": "plates_unknown", "plates": missing})

    def change(self, change: WorldChange) -> None:
        """Lay on what the world says. What is not of this bay is left alone."""
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
        if change.faults is not None:
            self._follow_faults(change.faults, now_ms)
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

    def _follow_faults(self, faults: Iterable[CommandedFault], now_ms: float) -> None:
        """Let exactly these commanded faults act; one that was told before goes on, and is not begun anew."""
        self._commanded = {fault.number: self._commanded.get(fault.number) or fault.begun(now_ms) for fault in faults}
        episodes = list(self._commanded.values())
        for plate, felt in self._felt.items():
            felt.command(episode for episode in episodes if self._strikes(episode, plate))
            self._wires[plate].command(episode for episode in episodes if episode.subject == plate)
        self._reading.command(episode for episode in episodes if episode.subject in self._zones)

    def _strikes(self, episode: Episode, plate: PlateId) -> bool:
        whole_bay = FAULT_OF[episode.kind].subject == "bay" and episode.subject in self._plates
        return whole_bay or episode.subject == plate


class _BayFaults:
    """The faults of one bay by what they act on: those of the table, and what is commanded beside them."""

    def __init__(self, device: str, options: BayOptions, clock: Clock) -> None:
        self._device = device
        self._schedule = FaultSchedule(options.seed, options.faults)
        self._unix_ms = clock.now().timestamp() * 1000.0 - clock.mono_ms()

    def felt(self, plate: str) -> ActingFaults:
        """Return what acts on a plate itself, whether it strikes the plate alone or the bay."""
        return self._acting((plate, kinds_of("plate", "plate", "mechanics")), (self._device, kinds_of("bay")))

    def wires(self, plate: str) -> ActingFaults:
        """Return what acts on the wires of a plate."""
        return self._acting((plate, kinds_of("plate", "wire")))

    def reading(self, zones: Iterable[str]) -> ActingFaults:
        """Return what acts on the reader and its zones."""
        antennas = [(zone, kinds_of("zone")) for zone in zones]
        return self._acting((self._device, kinds_of("device", "tags")), *antennas)

    def _acting(self, *subjects: tuple[str, tuple[FaultKind, ...]]) -> ActingFaults:
        return ActingFaults(subjects, self._schedule, unix_ms=self._unix_ms)


def _loaded_plates(
    device: str, felt: Mapping[PlateId, ActingFaults], options: BayOptions, clock: Clock
) -> dict[PlateId, LoadedPlate]:
    vibration = Vibration(options.seed, device, scale=options.vibration)
    day_zero_ms = _day_zero_ms(clock)
    return {
        plate: LoadedPlate(
            cell_for(options.seed, plate, options.capacity_of(plate)),
            seed=options.seed,
            vibration=vibration,
            rate_sps=options.rate_sps,
            day_zero_ms=day_zero_ms,
            faults=acting,
        )
        for plate, acting in felt.items()
    }


def _day_zero_ms(clock: Clock) -> float:
    """Return what `mono_ms` was at the last midnight UTC, so that drift goes on where an earlier run left it."""
    now = clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return clock.mono_ms() - (now - midnight).total_seconds() * 1000.0
