"""The delivering thread of the agent: records come over from sampling, become durable, and go out."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from contract.clock import Clock
from contract.errors import ConfigurationError
from contract.records import Birth, BirthPlate, Record
from edge.handover import Handover
from edge.health import publishing_refused
from edge.identity import agent_version, board_serial, boot_id
from edge.outbox.backlog import Backlog
from edge.outbox.gaps import Loss
from edge.outbox.outbox import Outbox, OutboxAway
from edge.publishing.publisher import Ask, Publisher
from edge.settings import AgentSettings

OUTBOX_NAME = "outbox.sqlite"

PUMP_S = 0.05
"""Wall seconds after which the broker is listened to when no record comes; a record wakes the thread at once."""

BUSY_PUMP_S = 0.005
"""The same while acknowledgements come in and a backlog drains."""

AWAY_RETRY_S = 1.0
"""Wall seconds between two tries to write to a disk that is full or refuses."""

BACKLOG_LOOK_S = 1.0
"""Wall seconds between two looks at what waits in the outbox: a look costs a tenth of a millisecond."""

DRAIN_S = 15.0
"""When the agent stops, the gateway gets so many wall seconds to commit what is on the way; systemd waits for 45."""

DRAIN_ALONE_S = 2.0
"""The same when there is no broker: the records are durable, and the next run sends them."""

LEAVE_S = 5.0
"""Wall seconds the broker gets to clear what is retained of a device that leaves its store."""

Opening = Callable[[Path, Clock], Outbox]
"""Opens the outbox in a data directory."""

KindOfOutbox = TypeVar("KindOfOutbox", bound=Outbox)

logger = logging.getLogger(__name__)


class Delivery:
    """Owns outbox and publisher, on a thread of its own. `failed` holds what ended the thread, if something did;
    `journal` names this run once the outbox is open, `backlog` is what waited there a moment ago. Commands that arrive
    are handed to `ask`. `opening` opens the outbox; without it that is `open_outbox`.

    What the thread did a moment ago: whether the broker takes us (`connected`), took what we said first (`welcome`) and
    takes no readings (`refused`); whether the gateway has committed everything (`drained`); how often the thread went
    round (`turns`), how often the disk answered a write, be it with an error (`writes`), and how many acknowledgements
    were of no use (`acks_ignored`).
    """

    def __init__(
        self, settings: AgentSettings, clock: Clock, handover: Handover, ask: Ask, *, opening: Opening | None = None
    ) -> None:
        self.failed: Exception | None = None
        self.journal = ""
        self.backlog = Backlog()
        self._backlog_at_s = 0.0
        self.connected = self.welcome = self.refused = False
        self.drained = True
        self.turns = self.writes = self.acks_ignored = 0
        self._ask = ask
        self._opening = opening or open_outbox
        self._settings = settings
        self._clock = clock
        self._handover = handover
        self._news: queue.SimpleQueue[list[BirthPlate]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._leaves_store = False
        self._pending: list[Record | Loss] = []
        self._retry_at_s = 0.0
        self._thread = threading.Thread(target=self._run, name="delivery")

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def tell_plates(self, plates: list[BirthPlate]) -> None:
        """Tell the birth again: the plates are these now. For any thread."""
        self._news.put(plates)

    def figures(self) -> dict[str, float]:
        """Return what is told of delivering in the health of the agent, by name."""
        return {**self.backlog.figures(), "acks_ignored": float(self.acks_ignored)}

    @property
    def waiting(self) -> bool:
        """Tell whether records wait for the disk."""
        return bool(self._pending) or self._handover.queued > 0

    def stop(self, *, leaves_store: bool = False) -> None:
        """Make durable what was handed over, give the gateway a moment to commit it, and end the thread. Of a device
        that leaves its store nothing stays there.
        """
        self._leaves_store = leaves_store
        self._stopping.set()
        self._handover.hurry()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._deliver()
        except Exception as error:  # noqa: BLE001 - the main thread raises it again and ends the program
            self.failed = error

    def _deliver(self) -> None:
        outbox = self._opening(Path(self._settings.data_dir), self._clock)
        self.journal = outbox.journal
        try:
            publisher = Publisher(
                broker=self._settings.broker,
                birth=birth_of(self._settings, outbox.journal, self._clock),
                outbox=outbox,
                clock=self._clock,
                ask=self._ask,
            )
            try:
                self._keep_delivering(outbox, publisher)
            finally:
                if self._leaves_store:
                    _take_leave(publisher)
                publisher.close()
        finally:
            outbox.close()

    def _keep_delivering(self, outbox: Outbox, publisher: Publisher) -> None:
        busy = False
        while not self._stopping.is_set():
            busy = self._step(outbox, publisher, BUSY_PUMP_S if busy else PUMP_S)
        stopping_s = time.monotonic()
        while self._unfinished(publisher, time.monotonic() - stopping_s):
            self._step(outbox, publisher, BUSY_PUMP_S)

    def _step(self, outbox: Outbox, publisher: Publisher, wait_s: float) -> bool:
        """Make durable what came over, then let the publisher work; return whether it had something to do."""
        if not self._pending:
            self._pending = self._handover.take(wait_s)
        if self._pending:
            self._make_durable(outbox, publisher)
        try:
            while not self._news.empty():
                publisher.tell_plates(self._news.get())
            self._look_at_backlog(outbox, time.monotonic())
            busy = publisher.pump()
        except OutboxAway as error:
            self._hold_on(error, time.monotonic())
            time.sleep(wait_s)
            busy = False
        self._note(publisher)
        return busy

    def _note(self, publisher: Publisher) -> None:
        self.turns += 1
        self.connected, self.welcome, self.drained = publisher.connected, publisher.welcome, publisher.drained
        if publisher.refused and not self.refused:
            self._handover.put([publishing_refused(self._clock.mono_ms())])
        self.refused, self.acks_ignored = publisher.refused, publisher.acks_ignored

    def _make_durable(self, outbox: Outbox, publisher: Publisher) -> None:
        now_s = time.monotonic()
        if now_s < self._retry_at_s:
            time.sleep(PUMP_S)
            return
        try:
            outbox.append(self._pending)
        except OutboxAway as error:
            self._hold_on(error, now_s)
            return
        finally:
            self.writes += 1  # a disk that refuses has answered: who restarts now loses what waits in memory, untold
        if self._retry_at_s:
            logger.info("outbox takes records again", extra={"event": "outbox_back"})
            self._retry_at_s = 0.0
        publisher.newest(record for record in self._pending if not isinstance(record, Loss))
        self._pending = []

    def _look_at_backlog(self, outbox: Outbox, now_s: float) -> None:
        if now_s >= self._backlog_at_s:
            self._backlog_at_s = now_s + BACKLOG_LOOK_S
            self.backlog = outbox.backlog()

    def _hold_on(self, error: OutboxAway, now_s: float) -> None:
        if not self._retry_at_s:  # once for each time the disk is away, not for each try
            logger.warning(
                "outbox takes nothing, records wait in memory", extra={"event": "outbox_away", "detail": str(error)}
            )
        self._retry_at_s = now_s + AWAY_RETRY_S

    def _unfinished(self, publisher: Publisher, stopping_s: float) -> bool:
        if stopping_s > (DRAIN_S if publisher.connected else DRAIN_ALONE_S):
            return False
        return self.waiting or not publisher.drained or (publisher.connected and publisher.owes_answers)


def _take_leave(publisher: Publisher) -> None:
    begun_s = time.monotonic()
    while not publisher.leave() and time.monotonic() - begun_s < LEAVE_S:
        time.sleep(BUSY_PUMP_S)


def open_outbox(data_dir: Path, clock: Clock) -> Outbox:
    """Open the outbox of a device. Raises ConfigurationError in one sentence when the folder does not allow it."""
    return open_outbox_as(Outbox, data_dir, clock)


def open_outbox_as(kind: type[KindOfOutbox], data_dir: Path, clock: Clock) -> KindOfOutbox:
    """Open the outbox of a device as one that does more, such as keeping a ledger. Raises as `open_outbox` does."""
    path = data_dir / OUTBOX_NAME
    try:
        return kind.open(path, boot=boot_id(), board_serial=board_serial(), clock=clock)
    except OSError as error:
        raise ConfigurationError(
            f"data_dir: {data_dir}: {error.strerror}, expected a folder the agent may write"
        ) from error
    except sqlite3.OperationalError as error:
        raise ConfigurationError(
            f"data_dir: {path}: {error}, expected a file no other agent uses, on a disk with room"
        ) from error


def birth_of(settings: AgentSettings, journal: str, clock: Clock) -> Birth:
    """Return what the device says of itself on every connect."""
    return Birth(
        device=settings.device,
        store=settings.store,
        journal=journal,
        boot=boot_id(),
        board_serial=board_serial(),
        agent_version=agent_version(),
        sent_mono_ms=clock.mono_ms(),
        plates=settings.birth_plates(),
        zones=settings.birth_zones(),
        lights=settings.birth_lights(),
    )
