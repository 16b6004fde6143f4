"""What the worker's log says of a database that goes and comes back."""

from __future__ import annotations

import pytest

from cloud.worker import DatabaseWatch


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", logger="cloud.worker")
    return caplog


def test_a_database_that_never_went_is_not_talked_about(told: pytest.LogCaptureFixture) -> None:
    DatabaseWatch(lambda: 0.0).answers()
    assert told.messages == []


def test_a_database_that_is_away_is_told_once_a_minute_and_its_return_once(told: pytest.LogCaptureFixture) -> None:
    now_s = 100.0
    watch = DatabaseWatch(lambda: now_s)
    for _ in range(130):
        watch.away("connection refused")
        now_s += 1.0
    watch.answers()
    watch.answers()
    assert told.messages == ["database away", "database still away", "database still away", "database is back"]
    assert [record.__dict__.get("reason") for record in told.records[:3]] == ["connection refused"] * 3
    assert told.records[-1].__dict__["away_s"] == 130


def test_a_database_that_goes_again_is_told_at_once(told: pytest.LogCaptureFixture) -> None:
    watch = DatabaseWatch(lambda: 0.0)
    watch.away("restart")
    watch.answers()
    watch.away("restart")
    assert told.messages == ["database away", "database is back", "database away"]
