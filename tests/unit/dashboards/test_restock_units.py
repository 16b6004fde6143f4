"""How many somebody put on the shelf: numbers as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.restock.units import UNITS_MAX, parse_units, stepped


@given(st.integers(1, UNITS_MAX), st.sampled_from(["{}", " {} ", "00{}"]))
def test_a_whole_number_is_what_it_says(units: int, form: str) -> None:
    assert parse_units(form.format(units)) == units


def test_full_width_digits_of_a_chinese_keyboard_count() -> None:
    assert parse_units("１２") == 12


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("", "missing"), ("  ", "missing"), ("ten", "not_whole"), ("-3", "not_whole"), ("+3", "not_whole"),
        ("1.5", "not_whole"), ("1e3", "not_whole"), ("1 0", "not_whole"), ("٣", "not_whole"),
        ("0", "none"), ("000", "none"), ("1000001", "too_many"), ("9" * 5000, "too_many"),
    ],
)  # fmt: skip
def test_what_is_no_such_number_is_named(typed: str, wrong: str) -> None:
    assert parse_units(typed) == wrong


@given(st.text())
def test_anything_typed_is_a_number_or_wrong(typed: str) -> None:
    found = parse_units(typed)
    assert not isinstance(found, int) or 1 <= found <= UNITS_MAX


@given(st.text(), st.sampled_from([-1, 1]), st.integers(1, 100))
def test_a_step_always_gives_a_number_one_can_send(typed: str, step: int, suggested: int) -> None:
    assert isinstance(parse_units(stepped(typed, step, suggested=suggested)), int)


def test_steps_go_up_and_down_but_not_below_one() -> None:
    assert stepped("10", 1, suggested=4) == "11"
    assert stepped("10", -1, suggested=4) == "9"
    assert stepped("1", -1, suggested=4) == "1"
    assert stepped("ten", 1, suggested=4) == "5"
