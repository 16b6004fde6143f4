"""Where a tag is, although a reader misses a third of the tags before it."""

from __future__ import annotations

import random
from collections.abc import Collection

import pytest

from contract.hardware import TagSighting
from contract.ids import Epc, ZoneId
from contract.records import TagRecord
from edge.tagging.presence import EPOCHS_MAX, TagPresence

RAIL, DOOR = ZoneId("rail"), ZoneId("door")
COAT = Epc("3034257BF7194E4000001A85")


class Reader:
    """Reads tags once a second, each with its own probability."""

    def __init__(self, seed: int = 1) -> None:
        self.presence = TagPresence()
        self.records: list[TagRecord] = []
        self.second = 0
        self._rng = random.Random(seed)

    def run(
        self, seconds: int, rates: dict[ZoneId, float], *, rssi_dbm: float = -60.0, away: Collection[ZoneId] = ()
    ) -> list[TagRecord]:
        """Return what was decided meanwhile."""
        before = len(self.records)
        for _ in range(seconds):
            mono_ms = self.second * 1000
            for zone, rate in rates.items():
                if self._rng.random() < rate:
                    self.presence.add([TagSighting(zone=zone, epc=COAT, rssi_dbm=rssi_dbm, mono_ms=mono_ms + 500)])
            self.records += self.presence.tick(mono_ms + 999, away=away)
            self.second += 1
        return self.records[before:]


def test_a_tag_arrives_when_it_was_read_in_two_seconds() -> None:
    reader = Reader()
    assert reader.run(1, {RAIL: 1.0}) == []
    [arrived] = reader.run(1, {RAIL: 1.0})
    assert (arrived.kind, arrived.zone, arrived.epc, arrived.reads) == ("arrived", RAIL, COAT, 2)
    assert arrived.rssi_dbm == pytest.approx(-60.0)
    assert reader.presence.present(RAIL) == {COAT}


def test_a_tag_carried_past_does_not_arrive() -> None:
    reader = Reader()
    reader.run(1, {RAIL: 1.0})
    assert reader.run(60, {}) == []
    assert reader.presence.present(RAIL) == set()


@pytest.mark.parametrize("rate", [0.95, 0.6, 0.4])
def test_a_tag_that_hangs_there_all_day_does_not_flicker(rate: float) -> None:
    records = Reader(seed=5).run(36_000, {RAIL: rate})
    assert [record.kind for record in records] == ["arrived"]


@pytest.mark.parametrize(("rate", "seconds_max"), [(0.95, 20), (0.6, 30), (0.3, 60)])
def test_a_tag_that_left_departs_at_the_pace_of_its_read_rate(rate: float, seconds_max: int) -> None:
    reader = Reader(seed=3)
    reader.run(600, {RAIL: rate})
    [departed] = reader.run(seconds_max, {})
    assert (departed.kind, departed.zone) == ("departed", RAIL)
    assert reader.presence.present(RAIL) == set()


def test_a_tag_read_two_times_out_of_three_is_missed_after_a_quarter_of_a_minute() -> None:
    reader = Reader(seed=4)
    reader.run(600, {RAIL: 0.67})
    assert [record.kind for record in reader.run(18, {})] == ["departed"]


def test_a_tag_read_every_time_may_be_hidden_for_a_moment() -> None:
    reader = Reader(seed=4)
    reader.run(600, {RAIL: 1.0})
    assert reader.run(10, {}) == []


def test_a_tag_just_hung_up_is_given_more_time_than_one_that_is_known() -> None:
    def silence_s(known_s: int) -> int:
        reader = Reader(seed=4)
        for second in range(known_s):
            reader.run(1, {RAIL: float(second % 3 > 0)})
        return reader.run(EPOCHS_MAX, {})[0].mono_ms // 1000 - known_s

    assert silence_s(6) > silence_s(600)


def test_a_well_read_tag_departs_sooner_than_a_poorly_read_one() -> None:
    def silence_s(rate: float) -> int:
        reader = Reader(seed=3)
        reader.run(600, {RAIL: rate})
        return reader.run(EPOCHS_MAX, {})[0].mono_ms // 1000 - 600

    assert silence_s(0.95) < silence_s(0.3)


def test_a_tag_hardly_ever_read_departs_after_ten_minutes_at_the_latest() -> None:
    reader = Reader(seed=3)
    reader.run(20_000, {RAIL: 0.02})
    assert "departed" in {record.kind for record in reader.run(EPOCHS_MAX + 2, {})} or not reader.presence.present(RAIL)


def test_a_tag_that_comes_back_arrives_again() -> None:
    reader = Reader()
    reader.run(60, {RAIL: 0.9})
    reader.run(60, {})
    reader.run(60, {RAIL: 0.9})
    assert [record.kind for record in reader.records] == ["arrived", "departed", "arrived"]


def test_a_neighbouring_antenna_that_hears_it_no_louder_does_not_take_the_tag() -> None:
    reader = Reader()
    reader.run(60, {RAIL: 0.9})
    assert reader.run(60, {RAIL: 0.9, DOOR: 0.9}) == []


def test_a_tag_moves_to_the_zone_that_hears_it_much_louder() -> None:
    reader = Reader()
    reader.run(60, {RAIL: 0.9}, rssi_dbm=-65.0)
    moved = reader.run(5, {DOOR: 1.0}, rssi_dbm=-50.0)
    assert [(record.kind, record.zone) for record in moved] == [("departed", RAIL), ("arrived", DOOR)]
    assert reader.presence.present(DOOR) == {COAT}


def test_a_tag_that_left_its_zone_is_taken_by_the_one_that_still_hears_it() -> None:
    reader = Reader()
    reader.run(60, {RAIL: 0.9, DOOR: 0.9})
    home = reader.records[0].zone
    other = DOOR if home == RAIL else RAIL
    moved = reader.run(60, {other: 0.9})
    assert [(record.kind, record.zone) for record in moved] == [("departed", home), ("arrived", other)]


def test_nothing_departs_while_the_reader_is_away_or_because_it_was() -> None:
    reader = Reader()
    reader.run(60, {RAIL: 0.9})
    assert reader.run(3_600, {}, away={RAIL}) == []
    assert reader.run(60, {RAIL: 0.9}) == []
    assert reader.presence.present(RAIL) == {COAT}


def test_a_deaf_zone_holds_its_own_tags_and_no_others() -> None:
    reader = Reader()
    reader.run(60, {DOOR: 0.9})
    [departed] = reader.run(60, {}, away={RAIL})
    assert (departed.kind, departed.zone) == ("departed", DOOR)


def test_a_tag_that_left_while_nobody_listened_departs_after_that() -> None:
    reader = Reader()
    reader.run(60, {RAIL: 0.9})
    reader.run(600, {}, away={RAIL})
    assert [record.kind for record in reader.run(60, {})] == ["departed"]
