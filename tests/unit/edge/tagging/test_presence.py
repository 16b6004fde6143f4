"""Where a tag is, although a reader misses a third of the tags before it."""

from __future__ import annotations

import random
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.hardware import TagSighting
from contract.ids import Epc, ZoneId
from contract.records import TagRecord
from edge.tagging.presence import EPOCHS_MAX, EPOCHS_MIN, TagPresence
from firmware_sim.tags import RSSI_NOISE_DBM, tag_place

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
    assert [(record.kind, record.zone) for record in moved] == [("arrived", DOOR), ("departed", RAIL)]
    assert moved[0].mono_ms == moved[1].mono_ms
    assert reader.presence.present(DOOR) == {COAT}


def test_a_tag_that_left_its_zone_is_taken_by_the_one_that_still_hears_it() -> None:
    reader = Reader()
    reader.run(60, {RAIL: 0.9, DOOR: 0.9})
    home = reader.records[0].zone
    other = DOOR if home == RAIL else RAIL
    moved = reader.run(60, {other: 0.9})
    assert [(record.kind, record.zone) for record in moved] == [("arrived", other), ("departed", home)]
    assert moved[0].mono_ms == moved[1].mono_ms


def test_a_tag_that_leaves_two_zones_at_once_departs_and_arrives_nowhere() -> None:
    reader = Reader()
    reader.run(60, {RAIL: 0.9, DOOR: 0.9})
    assert [record.kind for record in reader.run(60, {})] == ["departed"]


def test_a_new_tag_two_zones_hear_ends_in_the_louder_one() -> None:
    """4 dB are less than what moves a tag later, so the first placing has to be right."""
    rounds, right, moves = 300, 0, 0
    for seed in range(rounds):
        rng, presence = random.Random(seed), TagPresence()
        told: list[TagRecord] = []
        for second in range(600):
            for zone, rssi_dbm in ((DOOR, -58.0), (RAIL, -54.0)):
                if rng.random() < 0.65:
                    rssi = rng.gauss(rssi_dbm, RSSI_NOISE_DBM)
                    presence.add([TagSighting(zone=zone, epc=COAT, rssi_dbm=rssi, mono_ms=second * 1000 + 500)])
            told += presence.tick(second * 1000 + 999)
        right += presence.present(RAIL) == {COAT}
        moves += len(told) // 2
    assert right / rounds > 0.95
    assert moves / rounds < 1.0


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


def test_tags_that_are_missed_where_they_hang_all_day_do_not_flicker() -> None:
    """Misses stick to places: every tag has a read rate of its own, some of a third, drawn as the simulator does."""
    presence, rng, records = TagPresence(), random.Random(9), list[TagRecord]()
    tags = {Epc(f"{serial:024X}"): tag_place(9, RAIL, Epc(f"{serial:024X}"), blocked_share=0.0) for serial in range(40)}
    for second in range(7_200):
        mono_ms = second * 1000
        presence.add(
            TagSighting(zone=RAIL, epc=epc, rssi_dbm=place.rssi_dbm, mono_ms=mono_ms + 500)
            for epc, place in tags.items()
            if rng.random() < place.read_rate
        )
        records += presence.tick(mono_ms + 999)
    assert min(place.read_rate for place in tags.values()) < 0.4
    assert [record.kind for record in records] == ["arrived"] * len(tags)


FAR = ZoneId("far")
ZONES = (RAIL, DOOR, FAR)
EPCS = (COAT, Epc("3034257BF7194E4000001A86"))
seconds = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(EPCS), st.sampled_from(ZONES), st.integers(-80, -30)), max_size=5),
        st.sets(st.sampled_from(ZONES), max_size=3),
        st.sampled_from((1, 1, 1, 1, 5, 20)),
    ),
    min_size=1,
    max_size=40,
)


def _followed(course: list[tuple[list[tuple[Epc, ZoneId, int]], set[ZoneId], int]]) -> list[list[TagRecord]]:
    """Return the records of every second of a course: what is read, who is away, and how long nothing comes after."""
    presence, second, told = TagPresence(), 0, []
    for reads, away, lasts in course:
        presence.add(
            TagSighting(zone=zone, epc=epc, rssi_dbm=float(rssi), mono_ms=second * 1000 + 300)
            for epc, zone, rssi in reads
        )
        told.append(presence.tick(second * 1000 + 999, away=away))
        second += lasts
    return told


@given(seconds)
def test_whatever_is_read_a_tag_is_in_one_zone_at_a_time_and_departs_once_from_where_it_arrived(
    course: list[tuple[list[tuple[Epc, ZoneId, int]], set[ZoneId], int]],
) -> None:
    records = [record for told in _followed(course) for record in told]
    assert [record.mono_ms for record in records] == sorted(record.mono_ms for record in records)
    for epc in EPCS:
        own = [record for record in records if record.epc == epc]
        for at_ms in {record.mono_ms for record in own}:
            here: set[str] = set()
            for record in (record for record in own if record.mono_ms <= at_ms):
                assert (record.zone in here) == (record.kind == "departed")
                (here.add if record.kind == "arrived" else here.remove)(record.zone)
            assert len(here) <= 1


@given(seconds)
def test_whatever_is_read_nothing_departs_from_a_zone_nobody_listens_to_but_into_another(
    course: list[tuple[list[tuple[Epc, ZoneId, int]], set[ZoneId], int]],
) -> None:
    for (_, away, _), told in zip(course, _followed(course), strict=True):
        moved = {(record.epc, record.mono_ms) for record in told if record.kind == "arrived"}
        for record in told:
            assert record.kind == "arrived" or record.zone not in away or (record.epc, record.mono_ms) in moved


@given(st.lists(st.integers(1, EPOCHS_MIN), min_size=1, max_size=60))
def test_misses_of_less_than_a_quarter_of_a_minute_never_make_a_tag_depart(silences_s: list[int]) -> None:
    reader = Reader()
    reader.run(2, {RAIL: 1.0})
    for silence_s in silences_s:
        reader.run(silence_s - 1, {})
        reader.run(1, {RAIL: 1.0})
    assert [record.kind for record in reader.records] == ["arrived"]


@given(st.integers(-80, 0), st.integers(3, 60))
def test_one_stray_read_does_not_move_a_tag_however_loud(rssi_dbm: int, known_s: int) -> None:
    reader = Reader()
    reader.run(known_s, {RAIL: 1.0})
    reader.run(1, {DOOR: 1.0}, rssi_dbm=float(rssi_dbm))
    reader.run(30, {RAIL: 1.0})
    assert reader.presence.present(RAIL) == {COAT}
    assert len(reader.records) == 1
