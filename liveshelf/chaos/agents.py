"""Several agents in one process, real from the handover on: `python -m liveshelf.chaos.agents GROUP.json`.

In the place of converters and readers stands a rule (`diet`). Each agent has the real outbox, sender and delivery
thread, and a ledger. One that fails ends the process, as the real program does.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path

import msgspec

from contract.clock import ShopClock
from contract.errors import LiveShelfError
from contract.logs import log_to_stderr
from contract.records import CommandResult
from edge.delivery import Delivery
from edge.handover import Handover
from edge.settings import AgentSettings, PlateSettings, ZoneSettings
from liveshelf.chaos.diet import Diet, plates_of
from liveshelf.chaos.ledger import Ledger
from liveshelf.chaos.ledgered_outbox import open_ledgered

BAY, SHELF = "bay", "shelf"

logger = logging.getLogger(__name__)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is told: its devices, where they keep what, and how many wall seconds lie between two episodes.

    While the file `quiet` exists nothing new is recorded.
    """

    seed: int
    store: str
    broker: str
    devices: list[str]
    data: str
    ledgers: str
    quiet: str
    every_s: float


class Agent:
    """One agent without a shelf: `feed` records what the rule says next."""

    def __init__(self, group: Group, device: str, clock: ShopClock) -> None:
        self._clock = clock
        self._ledger = Ledger(Path(group.ledgers) / f"{device}.ledger")
        self._diet = Diet(group.seed, device, self._ledger.run)
        self._handover = Handover()
        self._delivery = Delivery(
            _settings(group, device),
            clock,
            self._handover,
            lambda _payload, answer: answer(CommandResult(id="", ok=False)),
            opening=lambda data_dir, clock: open_ledgered(data_dir, clock, self._ledger),
        )

    def start(self) -> None:
        """Open the outbox and begin to deliver."""
        self._delivery.start()

    def feed(self) -> None:
        """Record one episode. Raises what ended the delivery."""
        if self._delivery.failed is not None:
            raise self._delivery.failed
        self._handover.put(self._diet.episode(self._clock.mono_ms()))

    def stop(self) -> None:
        """Make durable what was handed over and end, as an agent does."""
        self._delivery.stop()


def main() -> int:
    """Run the agents of a group until SIGTERM; return the exit code."""
    group = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Group)
    log_to_stderr(logging.INFO)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    clock = ShopClock()
    agents = [Agent(group, device, clock) for device in group.devices]
    try:
        for agent in agents:
            agent.start()
        _feed(agents, group, stop)
    except LiveShelfError as error:
        logger.error(  # noqa: TRY400 - one sentence, no traceback
            "an agent failed", extra={"event": "agent_failed", "reason": str(error)}
        )
        return 1
    finally:
        _stop_all(agents)
    return 0


def _feed(agents: list[Agent], group: Group, stop: threading.Event) -> None:
    """Feed one after another, evenly over the time between two episodes."""
    quiet = Path(group.quiet)
    pause_s = group.every_s / len(agents)
    while not stop.is_set():
        for agent in agents:
            if not quiet.exists():
                agent.feed()
            if stop.wait(pause_s):
                return


def _stop_all(agents: list[Agent]) -> None:
    threads = [threading.Thread(target=agent.stop) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _settings(group: Group, device: str) -> AgentSettings:
    return AgentSettings(
        store=group.store,
        device=device,
        hardware="liveshelf.chaos.agents:none",
        data_dir=str(Path(group.data) / device),
        broker=group.broker,
        plates=tuple(
            PlateSettings(
                plate=plate, bay=f"{device}-{BAY}", shelf=f"{device}-{SHELF}", zero_count=0.0, counts_per_g=1.0
            )
            for plate in plates_of(device)
        ),
        zones=(ZoneSettings(zone=f"{device}-z1", bay=f"{device}-{BAY}", shelf=f"{device}-{SHELF}"),),
    )


if __name__ == "__main__":
    sys.exit(main())
