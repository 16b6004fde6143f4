"""SQL of places that are being fitted, and of the plates they may be fitted with. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from cloud.commissioning.asking import Offer
from cloud.commissioning.course import Course

Link = Connection[TupleRow]

COURSE = """SELECT course, version, busy_until, updated_at, updated_by FROM commissioning
            WHERE store = %s AND position = %s"""

COURSES = """SELECT course, version, busy_until, updated_at, updated_by FROM commissioning WHERE store = %s
             ORDER BY updated_at DESC, position"""

BEGIN = """INSERT INTO commissioning (store, position, course, step, updated_at, updated_by)
           VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""

KEEP = """UPDATE commissioning SET course = %(course)s, step = %(step)s, version = version + 1, busy_until = NULL,
              updated_at = %(at)s, updated_by = %(by)s
          WHERE store = %(store)s AND position = %(position)s AND version = %(version)s"""

CLAIM = """UPDATE commissioning SET busy_until = %(until)s
           WHERE store = %(store)s AND position = %(position)s AND version = %(version)s
             AND (busy_until IS NULL OR busy_until <= %(wall_at)s)"""

RELEASE = """UPDATE commissioning SET busy_until = NULL
             WHERE store = %(store)s AND position = %(position)s AND version = %(version)s"""

# Every plate a device of the store has said it has, with the first position of the planogram that names it.
OFFERS = """
    SELECT d.device, d.online, part->>'plate', part->>'bay', part->>'shelf', (part->>'capacity_g')::float8,
           (part->>'rate_sps')::float8, (part->>'calibration_version')::integer > 1, min(p.position)
    FROM device d CROSS JOIN LATERAL jsonb_array_elements(coalesce(d.birth->'plates', '[]')) part
    LEFT JOIN planogram_position p
           ON p.planogram_id = planogram_of(%(store)s, %(at)s) AND part->>'plate' = ANY(p.plates)
    WHERE d.store = %(store)s
    GROUP BY d.device, d.online, part ORDER BY d.device, part->>'plate'"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A course as it is kept: which version it is, until when a page measures (wall time), who last did something."""

    course: Course
    version: int
    busy_until: datetime | None
    updated_at: datetime
    updated_by: str


def course(link: Link, store: str, position: str, *, for_update: bool = False) -> Kept | None:
    """Return the course of a place, or None when nobody has begun; with `for_update` others wait to change it."""
    row = link.execute(COURSE + " FOR UPDATE" if for_update else COURSE, (store, position)).fetchone()
    return None if row is None else _kept(row)


def courses(link: Link, store: str) -> list[Kept]:
    """Return every course of the store, the one last touched first."""
    return [_kept(row) for row in link.execute(COURSES, (store,))]


def begin(link: Link, store: str, fresh: Course, *, by: str, at: datetime) -> None:
    """Write the first version of a course, unless somebody was faster."""
    link.execute(BEGIN, (store, fresh.position, _column(fresh), fresh.step, at, by))


def keep(link: Link, store: str, changed: Course, *, version: int, by: str, at: datetime) -> bool:
    """Write a new version; False when somebody else wrote one after `version`."""
    asked = {
        "store": store, "position": changed.position, "course": _column(changed), "step": changed.step, "at": at,
        "by": by, "version": version,
    }  # fmt: skip
    return link.execute(KEEP, asked).rowcount == 1


def claim(link: Link, store: str, position: str, *, version: int, wall_at: datetime, for_s: float) -> bool:
    """Let one page measure for so long (wall seconds); False when another does, or the course has gone on."""
    until = wall_at + timedelta(seconds=for_s)
    asked = {"store": store, "position": position, "version": version, "until": until, "wall_at": wall_at}
    return link.execute(CLAIM, asked).rowcount == 1


def release(link: Link, store: str, position: str, *, version: int) -> None:
    """Let another page measure: this one has, and nothing has changed."""
    link.execute(RELEASE, {"store": store, "position": position, "version": version})


def forget(link: Link, store: str, position: str) -> None:
    """Drop the course of a place."""
    link.execute("DELETE FROM commissioning WHERE store = %s AND position = %s", (store, position))


def offers(link: Link, store: str, *, at: datetime) -> Sequence[Offer]:
    """Return every plate the devices of the store have."""
    return [
        Offer(
            device=device, plate=plate, bay=bay, shelf=shelf, capacity_g=capacity_g, rate_sps=rate_sps, online=online,
            position=position, calibrated=calibrated,
        )
        for device, online, plate, bay, shelf, capacity_g, rate_sps, calibrated, position in link.execute(
            OFFERS, {"store": store, "at": at}
        )
    ]  # fmt: skip


def _kept(row: tuple[Any, ...]) -> Kept:
    plain, version, busy_until, updated_at, updated_by = row
    return Kept(
        course=msgspec.convert(plain, Course), version=version, busy_until=busy_until, updated_at=updated_at,
        updated_by=updated_by,
    )  # fmt: skip


def _column(course: Course) -> Jsonb:
    return Jsonb(msgspec.to_builtins(course))
