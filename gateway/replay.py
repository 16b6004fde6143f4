"""The story of a replay: a dead letter is read again after a fix, and what it says becomes history, once.

Each letter is one transaction. It needs no lease of the store: it moves no watermark and touches nothing the gateway
holds in memory, so it may run beside a gateway that loads. What it brings takes the place of a gap `rejected`; numbers
that came another way since, or were never committed, it leaves alone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import Connection

from contract.codec import NumberedRecord, unpack
from contract.errors import LiveShelfError
from contract.ids import DeviceId, JournalId
from contract.records import Batch, Blocks
from contract.topics import Topic
from gateway.loading import correction
from gateway.loading.correction import Hole
from gateway.model import KeptLetter, Readings
from gateway.receiving.letters import TEXT_CHARACTERS_MAX
from gateway.receiving.reread import StillUnusable, narrowed, reread
from gateway.receiving.time import BootTime, date_running_boot

logger = logging.getLogger(__name__)


class UnknownDeadLetter(LiveShelfError):
    """No dead letter has this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of one letter: how many of its records are history now, whether it is settled, and a sentence."""

    number: int
    records: int
    settled: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """What a batch brought, and what the database said of records it refused."""

    records: int
    refused: str


def replay(connection: Connection[Any], number: int, *, at: datetime) -> Replayed:
    """Take one dead letter in again, at shop time `at`; a second time does nothing.

    The connection is in autocommit mode. Raises UnknownDeadLetter, or what the database raises; then nothing changed.
    """
    with connection.transaction():
        letter = correction.letter(connection, number)
        if letter is None:
            raise UnknownDeadLetter(f"no dead letter has the number {number}; `liveshelf db dead-letters` lists them")
        if letter.replayed_at is not None:
            said = f"replayed at {letter.replayed_at:%Y-%m-%d %H:%M:%S} already, nothing to do"
            return Replayed(number=number, records=0, settled=True, said=said)
        replayed = _replay(connection, letter, at)
    facts = {"number": number, "records": replayed.records, "settled": replayed.settled}
    logger.info("dead letter replayed", extra={"event": "dead_letter_replayed", **facts})
    return replayed


def _replay(connection: Connection[Any], letter: KeptLetter, at: datetime) -> Replayed:
    try:
        topic, batch = reread(letter)
    except StillUnusable as error:
        return _stays(connection, letter, error.reason, str(error))
    if batch is None:
        said = f"readable now; a {topic.channel} holds for its moment alone, so there is nothing to take in"
        return _settled(connection, letter, 0, said, at)
    committed = correction.watermark(connection, topic.device, JournalId(batch.journal))
    filled = _fill(connection, _dated(connection, letter, topic, batch), batch)
    if filled.refused:
        return _stays(connection, letter, "refused_by_database", filled.refused, filled.records)
    if batch.last > committed:
        said = (
            f"numbers {max(batch.first, committed + 1)} to {batch.last} are not committed: the device still holds them"
            " and sends them again by itself"
        )
        return _stays(connection, letter, letter.reason, said, filled.records)
    said = f"{filled.records} records of {batch.first} to {batch.last} are history now"
    if not filled.records:
        said = f"numbers {batch.first} to {batch.last} came another way or are gone: nothing was left to take in"
    return _settled(connection, letter, filled.records, said, at)


def _dated(connection: Connection[Any], letter: KeptLetter, topic: Topic, batch: Batch) -> Readings:
    """Return the batch on the clock of its journal; without one its arrival is a bound, and the time is not known."""
    base, _ = date_running_boot(
        BootTime(), received_at=letter.first_at, sent_mono_ms=batch.sent_mono_ms, blocks=batch.blocks, rate=1.0
    )
    undated = Readings(
        store=topic.store,
        device=DeviceId(batch.device),
        journal=JournalId(batch.journal),
        boot=batch.boot,
        first=batch.first,
        last=batch.last,
        mono_zero_at=base.zero_at,
        time_known=False,
        blocks=Blocks(),
    )
    return correction.zero_beside(connection, undated)


def _fill(connection: Connection[Any], readings: Readings, batch: Batch) -> _Filled:
    records = unpack(batch.blocks)
    holes = correction.holes(connection, readings.device, readings.journal, batch.first, batch.last)
    filled = [_fill_hole(connection, readings, batch, records, hole) for hole in holes]
    refused = next((one.refused for one in filled if one.refused), "")
    return _Filled(records=sum(one.records for one in filled), refused=refused)


def _fill_hole(
    connection: Connection[Any], readings: Readings, batch: Batch, records: Sequence[NumberedRecord], hole: Hole
) -> _Filled:
    wanted = [record for record in records if hole.gap.first <= record[0] <= hole.gap.last]
    part = replace(readings, first=max(batch.first, hole.gap.first), last=min(batch.last, hole.gap.last))
    taken, refused = correction.fill(connection, part, wanted, hole.load_id)
    correction.close(connection, part, hole, narrowed(hole.gap, batch, taken), len(taken))
    return _Filled(records=len(taken), refused=refused)


def _settled(connection: Connection[Any], letter: KeptLetter, records: int, said: str, at: datetime) -> Replayed:
    correction.settle(connection, letter.number, records=records, at=at)
    return Replayed(number=letter.number, records=records, settled=True, said=said)


def _stays(connection: Connection[Any], letter: KeptLetter, reason: str, detail: str, records: int = 0) -> Replayed:
    kept = detail.replace("\0", "\N{REPLACEMENT CHARACTER}")[:TEXT_CHARACTERS_MAX]
    correction.still_waits(connection, letter.number, reason=reason, detail=kept, records=records)
    return Replayed(number=letter.number, records=records, settled=False, said=f"{reason}: {kept}")
