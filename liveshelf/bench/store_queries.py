"""What a chart and the overview of a store cost at the database, and how many bytes a reading takes (plain edition)."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, LiteralString

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from cloud.shelves import service as shelves
from cloud.shelves import timeline
from database.connection import connect
from database.editions import refresh, rollups
from database.embedded import EmbeddedServer
from database.migrate import migrate
from database.storage import table_sizes
from liveshelf.bench.figure import Figure

STORE = "bench"
UNTIL = datetime(2026, 6, 2, tzinfo=UTC)
CHARTED = timedelta(days=1)
POINTS_MAX = 600
"""So many points a page draws of a plate."""

QUICK_PLATES, FULL_PLATES = 200, 1_000
RUNS = 20
PLATES_A_BAY = 12
HEARTBEAT_S = 30

# Numbers as a quiet shop has them: a heartbeat of each plate every 30 s, of names and journals as long as real ones.
FILL: tuple[LiteralString, ...] = (
    "INSERT INTO store VALUES ({store}, 'Bench')",
    """INSERT INTO product (sku, name, unit_weight_g)
       SELECT 'sku-' || n, 'Product ' || n, 330 FROM generate_series(1, {plates}) n""",
    "INSERT INTO planogram (store, valid_from, imported_at) VALUES ({store}, {since}, {since})",
    """INSERT INTO planogram_position (planogram_id, position, sku, bay, shelf, plates, capacity, low_units)
       SELECT 1, 'position-' || n, 'sku-' || n, 'bay-' || n / {bay}, 'shelf-' || n / 4, ARRAY['plate-' || n], 12, 3
       FROM generate_series(1, {plates}) n""",
    """INSERT INTO device (device, store, online, journal, birth, seen_at)
       SELECT 'bay-' || n, {store}, true, md5(n::text), '{{}}', {until} FROM generate_series(0, {plates} / {bay}) n""",
    """INSERT INTO health_current (device, subject, verdict, noise_g, rejected, samples, queued, as_of)
       SELECT 'bay-' || n / {bay}, 'plate:plate-' || n, 'ok', 0.3, '{{}}', 600, 0, {until}
       FROM generate_series(1, {plates}) n""",
    """INSERT INTO position_quantity (store, position, sku, low, pmf, best, probability, frozen, basis, as_of, load_id)
       SELECT {store}, 'position-' || n, 'sku-' || n, 5, '{{0.01,0.98,0.01}}', 6, 0.98, false, '{{weight}}', {until}, 1
       FROM generate_series(1, {plates}) n""",
    """INSERT INTO reading (time, store, device, journal, seq, mono_ms, plate, kind, weight_g, before_g, noise_g,
                            quality, remaining, time_known, load_id)
       SELECT {since} + t * interval '1 second' + n * interval '17 milliseconds', {store}, 'bay-' || n / {bay},
              md5((n / {bay})::text), t / {beat} * {bay} + n % {bay} + 1, t * 1000, 'plate-' || n, 'heartbeat',
              4000 - t / 60 + (n * t) % 7, NULL, 0.3, 'ok', 0, true, 1
       FROM generate_series(0, {span} - 1, {beat}) t, generate_series(1, {plates}) n""",
    """INSERT INTO load (load_id, store, loaded_at, readings, events, reading_span, event_span)
       VALUES (1, {store}, {until}, 1, 0, tstzmultirange(tstzrange({since}, {until})), '{{}}')""",
    "ANALYZE",
)  # fmt: skip

MINUTES = """
SELECT minute, min_g, max_g, last_g FROM plate_minute WHERE plate = %s AND minute >= %s AND minute < %s ORDER BY minute
"""
QUANTITIES = "SELECT * FROM position_quantity WHERE store = %s"


def measure_store_queries(quick: bool) -> Iterator[Figure]:
    """Yield milliseconds (medians) of a plate's day and of a whole store, of an hour summed up, and bytes a reading."""
    plates = QUICK_PLATES if quick else FULL_PLATES
    with (
        tempfile.TemporaryDirectory(prefix="liveshelf-bench-") as folder,
        EmbeddedServer(Path(folder) / "database") as server,
    ):
        Path(folder).chmod(0o755)
        migrate(server.url, at=UNTIL)
        with connect(server.url, autocommit=True) as connection:
            connection.execute("SET statement_timeout = 0")
            _fill(connection, plates)
            yield from _sizes(connection, plates)
            yield from _rollups(connection)
            yield from _queries(connection, plates)


def _fill(connection: Connection[TupleRow], plates: int) -> None:
    facts = {
        "store": STORE, "plates": plates, "since": UNTIL - CHARTED, "until": UNTIL, "bay": PLATES_A_BAY,
        "beat": HEARTBEAT_S, "span": int(CHARTED.total_seconds()),
    }  # fmt: skip
    literals = {name: sql.Literal(value) for name, value in facts.items()}
    for statement in FILL:
        connection.execute(sql.SQL(statement).format(**literals))


def _sizes(connection: Connection[TupleRow], plates: int) -> Iterator[Figure]:
    size = next(one for one in table_sizes(connection, count_max=100) if one.name == "reading")
    rows = plates * int(CHARTED.total_seconds()) // HEARTBEAT_S
    yield Figure(
        name="bytes_per_reading", value=size.total_bytes / rows, unit=f"bytes, of {rows} readings", goal=110.0,
        reference=(size.total_bytes - size.index_bytes) / rows, reference_is="without indexes",
    )  # fmt: skip


def _rollups(connection: Connection[TupleRow]) -> Iterator[Figure]:
    minutes = next(one for one in rollups(connection) if one.name == "plate_minute")
    steps_ms, more = [], True
    while more:
        began_s = time.perf_counter()
        more = refresh(connection, minutes, at=UNTIL)
        steps_ms.append((time.perf_counter() - began_s) * 1000)
    yield Figure(name="rollup_hour_ms", value=median(steps_ms), unit="ms an hour of all plates")


def _queries(connection: Connection[TupleRow], plates: int) -> Iterator[Figure]:
    since, until = UNTIL - CHARTED, UNTIL
    some = [f"plate-{1 + number * (plates // RUNS)}" for number in range(RUNS)]
    chart_ms = _median_ms(
        lambda plate: timeline.weights(connection, [plate], since=since, until=until, points_max=POINTS_MAX), some
    )
    minutes_ms = _median_ms(lambda plate: connection.execute(MINUTES, [plate, since, until]).fetchall(), some)
    yield Figure(
        name="chart_query_ms", value=chart_ms, unit="ms, a plate's day", goal=50.0,
        reference=minutes_ms, reference_is="by minutes",
    )  # fmt: skip
    overview_ms = _median_ms(lambda _: shelves.positions(connection, STORE, at=UNTIL), some)
    quantities_ms = _median_ms(lambda _: connection.execute(QUANTITIES, [STORE]).fetchall(), some)
    yield Figure(
        name="overview_query_ms", value=overview_ms, unit=f"ms, {plates} places", goal=50.0,
        reference=quantities_ms, reference_is="their quantities alone",
    )  # fmt: skip


def _median_ms(ask: Callable[[str], Any], about: list[str]) -> float:
    ask(about[0])  # the first fills caches and plans
    taken_ms = []
    for one in about:
        began_s = time.perf_counter()
        ask(one)
        taken_ms.append((time.perf_counter() - began_s) * 1000)
    return median(taken_ms)
