"""Whether a gateway lives and is ready, as whoever runs it is told."""

from __future__ import annotations

import threading

import pytest

from gateway.counters import Counters
from gateway.watch import SLOW_S, STUCK_S, Watch


@pytest.fixture
def counters() -> Counters:
    return Counters(ready=True, turned_at_s=100.0)


def _watch(counters: Counters, stop: threading.Event | None = None, *, now_s: float = 101.0) -> Watch:
    watch = Watch(counters, stop or threading.Event(), now_s=lambda: now_s)
    watch.connected = lambda: True
    return watch


def test_a_gateway_that_goes_round_lives_and_is_ready(counters: Counters) -> None:
    watch = _watch(counters)
    assert (watch.why_stuck, watch.why_unready) == ("", "")


def test_without_its_database_it_lives_and_is_not_ready_however_long(counters: Counters) -> None:
    counters.ready = False
    watch = _watch(counters, now_s=1e6)
    assert watch.why_stuck == ""
    assert watch.why_unready == "the database is away, or another gateway has the store"


def test_without_its_broker_it_lives_and_is_not_ready(counters: Counters) -> None:
    watch = _watch(counters)
    watch.connected = lambda: False
    assert (watch.why_stuck, watch.why_unready) == ("", "the broker is away")


def test_told_to_stop_it_is_not_ready_at_once(counters: Counters) -> None:
    stop = threading.Event()
    watch = _watch(counters, stop)
    stop.set()
    assert watch.why_unready == "it was told to stop"


def test_one_that_stands_still_is_first_not_ready_and_then_not_alive(counters: Counters) -> None:
    assert "no progress" in _watch(counters, now_s=100.0 + SLOW_S + 1).why_unready
    assert _watch(counters, now_s=100.0 + SLOW_S + 1).why_stuck == ""
    assert "no progress" in _watch(counters, now_s=100.0 + STUCK_S + 1).why_stuck
