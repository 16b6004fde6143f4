"""One bottle leaves a shelf: every program runs, from the bit the driver clocks to the availability answer."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString

import pytest

from cloud.access.service import create_key
from cloud.catalog.service import import_catalog, import_planogram
from contract.clock import ShopClock
from contract.ids import StoreId
from database.connection import connect
from firmware_sim.load_cell import cell_for
from liveshelf.broker import free_port
from liveshelf.demo.process import Program
from tests.fakes.world_socket import WorldSocket

pytestmark = [pytest.mark.journey, pytest.mark.broker, pytest.mark.database]

SEED = 11
UNIT_G = 520.0
WAIT_S = 60.0

CATALOG = f"""\
sku,gtin,name,name_zh,unit,unit_weight_g,unit_spread_g,price,currency,case_gtin,case_units
WATER,,Still water 500 ml,纯净水 500 毫升,each,{UNIT_G},2.0,2.00,EUR,,
"""
PLANOGRAM = """\
position,sku,bay,shelf,plates,zones,capacity,low_units,valid_from
b1-s1-p1,WATER,b1,b1-s1,b1-s1-l1,,12,4,2020-01-01T00:00:00Z
"""


class Shop:
    """One plate with water on it, and all programs around it."""

    def __init__(self, world: WorldSocket, api_url: str, key: str, database_url: str) -> None:
        self.world = world
        self._database_url = database_url
        self.api_url = api_url
        self.key = key

    def ask(self, path: str) -> Any:
        request = urllib.request.Request(self.api_url + path, headers={"Authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def one(self, question: LiteralString) -> Any:
        """Return the first value of the first row the database has, None without one."""
        with connect(self._database_url) as connection:
            row = connection.execute(question).fetchone()
        return row[0] if row else None

    def wait_until(self, question: LiteralString, value: object) -> None:
        deadline = time.monotonic() + WAIT_S
        while (found := self.one(question)) != value:
            assert time.monotonic() < deadline, f"{question} still gives {found}"
            time.sleep(0.1)

    def wait_for(self, path: str, is_so: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + WAIT_S
        answer: Any = None
        while time.monotonic() < deadline:
            try:
                answer = self.ask(path)
            except OSError:
                answer = None
            if answer is not None and is_so(answer):
                return answer
            time.sleep(0.1)
        pytest.fail(f"{path} still answers {answer}")


def agent_file(folder: Path, broker_url: str) -> Path:
    cell = cell_for(SEED, "b1-s1-l1", 10_000.0)
    path = folder / "bay-1.toml"
    path.write_text(
        f"""\
store = "journey-{folder.name}"
device = "bay-1"
hardware = "firmware_sim.wires:open_bay"
data_dir = "{folder / "device"}"
broker = "{broker_url}"
heartbeat_s = 10.0
[hardware_options]
socket = "{folder / "world.sock"}"
seed = {SEED}
[[plates]]
plate = "b1-s1-l1"
bay = "b1"
shelf = "b1-s1"
zero_count = {cell.zero_count}
counts_per_g = {cell.counts_per_g}
capacity_g = 10000.0
rate_sps = 10.0
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def shop(tmp_path: Path, database_url: str, broker_url: str) -> Iterator[Shop]:
    clock = ShopClock(origin_unix_s=time.time(), rate=4.0)
    store = StoreId(f"journey-{tmp_path.name}")
    (tmp_path / "catalog.csv").write_text(CATALOG, encoding="utf-8")
    (tmp_path / "planogram.csv").write_text(PLANOGRAM, encoding="utf-8")
    with connect(database_url) as connection:
        import_catalog(connection, tmp_path / "catalog.csv", store=store, at=clock.now())
        import_planogram(connection, store, tmp_path / "planogram.csv", at=clock.now())
        scopes = ["availability:read", "tasks:read", "orders:read"]
        key = create_key(connection, name="journey", scopes=scopes, stores=[store], at=clock.now())
    port = free_port()
    environment = {
        **clock.environment(),
        "LIVESHELF_DATABASE_URL": database_url,
        "LIVESHELF_MQTT_URL": broker_url,
        "LIVESHELF_STORE": store,
        "LIVESHELF_API_PORT": str(port),
    }
    commands = {
        "gateway": ("gateway",),
        "worker": ("cloud", "worker"),
        "api": ("cloud", "api"),
        "agent": ("edge", "--config", str(agent_file(tmp_path, broker_url))),
    }
    with ExitStack() as stack:
        world = stack.enter_context(WorldSocket(tmp_path / "world.sock", {"b1-s1-l1": 10 * UNIT_G}))
        for name, (module, *arguments) in commands.items():
            program = Program(name, module, arguments, tmp_path / f"{name}.log", environment)
            program.start()
            stack.callback(program.stop)
        yield Shop(world, f"http://127.0.0.1:{port}", key, database_url)


def test_a_bottle_that_leaves_the_shelf_leaves_the_answer_and_a_low_shelf_becomes_an_order(
    shop: Shop, tmp_path: Path
) -> None:
    store = f"journey-{tmp_path.name}"
    water = f"/v1/availability/WATER?store={store}"
    counted = shop.wait_for(water, lambda answer: answer["on_shelf"] == 10)
    assert counted["sellable"] == 10
    assert "weight" in counted["basis"]

    shop.world.lay(b1_s1_l1=9 * UNIT_G)
    picked = shop.wait_for(water, lambda answer: answer["on_shelf"] == 9)
    assert picked["sellable"] == 9
    # An answer may be newer than its number, never older (design section 6): the number of the pick follows.
    shop.wait_for(water, lambda answer: answer["change"] > counted["change"])

    shop.world.lay(b1_s1_l1=5 * UNIT_G)
    shop.wait_for(water, lambda answer: answer["on_shelf"] == 5)
    shop.world.lay(b1_s1_l1=2 * UNIT_G)
    orders = f"/v1/replenishment-orders?store={store}&state=open"
    (order,) = shop.wait_for(orders, lambda answer: bool(answer["orders"]))["orders"]
    assert order["sku"] == "WATER"
    assert order["units"] >= 10


FROZEN: LiteralString = "SELECT frozen FROM position_quantity WHERE position = 'b1-s1-p1'"
BEST: LiteralString = "SELECT best FROM position_quantity WHERE position = 'b1-s1-p1'"
VERDICT: LiteralString = "SELECT verdict FROM health_current WHERE subject = 'plate:b1-s1-l1'"
EVENTS: LiteralString = "SELECT string_agg(kind || ' ' || quantity, ', ') FROM shelf_event"
WORK: LiteralString = """SELECT (SELECT count(*) FROM shortage) + (SELECT count(*) FROM task)
                               + (SELECT count(*) FROM replenishment_order)"""
HEARD: LiteralString = "SELECT as_of FROM plate_current WHERE plate = 'b1-s1-l1'"
MEANWHILE = timedelta(seconds=45)
"""Shop time in which a shelf that is low would have become an order: it is held for 15 s."""


def test_a_scale_without_its_plug_freezes_the_count_and_asks_for_nothing_until_it_is_back_and_exact(
    shop: Shop, tmp_path: Path
) -> None:
    water = f"/v1/availability/WATER?store=journey-{tmp_path.name}"
    shop.wait_for(water, lambda answer: answer["on_shelf"] == 10)
    shop.wait_until(FROZEN, value=False)

    shop.world.pull_plug("b1-s1-l1")
    shop.wait_until(FROZEN, value=True)
    shop.wait_until(VERDICT, "unplugged")
    unsure = shop.wait_for(water, lambda answer: answer["sellable"] < 10)
    assert unsure["on_shelf"] == 10, "what stands there is not gone because nobody sees it"
    assert unsure["sellable"] >= 7

    # Nearly all of it is sold meanwhile, and shop time passes: more than a shortage is held for.
    shop.world.lay(b1_s1_l1=2 * UNIT_G)
    pulled_at = shop.one(HEARD)
    while shop.one(HEARD) - pulled_at < MEANWHILE:
        time.sleep(0.2)
    assert (shop.one(FROZEN), shop.one(BEST), shop.one(WORK)) == (True, 10, 0)
    assert shop.ask(water)["on_shelf"] == 10

    shop.world.put_plug_back("b1-s1-l1")
    shop.wait_until(VERDICT, "ok")
    back = shop.wait_for(water, lambda answer: answer["on_shelf"] == 2)
    assert back["sellable"] == 2
    shop.wait_until(FROZEN, value=False)
    assert shop.one(EVENTS) == "pick 8", "how many hands took them nobody saw: no sweep"
    orders = f"/v1/replenishment-orders?store=journey-{tmp_path.name}&state=open"
    assert shop.wait_for(orders, lambda answer: bool(answer["orders"]))


def test_a_scale_that_was_unplugged_and_comes_back_untouched_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    water = f"/v1/availability/WATER?store=journey-{tmp_path.name}"
    shop.wait_for(water, lambda answer: answer["on_shelf"] == 10)
    for _ in range(2):
        shop.world.pull_plug("b1-s1-l1")
        shop.wait_until(FROZEN, value=True)
        shop.world.put_plug_back("b1-s1-l1")
        shop.wait_until(FROZEN, value=False)
    shop.world.lay(b1_s1_l1=9 * UNIT_G)
    assert shop.wait_for(water, lambda answer: answer["on_shelf"] == 9)["sellable"] == 9
    assert shop.one(EVENTS) == "pick 1"


def test_a_shelf_emptied_in_one_go_is_a_case_for_loss_prevention_and_no_order(shop: Shop, tmp_path: Path) -> None:
    store = f"journey-{tmp_path.name}"
    shop.wait_for(f"/v1/availability/WATER?store={store}", lambda answer: answer["on_shelf"] == 10)
    shop.world.lay(b1_s1_l1=UNIT_G)
    (case,) = shop.wait_for(f"/v1/tasks?store={store}&state=open", lambda answer: bool(answer["tasks"]))["tasks"]
    assert (case["kind"], case["position"], case["suggested_units"]) == ("investigate", "b1-s1-p1", 9)
    swept_at = shop.one(HEARD)
    while shop.one(HEARD) - swept_at < MEANWHILE:
        time.sleep(0.2)
    assert shop.one("SELECT count(*) FROM shortage WHERE closed_at IS NULL") == 1, "that it is low is told all the same"
    assert shop.ask(f"/v1/replenishment-orders?store={store}")["orders"] == []
