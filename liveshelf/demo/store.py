"""The story of a store on one machine: parts, broker, database, gateway, cloud, world, agents, in this order.

Once all run, whatever ends is started again (`demo.supervisor`), but the world: with it the shop itself is gone.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import LiteralString

import psycopg

from cloud.access.service import create_key
from cloud.catalog.service import import_catalog, import_planogram, import_stock
from contract.broker_address import parse_broker_url
from contract.clock import ShopClock
from contract.errors import ConfigurationError
from contract.ids import StoreId
from database.connection import connect
from database.embedded import DATABASE_URL_VARIABLE, EmbeddedServer
from database.migrate import migrate
from edge.outbox.durable import durable_records
from firmware_sim.scenario.corner_shop import Scenario, write_corner_shop
from firmware_sim.world.configuration import read_configuration
from liveshelf.broker import PortInUse, broker_url, free_port
from liveshelf.demo.control import ControlServer
from liveshelf.demo.logins import LogIn, keep_logins, make_logins
from liveshelf.demo.process import POLL_S, Program, ProgramDown
from liveshelf.demo.supervisor import Supervisor
from liveshelf.mqtt_probe import probe_broker

WORLD = "world"
START_WAIT_S = 60.0
DRAIN_WAIT_S = 60.0
REST_S = 5.0
"""Shop seconds the shelves get to come to rest after the last hand."""

TEMPORARY_FOLDER_BYTES_MAX = 70
"""With `liveshelf-world-XXXXXXXX/world.sock` behind it this stays within the 107 bytes of a unix socket: unix(7)."""
READ_SCOPES = ("availability:read", "tasks:read", "orders:read")
WORLD_SCOPES = (*READ_SCOPES, "tasks:write", "stock:write")

Report = Callable[[str], None]
"""Told in words what is being started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How to run the store. `api_port`, of the API and the pages, 0 takes any free one; `shoppers_per_hour` and `staff`
    None what the scenario says; `lan` lets other machines of the network in; `supervised`: what ends is started again.
    """

    folder: Path
    seed: int
    rate: float
    api_port: int
    shoppers_per_hour: float | None = None
    staff: int | None = None
    lan: bool = False
    supervised: bool = True


class DemoStore:
    """All programs of one simulated store. `start`, then look at it, then `drain` and `stop`."""

    def __init__(self, options: StoreOptions) -> None:
        self.options = options
        self.clock = ShopClock(origin_unix_s=time.time(), rate=options.rate)
        self.database_url = ""
        self.port = options.api_port
        self.api_url = ""
        self.key = ""
        self.logins: list[LogIn] = []
        self._programs: list[Program] = []
        self._started: list[Program] = []
        self._scenario: Scenario | None = None
        self._broker_port: int | None = None
        self.supervisor = Supervisor()
        # Not in the folder of the store: the path of a unix socket holds 107 bytes, and that folder may be any.
        self._sockets = tempfile.TemporaryDirectory(prefix="liveshelf-world-", dir=_short_folder())
        self._control = ControlServer(Path(self._sockets.name) / "control.sock", self)

    @property
    def scenario(self) -> Scenario:
        """The files of the store, once started."""
        assert self._scenario is not None, "start the store first"
        return self._scenario

    @property
    def truth(self) -> Path:
        """The world's log of what truly happened."""
        return self.options.folder / "truth.jsonl"

    @property
    def page_url(self) -> str:
        """Where a browser on this machine finds the pages."""
        return f"{self.api_url}/"

    @property
    def world_socket(self) -> Path:
        """Where the world serves the wires and takes commands."""
        return Path(self._sockets.name) / "world.sock"

    def start(self, report: Report) -> None:
        """Start every part and return when the shelves are counted. Raises LiveShelfError in one sentence."""
        if _listens(self.options.api_port):
            raise PortInUse(f"port {self.options.api_port} is in use; name another with --port, or 0 for any free one")
        report("database")
        self._start_database()
        report("broker")
        broker = self._start_broker()
        report("corner shop")
        self._furnish(broker)
        self._control.start()
        report("gateway, worker, pages and API")
        self._start_servers(broker)
        report("shoppers, staff and supplier")
        self._start_world()
        report("shelves")
        self._start_agents()
        report("first count of every shelf")
        self._wait_counted()
        if self.options.supervised:
            self.supervisor.start(program for program in self._programs if program.name != WORLD)

    def down(self) -> list[str]:
        """Return the names of the programs that should run and do not, those about to be started again included."""
        return [program.name for program in self._programs if not program.running]

    def gone(self) -> list[str]:
        """Return the names of the programs that are down for good: with one of them the run is over."""
        down, given_up = self.down(), self.supervisor.given_up
        return [name for name in down if name == WORLD or name in given_up] if self.options.supervised else down

    def broker_is_ours(self) -> bool:
        """Tell whether the broker is our own, and not one named by LIVESHELF_MQTT_URL."""
        return self._broker_port is not None

    def pull_broker(self, away_s: float) -> bool:
        """Kill our broker and keep it away for so long (wall seconds); return whether it ran."""
        return self.supervisor.pull("broker", away_s=away_s)

    def obituary(self, names: Sequence[str]) -> str:
        """Return what each of these programs said last: its log may be gone with our folder when one wants to look."""
        gone = [program for program in self._started if program.name in names]
        return "\n".join(f"{program.name} is down: {program.last_words()}" for program in gone)

    def pids(self) -> dict[str, int]:
        """Return the process ids by program."""
        return {program.name: program.pid for program in self._programs if program.pid is not None}

    def drain(self, behind: Callable[[psycopg.Connection], int]) -> list[str]:
        """Let the shoppers go, the shelves come to rest and every record arrive; return what did not end well.

        Afterwards world and agents have stopped, the rest still runs and is still started again when it ends. What has
        just ended is back first: nobody hands anything over to a broker that is away.
        """
        self._wait_whole()
        world = self._named(WORLD)
        world.ask_to_stop()
        with contextlib.suppress(ProgramDown):
            world.wait_ready(lambda: "closed" in world.lines(), timeout_s=DRAIN_WAIT_S)
        self.clock.sleep(REST_S)
        self._wait_whole()
        agents = [program for program in self._programs if program.name.startswith("agent ")]
        self.supervisor.release(agents)
        for agent in agents:
            agent.ask_to_stop()
        stubborn = [agent.name for agent in agents if not agent.wait_stopped(timeout_s=DRAIN_WAIT_S)]
        world.ask_to_stop()
        if not world.wait_stopped():
            stubborn.append(world.name)
        self._programs = [program for program in self._programs if program not in (*agents, world)]
        self._wait_caught_up(behind)
        return stubborn

    def durable(self) -> dict[tuple[str, str], list[tuple[int, int]]]:
        """Return every number that is durable on a device, by (device, journal). The agents must have stopped."""
        found: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for device, path in self._outboxes():
            for journal, ranges in durable_records(path).items():
                found[device, journal] = list(ranges)
        return found

    def stop(self) -> None:
        """Stop everything in reverse order. The world is asked twice: its first SIGTERM only sends the people home."""
        self._control.stop()
        self.supervisor.stop()
        for program in self._programs:
            if program.name == WORLD:
                program.ask_to_stop()
        while self._programs:
            self._programs.pop().stop()
        # One whose program was killed a moment ago is nobody's child any more.
        EmbeddedServer(self._database_folder).stop_orphan()
        self._sockets.cleanup()

    @property
    def _database_folder(self) -> Path:
        return self.options.folder / "database"

    def _run(self, name: str, module: str, *arguments: str, **environment: str) -> Program:
        log = self.options.folder / "logs" / f"{name.replace(' ', '-')}.log"
        program = Program(name, module, arguments, log, {**self.clock.environment(), **environment})
        self._programs.append(program)  # before it starts, so that whatever interrupts us finds it to stop
        self._started.append(program)
        program.start()
        return program

    def _named(self, name: str) -> Program:
        return next(program for program in self._programs if program.name == name)

    def _start_database(self) -> None:
        own = os.environ.get("LIVESHELF_DATABASE_URL")
        self.database_url = own or EmbeddedServer(self._database_folder).url
        if not own:
            program = self._run("database", "database", "serve", "--data-dir", str(self._database_folder))
            program.wait_ready(self._database_answers, timeout_s=START_WAIT_S)
        migrate(self.database_url, at=self.clock.now())

    def _database_answers(self) -> bool:
        try:
            with connect(self.database_url):
                return True
        except psycopg.OperationalError:
            return False

    def _start_broker(self) -> str:
        own = broker_url(os.environ)
        if own:
            probe_broker(parse_broker_url(own))
            return own
        self._broker_port = free_port()
        # A folder of ours: a temporary one would stay behind when the broker is killed.
        folder = str(self.options.folder / "broker")
        program = self._run("broker", "liveshelf.broker", "--port", str(self._broker_port), "--folder", folder)
        program.wait_ready(self._broker_listens, timeout_s=START_WAIT_S)
        return f"mqtt://127.0.0.1:{self._broker_port}"

    def _broker_listens(self) -> bool:
        """Tell whether our broker takes connections; one of somebody's own is theirs to look after."""
        return self._broker_port is None or _listens(self._broker_port)

    def _furnish(self, broker: str) -> None:
        folder = self.options.folder
        self._scenario = write_corner_shop(
            folder,
            seed=self.options.seed,
            broker_url=broker,
            socket_path=self.world_socket,
            data_dir=folder / "devices",
        )
        if self.options.staff is not None:
            _set_staff(folder / "world.json", self.options.staff)
        store, at = StoreId(self.scenario.store), self.clock.now()
        with connect(self.database_url) as connection:
            if connection.execute(KNOWN, [store]).fetchone() is not None:
                found = f"found a database that holds the store {store}"
                raise ConfigurationError(
                    f"{DATABASE_URL_VARIABLE}: {found}, expected a new one: each demo is a new store"
                )
            import_catalog(connection, folder / "catalog.csv", store=store, at=at)
            import_planogram(connection, store, folder / "planogram.csv", at=at)
            import_stock(connection, store, folder / "stock.csv", at=at)
            self.key = create_key(connection, name="demo", scopes=READ_SCOPES, stores=[store], at=at)
            self.logins = make_logins(connection, store, at=at)
            world_key = create_key(connection, name="world", scopes=WORLD_SCOPES, stores=[store], at=at)
        key_file = folder / "world.key"
        key_file.touch(mode=0o600)
        key_file.write_text(world_key, encoding="utf-8")
        keep_logins(folder / "logins.json", self.logins)

    def _start_servers(self, broker: str) -> None:
        self.port = self.options.api_port or free_port()
        self.api_url = f"http://127.0.0.1:{self.port}"
        database = {"LIVESHELF_DATABASE_URL": self.database_url}
        self._run("gateway", "gateway", LIVESHELF_MQTT_URL=broker, LIVESHELF_STORE=self.scenario.store, **database)
        self._run("worker", "cloud", "worker", LIVESHELF_MQTT_URL=broker, **database)
        web = self._run(
            "web",
            "dashboards",
            LIVESHELF_API_HOST="0.0.0.0" if self.options.lan else "127.0.0.1",  # noqa: S104 - asked for by --lan
            LIVESHELF_API_PORT=str(self.port),
            LIVESHELF_DEMO_CONTROL=str(self._control.path),
            LIVESHELF_MQTT_URL=broker,
            **database,
        )
        web.wait_ready(self._web_answers, timeout_s=START_WAIT_S)

    def _web_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.api_url}/readyz", timeout=5) as answer:  # noqa: S310 - our own API
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def _start_world(self) -> None:
        folder = self.options.folder
        files = ("--config", str(folder / "world.json"), "--key-file", str(folder / "world.key"))
        pace = self.options.shoppers_per_hour
        more = () if pace is None else ("--shoppers-per-hour", str(pace))
        world = self._run(
            WORLD, "firmware_sim", "world", *files, "--api", self.api_url, "--truth", str(self.truth), *more
        )
        world.wait_ready(self.world_socket.exists, timeout_s=START_WAIT_S)

    def _start_agents(self) -> None:
        for config in sorted((self.options.folder / "edge").glob("*.toml")):
            self._run(f"agent {config.stem}", "edge", "--config", str(config))

    def _wait_counted(self) -> None:
        self._named("gateway").wait_ready(self._all_counted, timeout_s=START_WAIT_S)

    def _all_counted(self) -> bool:
        if self.down():
            raise ProgramDown(self.obituary(self.down()))
        with connect(self.database_url) as connection:
            row = connection.execute(NOT_COUNTED, {"store": self.scenario.store, "at": self.clock.now()}).fetchone()
        return row is not None and row[0] == 0

    def _wait_whole(self) -> None:
        """Wait, not for ever, until every program that is started again runs and is there for the others."""
        deadline = time.monotonic() + DRAIN_WAIT_S
        self.supervisor.wait_all_run(timeout_s=DRAIN_WAIT_S)
        while not (self._database_answers() and self._broker_listens()):
            if time.monotonic() > deadline or self.supervisor.given_up:
                return
            time.sleep(POLL_S)

    def _wait_caught_up(self, behind: Callable[[psycopg.Connection], int]) -> None:
        deadline = time.monotonic() + DRAIN_WAIT_S
        while time.monotonic() < deadline and not self.supervisor.given_up:
            with contextlib.suppress(psycopg.OperationalError), connect(self.database_url, autocommit=True) as link:
                while behind(link) and time.monotonic() < deadline:
                    time.sleep(POLL_S)
                return
            time.sleep(POLL_S)

    def _outboxes(self) -> Iterator[tuple[str, Path]]:
        for config in sorted((self.options.folder / "edge").glob("*.toml")):
            yield config.stem, self.options.folder / "devices" / config.stem / "outbox.sqlite"


# Whether the store is there already.
KNOWN: LiteralString = "SELECT FROM store WHERE store = %s"

# Sensed positions without a count yet.
NOT_COUNTED = """
SELECT count(*) FROM position_at(%(at)s) p
WHERE store = %(store)s AND (cardinality(plates) > 0 OR cardinality(zones) > 0)
  AND NOT EXISTS (SELECT FROM position_quantity q WHERE q.store = p.store AND q.position = p.position)
"""


def _set_staff(path: Path, staff: int) -> None:
    world = read_configuration(path)
    world = replace(world, behaviour=replace(world.behaviour, staff=staff))
    path.write_text(world.to_json(), encoding="utf-8")


def _short_folder() -> str:
    """Return the folder for temporary files, or /tmp where that one's path is too long for sockets in it."""
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) <= TEMPORARY_FOLDER_BYTES_MAX else "/tmp"  # noqa: S108 - made 0700 in it


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
