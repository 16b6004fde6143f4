"""What a whole store costs on one machine at clock rate 1, and how quickly its answers follow the shelves."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from database.connection import connect
from liveshelf.bench.figure import Figure
from liveshelf.bench.processor import cpu_s
from liveshelf.demo.probe import latencies_ms, percentile
from liveshelf.demo.run import start_probe
from liveshelf.demo.store import DemoStore, StoreOptions
from liveshelf.demo.summary import settled_events

QUICK_S = 34.0
"""The doors open 20 s after the shelves are counted; the rest has to see some events."""

FULL_S = 180.0
SHOPPERS_PER_HOUR = 1200.0
"""Busier than the demo, so that a short run sees enough events for a 99th percentile."""


def measure_store(quick: bool) -> Iterator[Figure]:
    """Yield seconds to ready and to the first task, memory, cores and latency; the references are of the same run."""
    with tempfile.TemporaryDirectory(prefix="liveshelf-bench-") as folder:
        options = StoreOptions(folder=Path(folder), seed=7, rate=1.0, api_port=0, shoppers_per_hour=SHOPPERS_PER_HOUR)
        store = DemoStore(options)
        began = time.monotonic()
        try:
            store.start(lambda _part: None)
            ready_s = time.monotonic() - began
            yield Figure(name="demo_ready_s", value=ready_s, unit="s")
            yield from _running(store, QUICK_S if quick else FULL_S, began)
        finally:
            store.stop()


def _running(store: DemoStore, for_s: float, began: float) -> Iterator[Figure]:
    probe = start_probe(store)
    used_s, wall_s = cpu_s(_family(store)), time.monotonic()
    first_task_s = None
    while time.monotonic() < wall_s + for_s:
        time.sleep(0.5)
        if first_task_s is None and _tasks(store):
            first_task_s = time.monotonic() - began
    cores = (cpu_s(_family(store)) - used_s) / (time.monotonic() - wall_s)
    probe.probe.stop()
    with connect(store.database_url) as connection:
        settled = settled_events(connection, store.scenario.store, since=probe.since, rate=1.0)
    latencies = latencies_ms(settled, probe.probe.seen)
    if first_task_s is not None:
        yield Figure(name="demo_first_task_s", value=first_task_s, unit="s", goal=90.0)
    yield Figure(name="demo_pss_mb", value=_pss_mb(store), unit="MB", goal=700.0)
    yield Figure(name="demo_cores", value=cores, unit="cores", goal=1.2)
    asked_ms = probe.probe.answer_ms
    for share, goal in ((0.5, None), (0.99, 500.0)):
        value = percentile(latencies, share)
        if value is not None:
            yield Figure(
                name=f"settled_to_answer_p{share * 100:.0f}_ms",
                value=value,
                unit=f"ms of {len(latencies)} events",
                reference=percentile(asked_ms, share),
                reference_is="the query alone",
                goal=goal,
            )


def _tasks(store: DemoStore) -> int:
    with connect(store.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM task").fetchone()
    return int(row[0]) if row else 0


def _family(store: DemoStore) -> list[int]:
    """Return the processes of the store and all their children."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
    family = set(store.pids().values())
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return sorted(family)


def _pss_mb(store: DemoStore) -> float:
    """Return the memory of the store, shared pages divided by their sharers (proc(5), smaps_rollup)."""
    kilobytes = 0
    for pid in _family(store):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024
