"""A database with a large store in it, and a gateway that serves it: what the devices of the bench send to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import Connection

from database.connection import connect
from database.embedded import EmbeddedServer
from database.migrate import migrate
from liveshelf.bench.ingest.traffic import PLATES, SHELF_PLATES, STORE, UNIT_G, UNITS, device_name, plate_names

PRODUCTS = 1_000
STOP_S_MAX = 30.0

PLANOGRAM = """
INSERT INTO planogram (store, valid_from, imported_at) VALUES (%(store)s, %(at)s, %(at)s) RETURNING planogram_id
"""
COPY_POSITIONS = """
COPY planogram_position (planogram_id, position, sku, bay, shelf, plates, capacity, low_units) FROM STDIN
"""


@contextmanager
def database(folder: Path, devices: int) -> Iterator[str]:
    """A fresh embedded server whose store has a position on each plate of so many devices; yields its address."""
    with EmbeddedServer(folder / "database") as server:
        now = datetime.now(UTC)
        migrate(server.url, at=now)
        with connect(server.url, autocommit=True) as connection:
            connection.execute("SELECT make_partitions(%s, %s)", [now.date(), (now + timedelta(days=1)).date()])
            _furnish(connection, devices, now - timedelta(days=1))
        yield server.url


def _furnish(connection: Connection[Any], devices: int, at: datetime) -> None:
    connection.execute("INSERT INTO store VALUES (%s, 'Bench')", [STORE])
    connection.execute("INSERT INTO evidence_version VALUES (%s, 1)", [STORE])
    with connection.cursor() as cursor:
        with cursor.copy("COPY product (sku, name, unit_weight_g, unit_spread_g) FROM STDIN") as copy:
            for number in range(PRODUCTS):
                copy.write_row((f"sku-{number}", f"Product {number}", UNIT_G, 2.0))
        row = cursor.execute(PLANOGRAM, {"store": STORE, "at": at}).fetchone()
        assert row is not None
        with cursor.copy(COPY_POSITIONS) as copy:
            for number in range(devices):
                device = device_name(number)
                for place, plate in enumerate(plate_names(device)):
                    sku, shelf = f"sku-{(number * PLATES + place) % PRODUCTS}", f"s{1 + place // SHELF_PLATES}"
                    copy.write_row((row[0], f"p-{plate}", sku, device, shelf, [plate], 2 * UNITS, 2))
    connection.execute("ANALYZE")


@contextmanager
def gateway(database_url: str, broker_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A gateway process of the store, as it is run for real; stopped afterwards."""
    settings = {"LIVESHELF_DATABASE_URL": database_url, "LIVESHELF_MQTT_URL": broker_url, "LIVESHELF_STORE": STORE}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "gateway"], env={**os.environ, **settings}, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_S_MAX)
