"""The one table of faults: every row is whole, and the schedule keeps to its rates, durations and sizes."""

from __future__ import annotations

import pytest

from firmware_sim.faults.commanded import COMMANDABLE
from firmware_sim.faults.schedule import DAY_MS, FaultSchedule
from firmware_sim.faults.table import FAULTS, Fault, Subject, kinds_of

WEEK_MS = 7 * DAY_MS
BEGIN_MS = 20_000 * DAY_MS

each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)


@each_fault
def test_every_number_of_a_row_has_its_source(fault: Fault) -> None:
    assert fault.what
    assert fault.per_week > 0.0
    assert 0.0 < fault.lasts_s[0] < fault.lasts_s[1]
    assert fault.per_week_source
    assert fault.lasts_source
    if fault.size is not None:
        assert 0.0 < fault.size.low < fault.size.high
        assert fault.size.source
        assert fault.size.unit


@each_fault
def test_the_schedule_keeps_to_the_row(fault: Fault) -> None:
    weeks = 400.0 / fault.per_week
    begun = [
        episode
        for episode in FaultSchedule(7).episodes("s", [fault.kind], BEGIN_MS, BEGIN_MS + weeks * WEEK_MS)
        if episode.begin_ms >= BEGIN_MS
    ]
    assert len(begun) == pytest.approx(400, abs=80), "400 expected, so 20 is one standard deviation"
    durations_s = [(episode.end_ms - episode.begin_ms) / 1000.0 for episode in begun]
    assert fault.lasts_s[0] - 0.001 <= min(durations_s) < fault.typical_s < max(durations_s) <= fault.lasts_s[1] + 0.001
    sizes = [episode.size for episode in begun]
    if fault.size is None:
        assert set(sizes) == {0.0}
        return
    assert all(fault.size.low <= abs(size) <= fault.size.high for size in sizes)
    assert (min(sizes) < 0.0) == fault.size.signed


def test_any_span_holds_the_same_episodes_in_whatever_order_it_is_asked() -> None:
    schedule, kinds = FaultSchedule(7), kinds_of("plate")
    whole = schedule.episodes("p", kinds, BEGIN_MS, BEGIN_MS + 8 * WEEK_MS)
    parts = {
        episode
        for week in reversed(range(8))
        for episode in schedule.episodes("p", kinds, BEGIN_MS + week * WEEK_MS, BEGIN_MS + (week + 1) * WEEK_MS)
    }
    assert set(whole) == parts
    assert len(whole) == len(parts) > 50
    assert whole == sorted(whole, key=lambda episode: episode.begin_ms)


def test_another_seed_or_subject_has_other_faults_and_a_scale_of_0_none() -> None:
    def begun(schedule: FaultSchedule, subject: str = "p") -> list[float]:
        found = schedule.episodes(subject, kinds_of("plate"), BEGIN_MS, BEGIN_MS + 4 * WEEK_MS)
        return [episode.begin_ms for episode in found]

    assert begun(FaultSchedule(7)) == begun(FaultSchedule(7))
    assert not set(begun(FaultSchedule(7))) & set(begun(FaultSchedule(8)))
    assert not set(begun(FaultSchedule(7))) & set(begun(FaultSchedule(7), "q"))
    assert not begun(FaultSchedule(7, 0.0))
    assert len(begun(FaultSchedule(7, 10.0))) > 5 * len(begun(FaultSchedule(7)))


def test_a_scale_of_rates_below_0_is_refused() -> None:
    with pytest.raises(ValueError, match=r"faults: found -1.0, expected 0 or more"):
        FaultSchedule(7, -1.0)


def test_the_truth_tells_of_all_subjects_in_order_of_time() -> None:
    subjects: dict[Subject, list[str]] = {"plate": ["p", "q"], "bay": ["d"], "zone": ["z"], "device": ["d"]}
    truth = FaultSchedule(7).truth(subjects, BEGIN_MS, BEGIN_MS + 2 * WEEK_MS)
    assert {episode.subject for episode in truth} == {"p", "q", "d", "z"}
    assert [episode.begin_ms for episode in truth] == sorted(episode.begin_ms for episode in truth)


def test_a_simulated_bay_acts_out_all_but_what_happens_to_the_programs() -> None:
    programs = {"clock_back", "clock_ahead", "power_cut", "disk_full", "disk_read_only", "disk_errors"}
    assert {fault.kind for fault in FAULTS} - set(COMMANDABLE) == programs
