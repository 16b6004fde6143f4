"""The small tables of what holds now: devices, newest weights, newest verdicts, present tags.

Late data never overwrites newer: every statement compares event times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from psycopg import Cursor
from psycopg.types.json import Jsonb

from contract.ids import PositionId, StoreId
from gateway.loading.load import DeviceSeen, Load, PlateWeight
from gateway.loading.staging import stage
from gateway.model import Readings
from gateway.tags import gtin_of

STAGE_PLATES = """
CREATE TEMPORARY TABLE IF NOT EXISTS plate_news (plate text, device text, weight_g real, quality text,
                                                 as_of timestamptz) ON COMMIT DELETE ROWS
"""
COPY_PLATES = "COPY plate_news FROM STDIN (FORMAT BINARY)"
PLATE_TYPES = ("text", "text", "float4", "text", "timestamptz")

# The newest weight of each plate. Sorted by plate, so that two writers cannot deadlock.
SET_PLATES = """
INSERT INTO plate_current AS held (plate, store, device, weight_g, quality, as_of)
SELECT plate, %(store)s, device, weight_g, quality, as_of FROM plate_news ORDER BY plate
ON CONFLICT (plate) DO UPDATE
SET store = excluded.store, device = excluded.device, weight_g = excluded.weight_g, quality = excluded.quality,
    as_of = excluded.as_of
WHERE held.as_of <= excluded.as_of
"""

# Sensors said the same again: only the age of the quantity changes.
STAGE_CONFIRMED = """
CREATE TEMPORARY TABLE IF NOT EXISTS confirmed_news (position text, as_of timestamptz) ON COMMIT DELETE ROWS
"""
COPY_CONFIRMED = "COPY confirmed_news FROM STDIN (FORMAT BINARY)"
CONFIRMED_TYPES = ("text", "timestamptz")
CONFIRM_QUANTITIES = """
UPDATE position_quantity AS held SET as_of = seen.as_of FROM confirmed_news AS seen
WHERE held.store = %(store)s AND held.position = seen.position AND held.as_of < seen.as_of
"""

# A weight from a `now` message, which counts only while the journal is more than 2 s behind (rule 9). It knows no
# verdict, so the one that holds stays.
SET_WEIGHT = """
INSERT INTO plate_current AS held (plate, store, device, weight_g, quality, as_of)
VALUES (%(plate)s, %(store)s, %(device)s, %(weight_g)s, 'ok', %(as_of)s)
ON CONFLICT (plate) DO UPDATE
SET store = excluded.store, device = excluded.device, weight_g = excluded.weight_g, as_of = excluded.as_of
WHERE held.as_of < excluded.as_of - interval '2 seconds'
"""

# The newest verdict on each part of a device.
SET_HEALTH = """
INSERT INTO health_current AS held (device, subject, verdict, noise_g, rejected, samples, queued, measured, as_of)
VALUES (%(device)s, %(subject)s, %(verdict)s, %(noise_g)s, %(rejected)s, %(samples)s, %(queued)s, %(measured)s,
        %(as_of)s)
ON CONFLICT (device, subject) DO UPDATE
SET verdict = excluded.verdict, noise_g = excluded.noise_g, rejected = excluded.rejected, samples = excluded.samples,
    queued = excluded.queued, measured = excluded.measured, as_of = excluded.as_of
WHERE held.as_of <= excluded.as_of
"""

# Whether a tag is in a zone.
SET_TAG = """
INSERT INTO tag_current AS held (zone, epc, store, gtin, present, as_of)
VALUES (%(zone)s, %(epc)s, %(store)s, %(gtin)s, %(present)s, %(as_of)s)
ON CONFLICT (zone, epc) DO UPDATE
SET store = excluded.store, gtin = excluded.gtin, present = excluded.present, as_of = excluded.as_of
WHERE held.as_of <= excluded.as_of
"""

# What a device says of itself.
SET_BIRTH = """
INSERT INTO device (device, store, online, journal, birth, seen_at)
VALUES (%(device)s, %(store)s, %(online)s, %(journal)s, %(birth)s::jsonb, %(seen_at)s)
ON CONFLICT (device) DO UPDATE
SET store = excluded.store, online = excluded.online, journal = excluded.journal, birth = excluded.birth,
    seen_at = excluded.seen_at
"""

# Whether a device is there. A last will of an older run does not put the present one offline.
SET_STATE = """
INSERT INTO device AS held (device, store, online, journal, birth, seen_at)
VALUES (%(device)s, %(store)s, %(online)s, %(journal)s, '{}', %(seen_at)s)
ON CONFLICT (device) DO UPDATE
SET store = excluded.store, online = excluded.online, journal = excluded.journal, seen_at = excluded.seen_at
WHERE excluded.online OR held.journal = excluded.journal
"""


@dataclass(slots=True)
class Newest:
    """Newest weights and confirmations that wait to be written, so that a busy plate costs one row now and then.

    What waits is lost with the process; a recovery finds it again in the stored readings.
    """

    plates: dict[str, PlateWeight] = field(default_factory=dict)
    confirmed: dict[PositionId, datetime] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.plates or self.confirmed)

    def hear(self, plate: PlateWeight) -> None:
        """Take in a weight, unless a newer one is known; what has no verdict leaves the one there was."""
        held = self.plates.get(plate.plate)
        if held is not None:
            if held.as_of > plate.as_of:
                return
            if plate.quality is None and held.quality is not None:
                plate = replace(plate, quality=held.quality)
        self.plates[plate.plate] = plate

    def confirm(self, confirmed: Mapping[PositionId, datetime]) -> None:
        """Take in until when quantities were seen to hold."""
        known = self.confirmed
        for position, as_of in confirmed.items():
            before = known.get(position)
            if before is None or before < as_of:
                known[position] = as_of

    def take_over(self, other: Newest) -> None:
        """Take in all that another one holds, which was heard later."""
        for plate in other.plates.values():
            self.hear(plate)
        self.confirm(other.confirmed)


def newest_weights(readings: Iterable[Readings]) -> Newest:
    """Return the newest weight of each plate the readings name."""
    newest = Newest()
    for one in readings:
        block = one.blocks.weight
        if block is None:
            continue
        times = {mono_ms: one.time_of(mono_ms) for mono_ms in set(block.mono_ms)}
        for plate, mono_ms, weight_g, quality in zip(
            block.plate, block.mono_ms, block.weight_g, block.quality, strict=True
        ):
            newest.hear(
                PlateWeight(plate=plate, device=one.device, weight_g=weight_g, quality=quality, as_of=times[mono_ms])
            )
    return newest


def write(cursor: Cursor[Any], load: Load) -> None:
    """Write what holds now, as part of the load's transaction."""
    _write_devices(cursor, load)
    _write_plates(cursor, load.store, load.plates)
    health = {(row["device"], row["subject"]): row for row in _health(load.readings)}
    if health:
        cursor.executemany(SET_HEALTH, [health[key] for key in sorted(health)])
    tags = {(row["zone"], row["epc"]): row for row in _tags(load.readings)}
    if tags:
        cursor.executemany(SET_TAG, [tags[key] for key in sorted(tags)])


def confirm(cursor: Cursor[Any], store: StoreId, confirmed: Mapping[PositionId, datetime]) -> None:
    """Move the age of quantities that were seen to hold still."""
    if confirmed:
        stage(cursor, STAGE_CONFIRMED, COPY_CONFIRMED, CONFIRMED_TYPES, confirmed.items())
        cursor.execute(CONFIRM_QUANTITIES, {"store": store})


def _write_devices(cursor: Cursor[Any], load: Load) -> None:
    for seen in load.devices:
        statement = SET_STATE if seen.birth is None else SET_BIRTH
        cursor.execute(statement, _device(seen, load))


def _device(seen: DeviceSeen, load: Load) -> dict[str, Any]:
    return {
        "device": seen.device,
        "store": load.store,
        "online": seen.online,
        "journal": seen.journal,
        "birth": seen.birth,
        "seen_at": load.loaded_at,
    }


def _write_plates(cursor: Cursor[Any], store: StoreId, plates: Sequence[PlateWeight]) -> None:
    settled = [plate for plate in plates if plate.quality is not None]
    if settled:
        rows = ((plate.plate, plate.device, plate.weight_g, plate.quality, plate.as_of) for plate in settled)
        stage(cursor, STAGE_PLATES, COPY_PLATES, PLATE_TYPES, rows)
        cursor.execute(SET_PLATES, {"store": store})
    passing = [
        {
            "plate": plate.plate,
            "store": store,
            "device": plate.device,
            "weight_g": plate.weight_g,
            "as_of": plate.as_of,
        }
        for plate in sorted(plates, key=lambda plate: plate.plate)
        if plate.quality is None
    ]
    if passing:
        cursor.executemany(SET_WEIGHT, passing)


def _health(readings: Iterable[Readings]) -> Iterator[dict[str, Any]]:
    for one in readings:
        block = one.blocks.health
        for row in range(0 if block is None else len(block.seq)):
            assert block is not None
            yield {
                "device": one.device,
                "subject": block.subject[row],
                "verdict": block.verdict[row],
                "noise_g": block.noise_g[row],
                "rejected": Jsonb(block.rejected[row]),
                "samples": block.samples[row],
                "queued": block.queued[row],
                "measured": Jsonb(block.measured[row]),
                "as_of": one.time_of(block.mono_ms[row]),
            }


def _tags(readings: Iterable[Readings]) -> Iterator[dict[str, Any]]:
    for one in readings:
        block = one.blocks.tag
        for row in range(0 if block is None else len(block.seq)):
            assert block is not None
            yield {
                "zone": block.zone[row],
                "epc": block.epc[row],
                "store": one.store,
                "gtin": gtin_of(block.epc[row]),
                "present": block.kind[row] == "arrived",
                "as_of": one.time_of(block.mono_ms[row]),
            }
