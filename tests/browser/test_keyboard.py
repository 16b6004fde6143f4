"""Without a mouse, in a narrow or enlarged window, in the system's own colours: all can be found, read and done."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.database]

STORE = "/stores/corner-shop"
PAGES = (
    "map", "map?as=table&show=low", "restock", "shelves/b1-s1", "availability?search=tea", "availability/OOLONG-500",
    "losses", "system",
)  # fmt: skip
NARROW = {"width": 320, "height": 568}
"""What WCAG 2.2, 1.4.10, asks for: also a window of 1280 px at 400 %."""

ENLARGED = {"width": 640, "height": 450}
"""A window of 1280 by 900 px at 200 %."""

STEPS_MAX = 45

FOCUSED = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const frame = one.querySelector(".tile-frame, .board-wood");
  const inside = (middle, length) => Math.min(length - 2, Math.max(1, middle));
  const at = document.elementFromPoint(
    inside(box.x + box.width / 2, innerWidth), inside(box.y + box.height / 2, innerHeight));
  return {
    what: one.outerHTML.slice(0, 150),
    name: (one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.querySelector("title")?.textContent
      || document.getElementById(one.getAttribute("aria-labelledby"))?.textContent || one.textContent).trim(),
    ring: parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none"
      || frame !== null && parseFloat(getComputedStyle(frame).strokeWidth) >= 3,
    seen: at !== null && (one.contains(at) || at.contains(one)) && box.bottom > 0 && box.top < innerHeight,
  };
}"""
"""What has the focus: whether it has a name and a ring, and whether its middle lies under something else."""


@pytest.mark.parametrize("window", [NARROW, ENLARGED], ids=["narrow", "enlarged"])
def test_the_tab_key_walks_every_page_and_one_sees_where(visit: Visit, window: dict[str, int]) -> None:
    visitor = visit(role="manager")
    visitor.page.set_viewport_size(window)  # type: ignore[arg-type]
    visitor.page.emulate_media(reduced_motion="no-preference")  # with less motion, styles follow a frame later
    for path in PAGES:
        page = visitor.go(f"{STORE}/{path}")
        wrong = [step["what"] for step in _walk(page) if not (step["name"] and step["ring"] and step["seen"])]
        assert wrong == [], path
        overhang = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overhang <= 0, path


def _walk(page: Page) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    while len(steps) < STEPS_MAX:
        page.keyboard.press("Tab")
        step = page.evaluate(FOCUSED)
        if step is None:
            break
        steps.append(step)
    assert len(steps) > 5
    return steps


def test_the_menu_opens_and_closes_by_keys(visit: Visit) -> None:
    page = visit(role="staff", width="phone").page
    page.locator("details.menu summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Your account")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("details.menu summary")).to_be_focused()
    expect(page.locator(".menu-body")).to_be_hidden()


def test_a_card_is_taken_and_done_by_keys_and_the_focus_stays_on_it(visit: Visit, shop: Shop) -> None:
    shop.make_low("b3-s1-p2", 4)
    visitor = visit(role="staff")
    page = visitor.page
    card = page.locator(".restock-card", has=page.get_by_role("heading", name="Soft toothbrush"))
    card.get_by_role("button", name="Take").focus()
    page.keyboard.press("Enter")
    expect(card).to_be_focused()
    expect(page.locator("#restock-notice[role=status]")).to_contain_text("is yours.")
    field = card.get_by_label("How many did you put on the shelf?")
    field.fill("a few")
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("2")
    page.keyboard.press("Enter")
    expect(card).to_be_focused()
    expect(card).to_contain_text("Waiting for the scale to see it")
    visitor.forgive("422")


def test_a_place_that_changes_keeps_the_focus(visit: Visit, shop: Shop) -> None:
    visitor = visit(role="staff")
    page = visitor.go(f"{STORE}/map")
    visitor.wait_live()
    tile = page.locator("[data-part='tile:b2-s4-p1']")
    tile.focus()
    before = tile.inner_html()
    shop.do("pick", position="b2-s4-p1", units=1)
    page.wait_for_function("(before) => document.activeElement.innerHTML !== before", arg=before)
    expect(tile).to_be_focused()


def test_the_systems_own_colours_still_say_where_one_is(visit: Visit) -> None:
    page = visit(role="manager").page
    page.emulate_media(forced_colors="active")
    page.goto(page.url)
    lines = {
        current: page.locator(f".tabs a{current}").first.evaluate("(one) => getComputedStyle(one).borderTopWidth")
        for current in ("[aria-current]", ":not([aria-current])")
    }
    assert lines == {"[aria-current]": "3px", ":not([aria-current])": "0px"}


def test_after_logging_out_no_key_leads_back_to_what_was_seen(visit: Visit) -> None:
    visitor = visit(role="manager")
    page = visitor.go(f"{STORE}/availability")
    page.click("details.menu summary")
    page.click("form[action='/logout'] button")
    page.wait_for_url("**/login")
    page.go_back()
    page.wait_for_url("**/login?next=*")
    assert page.locator(".tabs").count() == 0


def test_a_form_sent_after_the_log_in_ended_elsewhere_leads_to_the_log_in_and_back(visit: Visit) -> None:
    visitor = visit(role="manager")
    page = visitor.go(f"{STORE}/restock")
    take = page.get_by_role("button", name="Take").first
    expect(take).to_be_visible()  # what a page has not heard before the log-in ended it never hears
    elsewhere = visitor.context.new_page()
    elsewhere.goto(page.url)
    elsewhere.click("details.menu summary")
    elsewhere.click("form[action='/logout'] button")
    elsewhere.wait_for_url("**/login")
    take.click()
    page.wait_for_url("**/login?next=*")
    login, password = visitor.shop.login("manager")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{STORE}/restock")
    visitor.forgive("401")
