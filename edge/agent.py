"""The story of an agent: wires are sampled, samples weighed, tags followed, and what came of it is handed over.

Two threads: this one samples, does what commands ask, and never waits for disk or network; `edge.delivery` makes
durable and sends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter_ns

from msgspec import to_builtins

from contract.clock import Clock, ShopClock
from contract.errors import LiveShelfError
from contract.hardware import BayHardware
from contract.ids import NEW_DEVICE_STORE, PlateId, ShelfId, ZoneId
from contract.records import HealthRecord, Quality, Record
from edge.board_health import Board, wall_clock_synchronised
from edge.calibrating.book import line_of, open_book
from edge.commanding.desk import Desk
from edge.commanding.local_socket import serving_locally
from edge.commanding.operations import agent_operations, service_operations
from edge.delivery import Delivery
from edge.handover import Handover
from edge.health import (
    agent_health,
    calibration_damaged,
    clock_record,
    plate_health,
    settings_refused,
    zone_health,
)
from edge.lighting.wiring import open_lights
from edge.plate_watch import PlateWatch
from edge.reader_settings import zones_read
from edge.sampling.listening import Heard
from edge.sampling.readers import open_readers
from edge.sampling.samples import RawSample
from edge.sampling.tags import TagPoller
from edge.sampling.wiring import hardware_function, open_drivers
from edge.settings import AgentSettings
from edge.supervision import Service, Supervision
from edge.tagging.presence import TagPresence
from edge.weighing.calibration import Calibration
from edge.weighing.shelf import ShelfWeigher
from edge.weighing.waveform import Wave

POLLS_PER_CONVERSION = 4
"""A conversion waits a quarter of its period at most, and the process sleeps most of the time (80 wake-ups a second
cost 0.2 % of a core)."""

IDLE_POLL_S = 0.25
"""Shop seconds between two polls of a bay without plates."""

VERDICT_MS = 1000
"""Shop milliseconds between two looks at the verdicts of the plates: as often as the weigher comes to a new one."""

TAG_POLL_MS = 250
"""Shop milliseconds between two questions to the tag readers: four to an epoch of presence."""

logger = logging.getLogger(__name__)


class AgentFailed(LiveShelfError):
    """The delivering part of the agent ended unexpectedly."""


def run_agent(settings: AgentSettings, clock: Clock, stopped: Callable[[], bool], service: Service) -> None:
    """Run until `stopped` or until a command wants a restart; return when everything handed over is durable.

    Raises LiveShelfError in one sentence.
    """
    handover, desk, book = Handover(), Desk(), open_book(settings, clock)
    settings = book.applied(settings)
    delivery = Delivery(settings, clock, handover, desk.ask)
    board = Board(Path(settings.data_dir))
    hardware = open_hardware(settings, clock)
    try:
        delivery.start()
        measure = lambda: {**board.figures(), **delivery.figures()}  # noqa: E731 - one step of the story
        bay = Bay(settings, hardware, clock, handover, anew=book.changed, measure=measure)
        supervision = Supervision(delivery, service.file, service.manager, bay.summary)
        lights = open_lights(settings.lights, hardware, off_after_s=settings.lights_off_after_s)
        with closing(bay), closing(lights), serving_locally(settings.data_dir, desk.ask):
            if book.damage is not None:
                bay.alarm(calibration_damaged(lost=book.lost, mono_ms=clock.mono_ms()))
            if service.file.tell_refusal():
                bay.alarm(settings_refused(clock.mono_ms()))
            desk.learn(agent_operations(settings, bay, delivery, book=book, clock=clock, lights=lights))
            desk.learn(service_operations(settings, service, delivery, bay, book))
            logger.info("agent started", extra={"event": "agent_started", "device": settings.device})
            while not (stopped() or service.ending.restart) and delivery.failed is None:
                bay.look()
                desk.work(clock.mono_ms())
                supervision.looked()
                clock.sleep(bay.poll_s)
    finally:
        if stopped():  # to be told of a restart in place, too, would have systemd kill us in the midst of it
            service.manager.stopping()
        delivery.stop(leaves_store=service.ending.leaves_store)
        hardware.close()
    if isinstance(delivery.failed, LiveShelfError):
        raise delivery.failed
    if delivery.failed is not None:
        raise AgentFailed(f"delivery ended: {delivery.failed!r}") from delivery.failed
    logger.info("agent stopped", extra={"event": "agent_stopped", "device": settings.device})


class Bay:
    """All shelves, plates and zones of one agent. `look` is called often; everything else follows from its time.

    `wall_ns` measures the pulses of drivers that clock bit by bit. Implements `BayView` for what commands ask. A device
    that has no store yet weighs, so that it can be calibrated, but records nothing. The plates `anew` weigh by another
    line than in the run before. `measure` gives the figures of board and outbox for the agent's own health.
    """

    def __init__(
        self,
        settings: AgentSettings,
        hardware: BayHardware,
        clock: Clock,
        handover: Handover,
        *,
        wall_ns: Callable[[], int] = perf_counter_ns,
        anew: Collection[PlateId] = (),
        measure: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self.poll_s = _poll_s(settings)
        self._clock = clock
        self._handover = handover
        self._put = _keep_nothing if settings.store == NEW_DEVICE_STORE else handover.put
        self._health_ms = round(settings.health_s * 1000)
        self._health_due_ms = clock.mono_ms() + self._health_ms
        self._tags_due_ms = 0
        self._verdicts_due_ms = 0
        self._zones = [ZoneId(zone.zone) for zone in settings.zones]
        self._readers = open_readers(settings.readers, clock)
        self._tags = TagPoller([*hardware.readers, *self._readers], self._zones)
        self._presence = TagPresence()
        weighers = _weighers(settings)
        self._weighers = list(weighers.values())
        self._plates = {
            PlateId(plate.plate): (line_of(plate), weighers[ShelfId(plate.shelf)]) for plate in settings.plates
        }
        for plate in anew:
            self.release(plate)
        self._listeners: list[Heard] = []
        rates_sps = {PlateId(plate.plate): plate.rate_sps for plate in settings.plates}
        self._drivers = open_drivers(settings.drivers, rates_sps, hardware, mono_ms=clock.mono_ms(), wall_ns=wall_ns)
        self._driver_of = {plate: driver for driver in self._drivers for plate in driver.plates}
        self._watches = {
            PlateId(plate.plate): PlateWatch(
                rate_sps=plate.rate_sps, capacity_g=plate.capacity_g, mono_ms=clock.mono_ms()
            )
            for plate in settings.plates
        }
        self._qualities: dict[PlateId, Quality] = dict.fromkeys(self._plates, "starting")
        self._measure = measure
        self._told: dict[str, HealthRecord] = {}
        self._tell_clock(clock.mono_ms())

    def look(self) -> None:
        """Take what the wires hold now, and hand over what became of it."""
        mono_ms = self._clock.mono_ms()
        self._weigh(mono_ms)
        if self._zones and mono_ms >= self._tags_due_ms:
            self._follow_tags(mono_ms)
        if mono_ms >= self._verdicts_due_ms:
            self._verdicts_due_ms = mono_ms + VERDICT_MS
            self._tell_verdicts(mono_ms)
        if mono_ms >= self._health_due_ms:
            self._health_due_ms = mono_ms + self._health_ms
            self._tell_clock(mono_ms)
            self._tell(self._health(mono_ms))

    @property
    def plates(self) -> Sequence[PlateId]:
        """The plates of the bay, in the order of the file."""
        return tuple(self._plates)

    @property
    def zones(self) -> Sequence[ZoneId]:
        """The zones of the bay, in the order of the file."""
        return tuple(self._zones)

    @property
    def away(self) -> Collection[ZoneId]:
        """The zones whose reader or antenna does not answer."""
        return self._tags.away

    def mono_ms(self) -> int:
        """Return shop milliseconds."""
        return self._clock.mono_ms()

    @contextmanager
    def listening(self, plates: Iterable[PlateId]) -> Iterator[Heard]:
        """Give what the converters of these plates find while the context lasts."""
        heard = Heard(plates)
        self._listeners.append(heard)
        try:
            yield heard
        finally:
            self._listeners.remove(heard)

    def calibration(self, plate: PlateId) -> Calibration:
        """Return the line the plate weighs by now."""
        return self._plates[plate][0]

    def neighbours(self, plate: PlateId) -> Sequence[PlateId]:
        """Return the plates of the shelf the plate is on, itself among them."""
        shelf = self._plates[plate][1]
        return [other for other, (_, weigher) in self._plates.items() if weigher is shelf]

    def noise_g(self, plate: PlateId) -> float:
        """Return the quiet spread of the plate in grams of its line, 0.0 until it was learned."""
        return self._plates[plate][1].noise_g(plate)

    def hold(self, plate: PlateId, until_ms: int) -> None:
        """Believe no weight of the plate until then, or until `release` or `recalibrate`: masses are laid on it."""
        self._plates[plate][1].hold(plate, until_ms)

    def release(self, plate: PlateId) -> None:
        """Believe the plate again, once it was learned anew."""
        self._plates[plate][1].restart(plate)

    def recalibrate(self, plate: PlateId, line: Calibration) -> None:
        """Weigh the plate by another line from now on; that never looks as if goods had moved."""
        weigher = self._plates[plate][1]
        self._plates[plate] = line, weigher
        weigher.restart(plate)

    def alarm(self, record: HealthRecord) -> None:
        """Hand over what somebody must know."""
        self._put([record])

    @property
    def health(self) -> Sequence[HealthRecord]:
        """The newest health record of every part, in the order in which they were told first."""
        return tuple(self._told.values())

    def summary(self) -> str:
        """Say in a few words how the scales are."""
        well = sum(quality == "ok" for quality in self._qualities.values())
        return f"{well} of {len(self._plates)} plates ok"

    def agent_health(self) -> HealthRecord:
        """Return how the device itself is at this moment; what had to give way is that of its newest record."""
        told = self._told.get("agent")
        return self._agent_health(told.rejected if told else {}, self._clock.mono_ms())

    def wave(self, plate: PlateId) -> Wave:
        """Return what the plate weighed in the last seconds, and around its last step."""
        return self._plates[plate][1].wave(plate)

    def quality(self, plate: PlateId) -> Quality:
        """Return what is to be thought of the plate's weight now."""
        return self._plates[plate][1].quality(plate)

    def resting(self, plate: PlateId) -> bool:
        """Tell whether the shelf of the plate is at rest."""
        return not self._plates[plate][1].active

    def close(self) -> None:
        """Stop what the drivers run, and let go of the readers."""
        for reader in self._readers:
            reader.close()
        for driver in self._drivers:
            driver.close()

    def _weigh(self, mono_ms: int) -> None:
        for driver in self._drivers:
            for found in driver.poll(mono_ms):
                for heard in self._listeners:
                    heard.take(found)
                calibration, weigher = self._plates[found.plate]
                if isinstance(found, RawSample):
                    weigher.add(found.plate, found.mono_ms, calibration.grams(found.count))
                elif found.overload:
                    weigher.saturate(found.plate, found.mono_ms)
        for weigher in self._weighers:
            records = weigher.tick(mono_ms)
            for record in records:
                self._watches[PlateId(record.plate)].weighed(record)
            self._put(records)

    def _follow_tags(self, mono_ms: int) -> None:
        self._tags_due_ms = mono_ms + TAG_POLL_MS
        self._presence.add(self._tags.poll())
        self._put(self._presence.tick(mono_ms, away=self._tags.away))

    def _tell_verdicts(self, mono_ms: int) -> None:
        """A plate that fell ill or recovered is told at once: a cable that was pulled is no news after a minute."""
        changed = [
            self._plate_health(plate, mono_ms)
            for plate, (_, weigher) in self._plates.items()
            if weigher.quality(plate) != self._qualities[plate]
        ]
        if changed:
            self._tell(changed)

    def _plate_health(self, plate: PlateId, mono_ms: int) -> HealthRecord:
        weigher, watch = self._plates[plate][1], self._watches[plate]
        quality = self._qualities[plate] = weigher.quality(plate)
        counts = self._driver_of[plate].take_counts(plate)
        return plate_health(
            plate,
            counts,
            verdict=watch.judge(quality, counts[0], mono_ms),
            noise_g=weigher.noise_g(plate),
            measured=watch.measured(weigher.weights().get(plate)),
            mono_ms=mono_ms,
        )

    def _tell(self, healths: Sequence[HealthRecord]) -> None:
        self._told.update({health.subject: health for health in healths})
        self._put(healths)

    def _health(self, mono_ms: int) -> list[HealthRecord]:
        sightings, losses = self._tags.take_counts()
        losses.update(self._handover.take_losses())
        plates = [self._plate_health(plate, mono_ms) for plate in self._plates]
        zones = [
            zone_health(zone, away=zone in self._tags.away, sightings=sightings[zone], mono_ms=mono_ms)
            for zone in self._zones
        ]
        return [*plates, *zones, self._agent_health(losses, mono_ms)]

    def _agent_health(self, losses: Mapping[str, int], mono_ms: int) -> HealthRecord:
        return agent_health(
            queued=self._handover.queued,
            losses=losses,
            measured=self._measure(),
            synchronised=clock_synchronised(self._clock),
            mono_ms=mono_ms,
        )

    def _tell_clock(self, mono_ms: int) -> None:
        record = clock_record(self._clock.now(), synchronised=clock_synchronised(self._clock), mono_ms=mono_ms)
        self._put([record])


def _keep_nothing(_records: Sequence[Record]) -> None:
    """A device without a store has nobody to tell: what it numbered now would reach a store it never stood in."""


def open_hardware(settings: AgentSettings, clock: Clock) -> BayHardware:
    """Open the wires by the function the setting names. Raises ConfigurationError when there is no such function."""
    return hardware_function(settings.hardware)(
        device=settings.device,
        plates=[PlateId(plate.plate) for plate in settings.plates],
        zones=[ZoneId(zone.zone) for zone in settings.zones if zone.zone not in zones_read(settings.readers)],
        options=settings.hardware_options,
        clock=clock,
        wiring=to_builtins((*settings.drivers, *settings.lights)),
    )


def clock_synchronised(clock: Clock) -> bool:
    """Tell whether the clock can be trusted: one that was set for the whole shop is, the wall clock has to be kept."""
    is_wall_clock = isinstance(clock, ShopClock) and clock.origin_unix_s == 0.0
    return not is_wall_clock or wall_clock_synchronised()


def _poll_s(settings: AgentSettings) -> float:
    fastest_sps = max((plate.rate_sps for plate in settings.plates), default=0.0)
    return 1.0 / (POLLS_PER_CONVERSION * fastest_sps) if fastest_sps else IDLE_POLL_S


def _weighers(settings: AgentSettings) -> dict[ShelfId, ShelfWeigher]:
    capacities: dict[ShelfId, dict[PlateId, float]] = {}
    for plate in settings.plates:
        capacities.setdefault(ShelfId(plate.shelf), {})[PlateId(plate.plate)] = plate.capacity_g
    return {
        shelf: ShelfWeigher(shelf, plates, heartbeat_s=settings.heartbeat_s) for shelf, plates in capacities.items()
    }
