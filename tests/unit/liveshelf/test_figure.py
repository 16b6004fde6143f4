"""A figure stands beside its reference and its goal."""

from __future__ import annotations

import json

import pytest

from liveshelf.bench.figure import Figure, print_figures


def test_a_figure_is_one_line_of_json_with_its_ratio() -> None:
    figure = Figure(name="rate", value=50.0, unit="1/s", reference=200.0, reference_is="COPY", goal=40.0, better="more")
    assert json.loads(figure.to_json()) == {
        "name": "rate",
        "value": 50.0,
        "unit": "1/s",
        "reference": 200.0,
        "ratio": 0.25,
        "goal": 40.0,
        "ok": True,
    }


@pytest.mark.parametrize(("value", "ok"), [(1.1, True), (1.2, True), (1.3, False)])
def test_less_is_better_unless_said_otherwise(value: float, *, ok: bool) -> None:
    assert Figure(name="cores", value=value, unit="cores", goal=1.2).ok is ok


def test_without_goal_or_reference_nothing_is_claimed() -> None:
    figure = Figure(name="ready", value=2.0, unit="s")
    assert figure.ok is None
    assert figure.ratio is None


def test_people_get_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures([Figure(name="ready", value=2.0, unit="s", goal=1.0)], as_json=False)
    said = capsys.readouterr().out
    assert "ready" in said
    assert "short" in said
