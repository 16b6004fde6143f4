"""Count one shelf's tag records: who came, who left, and what that means where only tags tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contract.ids import PositionId, Sku, ZoneId
from contract.records import TagRecord
from gateway.counting.events import Cause
from gateway.counting.layout import Shelf
from gateway.counting.quantities import tags_present
from gateway.counting.state import ShelfState, ZoneState
from gateway.model import EventKind, PositionModel, ShelfEvent
from gateway.tags import gtin_of

OPENING_S = 120.0
"""What a zone finds in its first two minutes was there before: readers need some rounds to read dense tags (a repeated
scan added 0.15 to the read rate: Abcouwer and van Loon 2020)."""

GONE_MAX = 512
"""A zone remembers so many tags that left, to know them again."""


def count_tag(
    state: ShelfState, places: Sequence[PositionModel], skus: Mapping[str, Sku], record: TagRecord, cause: Cause
) -> list[ShelfEvent]:
    """Take one tag record into the shelf's state and return the events it makes.

    Where plates count as well, they make the events. A tag that comes back is put back; one never seen is refilled; one
    of a product that belongs elsewhere is misplaced. One that goes from one zone of a position to another is told as
    arrived before it is told as departed (contract.records.TagRecord), and has gone nowhere.
    """
    at_s = cause.time.timestamp()
    zone = state.zones.get(ZoneId(record.zone)) or ZoneState(since_s=at_s, present={}, gone={})
    sku = skus.get(gtin_of(record.epc) or "")
    was_there = record.epc in zone.present
    state.zones[ZoneId(record.zone)] = _moved(zone, record, sku or "", at_s)
    arrived = record.kind == "arrived"
    if sku is None or was_there == arrived or (arrived and at_s - zone.since_s < OPENING_S):
        return []
    place = next((place for place in places if place.sku == sku), None)
    others = _other_zones(state, places if place is None else (place,), record)
    if any(record.epc in other.present for other in others):
        return []
    if place is None:
        return [cause.event(places[0], "misplace", 1, probability=_PRESENT, weight_g=0.0, sku=sku)] if arrived else []
    if place.plates and place.unit_weight_g is not None:
        return []
    known = record.epc in zone.gone or any(record.epc in other.gone for other in others)
    kind: EventKind = ("put_back" if known else "refill") if arrived else "pick"
    state.note_move(PositionId(place.position), at_s, 1 if arrived else -1)
    return [cause.event(place, kind, 1, probability=_PRESENT, weight_g=0.0, sku=place.sku)]


def take_counts(state: ShelfState, shelf: Shelf, at_s: float) -> list[PositionId]:
    """Take in what people counted where only tags tell, once all tags there were read; return the positions.

    From then on tags tell the changes, as differences of weight do after a count of goods on a plate.
    """
    taken = []
    for place in shelf.tag_only:
        count = shelf.counts.get(place.position)
        if count is None or count.sku != place.sku or not state.is_news(count, at_s):
            continue
        zones = [state.zones.get(zone) for zone in place.zones]
        if all(zone is not None and at_s - zone.since_s >= OPENING_S for zone in zones):
            state.unread[place.position] = state.brought_forward(count) - tags_present(state, place)
            taken.append(place.position)
    return taken


_PRESENT = 0.9938
"""How sure a smoothed arrival or departure is: 99.38 % of 97 garments (University of Arkansas)."""


def _other_zones(state: ShelfState, places: Sequence[PositionModel], record: TagRecord) -> list[ZoneState]:
    zones = {zone for place in places for zone in place.zones if zone != record.zone}
    return [state.zones[zone] for zone in zones if zone in state.zones]


def _moved(zone: ZoneState, record: TagRecord, sku: str, at_s: float) -> ZoneState:
    present, gone = dict(zone.present), dict(zone.gone)
    if record.kind == "arrived":
        present[record.epc] = sku
        gone.pop(record.epc, None)
    else:
        present.pop(record.epc, None)
        gone.pop(record.epc, None)
        gone[record.epc] = at_s
        if len(gone) > GONE_MAX:
            del gone[next(iter(gone))]
    return ZoneState(since_s=zone.since_s, present=present, gone=gone)
