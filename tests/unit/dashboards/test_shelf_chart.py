"""The bars of a place: what is probable is drawn, the most probable stands out, nothing else is claimed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.shelves.model import PositionView
from dashboards.web.shelf.chart import CEILING, FLOOR, LABELS_MAX, SLOTS_LEAST, WIDTH, Chart, chart

PLACE = PositionView(
    position="b1-s1-p1", bay="b1", shelf="b1-s1", sku="tea", name="Tea", name_zh="茶", capacity=12, low_units=3,
    plates=("l1",), zones=(), sensed=True, units=7, probability=0.9, low=6, pmf=(0.06, 0.9, 0.04), frozen=False,
    basis=("weight",), as_of=datetime(2026, 1, 1, tzinfo=UTC), faults=(), backroom=0, incoming=0, task_id=None,
    task_state=None, assignee=None, order_id=None, order_state=None,
)  # fmt: skip


def _chart(**changed: object) -> Chart:
    made = chart(replace(PLACE, **changed))  # type: ignore[arg-type]
    assert made is not None
    return made


def test_what_is_probable_has_a_bar_and_the_most_probable_stands_out() -> None:
    made = _chart()
    assert [(bar.units, bar.probability) for bar in made.likely] == [(7, 0.9), (6, 0.06), (8, 0.04)]
    assert [bar.units for bar in made.bars if bar.best] == [7]
    assert {bar.units for bar in made.bars if bar.height} == {6, 7, 8}


def test_a_certain_count_is_one_bar_among_none_and_never_below_zero() -> None:
    made = _chart(units=0, low=0, pmf=(1.0,))
    assert [bar.units for bar in made.bars] == list(range(SLOTS_LEAST))
    assert [bar.units for bar in made.bars if bar.height] == [0]
    assert made.bars[0].y == CEILING
    assert made.bars[0].y + made.bars[0].height == FLOOR


@pytest.mark.parametrize("changed", [{"units": None, "pmf": ()}, {"sensed": False, "units": 4, "pmf": ()}])
def test_what_no_sensor_counted_has_no_bars(changed: dict[str, object]) -> None:
    assert chart(replace(PLACE, **changed)) is None  # type: ignore[arg-type]


@given(st.integers(0, 200), st.lists(st.floats(0.001, 1.0), min_size=1, max_size=64), st.data())
def test_every_distribution_stays_in_the_picture(low: int, masses: list[float], data: st.DataObject) -> None:
    pmf = tuple(mass / sum(masses) for mass in masses)
    best = low + data.draw(st.integers(0, len(pmf) - 1))
    made = _chart(units=best, low=low, pmf=pmf)
    assert best in [bar.units for bar in made.bars]
    assert [bar.units for bar in made.bars] == list(range(made.bars[0].units, made.bars[-1].units + 1))
    for bar in made.bars:
        assert -0.1 <= bar.x <= bar.x + bar.width <= WIDTH + 0.1
        assert CEILING - 0.1 <= bar.y <= bar.y + bar.height <= FLOOR + 0.1
    assert sum(bar.labelled for bar in made.bars) <= LABELS_MAX + 1
    assert any(bar.labelled and bar.best for bar in made.bars)
