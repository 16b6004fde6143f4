"""The small shop with a bay that waits to be fitted: its device has reported, its plates carry nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from msgspec import to_builtins
from psycopg.types.json import Jsonb

from cloud.parts import Parts
from contract.ids import PlateId
from contract.records import Birth
from dashboards.web.app import Site
from firmware_sim.load_cell import cell_for
from tests.fakes.devices_link import BayLink
from tests.fakes.fitting import CAPACITY_G, SEED, Fitting
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.visitor import PATH, LogIn, opened

LEFT, RIGHT = PlateId("new-l1"), PlateId("new-l2")
PLACE = "b1-s1-p7"
"""On the shelf on which the device says its plates are."""


class FittingShop:
    """A shop, its bay, the link to it, and an installer before the pages."""

    def __init__(self, shop: Shop, log_in: LogIn, bay: Fitting, link: BayLink) -> None:
        self.shop = shop
        self.log_in = log_in
        self.bay = bay
        self.link = link
        self.visitor = log_in("installer")

    def look(self, place: str = PLACE, *, seen: str = "") -> str:
        """Let the page look once; return the piece of HTML it gets, nothing when all is as it was."""
        answer = self.visitor.client.post(
            f"{PATH}/fitting/{place}/look",
            data={"csrf": self.visitor.csrf, "seen": seen},
            headers={"HX-Request": "true"},
        )
        assert answer.status_code in (200, 204), answer.text
        return answer.text

    def look_until(self, words: str, place: str = PLACE, *, looks: int = 12) -> str:
        """Let the page look until it says these words."""
        for _ in range(looks):
            found = self.look(place)
            if words in found:
                return found
        raise AssertionError(f"{words!r} is not in {found}")

    def say(self, act: str, place: str = PLACE, *, status: int = 200, **fields: str) -> str:
        """Send a form of the wizard as its script does; return the screen."""
        return self.visitor.post(f"fitting/{place}/{act}", htmx=True, status=status, **fields).text

    def press(self, plate: PlateId = LEFT) -> None:
        """Press on a plate for long enough, and let go."""
        self.look()
        self.bay.hands[plate] = lambda _ms: 1_500.0
        self.bay.run(1.0)
        self.look()
        self.bay.hands.clear()
        self.bay.run(1.0)

    def lay(self, load_g: float, plate: PlateId = LEFT) -> None:
        """Let so much lie on a plate."""
        self.bay.lay(plate, load_g)
        self.bay.run(1.0)

    def calibrate(self) -> str:
        """Fit the left plate up to the question what belongs here; return that screen."""
        self.press()
        self.look_until("Is the plate empty?")
        self.say("empty")
        self.look_until("Lay 2 kg on it")
        self.lay(2_000.0)
        self.look_until("Now only 1 kg")
        self.lay(1_000.0)
        return self.look_until("What belongs here?")

    def positions(self) -> dict[str, tuple[Any, ...]]:
        """Return the planogram that holds: SKU, plates, capacity and low level by position."""
        rows = self.shop.connection.execute(
            """SELECT position, sku, plates, capacity, low_units FROM planogram_position
               WHERE planogram_id = planogram_of(%s, %s)""",
            (STORE, self.shop.clock.now()),
        ).fetchall()
        self.shop.connection.rollback()
        return {position: tuple(rest) for position, *rest in rows}


@contextmanager
def fitting_shop(shop: Shop, **settings: str) -> Iterator[FittingShop]:
    """Open the pages of the shop over a fake bay."""
    bay = Fitting({plate: cell_for(SEED, plate, CAPACITY_G) for plate in (LEFT, RIGHT)}, store=STORE)
    report(shop, bay)
    link = BayLink(bay, STORE)
    with opened(shop, **settings) as log_in:
        fitting = FittingShop(shop, log_in, bay, link)
        site = cast("Site", fitting.visitor.client.app)
        parts: Parts = site.pages.state.parts
        site.pages.state.parts = replace(parts, devices=link)  # type: ignore[arg-type]  # what pages ask of it
        yield fitting


def report(shop: Shop, bay: Fitting, *, online: bool = True) -> None:
    """Write what a gateway writes when the device of a bay connects."""
    settings = bay.book.applied(bay.settings)
    birth = Birth(
        device=settings.device, store=settings.store, journal="0" * 32, boot="boot", board_serial="10000000a1b2c3d4",
        agent_version="0.1.0", sent_mono_ms=0, plates=settings.birth_plates(), zones=[],
    )  # fmt: skip
    with shop.connection.transaction():
        shop.connection.execute(
            """INSERT INTO device (device, store, online, journal, birth, seen_at) VALUES (%s, %s, %s, %s, %s, %s)
               ON CONFLICT (device) DO UPDATE SET online = EXCLUDED.online, birth = EXCLUDED.birth""",
            (birth.device, birth.store, online, birth.journal, Jsonb(to_builtins(birth)), shop.clock.now()),
        )
