"""What the page's own scripts do with a stream: parts change, hands are not disturbed, a lost connection comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.stage import Stage, staged

pytestmark = pytest.mark.browser

WAIT_MS = 30_000


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def page(chromium: Browser, stage: Stage) -> Iterator[Page]:
    """The page on the stage, live, in a browser of Berlin."""
    with staged(stage) as address:
        context = chromium.new_context(timezone_id="Europe/Berlin", locale="en-GB")
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        stage.say({"down": "", "clock": {"shop_ms": 1767225600000, "rate": 1.0}}, "e.2.2")
        page.goto(address)
        expect(page.locator("[data-state=live]")).to_have_count(1)
        yield page
        context.close()


def test_parts_change_where_they_stand_drawings_too(page: Page, stage: Stage) -> None:
    stage.say({"parts": {"tile:p1": "<text>7</text>", "card:p1": "7 left", "tile:of another page": "x"}}, "e.3.3")
    expect(page.locator("svg text")).to_have_text("7")
    expect(page.locator("[data-part='card:p1']")).to_have_text("7 left")
    kind = page.evaluate("document.querySelector('svg text').namespaceURI")
    assert kind == "http://www.w3.org/2000/svg"
    expect(page.locator(".changed")).to_have_count(2)
    expect(page.locator(".changed")).to_have_count(0)


def test_a_part_that_looks_the_same_is_left_alone(page: Page, stage: Stage) -> None:
    page.evaluate("window.before = document.querySelector('svg text')")
    stage.say({"parts": {"tile:p1": "<text>8</text>", "card:p1": "7 left"}}, "e.3.3")
    expect(page.locator("[data-part='card:p1']")).to_have_text("7 left")
    assert page.evaluate("document.querySelector('svg text') === window.before")
    expect(page.locator("svg .changed")).to_have_count(0)


def test_what_happened_is_told_once_newest_first_and_thirty_times_at_most(page: Page, stage: Stage) -> None:
    first = [f"<li data-key='event:{number}'>{number}</li>" for number in range(25)]
    stage.say({"now": first}, "e.3.3")
    stage.say({"now": [*first[20:], *(f"<li data-key='event:{number}'>{number}</li>" for number in range(25, 40))]})
    expect(page.locator("[data-now] li").first).to_have_text("39")
    told = page.locator("[data-now] li").all_inner_texts()
    assert told == [str(number) for number in range(39, 9, -1)]


def test_the_banner_comes_and_goes(page: Page, stage: Stage) -> None:
    stage.say({"down": "<p>The gateway is down.</p>"})
    expect(page.locator("[data-down]")).to_have_text("The gateway is down.")
    stage.say({"down": ""})
    expect(page.locator("[data-down]")).to_be_empty()


def test_lists_and_plots_hear_what_is_theirs(page: Page, stage: Stage) -> None:
    page.evaluate(
        """() => { window.heard = [];
        for (const name of ["live:tasks", "live:stock:tea", "live:weights"])
          document.body.addEventListener(name, (event) => window.heard.push([name, event.detail])); }"""
    )
    stage.say({"touched": ["stock:tea", "tasks"], "weights": [["l1", 1767225600000, 412.5]]})
    stage.say({"touched": ["weights"]})
    page.wait_for_function("window.heard.length === 4")
    assert json.dumps(page.evaluate("window.heard")) == json.dumps(
        [["live:stock:tea", None], ["live:tasks", None], ["live:weights", [["l1", 1767225600000, 412.5]]],
         ["live:weights", None]]
    )  # fmt: skip


def test_the_focus_stays_on_a_button_whose_card_changes(page: Page, stage: Stage) -> None:
    page.focus("button")
    stage.say({"parts": {"card:p1": "7 left <button>Take</button><input name='units'>"}})
    expect(page.locator("[data-part='card:p1']")).to_contain_text("7 left")
    expect(page.locator("button")).to_be_focused()


def test_what_is_being_typed_stays_until_the_field_is_left(page: Page, stage: Stage) -> None:
    page.locator("input").press_sequentially("12")
    stage.say({"parts": {"card:p1": "6 left <button>Take</button><input name='units'>", "tile:p1": "<text>6</text>"}})
    expect(page.locator("svg text")).to_have_text("6")
    expect(page.locator("[data-part='card:p1']")).to_contain_text("8 left")
    assert page.input_value("input") == "12"
    page.locator("input").blur()
    expect(page.locator("[data-part='card:p1']")).to_contain_text("6 left")


@pytest.mark.parametrize("status", [None, 503], ids=["cut", "cut and refused"])
def test_a_lost_stream_is_told_and_taken_up_where_it_ended(page: Page, stage: Stage, status: int | None) -> None:
    stage.say({"parts": {"tile:p1": "<text>7</text>"}}, "e.9.4")
    expect(page.locator("svg text")).to_have_text("7")
    stage.refuse = status
    stage.cut()
    expect(page.locator("[data-state=reconnecting]")).to_have_count(1)
    if status is not None:
        page.wait_for_timeout(1_500)  # some tries are refused meanwhile
        stage.refuse = None
    stage.say({"down": ""})
    expect(page.locator("[data-state=live]")).to_have_count(1)
    assert [query["after"] for query in stage.asked] == ["e.1.1", "e.9.4"]


@pytest.mark.parametrize("status", [401, 403])
def test_whoever_is_logged_out_meanwhile_is_led_to_the_log_in(page: Page, stage: Stage, status: int) -> None:
    stage.refuse = status
    stage.cut()
    page.wait_for_url("**/login?next=%2F")


def test_a_page_that_cannot_be_brought_up_to_date_loads_anew_once(page: Page, stage: Stage) -> None:
    page.evaluate("window.thisVeryPage = true")
    stage.say_reload()
    page.wait_for_function("window.thisVeryPage === undefined")
    stage.opened.acquire()  # the stream of the page that was left
    stage.opened.acquire()
    page.evaluate("window.thisVeryPage = true")
    stage.say_reload()
    stage.say({"parts": {"tile:p1": "<text>5</text>"}})
    expect(page.locator("svg text")).to_have_text("5")
    page.wait_for_timeout(2_500)
    assert page.evaluate("window.thisVeryPage") is True, "not over and over again"


def test_a_page_nobody_looks_at_lets_its_connection_go_and_comes_back(page: Page, stage: Stage) -> None:
    page.evaluate(
        """() => { let hidden = true;
        Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
        window.look = () => { hidden = false; document.dispatchEvent(new Event("visibilitychange")); };
        const real = setTimeout; window.setTimeout = (work, ms, ...rest) => real(work, ms / 10, ...rest);
        document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    page.wait_for_timeout(1_500)
    stage.cut()  # that stream has no reader any more
    page.evaluate("window.look()")
    stage.say({"parts": {"tile:p1": "<text>5</text>"}})
    expect(page.locator("svg text")).to_have_text("5")
    assert [query["after"] for query in stage.asked] == ["e.1.1", "e.2.2"]


@pytest.mark.parametrize(("language", "told"), [("en", "3 minutes ago"), ("zh-Hans", "3分钟前")])
def test_times_are_told_in_the_language_of_the_page(
    chromium: Browser, stage: Stage, language: str, told: str
) -> None:  # fmt: skip
    stage.language = language
    with staged(stage) as address:
        context = chromium.new_context(timezone_id="Europe/Berlin", locale="en-GB")
        page = context.new_page()
        stage.say({"down": ""})
        page.goto(address)
        expect(page.locator("time")).to_have_text(told)
        stage.say({"clock": {"shop_ms": 1767225600000 + 57 * 60_000, "rate": 1.0}})
        expect(page.locator("time")).to_have_text({"en": "1 hour ago", "zh-Hans": "1小时前"}[language])
        title = page.get_attribute("time", "title")
        context.close()
    assert title is not None
    assert "00:57" in title, "the local time of the visitor"
