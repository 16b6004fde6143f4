"""The world as a process: settings in, a shop that runs on the shop clock until it is told to stop, twice.

It sleeps until the next thing happens: an action that is due, a client, an answer of the API or a signal.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TextIO

from contract.clock import Clock
from firmware_sim.world.commands import obey
from firmware_sim.world.configuration import WorldConfiguration, read_configuration
from firmware_sim.world.errands import Errands
from firmware_sim.world.http_api import HttpStoreApi
from firmware_sim.world.shop import Shop
from firmware_sim.world.streaming import LoadServer

logger = logging.getLogger(__name__)

WAIT_FOR_DEVICES_S = 60.0
"""Wall seconds after which the doors open even though some device never came."""

QUIET_WALL_S = 3.0
"""The doors stay shut at least so long in wall time, because devices are started by the wall clock too."""

WAIT_S_MAX = 60.0
"""Longest sleep in wall seconds; bounds what the selector is asked to wait."""


class WorldProcess:
    """Shop, socket and API client on one selector loop; the API is asked on a thread of its own."""

    def __init__(self, world: WorldConfiguration, *, clock: Clock, api: HttpStoreApi, truth: TextIO) -> None:
        self._world = world
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = _wake_pair()
        self._selector.register(self._wake_out, selectors.EVENT_READ, self._drain_wakes)
        self._errands = Errands(api, woken=self._wake)
        self._shop = Shop(world, clock=clock, truth=truth, errands=self._errands)
        self._server = LoadServer(Path(world.socket), self._selector, self._shop.shelves.snapshot, self._obey)
        self._stops = 0
        self._doors_by_s = time.monotonic() + WAIT_FOR_DEVICES_S

    def run(self) -> None:
        """Serve until the second stop. Prints `ready` when the socket listens and `closed` when all hands are off."""
        done = threading.Event()
        asking = threading.Thread(target=self._errands.run, args=(done,), name="world-errands", daemon=True)
        asking.start()
        with self._signals():
            _say("ready")
            while self._stops < 2:
                self._turn()
        done.set()
        self._errands.wake()
        self._server.close()
        self._selector.close()
        if self._errands.open_count:
            logger.warning(
                "requests left undone", extra={"event": "world_errands_left", "count": self._errands.open_count}
            )

    def _turn(self) -> None:
        """Wait for the next thing to happen and do it."""
        for key, mask in self._selector.select(self._wait_s()):
            key.data(mask)
        self._open_doors_when_all_are_here()
        was_closed = self._shop.closed
        self._shop.step()
        if self._shop.closed and not was_closed:
            _say("closed")
        changes = self._shop.shelves.changes()
        if changes:
            self._server.publish(changes)

    def _obey(self, command: object) -> Mapping[str, object]:
        answer = obey(self._shop.orders, command)
        logger.info("command", extra={"event": "world_command", "command": command, "answer": answer})
        return answer

    def _wait_s(self) -> float:
        next_ms = self._shop.next_ms
        waits_s = [WAIT_S_MAX]
        if next_ms is not None:
            waits_s.append((next_ms - self._clock.mono_ms()) / 1000 / self._clock.rate)
        if not self._shop.open:
            waits_s.append(self._doors_by_s - time.monotonic())
        return max(0.0, min(waits_s))

    def _open_doors_when_all_are_here(self) -> None:
        late = time.monotonic() >= self._doors_by_s
        if self._shop.open or not (late or self._server.devices.issuperset(self._world.devices)):
            return
        quiet_s = max(self._world.behaviour.opens_after_s, QUIET_WALL_S * self._clock.rate)
        self._shop.open_doors(quiet_s)
        logger.info("doors open", extra={"event": "world_doors_open", "devices": sorted(self._server.devices)})

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Count SIGTERM and SIGINT as stops, and let them wake the loop."""
        before = {number: signal.signal(number, self._on_stop) for number in (signal.SIGTERM, signal.SIGINT)}
        before_fd = signal.set_wakeup_fd(self._wake_in.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before_fd)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stops += 1
        self._shop.stop_acting()

    def _wake(self) -> None:
        try:
            self._wake_in.send(b"\0")
        except BlockingIOError:
            return  # the pipe is full of wakes already

    def _drain_wakes(self, _mask: int) -> None:
        self._wake_out.recv(4096)


def run_world(
    config: Path, *, api_url: str, key_file: Path, truth_path: Path, shoppers_per_hour: float | None, clock: Clock
) -> None:
    """Run a world until it is stopped.

    Raises ConfigurationError for a wrong setting or file, TruthUnwritable when the disk is full.
    """
    world = read_configuration(config)
    if shoppers_per_hour is not None:
        world = replace(world, behaviour=replace(world.behaviour, shoppers_per_hour=shoppers_per_hour))
    api = HttpStoreApi(api_url, key_file)
    truth_path.parent.mkdir(parents=True, exist_ok=True)
    truth = truth_path.open("w", encoding="utf-8")
    try:
        WorldProcess(world, clock=clock, api=api, truth=truth).run()
    finally:
        # Closing writes what a full disk did not take; that was told already.
        with contextlib.suppress(OSError):
            truth.close()


def _wake_pair() -> tuple[socket.socket, socket.socket]:
    """Return the ends of a pipe by which signals and the API thread wake the loop."""
    wake_in, wake_out = socket.socketpair()
    wake_in.setblocking(False)
    return wake_in, wake_out


def _say(word: str) -> None:
    """Tell the program that started us."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()
