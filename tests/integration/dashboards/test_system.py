"""The system page of a real shop: what runs, and in words what does not."""

from __future__ import annotations

import pytest

from cloud.access.login.model import Role
from database.connection import connect
from database.presence import GATEWAY, WORKER, announce
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.visitor import LogIn, Visitor


def _device(shop: Shop, *, online: bool) -> None:
    """Write what a gateway writes when a device connects or is lost."""
    with shop.connection.transaction():
        shop.connection.execute(
            """INSERT INTO device (device, store, online, journal, birth, seen_at)
               VALUES ('bay-1', %s, %s, 'j', '{"plates": [{"plate": "b1-s1-l1", "bay": "b1"}]}', %s)""",
            (STORE, online, shop.clock.now()),
        )


def test_programs_that_are_away_are_told_with_what_it_means(site: Visitor) -> None:
    page = site.get("system")
    assert "The gateway is down." in page
    assert "The worker is down." in page
    assert "All is well" not in page


def test_a_store_in_which_all_is_well_says_so(shop: Shop, site: Visitor) -> None:
    _device(shop, online=True)
    with shop.connection.transaction():
        shop.connection.execute(
            "INSERT INTO gateway_link (store, connected, since) VALUES (%s, true, %s)", (STORE, shop.clock.now())
        )
    with connect(shop.url) as gateway, connect(shop.url) as worker:
        announce(gateway, GATEWAY, store=STORE)
        announce(worker, WORKER)
        page = site.get("system")
    assert "All is well" in page
    assert "Bay 1" in page
    assert "is down" not in page


def test_a_scale_that_is_not_well_is_named_by_the_place_it_is_under(shop: Shop, site: Visitor) -> None:
    _device(shop, online=True)
    with shop.connection.transaction():
        shop.connection.execute(
            """INSERT INTO health_current (device, subject, verdict, noise_g, rejected, samples, queued, as_of)
               VALUES ('bay-1', 'plate:b1-s1-l1', 'unplugged', 0, '{}', 9, 0, %s)""",
            (shop.clock.now(),),
        )
    page = site.get("system/list")
    assert "p-tea" in page
    assert "unplugged" in page
    assert "<html" not in page, "the list alone, for the page to put in place"


def test_the_list_counts_what_the_planogram_names(site: Visitor) -> None:
    assert "2 scales · 0 antennas" in site.get("system")


@pytest.mark.parametrize("role", ["staff", "developer", "loss_prevention"])
@pytest.mark.parametrize("page", ["system", "system/list"])
def test_the_system_page_is_not_for_every_role(log_in: LogIn, role: Role, page: str) -> None:
    log_in(role).get(page, status=403)


@pytest.mark.parametrize("role", ["installer", "manager"])
def test_installers_and_managers_see_the_system(log_in: LogIn, role: Role) -> None:
    log_in(role).get("system")
