"""An agent says first what costs most if nobody looks."""

from __future__ import annotations

import pytest

from edge.advice import AGENT, advice
from edge.health import agent_health, agent_verdict

WELL = {
    "cpu_c": 79.9, "undervoltage": 0.0, "throttled": 1.0, "disk_free_mb": 100.0, "queue_rows": 9_000.0,
    "queue_oldest_s": 300.0,
}  # fmt: skip


def test_a_board_that_is_well_is_ok_and_one_that_says_nothing_too() -> None:
    assert agent_verdict({}, WELL, synchronised=True) == "ok"
    assert agent_verdict({}, {}, synchronised=True) == "ok"


@pytest.mark.parametrize(
    ("figure", "value", "verdict"),
    [
        ("cpu_c", 80.0, "hot"),
        ("undervoltage", 1.0, "undervoltage"),
        ("disk_free_mb", 99.9, "disk_low"),
        ("queue_oldest_s", 300.1, "behind"),
    ],
)
def test_each_figure_has_its_limit(figure: str, value: float, verdict: str) -> None:
    assert agent_verdict({}, {**WELL, figure: value}, synchronised=True) == verdict


def test_records_that_were_given_up_come_first_and_the_clock_comes_last() -> None:
    everything = {"cpu_c": 90.0, "undervoltage": 1.0, "disk_free_mb": 0.0, "queue_oldest_s": 9e9}
    assert agent_verdict({"dropped": 1}, everything, synchronised=False) == "queue_full"
    assert agent_verdict({}, everything, synchronised=False) == "disk_low"
    assert agent_verdict({"reader_away": 4}, WELL, synchronised=False) == "clock_unset"


def test_what_was_measured_stands_in_the_record() -> None:
    record = agent_health(queued=3, losses={"thinned": 2}, measured=WELL, synchronised=True, mono_ms=7)
    assert (record.subject, record.verdict, record.rejected, record.queued) == (
        "agent",
        "queue_full",
        {"thinned": 2},
        3,
    )
    assert record.measured == WELL


def test_a_verdict_of_each_part_has_its_advice() -> None:
    assert advice("agent", "hot") == AGENT["hot"]
    assert "cell" in advice("plate:b1-s1-l1", "drifting").todo
    assert "reader" in advice("zone:b1-z1", "away").wrong
    assert advice("plate:b1-s1-l1", "a word of a later version") == ("", "")
