"""How the time from a shelf at rest to an answer is measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from liveshelf.demo.probe import Seen, Settled, latencies_ms, percentile

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_the_latency_runs_from_rest_to_the_first_answer_that_includes_it() -> None:
    seen = {"cola": [Seen(at(0), 100.0), Seen(at(10), 110.3), Seen(at(20), 120.9)]}
    assert latencies_ms([Settled("cola", at(10), 110.0)], seen) == [299.99999999999716]


def test_an_event_of_before_the_first_look_is_left_out() -> None:
    assert latencies_ms([Settled("cola", at(0), 99.0)], {"cola": [Seen(at(0), 100.0)]}) == []


def test_an_event_without_an_answer_is_left_out() -> None:
    assert latencies_ms([Settled("cola", at(9), 99.0)], {"cola": [Seen(at(0), 100.0)]}) == []


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 0.5) == 50.0
    assert percentile(values, 0.99) == 99.0
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([], 0.5) is None
