"""A real agent process between a small world and nobody else: its plates are wired, and its lines are wild."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contract.clock import ShopClock
from contract.codec import encode
from contract.errors import ConfigurationError
from contract.records import Command, CommandResult
from edge.commanding.local_socket import LocalClient
from tests.fakes.world_socket import WorldSocket

SEED = 7
RATE = 5.0
PLATES = ("b1-s1-l1", "b1-s1-l2")
PROGRAM = [sys.executable, "-m", "edge"]
WAIT_S = 90.0
HAND_S = 0.4
"""Wall seconds after a question until somebody lays the mass on: two seconds of shop time."""


class FittingAgent:
    """An agent that runs, the things that lie on its plates, and questions over its socket."""

    def __init__(self, folder: Path, world: WorldSocket, *, store: str, broker: str, rate: float) -> None:
        self.data_dir = folder / "data"
        self.config = folder / "bay.toml"
        self.world = world
        self.on_g = dict.fromkeys(PLATES, 0.0)
        self._clock = ShopClock(origin_unix_s=time.time(), rate=rate)
        self._process: subprocess.Popen[bytes] | None = None
        self.config.write_text(_configuration(folder, store, broker), encoding="utf-8")

    def start(self) -> None:
        """Start the agent, and wait until it answers and has heard its plates."""
        self._process = subprocess.Popen(
            [*PROGRAM, "--config", str(self.config)],
            env={**os.environ, **self._clock.environment()},
            stderr=subprocess.DEVNULL,
        )
        self.wait(lambda: self._answers() and self.weighs(), "the agent answers and weighs")

    def kill(self) -> None:
        """Cut its power."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(WAIT_S)

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(WAIT_S) == 0

    def lay(self, plate: str, load_g: float) -> None:
        """Let so many grams lie on a plate from now on."""
        self.on_g[plate] = load_g
        self.world.lay(**{plate.replace("-", "_"): load_g})

    def soon(self, plate: str, load_g: float) -> None:
        """Let somebody lay so many grams on a plate in a moment."""
        threading.Timer(HAND_S, self.lay, (plate, load_g)).start()

    def tell(self, op: str, **args: Any) -> CommandResult:
        """Ask something and wait for the answer."""
        client = LocalClient(self.data_dir)
        try:
            return client.ask(encode(Command(id=uuid.uuid4().hex, op=op, args=args)))
        finally:
            client.close()

    def facts(self, op: str, **args: Any) -> dict[str, Any]:
        """Ask something that has to be done, and return its facts."""
        result = self.tell(op, **args)
        assert result.ok, result
        return result.facts

    def weight_g(self, plate: str) -> float:
        """Return what the agent weighs on a plate at rest."""
        found: list[float] = []

        def rests() -> bool:
            facts = self.facts("weigh", plate=plate)["plates"][plate]
            found.append(facts["weight_g"])
            return bool(facts["resting"]) and facts["quality"] in {"ok", "negative"}

        self.wait(rests, f"{plate} rests")
        return found[-1]

    def weighs(self) -> bool:
        """Tell whether every plate was heard."""
        plates = self.facts("weigh", plates=list(PLATES))["plates"]
        return all(one["count"] is not None for one in plates.values())

    def qualities(self) -> list[str]:
        """Return what the agent thinks of each plate."""
        return [one["quality"] for one in self.facts("weigh", plates=list(PLATES))["plates"].values()]

    def wait(self, happened: Callable[[], bool], what: str) -> None:
        """Wait for something to happen while the agent runs."""
        deadline = time.monotonic() + WAIT_S
        while not happened():
            assert self._process is None or self._process.poll() is None, "the agent ended"
            assert time.monotonic() < deadline, f"not within {WAIT_S} s: {what}"
            time.sleep(0.05)

    def close(self) -> None:
        """End the agent, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT_S)

    def _answers(self) -> bool:
        try:
            return self.tell("ping").ok
        except (ConfigurationError, OSError):
            return False


@contextmanager
def fitting_agent(
    folder: Path, *, store: str = "corner-shop", broker: str = "mqtt://127.0.0.1:1", rate: float = RATE
) -> Iterator[FittingAgent]:
    """Give an agent that runs, its plates empty."""
    with WorldSocket(folder / "w.sock", dict.fromkeys(PLATES, 0.0)) as world:
        agent = FittingAgent(folder, world, store=store, broker=broker, rate=rate)
        try:
            agent.start()
            yield agent
        finally:
            agent.close()


def _configuration(folder: Path, store: str, broker: str) -> str:
    lines = [
        f'store = "{store}"',
        f'device = "bay-{uuid.uuid4().hex[:8]}"',
        'hardware = "firmware_sim.wires:open_bay"',
        f'data_dir = "{folder / "data"}"',
        f'broker = "{broker}"',
        "[hardware_options]",
        f'socket = "{folder / "w.sock"}"',
        f"seed = {SEED}",
    ]
    for plate in PLATES:
        lines += ["[[plates]]", f'plate = "{plate}"', 'bay = "b1"', 'shelf = "b1-s1"']
        lines += ["zero_count = 0.0", "counts_per_g = 1.0"]
    return "\n".join(lines) + "\n"
