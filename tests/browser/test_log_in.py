"""Who comes in, and how: each role on its first page, wrong forms say so and keep what was typed, out again."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.database]

FIRST_PAGE = {
    "staff": "/restock",
    "installer": "/system",
    "manager": "/map",
    "developer": "/availability",
    "loss_prevention": "/map",
    "admin": "/map",
}


@pytest.mark.parametrize("role", FIRST_PAGE)
def test_each_role_comes_in_at_its_own_page_and_goes_out_again(visit: Visit, role: str) -> None:
    visitor = visit(role=role)
    assert visitor.page.url == f"{visitor.shop.url}/stores/corner-shop{FIRST_PAGE[role]}"
    visitor.page.click("details.menu summary")
    visitor.page.click("form[action='/logout'] button")
    visitor.page.wait_for_url("**/login")
    visitor.go("/stores/corner-shop/map")
    assert "/login?next=" in visitor.page.url


def test_a_page_that_asked_for_a_log_in_is_shown_after_it(visit: Visit) -> None:
    visitor = visit()
    visitor.go("/stores/corner-shop/shelves/b1-s1")
    login, password = visitor.shop.login("staff")
    visitor.page.fill("input[name=login]", login)
    visitor.page.fill("input[name=password]", password)
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/shelves/b1-s1")


def test_a_wrong_password_names_the_field_and_keeps_the_name(visit: Visit) -> None:
    visitor = visit()
    page = visitor.go("/login")
    page.fill("input[name=login]", "nobody-here")
    page.fill("input[name=password]", "not the password")
    page.keyboard.press("Enter")
    page.wait_for_selector("#error-password")
    assert page.input_value("input[name=login]") == "nobody-here"
    assert page.get_attribute("input[name=password]", "aria-invalid") == "true"
    visitor.forgive("403")


def test_an_empty_form_names_each_field(visit: Visit) -> None:
    visitor = visit()
    page = visitor.go("/login")
    page.click(".form button[type=submit]")
    page.wait_for_selector("#error-login")
    assert page.is_visible("#error-password")
    visitor.forgive("422")


def test_the_language_is_switched_on_any_page_and_stays(visit: Visit) -> None:
    visitor = visit(role="manager")
    page = visitor.go("/stores/corner-shop/availability")
    page.click("details.menu summary")
    page.click("button[name=language][value=zh-Hans]")
    page.wait_for_selector("html[lang=zh-Hans]")
    assert page.url.endswith("/stores/corner-shop/availability")
    assert page.locator(".tabs").get_by_text("门店图").is_visible()
    page.click("details.menu summary")
    page.click("button[name=language][value=en]")
    page.wait_for_selector("html[lang=en]")


def test_a_page_of_another_role_says_so_in_words(visit: Visit) -> None:
    visitor = visit(role="staff")
    page = visitor.go("/people")
    assert page.locator("h1").inner_text() == "This is not for your role"
    visitor.forgive("403")
