"""Which places a bay has, and what their names tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.commissioning.places import (
    PLACES_MAX,
    SHELVES_MAX,
    bay_named,
    next_bay,
    place_after,
    place_named,
    places_of_bay,
)
from contract.ids import is_name


def test_a_label_says_by_its_name_where_it_is() -> None:
    place = place_named("b4-s1-p2")
    assert place is not None
    assert (place.bay, place.shelf) == ("b4", "b4-s1")
    assert place_named("cold-wall-s2-p10") is not None


@pytest.mark.parametrize("name", ["p-tea", "b4-s1", "b4-s0-p1", "-s1-p1", "b4-s1-p100", "b 4-s1-p1", "b4-s1-p1\n"])
def test_other_names_tell_no_place(name: str) -> None:
    assert place_named(name) is None


@pytest.mark.parametrize(
    ("typed", "bay"),
    [("4", "b4"), (" 12 ", "b12"), ("b4", "b4"), ("cold-wall", "cold-wall"), ("0", "0"), ("", None), ("a b", None),
     ("x" * 64, None), ("冷柜", None)],
)  # fmt: skip
def test_a_number_is_that_of_a_bay(typed: str, bay: str | None) -> None:
    assert bay_named(typed) == bay


def test_the_next_bay_comes_after_all_there_are() -> None:
    assert next_bay(["b1", "b10", "b2", "front"]) == "11"
    assert next_bay([]) == "1"


@given(st.integers(1, SHELVES_MAX), st.integers(1, PLACES_MAX), st.sampled_from(["b1", "b9999", "cold-wall"]))
def test_every_label_of_a_bay_leads_to_its_own_place(shelves: int, places: int, bay: str) -> None:
    made = places_of_bay(bay, shelves=shelves, places=places)
    assert len({place.position for place in made}) == shelves * places
    for place in made:
        assert is_name(place.position)
        assert place_named(place.position) == place


def test_after_a_place_comes_the_one_to_its_right() -> None:
    assert place_after("b4-s1-p2") == "b4-s1-p3"
    assert place_after("b4-s1-p2", ["b4-s1-p1", "b4-s1-p5", "b4-s2-p3"]) == "b4-s1-p5"
    assert place_after(f"b4-s1-p{PLACES_MAX}") is None
    assert place_after("p-tea") is None
