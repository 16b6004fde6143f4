"""Labels of places: each leads to its place, by an address a phone knows, and a wrong wish is told by its field."""

from __future__ import annotations

import re

import pytest

from dashboards.web.fitting.labels import is_address, label_url
from tests.integration.cloud.shop import STORE
from tests.integration.dashboards.visitor import LogIn, Visitor

pytestmark = pytest.mark.database


def test_a_new_bay_gets_a_label_for_each_of_its_places(site: Visitor) -> None:
    page = site.get("labels?bay=4&shelves=2&places=3&address=http://192.168.1.20:8080")
    assert re.findall(r"<code>(b4-s\d-p\d)</code>", page) == [
        "b4-s1-p1", "b4-s1-p2", "b4-s1-p3", "b4-s2-p1", "b4-s2-p2", "b4-s2-p3",
    ]  # fmt: skip
    assert page.count('class="qr"') == 6
    assert "Bay 4 · Shelf 2 · Place 3" in page


def test_a_label_leads_to_its_place_by_the_address_phones_know() -> None:
    assert label_url("http://192.168.1.20:8080/", STORE, "b4-s1-p2") == (
        f"http://192.168.1.20:8080/stores/{STORE}/fitting/b4-s1-p2"
    )


def test_a_bay_of_the_planogram_gets_labels_for_the_places_it_has(site: Visitor) -> None:
    for bay in ("b1", "1"):
        page = site.get(f"labels?bay={bay}&shelves=9&places=9")
        assert re.findall(r"<code>([\w-]+)</code>", page) == ["p-gum", "p-tea", "d-gum"]


def test_the_form_offers_the_next_bay_and_its_own_address(site: Visitor) -> None:
    page = site.get("labels")
    assert 'name="bay" type="text" value="2"' in page
    assert 'value="http://testserver"' in page
    assert 'class="qr"' not in page


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("bay=a+b", "bay"), ("bay=9&shelves=0", "shelves"), ("bay=9&shelves=13", "shelves"),
        ("bay=9&places=two", "places"), ("bay=9&places=1.5", "places"), ("bay=9&address=ftp://x", "address"),
        ("bay=9&address=http://x/y", "address"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_beside_its_field_and_what_was_typed_stays(site: Visitor, query: str, field: str) -> None:
    page = site.get(f"labels?{query}", status=422)
    assert re.findall(r'id="error-(\w+)"', page) == [field]
    assert 'class="qr"' not in page
    typed = query.rsplit("&", maxsplit=1)[-1].partition("=")[2].replace("+", " ")
    assert f'value="{typed}"' in page


def test_full_width_digits_are_digits(site: Visitor) -> None:
    assert site.get("labels?bay=9&shelves=２&places=１").count('class="qr"') == 2


def test_who_looks_on_the_computer_itself_is_told_that_no_phone_gets_there(site: Visitor) -> None:
    assert "means this computer alone" not in site.get("labels")
    assert "means this computer alone" in site.get("labels?address=http://127.0.0.1:8080")
    assert "means this computer alone" in site.get("labels?address=http://localhost:8080")


@pytest.mark.parametrize(
    "text", ["http://", "//x", "http://a b", "http://[", "http://x:port", "http://u@x", "http://x?a"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert not is_address(text)


def test_only_those_who_fit_find_the_way_to_the_labels(log_in: LogIn) -> None:
    assert "/labels" in log_in("installer").get("system")
    assert "/labels" not in log_in("manager").get("system")
