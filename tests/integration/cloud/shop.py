"""A small shop on a real database: the rows a gateway writes, the worker's step, and the API as a client sees it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from starlette.testclient import TestClient

from cloud.access.service import create_key
from cloud.app import make_app
from cloud.catalog.service import import_catalog, import_planogram, import_stock
from cloud.settings import CloudSettings
from cloud.worker import Worker
from contract.clock import ManualClock
from contract.ids import StoreId
from contract.records import Birth
from database.connection import connect

STORE = StoreId("corner")
ALL = ("availability:read", "tasks:read", "tasks:write", "orders:read", "stock:write", "devices:read", "devices:write")

CATALOG = """sku,gtin,name,name_zh,unit,unit_weight_g,unit_spread_g,price,currency,case_gtin,case_units
tea,9521234567899,Oolong tea,乌龙茶,each,520,3,3.50,EUR,,6
gum,,Chewing gum,,each,30,0.5,1.20,EUR,,
"""
PLANOGRAM = """position,sku,bay,shelf,plates,zones,capacity,low_units,valid_from
p-tea,tea,b1,b1-s1,b1-s1-l1,,12,3,
p-gum,gum,b1,b1-s1,b1-s1-l2,,20,,
d-gum,gum,b1,b1-s2,,,30,,
"""
STOCK = """place,position,sku,units
shelf,p-tea,tea,8
backroom,,tea,6
display,d-gum,gum,10
"""

_numbers = itertools.count(1)


class Shop:
    """One store, its gateway's pen, its worker and its API."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.clock = ManualClock()
        self.settings = CloudSettings(database_url=url)
        self.connection: Connection[TupleRow] = connect(url)
        self.worker = Worker(self.settings, self.clock)
        self._folder = folder
        self._fill(folder)
        self.key = self.new_key()

    def configure(self, **settings: float) -> None:
        """Start the worker anew with other settings."""
        self.worker = Worker(self.settings.model_copy(update=settings), self.clock)

    def _fill(self, folder: Path) -> None:
        for name, text in (("catalog", CATALOG), ("planogram", PLANOGRAM), ("stock", STOCK)):
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        at = self.clock.now()
        import_catalog(self.connection, folder / "catalog.csv", store=STORE, at=at)
        import_planogram(self.connection, STORE, folder / "planogram.csv", at=at)
        import_stock(self.connection, STORE, folder / "stock.csv", at=at)

    def put_planogram(self, text: str) -> None:
        """Import a newer planogram; `text` is the CSV file."""
        path = self._folder / "newer.csv"
        path.write_text(text, encoding="utf-8")
        import_planogram(self.connection, STORE, path, at=self.clock.now())

    def new_key(self, *, scopes: tuple[str, ...] = ALL, stores: tuple[str, ...] = (STORE,)) -> str:
        return create_key(self.connection, name="test", scopes=scopes, stores=stores, at=self.clock.now())

    def api(self, key: str | None = None) -> TestClient:
        client = TestClient(make_app(self.settings, self.clock), raise_server_exceptions=False)
        client.headers["Authorization"] = f"Bearer {key or self.key}"
        return client

    def load(
        self, position: str, sku: str, units: int, *, kind: str | None = None, moved: int = 0, sure: float = 0.995,
        frozen: bool = False, age_s: float = 0.0,
    ) -> int:  # fmt: skip
        """Write what a gateway writes of one episode so long ago, and return the load's id."""
        at, low = self.clock.now() - timedelta(seconds=age_s), max(0, units - 1)
        rest = 1.0 - sure
        pmf = [sure, rest] if units == 0 else [rest / 2, sure, rest / 2]
        with self.connection.transaction():
            load_id = self._one("SELECT nextval('load_id')")
            self.connection.execute(
                """INSERT INTO position_quantity
                   (store, position, sku, low, pmf, best, probability, frozen, basis, as_of, load_id)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                   ON CONFLICT (store, position) DO UPDATE SET sku = EXCLUDED.sku, low = EXCLUDED.low,
                       pmf = EXCLUDED.pmf, best = EXCLUDED.best, probability = EXCLUDED.probability,
                       frozen = EXCLUDED.frozen, as_of = EXCLUDED.as_of, load_id = EXCLUDED.load_id""",
                (STORE, position, sku, low, pmf, units, sure, frozen, ["weight"], at, load_id),
            )
            if kind is not None:
                self.connection.execute(
                    """INSERT INTO shelf_event (time, event_id, store, position, sku, kind, quantity, probability,
                           weight_g, device, journal, seq, mono_ms, load_id)
                       VALUES (%s, %s, %s, %s, %s, %s, %s, 1, 0, 'bay-1', 'j', 1, 0, %s)""",
                    (at, f"e{next(_numbers)}", STORE, position, sku, kind, moved, load_id),
                )
            self.connection.execute(
                "INSERT INTO load (load_id, store, loaded_at, readings, events) VALUES (%s, %s, %s, 1, 1)",
                (load_id, STORE, at),
            )
            self.connection.execute("SELECT pg_notify('loaded', %s)", (str(load_id),))
        return load_id

    def confirm(self, position: str) -> None:
        """Write what a gateway writes of a heartbeat that only says again what is known."""
        with self.connection.transaction():
            self.connection.execute(
                "UPDATE position_quantity SET as_of = %s WHERE position = %s", (self.clock.now(), position)
            )

    def reader_is_well(self, zone: str) -> None:
        """Write what a gateway writes of a tag reader that has nothing new to say."""
        with self.connection.transaction():
            self.connection.execute(
                """INSERT INTO health_current (device, subject, verdict, noise_g, rejected, samples, queued, as_of)
                   VALUES ('bay-1', %s, 'ok', 0, '{}', 9, 0, %s)
                   ON CONFLICT (device, subject) DO UPDATE SET as_of = EXCLUDED.as_of""",
                (f"zone:{zone}", self.clock.now()),
            )

    def hear_device(self, birth: Birth, *, online: bool = True, lights: Sequence[str] = ()) -> None:
        """Write what a gateway writes of a device that said what it is."""
        told = {**msgspec.to_builtins(birth), **({"lights": list(lights)} if lights else {})}
        with self.connection.transaction():
            self.connection.execute(
                """INSERT INTO device (device, store, online, journal, birth, seen_at) VALUES (%s, %s, %s, %s, %s, %s)
                   ON CONFLICT (device) DO UPDATE SET store = EXCLUDED.store, online = EXCLUDED.online,
                       birth = EXCLUDED.birth, seen_at = EXCLUDED.seen_at""",
                (birth.device, birth.store, online, birth.journal, Jsonb(told), self.clock.now()),
            )

    def hear_health(self, device: str, subject: str, verdict: str, **measured: float) -> None:
        """Write what a gateway writes of the health of a part."""
        with self.connection.transaction():
            self.connection.execute(
                """INSERT INTO health_current
                       (device, subject, verdict, noise_g, rejected, samples, queued, as_of, measured)
                   VALUES (%s, %s, %s, 0.2, '{"spike": 3}', 600, 0, %s, %s)
                   ON CONFLICT (device, subject) DO UPDATE SET verdict = EXCLUDED.verdict, as_of = EXCLUDED.as_of""",
                (device, subject, verdict, self.clock.now(), Jsonb(measured)),
            )

    def work(self, *, after_s: float = 0.0) -> None:
        """Let shop time pass, then let the worker do once all there is to do."""
        self.clock.advance(after_s)
        self.worker._looked_at_s = float("-inf")  # wall time between looks is not what these tests are about
        with connect(self.url) as connection:
            self.worker.step(connection)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection.transaction():
            return self.connection.execute(query.encode()).fetchall()

    def places(self, sku: str) -> dict[str, int]:
        with self.connection.transaction():
            rows = self.connection.execute("SELECT place, units FROM stock_place WHERE sku = %s", (sku,)).fetchall()
        return {place: units for place, units in rows if units}

    def _one(self, query: str) -> int:
        row = self.connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


class Client:
    """The API as a shop's program calls it; every write has a key of its own unless one is given."""

    def __init__(self, api: TestClient) -> None:
        self.api = api

    def get(self, path: str, **query: str) -> Any:
        answer = self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: dict[str, Any], *, status: int = 200, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key or f"k{next(_numbers)}"}
        answer = self.api.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def tasks(self, state: str | None = None) -> list[dict[str, Any]]:
        query = {"store": STORE} | ({"state": state} if state else {})
        return list(self.get("/v1/tasks", **query)["tasks"])

    def orders(self, state: str | None = None) -> list[dict[str, Any]]:
        query = {"store": STORE} | ({"state": state} if state else {})
        return list(self.get("/v1/replenishment-orders", **query)["orders"])
