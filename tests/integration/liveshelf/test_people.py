"""`liveshelf people` on a real database: whom it lets in, and what it says of a mistake."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud.access.login.service import LoginRefused, log_in, people, session_of
from cloud.catalog.service import import_catalog, import_planogram
from contract.ids import StoreId
from database.connection import connect
from tests.fixtures.database import MIGRATED_AT
from tests.integration.liveshelf.running import PREFIX, liveshelf

pytestmark = pytest.mark.database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PASSWORD = "a quiet teapot"
LI = ("people", "add", "Li", "--name", "李 Li", "--role", "staff", "--store", "main-street")


@pytest.fixture
def shop_url(database_url: str, tmp_path: Path) -> str:
    catalog, planogram = tmp_path / "catalog.csv", tmp_path / "planogram.csv"
    catalog.write_text("sku,gtin,name,unit_weight_g\ntea,,Tea,250\n", encoding="utf-8")
    planogram.write_text(
        "position,sku,bay,shelf,plates,zones,capacity,low_units,valid_from\np1,tea,b1,b1-s1,l1,,12,,\n",
        encoding="utf-8",
    )
    with connect(database_url) as connection:
        import_catalog(connection, catalog, store=StoreId("main-street"), at=MIGRATED_AT)
        import_planogram(connection, StoreId("main-street"), planogram, at=MIGRATED_AT)
    return database_url


def run(url: str, *arguments: str, typed: str = f"{PASSWORD}\n") -> subprocess.CompletedProcess[str]:
    return liveshelf(*arguments, typed=typed, LIVESHELF_DATABASE_URL=url)


def may_enter(url: str, password: str) -> bool:
    with connect(url) as link:
        try:
            log_in(link, "li", password, address="192.0.2.7", wall_at=NOON)
        except LoginRefused:
            return False
        return True


def test_somebody_is_let_in_listed_and_shut_out(shop_url: str) -> None:
    added = run(shop_url, *LI)
    assert (added.returncode, added.stdout, added.stderr) == (0, "added li: staff in main-street\n", "")
    assert may_enter(shop_url, PASSWORD)
    assert "李 Li" in run(shop_url, "people", "list").stdout
    assert run(shop_url, "people", "disable", "LI").returncode == 0
    assert not may_enter(shop_url, PASSWORD)
    assert "disabled" in run(shop_url, "people", "list").stdout
    assert run(shop_url, "people", "enable", "li").returncode == 0
    assert may_enter(shop_url, PASSWORD)


def test_a_new_password_ends_what_the_old_one_opened(shop_url: str) -> None:
    run(shop_url, *LI)
    with connect(shop_url) as link:
        token = log_in(link, "li", PASSWORD, address="192.0.2.7", wall_at=NOON)
        assert run(shop_url, "people", "password", "Li", typed="another teapot\n").returncode == 0
        assert session_of(link, token, wall_at=NOON) is None
    assert may_enter(shop_url, "another teapot")
    assert not may_enter(shop_url, PASSWORD)


@pytest.mark.parametrize(
    ("wrong", "typed", "said"),
    [
        (("--role", "cook"), PASSWORD, "role: found 'cook', expected one of staff, installer, manager"),
        (("--store", "main-stret"), PASSWORD, "--store: found 'main-stret', expected main-street, or * for every"),
        (("--name", " "), PASSWORD, "name: found none, expected what the person is called"),
        ((), "", "password: expected at least 8 characters"),
        ((), "12345678", "password: expected one that is not among the first to be guessed"),
    ],
)
def test_a_mistake_is_one_sentence_and_lets_nobody_in(
    shop_url: str, wrong: tuple[str, ...], typed: str, said: str
) -> None:
    told = run(shop_url, *LI, *wrong, typed=typed)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(f"{PREFIX}{said}")
    assert len(told.stderr.splitlines()) == 1
    with connect(shop_url) as link:
        assert people(link) == []


def test_a_name_that_is_taken_or_unknown_is_one_sentence(shop_url: str) -> None:
    run(shop_url, *LI)
    assert run(shop_url, *LI).stderr == f"{PREFIX}login: found 'li', which somebody has already\n"
    assert run(shop_url, "people", "disable", "wang").stderr == f"{PREFIX}login: nobody is called 'wang'\n"


def test_a_new_installation_lets_nobody_in(shop_url: str) -> None:
    assert "nobody yet" in run(shop_url, "people", "list").stdout
