"""Names of products in the tiles of the map."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.map.wrapping import columns_of, wrap


def test_words_stay_whole_where_they_fit() -> None:
    assert wrap("Sugar-free cola can 330 ml", 10, 3) == ("Sugar-free", "cola can", "330 ml")


def test_a_number_stays_with_its_unit() -> None:
    assert wrap("Salted crisps 75 g", 9, 3) == ("Salted", "crisps", "75 g")


def test_a_long_word_breaks_behind_its_hyphen() -> None:
    assert wrap("Eight-treasure porridge", 10, 3) == ("Eight-", "treasure", "porridge")


def test_chinese_characters_take_two_columns_and_break_anywhere() -> None:
    assert columns_of("乌龙茶 500毫升") == 14
    assert wrap("无糖可乐 330毫升罐装", 10, 3) == ("无糖可乐", "330毫升罐", "装")


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    assert wrap("Chocolate gift box 200 g", 10, 2) == ("Chocolate", "gift box…")


def test_a_mark_on_a_character_takes_no_column() -> None:
    assert columns_of("cafe\u0301") == 4


def test_nothing_has_no_lines() -> None:
    assert wrap("", 10) == ()
    assert wrap("   ", 10) == ()


@given(st.text(max_size=60), st.integers(min_value=3, max_value=30), st.integers(min_value=1, max_value=4))
def test_no_text_is_wider_or_longer_than_its_tile(text: str, columns: int, lines: int) -> None:
    found = wrap(text, columns, lines)
    assert len(found) <= lines
    assert all(columns_of(line) <= columns for line in found)


@given(st.text(max_size=40))
def test_a_text_with_room_loses_nothing_but_spaces(text: str) -> None:
    assert "".join("".join(wrap(text, 30, 99)).split()) == "".join(text.split())
