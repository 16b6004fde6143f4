"""A store to do harm to: real broker, real database, two gateways, agents, and a proxy on every line between them."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import Connection

from contract.clock import ShopClock
from contract.ids import StoreId
from database.cluster import SUPERUSER
from database.connection import connect
from database.embedded import DATABASE
from database.migrate import migrate
from database.socket_folder import SOCKET_NAME, socket_folder
from liveshelf.broker import BrokerMissing, find_mosquitto
from liveshelf.chaos.agents import Group
from liveshelf.chaos.disk import NoDisk, SmallDisk
from liveshelf.chaos.furnishing import furnish
from liveshelf.chaos.parts import BrokerPart, DatabasePart, Part, ProgramPart, family, send
from liveshelf.chaos.proxy import HOST, Proxies
from liveshelf.demo.process import Program

STORE = StoreId("chaos")
GATEWAYS = ("gateway-1", "gateway-2")
AGENTS_A_PROCESS = 10

DATABASE_DISK, OUTBOX_DISK = "database-disk", "outbox-disk"
DISK_BYTES = {DATABASE_DISK: 640 * 1024**2, OUTBOX_DISK: 96 * 1024**2}
"""A new cluster wants 256 MiB free; ten outboxes with their logs take some 40 MiB."""

ASK_S_MAX = 2
"""So long a question of ours to the database may take, connecting included: it may be frozen."""

HOLDER = "SELECT owner FROM store_lease WHERE store = %(store)s AND expires_at > clock_timestamp()"
_PID_IN_OWNER = re.compile(r"-(\d+)-[0-9a-f]{8}$")

STOP_S_MAX = 40.0
"""An agent gets 15 s to hand over what is on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOptions:
    """How many agents there are, the wall seconds between two episodes of one, and the seed of what they record."""

    folder: Path
    seed: int
    agents: int
    every_s: float


class World:
    """All parts by name. `start`, do harm, `stop`; `refused` says which disks this machine does not give, and why."""

    def __init__(self, options: WorldOptions) -> None:
        self.options = options
        self.parts: dict[str, Part] = {}
        self.disks: dict[str, SmallDisk] = {}
        self.refused: dict[str, str] = {}
        self.broker = BrokerPart(options.folder / "broker")
        self.database = DatabasePart(options.folder / DATABASE_DISK / "server")
        self.proxies = Proxies()
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        """The database by its own socket, past every proxy."""
        return self.database.server.url

    @property
    def devices(self) -> list[str]:
        """The names of all devices."""
        return [f"device-{number:03}" for number in range(1, self.options.agents + 1)]

    @property
    def agent_processes(self) -> list[str]:
        """The names of the processes with agents."""
        return [f"agents-{number}" for number in range(1, len(self._groups()) + 1)]

    @property
    def devices_on_small_disk(self) -> list[str]:
        """The devices whose outboxes are on the disk that can be made full."""
        return self._groups()[0] if OUTBOX_DISK in self.disks else []

    @property
    def ledgers(self) -> Path:
        """The folder of the ledgers."""
        return self.options.folder / "ledgers"

    @property
    def logs(self) -> Path:
        """The folder of what our programs say."""
        return self.options.folder / "logs"

    def start(self) -> None:
        """Start every part. Raises LiveShelfError in one sentence."""
        if not find_mosquitto():
            raise BrokerMissing(
                "mosquitto is not installed: its data has to be wiped, which the broker of the wheel has not"
            )
        self._make_disks()
        self._stack.enter_context(self.proxies)
        self._add("database", self.database)
        self._add("broker", self.broker)
        at = ShopClock().now()
        migrate(self.url, at=at)
        furnish(self.url, STORE, self.devices, self.options.folder, at=at)
        for name in GATEWAYS:
            self._add(name, self._gateway(name))
        lines_to_broker = self.proxies.open("agents-broker", self.broker.broker.port)
        for name, devices in zip(self.agent_processes, self._groups(), strict=True):
            self._add(name, self._agents(name, devices, broker=f"mqtt://{HOST}:{lines_to_broker}"))

    def stop(self) -> None:
        """Stop everything in reverse order, frozen processes too, and unmount the disks.

        What still runs then was interrupted: nobody waits until agents have handed over what nobody will look at.
        """
        self.thaw()
        for part in self.parts.values():
            if isinstance(part, ProgramPart):
                part.program.kill()
        for part in reversed(self.parts.values()):
            part.stop()
        self.parts.clear()
        self._stack.close()
        with contextlib.suppress(OSError):  # it may never have come so far
            shutil.copy(self.database.server.log_path, self.logs / "database.log")
        for disk in self.disks.values():
            disk.unmount()

    def thaw(self) -> None:
        """Let every frozen process go on, let disks have room again and lines be well."""
        for part in self.parts.values():
            send(family_of(part), signal.SIGCONT)
        for disk in self.disks.values():
            disk.empty()

    def quiet(self) -> None:
        """Let the agents record nothing new from now on."""
        self._quiet.touch()

    def stop_agents(self) -> None:
        """Let the agents end in order, all at once."""
        self._stop_programs(self.agent_processes)

    def stop_gateways(self) -> None:
        """Let the gateways end in order."""
        self._stop_programs(GATEWAYS)

    def owner(self) -> str | None:
        """Return the gateway that holds the lease at this moment; None when there is none or nobody can tell."""
        try:
            with self.ask() as connection:
                row = connection.execute(HOLDER, {"store": STORE}).fetchone()
        except psycopg.OperationalError:
            return None
        found = _PID_IN_OWNER.search(row[0]) if row else None
        return next((name for name in GATEWAYS if found and self.parts[name].pid == int(found[1])), None)

    def ask(self) -> Connection[Any]:
        """Connect to the database for a quick question. Raises psycopg.OperationalError or DatabaseUnreachable."""
        impatient = f"{self.url}&connect_timeout={ASK_S_MAX}&options=-c%20statement_timeout%3D{ASK_S_MAX}s"
        return connect(impatient, autocommit=True, application_name="liveshelf chaos")

    @property
    def _quiet(self) -> Path:
        return self.options.folder / "quiet"

    def _groups(self) -> list[list[str]]:
        devices = self.devices
        return [devices[at : at + AGENTS_A_PROCESS] for at in range(0, len(devices), AGENTS_A_PROCESS)]

    def _add(self, name: str, part: Part) -> None:
        self.parts[name] = part  # before it starts, so that whatever interrupts us finds it to stop
        part.start()

    def _make_disks(self) -> None:
        for name, size_bytes in DISK_BYTES.items():
            disk = SmallDisk(self.options.folder / name, size_bytes=size_bytes)
            self.disks[name] = disk
            try:
                disk.mount()
            except NoDisk as error:
                del self.disks[name]
                self.refused[name] = str(error)
                disk.folder.mkdir(exist_ok=True)

    def _gateway(self, name: str) -> ProgramPart:
        socket_path = socket_folder(self.database.server.data_dir) / SOCKET_NAME
        database = self.proxies.open(f"{name}-database", socket_path)
        broker = self.proxies.open(f"{name}-broker", self.broker.broker.port)
        settings = {
            "LIVESHELF_DATABASE_URL": f"postgresql://{SUPERUSER}@{HOST}:{database}/{DATABASE}",
            "LIVESHELF_MQTT_URL": f"mqtt://{HOST}:{broker}",
            "LIVESHELF_STORE": STORE,
        }
        return self._program(name, "gateway", **settings)

    def _agents(self, name: str, devices: list[str], *, broker: str) -> ProgramPart:
        folder = self.options.folder
        on_small_disk = devices == self._groups()[0]
        group = Group(
            seed=self.options.seed,
            store=STORE,
            broker=broker,
            devices=devices,
            data=str(folder / OUTBOX_DISK if on_small_disk else folder / "devices"),
            ledgers=str(self.ledgers),
            quiet=str(self._quiet),
            every_s=self.options.every_s,
        )
        path = folder / f"{name}.json"
        path.write_bytes(msgspec.json.encode(group))
        return self._program(name, "liveshelf.chaos.agents", str(path))

    def _program(self, name: str, module: str, *arguments: str, **settings: str) -> ProgramPart:
        environment = {**ShopClock().environment(), **settings}
        return ProgramPart(Program(name, module, arguments, self.logs / f"{name}.log", environment))

    def _stop_programs(self, names: Sequence[str]) -> None:
        programs = [part.program for name in names if isinstance(part := self.parts[name], ProgramPart)]
        for program in programs:
            program.ask_to_stop()
        for program in programs:
            program.wait_stopped(timeout_s=STOP_S_MAX)
        for name in names:
            del self.parts[name]


def family_of(part: Part) -> list[int]:
    """Return the processes of a part that runs, its leader first."""
    return family(part.pid) if part.running and part.pid is not None else []
