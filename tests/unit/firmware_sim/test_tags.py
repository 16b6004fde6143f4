"""Tags are read round by round on the shop clock, each at a rate of its own."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest

from contract.clock import ManualClock
from contract.errors import HardwareError
from contract.hardware import TagSighting
from contract.ids import Epc, ZoneId
from firmware_sim.tags import SimulatedReader, tag_place

RAIL = ZoneId("b3-s4-z1")
DOOR = ZoneId("door-z1")
EPCS = [f"3034257BF7194E40{number:08X}" for number in range(40)]


def reader_over(tags: list[str], clock: ManualClock, *, blocked_share: float = 0.0) -> SimulatedReader:
    reader = SimulatedReader(7, "bay-3", clock, blocked_share=blocked_share)
    reader.set_tags({RAIL: tags})
    reader.connect()
    return reader


def read_rounds(reader: SimulatedReader, clock: ManualClock, count: int) -> list[TagSighting]:
    seen: list[TagSighting] = []
    for _ in range(count):
        clock.advance(1.0)
        seen.extend(reader.sightings())
    return seen


def test_before_the_first_round_is_over_nothing_is_seen() -> None:
    clock = ManualClock()
    reader = reader_over(EPCS, clock)
    clock.advance(0.999)
    assert list(reader.sightings()) == []
    clock.advance(0.001)
    assert len(reader.sightings()) > 10


def test_sightings_name_tag_zone_and_the_end_of_their_round() -> None:
    clock = ManualClock()
    reader = reader_over(EPCS, clock)
    clock.advance(3.5)
    seen = reader.sightings()
    assert {sighting.mono_ms for sighting in seen} == {1000, 2000, 3000}
    assert [sighting.mono_ms for sighting in seen] == sorted(sighting.mono_ms for sighting in seen)
    assert {sighting.zone for sighting in seen} == {RAIL}
    assert {sighting.epc for sighting in seen} <= set(EPCS)
    assert list(reader.sightings()) == []


def test_two_readers_with_one_seed_see_the_same() -> None:
    clocks = ManualClock(), ManualClock()
    first, second = (read_rounds(reader_over(EPCS, clock), clock, 20) for clock in clocks)
    assert first == second


def test_each_tag_is_read_at_its_own_rate() -> None:
    clock = ManualClock()
    seen = Counter(sighting.epc for sighting in read_rounds(reader_over(EPCS, clock), clock, 2000))
    for epc in EPCS:
        rate = tag_place(7, RAIL, Epc(epc), blocked_share=0.0).read_rate
        assert seen[Epc(epc)] / 2000 == pytest.approx(rate, abs=0.05)


def test_rates_of_tag_places_are_those_of_the_deployments() -> None:
    rates = [tag_place(7, RAIL, Epc(f"{number:024X}"), blocked_share=0.0).read_rate for number in range(5000)]
    assert statistics.mean(rates) == pytest.approx(0.65, abs=0.01)
    assert statistics.stdev(rates) == pytest.approx(0.144, abs=0.01)


def test_a_few_tags_are_never_read_where_they_are() -> None:
    blocked = [tag_place(7, RAIL, Epc(f"{number:024X}")).read_rate == 0.0 for number in range(20_000)]
    assert sum(blocked) / len(blocked) == pytest.approx(0.0062, abs=0.002)


def test_a_blocked_tag_stays_unseen() -> None:
    clock = ManualClock()
    assert read_rounds(reader_over(EPCS, clock, blocked_share=1.0), clock, 50) == []


def test_signal_strength_varies_around_that_of_the_place() -> None:
    clock = ManualClock()
    seen = read_rounds(reader_over(EPCS[:1], clock), clock, 4000)
    strengths_dbm = [sighting.rssi_dbm for sighting in seen]
    assert statistics.mean(strengths_dbm) == pytest.approx(tag_place(7, RAIL, Epc(EPCS[0])).rssi_dbm, abs=0.2)
    assert statistics.stdev(strengths_dbm) == pytest.approx(2.0, abs=0.15)


def test_a_tag_that_is_taken_away_is_seen_no_more_and_other_zones_stay() -> None:
    clock = ManualClock()
    reader = reader_over(EPCS, clock)
    reader.set_tags({DOOR: EPCS[:2]})
    reader.set_tags({RAIL: []})
    assert {sighting.zone for sighting in read_rounds(reader, clock, 10)} == {DOOR}


def test_a_reader_that_is_not_connected_is_away() -> None:
    clock = ManualClock()
    reader = SimulatedReader(7, "bay-3", clock)
    clock.advance(100.0)
    with pytest.raises(HardwareError, match="has not been connected"):
        reader.sightings()
    reader.set_tags({RAIL: EPCS})
    reader.connect()
    assert list(reader.sightings()) == []


def test_a_program_that_does_not_ask_gets_the_last_60_rounds() -> None:
    clock = ManualClock()
    reader = reader_over(EPCS, clock)
    clock.advance(3600.0)
    ends_ms = {sighting.mono_ms for sighting in reader.sightings()}
    assert ends_ms == set(range(3_541_000, 3_600_001, 1000))


def test_a_reader_without_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="round_ms: found 0, expected more than 0"):
        SimulatedReader(7, "bay-3", ManualClock(), round_ms=0)
