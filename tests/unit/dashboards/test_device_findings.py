"""What the pages say of a part of a device: every verdict in words, with what to do and what becomes of its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.devices.model import PartView
from contract.clock import ManualClock
from dashboards.web.devices import words
from dashboards.web.devices.findings import finding
from edge import advice as edge_advice
from edge.advice import Advice

PLATE = PartView(
    subject="plate:l1", kind="plate", name="l1", verdict="ok", as_of=ManualClock().now(), samples=600, rejected={},
    noise_g=0.4, measured={"rate_sps": 10.0}, queued=0, calibration_version=1, calibrated_at=None, calibrated_by=None,
    weight_g=1_234.5, position="b1-s1-p1", sku="tea",
)  # fmt: skip
AGENT = replace(PLATE, subject="agent", kind="agent", name="agent", weight_g=None, position=None, sku=None)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (edge_advice.PLATE, words.PLATE),
        (edge_advice.ZONE, words.ZONE),
        (edge_advice.AGENT, words.AGENT),
        (edge_advice.REJECTED, words.REJECTED),
    ],
    ids=["plate", "zone", "agent", "rejected"],
)
def test_the_pages_have_words_for_whatever_an_agent_can_tell(
    told: dict[str, Advice], shown: dict[str, words.Advice]
) -> None:
    assert set(told) - {"ok"} == set(shown)
    for code, advice in shown.items():
        assert advice.wrong.endswith(".")
        assert bool(advice.todo) == bool(told[code].todo)


def test_a_part_that_is_well_has_figures_and_nothing_to_do() -> None:
    well = finding(PLATE)
    assert (well.tone, well.advice, well.effect) == ("good", (), "")
    assert [(one.name, one.number) for one in well.figures] == [
        ("Weight", "1,234.5"), ("Noise", "0.40"), ("Samples a second", "10.0"),
    ]  # fmt: skip


def test_a_plate_that_cannot_be_believed_says_that_its_place_keeps_its_count() -> None:
    ill = finding(replace(PLATE, verdict="unplugged"))
    assert (ill.tone, ill.advice, ill.effect) == ("low", (words.PLATE["unplugged"],), words.FROZEN)


@pytest.mark.parametrize("verdict", sorted(words.STILL_COUNTED))
def test_a_plate_that_still_weighs_rightly_is_counted_on(verdict: str) -> None:
    assert finding(replace(PLATE, verdict=verdict)).effect == words.COUNTED


def test_a_plate_that_is_well_but_loses_samples_says_why() -> None:
    losing = finding(replace(PLATE, rejected={"settling": 400, "all_ones": 30, "unready": 5}))
    assert (losing.tone, losing.advice, losing.effect) == ("low", (words.REJECTED["all_ones"],), words.COUNTED)
    assert losing.figures[-1].number == "35 (5.5 %)"
    assert finding(replace(PLATE, rejected={"settling": 400, "unready": 5})).tone == "good"
    assert finding(replace(PLATE, samples=20, rejected={"unready": 1})).tone == "good", "a record that came early"


def test_a_part_that_only_starts_or_was_not_heard_needs_nobody() -> None:
    assert finding(replace(PLATE, verdict="starting")).tone == "neutral"
    unheard = finding(replace(PLATE, verdict="unheard", as_of=None, measured={}, weight_g=None, samples=0))
    assert (unheard.tone, unheard.advice, unheard.figures) == ("neutral", (words.UNHEARD,), ())


@pytest.mark.parametrize(("queue_rows", "oldest"), [(0.0, False), (3.0, True)])
def test_how_old_the_oldest_record_is_stands_there_when_one_waits(queue_rows: float, oldest: bool) -> None:
    told = finding(replace(AGENT, measured={"queue_rows": queue_rows, "queue_oldest_s": 7.0}))
    assert any(one.name == words.FIGURES["queue_oldest_s"].name for one in told.figures) == oldest


def test_what_a_newer_device_tells_is_shown_and_not_swallowed() -> None:
    newer = finding(replace(AGENT, verdict="haunted", rejected={"ghosts": 3, "thinned": 1_200}))
    assert (newer.tone, newer.advice) == ("low", (words.UNKNOWN,))
    assert [(one.name, one.number) for one in newer.figures][-2:] == [("ghosts", "3"), ("Records thinned out", "1,200")]
