"""What the weight plot is told: scales from left to right, changes and silences of their weights, events in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.shelves.model import Happening, PositionView
from dashboards.web.language import TEXTS
from dashboards.web.rendering import Named
from dashboards.web.shelf.trace import (
    DASHES,
    SPANS,
    STILL_G,
    Span,
    markers,
    plates,
    reading_since,
    thinned,
    trace,
    unix_ms,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GAP_MS = 150_000

TEA = PositionView(
    position="b1-s1-p1", bay="b1", shelf="b1-s1", sku="tea", name="Tea", name_zh="茶", capacity=12, low_units=3,
    plates=("l1",), zones=(), sensed=True, units=7, probability=0.9, low=7, pmf=(1.0,), frozen=False, basis=("weight",),
    as_of=NOON, faults=(), backroom=0, incoming=0, task_id=None, task_state=None, assignee=None, order_id=None,
    order_state=None,
)  # fmt: skip
GUM = replace(TEA, position="b1-s1-p2", sku="gum", name="Gum", name_zh="口香糖", plates=("l1", "l10"))
NUTS = replace(TEA, position="b1-s1-p3", sku="nuts", name="Nuts", name_zh="", plates=("l2",))
PICK = Happening(
    key="event:1", at=NOON, kind="pick", position="b1-s1-p2", bay="b1", shelf="b1-s1", sku="gum", name="Gum",
    name_zh="口香糖", units=2, by=None,
)  # fmt: skip


def _english(thing: Named) -> str:
    return thing.name


def _chinese(thing: Named) -> str:
    return thing.name_zh or thing.name


def test_scales_are_counted_from_left_to_right_with_all_that_lies_on_them() -> None:
    told = plates([TEA, GUM, NUTS], _english)
    assert [(one.plate, one.number, one.label) for one in told] == [
        ("l1", 1, "Tea + Gum"), ("l2", 2, "Nuts"), ("l10", 3, "Gum"),
    ]  # fmt: skip


def test_scales_of_one_shelf_are_told_apart_without_colour() -> None:
    wide = replace(TEA, plates=tuple(f"l{number}" for number in range(1, len(DASHES) + 2)))
    told = plates([wide], _english)
    assert len({one.dash for one in told[:-1]}) == len(DASHES)
    assert (told[-1].style, told[-1].dash) == (1, DASHES[0]), "more scales than lines begin anew"


@pytest.mark.parametrize(
    ("kind", "sign", "text"),
    [
        ("pick", "−2", "Picked: 2 × Gum"), ("put_back", "+2", "Put back: 2 × Gum"),
        ("refill", "+2", "Refilled: 2 × Gum"),
        ("misplace", "?2", "Put in the wrong place: 2 × Gum"), ("swap", "⇄2", "Swapped for something else: 2 × Gum"),
        ("sweep", "!2", "Many taken at once: 2 × Gum"), ("dance", "·2", "dance: 2 × Gum"),
    ],
)  # fmt: skip
def test_an_event_is_a_sign_and_a_sentence(kind: str, sign: str, text: str) -> None:
    event = replace(PICK, kind=kind)  # type: ignore[arg-type]
    (marker,) = markers([event], [TEA, GUM], text=TEXTS["en"].gettext, name_of=_english)
    assert (marker.mark, marker.text, marker.at_ms) == (sign, text, unix_ms(NOON))
    assert list(marker.plates) == ["l1", "l10"]


def test_an_event_speaks_the_language_of_the_page() -> None:
    (marker,) = markers([PICK], [], text=TEXTS["zh-Hans"].gettext, name_of=_chinese)
    assert (marker.text, list(marker.plates)) == ("取走：2 × 口香糖", [])


@pytest.mark.parametrize("span", SPANS)
def test_a_plot_is_told_its_window_and_when_a_scale_counts_as_silent(span: Span) -> None:
    told = trace(
        "b1-s1", span, until=NOON, weights={"l10": [], "l2": [(1, 5.04)]}, events=[PICK], positions=[GUM],
        text=str, name_of=_english,
    )  # fmt: skip
    assert told.until_ms - told.since_ms == SPANS[span] / timedelta(milliseconds=1)
    assert [(one.plate, list(one.points)) for one in told.plates] == [("l2", [(1, 5.04)]), ("l10", [])]
    assert [one.key for one in told.events] == ["event:1"]
    assert GAP_MS <= told.gap_ms <= SPANS[span] / timedelta(milliseconds=4)
    assert reading_since(span, NOON) < NOON - SPANS[span], "a line begins at the edge of the window"


def test_a_still_scale_is_told_in_few_points_and_its_silence_stays() -> None:
    still = [(second * 1_000, 500.0) for second in range(0, 600, 30)]
    later = [(2_000_000, 500.5), (2_030_000, 740.0)]
    told = thinned([*still, *later], gap_ms=GAP_MS)
    assert len(told) <= len(still) / 2
    assert told[-3:] == [still[-1], *later]


def _points() -> st.SearchStrategy[list[tuple[int, float]]]:
    steps = st.tuples(st.integers(0, 400_000), st.sampled_from((0.0, 0.7, 5.0, 320.0, -320.0, -1.1)))
    return st.lists(steps, max_size=60).map(_walk)


def _walk(steps: list[tuple[int, float]]) -> list[tuple[int, float]]:
    found: list[tuple[int, float]] = []
    at_ms, grams = 0, 1_000.0
    for passed_ms, change in steps:
        at_ms, grams = at_ms + passed_ms, grams + change
        found.append((at_ms, grams))
    return found


@given(_points())
def test_thinning_loses_no_change_no_end_and_makes_no_gap(points: list[tuple[int, float]]) -> None:
    told = thinned(points, gap_ms=GAP_MS)
    assert (told[:1], told[-1:]) == (points[:1], points[-1:])
    assert set(told) <= set(points)
    for at_ms, grams in points:
        shown = [weight for when, weight in told if when <= at_ms][-1]
        at_once = [weight for when, weight in points if when == at_ms]
        assert min(abs(weight - shown) for weight in at_once) < STILL_G or abs(grams - shown) < STILL_G
    apart = [later[0] - sooner[0] for sooner, later in pairwise(points)]
    if all(one < GAP_MS // 2 for one in apart):
        assert all(later[0] - sooner[0] < GAP_MS for sooner, later in pairwise(told))
