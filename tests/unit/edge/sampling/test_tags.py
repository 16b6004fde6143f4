from __future__ import annotations

from collections.abc import Sequence

from contract.errors import HardwareError
from contract.hardware import TagSighting
from contract.ids import Epc, ZoneId
from edge.sampling.tags import TagPoller

RAIL, DOOR = ZoneId("b3-s4-z1"), ZoneId("door")
EPC = Epc("3034257BF7194E4000001A85")


class ListedReader:
    """Gives what it was told to give, once; None is a reader that is away."""

    def __init__(self, *answers: Sequence[TagSighting] | None) -> None:
        self._answers = list(answers)

    def sightings(self) -> Sequence[TagSighting]:
        answer = self._answers.pop(0)
        if answer is None:
            raise HardwareError("no answer")
        return answer


def _seen(zone: ZoneId, mono_ms: int) -> TagSighting:
    return TagSighting(zone=zone, epc=EPC, rssi_dbm=-60.0, mono_ms=mono_ms)


def test_sightings_of_all_readers_come_in_order_of_time() -> None:
    poller = TagPoller([ListedReader([_seen(RAIL, 20)]), ListedReader([_seen(DOOR, 10)])], [RAIL, DOOR])
    assert [sighting.mono_ms for sighting in poller.poll()] == [10, 20]
    assert poller.take_counts() == ({RAIL: 1, DOOR: 1}, {})


def test_a_zone_nobody_configured_is_left_out_and_counted() -> None:
    poller = TagPoller([ListedReader([_seen(RAIL, 1), _seen(ZoneId("next-shop"), 2)])], [RAIL])
    assert [sighting.zone for sighting in poller.poll()] == [RAIL]
    assert poller.take_counts() == ({RAIL: 1}, {"unknown_zone": 1})


def test_a_reader_that_is_away_does_not_hide_the_others() -> None:
    poller = TagPoller([ListedReader(None, []), ListedReader([_seen(RAIL, 1)], [])], [RAIL])
    assert len(poller.poll()) == 1
    assert poller.away == {RAIL}
    assert poller.take_counts() == ({RAIL: 1}, {"reader_away": 1})
    poller.poll()
    assert not poller.away


class TwoAntennas(ListedReader):
    """A reader that knows its zones; `deaf` are those it cannot hear."""

    zones = frozenset({DOOR})
    deaf: frozenset[ZoneId] = frozenset()

    @property
    def zones_away(self) -> frozenset[ZoneId]:
        return self.deaf

    def take_rejected(self) -> dict[str, int]:
        return {"bad_epc": 2}


def test_a_reader_that_is_away_makes_only_its_own_zones_deaf() -> None:
    poller = TagPoller([ListedReader([], None), TwoAntennas(None, [])], [RAIL, DOOR])
    poller.poll()
    assert poller.away == {DOOR}
    poller.poll()
    assert poller.away == {RAIL}


def test_an_antenna_without_its_cable_makes_its_zone_deaf() -> None:
    reader = TwoAntennas([_seen(DOOR, 1)])
    reader.deaf = frozenset({DOOR})
    poller = TagPoller([reader], [RAIL, DOOR])
    assert len(poller.poll()) == 1
    assert poller.away == {DOOR}


def test_what_readers_reject_is_counted_with_the_rest() -> None:
    poller = TagPoller([TwoAntennas(None)], [DOOR])
    poller.poll()
    assert poller.take_counts() == ({DOOR: 0}, {"reader_away": 1, "bad_epc": 2})
