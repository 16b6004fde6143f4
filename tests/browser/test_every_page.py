"""Every page, at both widths, in both languages, light and dark: reachable for all, whole, from this host alone."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.database]

OUTSIDE = ("/login", "/login/pin")
INSIDE = (
    "/stores/corner-shop/map",
    "/stores/corner-shop/map?as=table",
    "/stores/corner-shop/restock",
    "/stores/corner-shop/shelves/b1-s1",
    "/stores/corner-shop/shelves/b3-s4",
    "/stores/corner-shop/availability",
    "/stores/corner-shop/availability?search=tea",
    "/stores/corner-shop/availability?search=nothing-like-it",
    "/stores/corner-shop/availability/OOLONG-500",
    "/stores/corner-shop/losses",
    "/stores/corner-shop/system",
    "/stores/corner-shop/devices",
    "/stores/corner-shop/devices/bay-1",
    "/stores/corner-shop/fitting",
    "/stores/corner-shop/fitting/b9-s2-p1",
    "/stores/corner-shop/labels?bay=9&shelves=1&places=3",
    "/account",
    "/people",
    "/people/new",
)
GONE = "/stores/corner-shop/shelves/b9-s9"
SERIOUS = frozenset({"serious", "critical"})


@pytest.mark.parametrize(
    ("width", "language", "scheme"),
    list(itertools.product(("phone", "desktop"), ("en", "zh-Hans"), ("light", "dark"))),
)
def test_every_page_can_be_used_by_everybody(visit: Visit, width: str, language: str, scheme: str) -> None:
    visitor = visit(width=width, language=language, scheme=scheme)
    found: list[str] = []
    for path in OUTSIDE:
        found += wrong_with(visitor.go(path), path, language)
    visitor.log_in("admin")
    for path in (*INSIDE, GONE):
        found += wrong_with(visitor.go(path), path, language)
        keep_picture(visitor.page, f"{path.strip('/').replace('/', '-')}-{width}-{language}-{scheme}")
    visitor.forgive("404")
    assert found == []


def wrong_with(page: Page, path: str, language: str) -> list[str]:
    """Return what is wrong with the page that is open."""
    page.wait_for_load_state("load")
    wrong = [f"{path}: {_told(one)}" for one in Axe().run(page).response["violations"] if one["impact"] in SERIOUS]
    if page.get_attribute("html", "lang") != language:
        wrong.append(f"{path}: not in {language}")
    overhang = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if overhang > 0:
        wrong.append(f"{path}: scrolls sideways by {overhang} px")
    if page.locator("h1").count() != 1:
        wrong.append(f"{path}: {page.locator('h1').count()} headings of the first level, expected 1")
    return wrong


def _told(violation: dict[str, Any]) -> str:
    places = "; ".join(
        f"{node['html'][:120]} ({node.get('failureSummary', '')[:200]})" for node in violation["nodes"][:3]
    )
    return f"{violation['id']} ({violation['impact']}): {places}"


def keep_picture(page: Page, name: str) -> None:
    """With LIVESHELF_TEST_PICTURES set to a folder, keep a picture for people to look at."""
    folder = os.environ.get("LIVESHELF_TEST_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
