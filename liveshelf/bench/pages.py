"""What open pages cost the web process, and how quickly a pick is on all of them, at clock rate 1."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cloud.access.login import service as logins
from cloud.shelves import service as shelves
from dashboards.web.visit import SESSION_COOKIE
from database.connection import connect
from liveshelf.bench.figure import Figure
from liveshelf.bench.open_pages import OpenPages
from liveshelf.bench.processor import cpu_s
from liveshelf.demo.probe import percentile
from liveshelf.demo.store import DemoStore, StoreOptions

PAGES = 200
SHOPPERS_PER_HOUR = 6000.0
"""A crowd, so that a short run sees enough events for a 99th percentile."""
OPENING_S = 20.0
"""Wall seconds from the first count of the shelves until the doors open: nothing is measured in an empty shop."""

QUICK_S = (5.0, 13.0)
FULL_S = (60.0, 120.0)
"""Wall seconds without a page, and with all of them."""

LATE_S = 2.0
"""An event so young may still be on its way when the pages are closed."""

EVENTS = "SELECT event_id, mono_ms FROM shelf_event WHERE store = %s AND time >= %s"


def measure_pages(quick: bool) -> Iterator[Figure]:
    """Yield cores of the web process beside those without a page, latency from rest declared to page, bytes a frame."""
    with tempfile.TemporaryDirectory(prefix="liveshelf-bench-") as folder:
        store = DemoStore(
            StoreOptions(folder=Path(folder), seed=7, rate=1.0, api_port=0, shoppers_per_hour=SHOPPERS_PER_HOUR)
        )
        try:
            store.start(lambda _part: None)
            time.sleep(OPENING_S)
            yield from _running(store, *(QUICK_S if quick else FULL_S))
        finally:
            store.stop()


def _running(store: DemoStore, alone_s: float, open_s: float) -> Iterator[Figure]:
    alone = _cores(store, alone_s)
    pages = _open_pages(store)
    pages.open()
    since, began_s = store.clock.now(), time.monotonic()
    cores = _cores(store, open_s)
    ended_s = time.monotonic()
    pages.close()
    with connect(store.database_url) as connection:
        rows = connection.execute(EVENTS, [store.scenario.store, since]).fetchall()
    declared_s = {event: mono_ms / 1000 for event, mono_ms in rows if mono_ms / 1000 >= began_s}
    latencies, missed = pages.latencies_ms(declared_s, until_s=ended_s - LATE_S)
    yield Figure(
        name=f"web_cores_{PAGES}_pages", value=cores, unit="cores", reference=alone, reference_is="no page", goal=0.5
    )
    for share, goal in ((0.5, None), (0.99, 1000.0)):
        value = percentile(latencies, share)
        if value is not None:
            unit = f"ms of {len(declared_s)} events"
            yield Figure(name=f"rest_to_page_p{share * 100:.0f}_ms", value=value, unit=unit, goal=goal)
    yield Figure(name="events_missed_by_pages", value=float(missed), unit="events", goal=0.0)
    yield Figure(name="page_streams_cut", value=float(pages.cut), unit="streams", goal=0.0)
    frames = len(pages.frame_bytes)
    yield Figure(name="frames_a_page_per_s", value=frames / PAGES / (ended_s - began_s), unit="frames/s")
    yield Figure(name="frame_bytes", value=sum(pages.frame_bytes) / max(1, frames), unit="bytes")


def _open_pages(store: DemoStore) -> OpenPages:
    manager = next(one for one in store.logins if one.role == "manager")
    with connect(store.database_url, autocommit=True) as connection:
        wall_at = datetime.now(UTC)
        token = logins.log_in(connection, manager.login, manager.password, address="127.0.0.1", wall_at=wall_at)
        after = shelves.heads(connection, store.scenario.store).to_id()
    cookie = f"{SESSION_COOKIE}={token}"
    return OpenPages(url=store.api_url, store=store.scenario.store, cookie=cookie, after=after, count=PAGES)


def _cores(store: DemoStore, for_s: float) -> float:
    """Return the cores the web process used on the average of so many seconds."""
    web = [store.pids()["web"]]
    used_s, began_s = cpu_s(web), time.monotonic()
    time.sleep(for_s)
    return (cpu_s(web) - used_s) / (time.monotonic() - began_s)
