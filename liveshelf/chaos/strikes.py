"""How each kind of fault is done to a world, and undone."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import psycopg

from contract.errors import LiveShelfError
from liveshelf.chaos.faults import Fault, Kind
from liveshelf.chaos.garbage import throw_garbage
from liveshelf.chaos.parts import send
from liveshelf.chaos.proxy import Trouble
from liveshelf.chaos.world import GATEWAYS, STORE, World, family_of

DELAY_S = {"broker": (0.02, 0.4), "database": (0.005, 0.08)}
"""How late a chunk comes. A load takes some ten round trips to the database, and has to end within a lease of 3 s."""

CATCH_S_MAX = 1.5
"""So long we lie in wait for a transaction of a gateway."""

# The sessions of gateways that have written something and not committed it yet are ended; how many.
TERMINATE = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = 'liveshelf gateway' AND backend_xid IS NOT NULL
"""

SESSIONS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'liveshelf gateway' ORDER BY pid"


class Missed(LiveShelfError):
    """A fault found nobody to strike."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault in effect: whom it struck, and how it is undone."""

    name: str
    heal: Callable[[], None]


@dataclass(slots=True)
class Strikes:
    """Does faults. `held` are the parts to be kept down, `ailing` everything a fault has now, `filled` and `invented`
    what the judge has to know.
    """

    world: World
    held: set[str]
    ailing: set[str]
    filled: set[str]
    invented: set[str]

    def strike(self, fault: Fault) -> Struck:
        """Do it. Raises Missed when there is nobody to do it to."""
        how: dict[Kind, Callable[[Fault], Struck]] = {
            "kill": self._kill,
            "pause": self._pause,
            "delay": self._trouble,
            "half_open": self._trouble,
            "blackhole": self._trouble,
            "reset": self._reset,
            "wipe": self._wipe,
            "terminate": self._terminate,
            "disk_full": self._fill,
            "garbage": self._garbage,
        }
        struck = how[fault.kind](fault)
        self.ailing.add(struck.name)
        return struck

    def _kill(self, fault: Fault) -> Struck:
        if fault.target == "database-session":
            return self._kill_session()
        name = self._one(fault.target)
        self._kill_part(name)
        return Struck(name, partial(self.held.discard, name))

    def _kill_part(self, name: str) -> None:
        part = self.world.parts[name]
        if not part.running or part.pid is None:
            raise Missed(f"{name} does not run")
        self.held.add(name)
        send([part.pid], signal.SIGKILL)

    def _kill_session(self) -> Struck:
        """PostgreSQL then ends all its sessions and recovers: shared memory may have been left half written."""
        self._must_be_well("database")
        try:
            with self.world.ask() as connection:
                row = connection.execute(SESSIONS).fetchone()
        except (psycopg.OperationalError, LiveShelfError) as error:
            raise Missed(f"the database does not answer: {error}") from error
        if row is None:
            raise Missed("no gateway is connected")
        send([row[0]], signal.SIGKILL)
        return Struck("database-session", _nothing)

    def _pause(self, fault: Fault) -> Struck:
        name = self._one(fault.target)
        pids = family_of(self.world.parts[name])
        if not pids:
            raise Missed(f"{name} does not run")
        send(pids, signal.SIGSTOP)
        return Struck(name, partial(send, pids, signal.SIGCONT))

    def _trouble(self, fault: Fault) -> Struck:
        if fault.kind == "delay":
            least_s, most_s = DELAY_S[fault.target.rpartition("-")[2]]
            trouble = Trouble(delay_s=least_s + fault.how * (most_s - least_s))
        elif fault.kind == "half_open":
            trouble = Trouble(swallows=("up",) if fault.how < 0.5 else ("down",))
        else:
            trouble = Trouble(swallows=("up", "down"))
        self.world.proxies.trouble(fault.target, trouble)
        return Struck(fault.target, partial(self.world.proxies.heal, fault.target))

    def _reset(self, fault: Fault) -> Struck:
        self.world.proxies.reset(fault.target)
        return Struck(fault.target, _nothing)

    def _wipe(self, fault: Fault) -> Struck:
        self._kill_part(fault.target)
        self.world.broker.wipe()
        return Struck(fault.target, partial(self.held.discard, fault.target))

    def _terminate(self, fault: Fault) -> Struck:
        self._must_be_well("database")
        deadline_s = time.monotonic() + CATCH_S_MAX
        try:
            with self.world.ask() as connection:
                while time.monotonic() < deadline_s:
                    row = connection.execute(TERMINATE).fetchone()
                    if row is not None and row[0]:
                        return Struck(fault.target, _nothing)
        except (psycopg.OperationalError, LiveShelfError) as error:
            raise Missed(f"the database does not answer: {error}") from error
        raise Missed("no gateway was inside a transaction")

    def _fill(self, fault: Fault) -> Struck:
        disk = self.world.disks[fault.target]
        disk.fill()
        if fault.target == "outbox-disk":
            self.filled.update(self.world.devices_on_small_disk)
        return Struck(fault.target, disk.empty)

    def _garbage(self, fault: Fault) -> Struck:
        self._must_be_well("broker")
        port, devices = self.world.broker.broker.port, self.world.devices
        try:
            invented = throw_garbage(port, STORE, devices, seed=fault.number + self.world.options.seed)
        except OSError as error:
            raise Missed(f"the broker does not answer: {error}") from error
        self.invented.update(invented)
        return Struck(fault.target, _nothing)

    def _one(self, target: str) -> str:
        """Return the part that is meant; of two gateways the other when the one is struck already."""
        names: list[str] = [target]
        if target in {"gateway-owner", "gateway-standby"}:
            owner = (None if "database" in self.ailing else self.world.owner()) or GATEWAYS[0]
            names = sorted(GATEWAYS, key=lambda name: (name != owner) == (target == "gateway-owner"))
        name = next((name for name in names if name not in self.ailing), None)
        if name is None:
            raise Missed(f"{target} is struck already")
        return name

    def _must_be_well(self, name: str) -> None:
        if name in self.ailing:
            raise Missed(f"{name} is away")


def _nothing() -> None:
    """Heal what needs no healing."""
