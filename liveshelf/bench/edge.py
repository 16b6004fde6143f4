"""What the agent costs its board, and how well it weighs: an agent process on simulated wires, its outbox, its weigher.

The agent's share of a core includes the simulated chips and cells it reads, whose own cost is the reference.
"""

from __future__ import annotations

import os
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from contract.clock import ManualClock, ShopClock
from contract.errors import LiveShelfError
from contract.ids import PlateId
from contract.records import WeightRecord
from edge.outbox.outbox import Outbox
from edge.sampling.hx711 import Hx711Lines
from firmware_sim.hx711 import SimulatedLine
from firmware_sim.load_cell import cell_for
from firmware_sim.plate import LoadedPlate
from firmware_sim.vibration import Vibration
from liveshelf.bench.figure import Figure
from liveshelf.bench.processor import cpu_s
from liveshelf.bench.weighed_steps import false_steps_per_plate_week, sigmas_told, step_recall
from liveshelf.broker import Broker

SEED = 7
PLATES = tuple(PlateId(f"b1-s{1 + number // 6}-l{1 + number % 6}") for number in range(24))
RATE_SPS = 80.0
LOAD_G = 2_000.0
WARM_S = 6.0
RECORDS = 20_000
GROUP = 24
"""Heartbeats of one bay become durable together."""

SHARE_MAX = 0.10
RSS_MB_MAX = 40.0
RECALL_MIN = 0.995
FALSE_STEPS_MAX = 1.0

OUTBOX_BYTES = 512 * 1024 * 1024
RECORDS_HELD = 9 * 86_400 * 4
"""Seven days without a gateway and two of reserve, of 4 plates once a second (24 every 30 s are a fifth of it)."""


def measure_edge(quick: bool) -> Iterator[Figure]:
    """Yield what the agent costs and how well it weighs."""
    share, rss_mb = _agent(6.0 if quick else 40.0)
    simulation_us, driver_us = _sample_us(2_000 if quick else 20_000)
    alone = simulation_us * 1e-6 * RATE_SPS * len(PLATES)
    yield Figure(
        name="edge_cpu_share",
        value=share,
        unit="cores",
        reference=alone,
        reference_is="simulated wires alone",
        goal=SHARE_MAX,
    )
    yield Figure(name="edge_rss_mb", value=rss_mb, unit="MB", goal=RSS_MB_MAX)
    yield Figure(
        name="edge_hx711_us_per_sample",
        value=driver_us,
        unit="us",
        reference=simulation_us,
        reference_is="simulated wires alone",
    )
    size = _bytes_per_record()
    yield Figure(name="edge_bytes_per_record", value=size, unit="bytes", goal=OUTBOX_BYTES / RECORDS_HELD)
    recall = step_recall(300 if quick else 4_000)
    yield Figure(name="step_recall", value=recall, unit="share", goal=RECALL_MIN, better="more")
    least = sigmas_told(300 if quick else 1_000, RECALL_MIN)
    yield Figure(name="step_sigmas_told", value=least, unit="sigma of the 1 s mean", goal=5.0)
    false = false_steps_per_plate_week(hours=3 if quick else 24)
    yield Figure(name="false_steps_per_plate_week", value=false, unit="steps", goal=FALSE_STEPS_MAX)


def _agent(for_s: float) -> tuple[float, float]:
    """Run an agent for so many seconds once it is warm; return the cores it takes and its resident memory in MB."""
    with tempfile.TemporaryDirectory() as name, Broker(port=0) as broker:
        folder = Path(name)
        config = folder / "bay.toml"
        config.write_text(_file(folder, broker.url), encoding="utf-8")
        with _world(folder / "w.sock"):
            command = [sys.executable, "-m", "edge", "--config", str(config)]
            with (folder / "log").open("wb") as log:
                agent = subprocess.Popen(command, env={**os.environ, **ShopClock().environment()}, stderr=log)
            try:
                time.sleep(WARM_S)
                began_s, before_s = time.monotonic(), cpu_s([agent.pid])
                time.sleep(for_s)
                used_s, rss_mb = cpu_s([agent.pid]) - before_s, _rss_mb(agent.pid)
                took_s = time.monotonic() - began_s
                if agent.poll() is not None:
                    raise LiveShelfError(f"the agent ended: {(folder / 'log').read_text(encoding='utf-8')}")
            finally:
                agent.terminate()
                agent.wait(30.0)
    return used_s / took_s, rss_mb


def _file(folder: Path, broker_url: str) -> str:
    plates = []
    for plate in PLATES:
        cell = cell_for(SEED, plate)
        table = {"plate": plate, "bay": "b1", "shelf": plate.rpartition("-")[0], "rate_sps": RATE_SPS}
        plates.append({**table, "zero_count": cell.zero_count, "counts_per_g": cell.counts_per_g})
    options = {"socket": str(folder / "w.sock"), "seed": SEED, "rate_sps": RATE_SPS}
    agent = {"store": "bench", "device": "bay-1", "hardware": "firmware_sim.wires:open_bay"}
    lines = [f"{key} = {_toml(value)}" for key, value in agent.items()]
    lines += [f"data_dir = {_toml(str(folder / 'data'))}", f"broker = {_toml(broker_url)}", "[hardware_options]"]
    lines += [f"{key} = {_toml(value)}" for key, value in options.items()]
    for plate_table in plates:
        lines += ["[[plates]]", *(f"{key} = {_toml(value)}" for key, value in plate_table.items())]
    return "\n".join(lines)


def _toml(value: object) -> str:
    """Return a string or number as TOML writes it: as JSON does."""
    return msgspec.json.encode(value).decode()


@contextmanager
def _world(path: Path) -> Iterator[None]:
    """Serve the world's socket: one load on every plate."""
    said = msgspec.json.encode({"loads": dict.fromkeys(PLATES, LOAD_G), "tags": {}, "unplugged": []}) + b"\n"

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(said)
            self.rfile.read()

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _sample_us(samples: int) -> tuple[float, float]:
    """Return the microseconds of one sample: the simulated chip clocked by nobody's driver, and with ours."""
    clock, line = _line()
    began_s = time.process_time()
    for _ in range(samples):
        clock.advance(1 / RATE_SPS)
        line.ready()
        for _ in range(25):
            line.clock_bit()
    alone_s = time.process_time() - began_s
    clock, line = _line()
    driver = Hx711Lines({PLATES[0]: (line, RATE_SPS)}, mono_ms=0)
    began_s = time.process_time()
    for _ in range(samples):
        clock.advance(1 / RATE_SPS)
        driver.poll(clock.mono_ms())
    return 1e6 * alone_s / samples, 1e6 * (time.process_time() - began_s) / samples


def _line() -> tuple[ManualClock, SimulatedLine]:
    clock = ManualClock()
    vibration = Vibration(SEED, "bay-1")
    loaded = LoadedPlate(cell_for(SEED, PLATES[0]), seed=SEED, vibration=vibration, rate_sps=RATE_SPS)
    loaded.place(LOAD_G, 0.0)
    line = SimulatedLine(loaded.signal, clock, rate_sps=RATE_SPS)
    line.start()
    return clock, line


def _bytes_per_record() -> float:
    """Return what a weight takes on the card, with everything that lies beside the records."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "outbox.db"
        outbox = Outbox.open(path, boot="bench", board_serial="bench", clock=ManualClock())
        empty = _size(path)
        for first in range(0, RECORDS, GROUP):
            outbox.append([_record(number) for number in range(first, first + GROUP)])
        size = _size(path) - empty
        outbox.close()
    return size / RECORDS


def _size(path: Path) -> int:
    return path.stat().st_size


def _record(number: int) -> WeightRecord:
    plate = PLATES[number % len(PLATES)]
    weight_g, noise_g = 2_000.0 + number / 7, 0.3 + number / 1e6
    return WeightRecord(
        mono_ms=1_000 * number, plate=plate, kind="heartbeat", weight_g=weight_g, noise_g=noise_g, quality="ok"
    )
