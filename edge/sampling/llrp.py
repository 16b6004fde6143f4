"""An RFID reader over LLRP: a connection that is kept up on a thread of its own comes in, sightings by zone go out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import NoReturn

from llrpkit.client import LLRPClient
from llrpkit.exceptions import LLRPError
from llrpkit.protocol import LLRPMessage, enums, messages

from contract.clock import Clock
from contract.hardware import TagSighting
from contract.ids import ZoneId
from edge.sampling.held_sightings import HeldSightings
from edge.sampling.llrp_inventory import begin_inventory, check_inventory, end_inventory, unplugged_antennas
from edge.sampling.llrp_reports import sightings_in
from edge.sampling.pace import Pace

REPORTS_MAX = 1_000
"""Reports llrpkit holds until this thread comes to them."""

logger = logging.getLogger(__name__)


class LlrpReader:
    """Implements `TagReader` and `ZonedReader` over one reader, which it asks for `antennas` and no others.

    The connection lives on a thread of its own and comes back by itself, with growing pauses. All methods may be
    called from any one other thread, and none but `close` waits.
    """

    def __init__(
        self, host: str, port: int, antennas: Mapping[int, ZoneId], clock: Clock, *, pace: Pace | None = None
    ) -> None:
        self.zones = frozenset(antennas.values())
        self._host, self._port = host, port
        self._antennas = dict(antennas)
        self._clock = clock
        self._pace = pace or Pace()
        self._held = HeldSightings(f"{host}:{port}")
        self._lock = threading.Lock()
        self._unplugged: set[int] = set()
        self._cancel: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"llrp-{host}", daemon=True)
        self._thread.start()

    def sightings(self) -> Sequence[TagSighting]:
        """Return what was read since the last call, oldest first. Raises HardwareError while the reader is away, once
        everything it had read before is handed on.
        """
        return self._held.take()

    @property
    def zones_away(self) -> frozenset[ZoneId]:
        """The zones nothing can be heard from now: all when the connection is down, else those with a cable pulled."""
        if self._held.away:
            return self.zones
        with self._lock:
            return frozenset(self._antennas[antenna] for antenna in self._unplugged)

    def take_rejected(self) -> dict[str, int]:
        """Return what was rejected, by reason, since the last call."""
        return self._held.take_rejected()

    def close(self) -> None:
        """Let the reader switch its antennas off, if it answers, and end the thread."""
        self._began.wait(self._pace.connect_s)
        if self._cancel is not None:
            loop, task = self._cancel
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(task.cancel)
        self._thread.join(self._pace.connect_s + 2 * self._pace.answer_s)

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._stay_connected())

    async def _stay_connected(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._cancel = asyncio.get_running_loop(), task
        self._began.set()
        pause_s = 0.0
        while True:
            client = self._client()
            try:
                reason = await self._one_connection(client)
                worked = self._leave(reason)
            except asyncio.CancelledError:
                with contextlib.suppress(LLRPError):
                    await end_inventory(client, wait_s=self._pace.answer_s)
                raise
            finally:
                with contextlib.suppress(Exception):
                    await client.close()
            pause_s = self._pace.next_pause_s(pause_s, worked=worked)
            await asyncio.sleep(pause_s)

    def _client(self) -> LLRPClient:
        return LLRPClient(
            self._host,
            self._port,
            response_timeout=self._pace.answer_s,
            connect_timeout=self._pace.connect_s,
            max_queued_reports=REPORTS_MAX,
        )

    async def _one_connection(self, client: LLRPClient) -> str:
        """Connect, inventory and listen; return why it ended."""
        try:
            await client.connect()
            await begin_inventory(client, sorted(self._antennas), keepalive_ms=round(self._pace.quiet_s * 1000))
            self._come_back(await unplugged_antennas(client))
            await self._listen(client)
        except LLRPError as error:
            return str(error)
        except Exception as error:
            # Whatever bytes from a network make a library do, the next connection may be well.
            logger.exception("rfid reader failed", extra={"event": "reader_failed", "host": self._host})
            return repr(error)

    async def _listen(self, client: LLRPClient) -> NoReturn:
        """Take in reports. Silence is asked about: an empty shelf answers, a dead line does not."""
        loop = asyncio.get_running_loop()
        heard_s, dropped = loop.time(), 0
        while True:
            report = await _next_report(client, self._pace.wake_s)
            while report is not None:
                self._take(report)
                heard_s = loop.time()
                report = None if client.reports.empty() else client.reports.get_nowait()
            while not client.events.empty():
                self._follow_antennas(client.events.get_nowait())
            if client.dropped_reports > dropped:
                self._held.put((), {"report_dropped": client.dropped_reports - dropped})
                dropped = client.dropped_reports
            if not client.connected:
                raise LLRPError("the connection is lost")
            if loop.time() - heard_s >= self._pace.quiet_s:
                await check_inventory(client, wait_s=self._pace.answer_s)
                heard_s = loop.time()

    def _take(self, report: messages.RO_ACCESS_REPORT) -> None:
        seen, rejected = sightings_in(report, self._antennas, self._clock.mono_ms())
        self._held.put(seen, rejected)
        with self._lock:
            if self._unplugged:
                # Some readers call an antenna unplugged that they hear with.
                heard = {sighting.zone for sighting in seen}
                self._unplugged = {antenna for antenna in self._unplugged if self._antennas[antenna] not in heard}

    def _follow_antennas(self, message: LLRPMessage) -> None:
        if not isinstance(message, messages.READER_EVENT_NOTIFICATION):
            return
        event = message.reader_event_notification_data.antenna_event
        if event is None or event.antenna_id not in self._antennas:
            return
        unplugged = event.event_type == enums.AntennaEventType.Antenna_Disconnected
        with self._lock:
            (self._unplugged.add if unplugged else self._unplugged.discard)(event.antenna_id)
        said = {"host": self._host, "antenna": event.antenna_id, "zone": self._antennas[event.antenna_id]}
        if unplugged:
            logger.warning("antenna unplugged", extra={"event": "antenna_unplugged", **said})
        else:
            logger.info("antenna plugged in", extra={"event": "antenna_plugged_in", **said})

    def _come_back(self, unplugged: set[int]) -> None:
        with self._lock:
            self._unplugged = unplugged & set(self._antennas)
            without = sorted(self._unplugged)
        self._held.come_back()
        said = {"host": self._host, "antennas_unplugged": without}
        logger.info("rfid reader inventories", extra={"event": "reader_connected", **said})

    def _leave(self, reason: str) -> bool:
        """Say that the reader is away, once; return whether it was there before."""
        worked = self._held.leave(reason)
        if worked:
            logger.warning("rfid reader away", extra={"event": "reader_away", "host": self._host, "reason": reason})
        return worked


async def _next_report(client: LLRPClient, wait_s: float) -> messages.RO_ACCESS_REPORT | None:
    try:
        async with asyncio.timeout(wait_s):
            return await client.reports.get()
    except TimeoutError:
        return None
