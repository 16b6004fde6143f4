"""What disturbances make of the 24 bits of a conversion."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.faults.bits import ALL_ONES, CODE_BITS, flipped, lost_from, one_pulse_less, one_pulse_more

words = st.integers(0, ALL_ONES)
places = st.integers(0, CODE_BITS - 1)


def _bits(word: int, count: int = CODE_BITS) -> str:
    return f"{word:0{count}b}"


@given(words, places)
def test_a_flipped_bit_is_the_only_one_that_differs_and_flips_back(word: int, place: int) -> None:
    spoilt = flipped(word, place)
    assert [here for here in range(CODE_BITS) if _bits(word)[here] != _bits(spoilt)[here]] == [place]
    assert flipped(spoilt, place) == word


@given(words, places)
def test_lost_bits_are_ones_to_the_end(word: int, place: int) -> None:
    assert _bits(lost_from(word, place)) == _bits(word)[:place] + "1" * (CODE_BITS - place)


@given(words, places)
def test_a_pulse_too_many_skips_a_bit_and_reads_a_one_at_the_end(word: int, place: int) -> None:
    assert _bits(one_pulse_more(word, place)) == _bits(word)[:place] + _bits(word)[place + 1 :] + "1"


@given(words, places)
def test_a_pulse_too_few_reads_the_level_before_twice(word: int, place: int) -> None:
    before = _bits(word)[place - 1] if place else "0"
    assert _bits(one_pulse_less(word, place), CODE_BITS + 1) == _bits(word)[:place] + before + _bits(word)[place:]


def test_a_line_that_is_not_driven_reads_all_ones() -> None:
    assert lost_from(0, 0) == ALL_ONES
