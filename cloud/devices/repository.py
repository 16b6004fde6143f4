"""SQL of devices, their sheets, what they were asked and what was learned. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

from cloud.devices.model import DeviceRow, LoggedCommand, PartRow, Sheet
from contract.ids import StoreId

Link = Connection[TupleRow]

DEVICES = """SELECT device, store, online, journal, birth, seen_at FROM device_seen
             WHERE (%(store)s::text IS NULL OR store = %(store)s) AND (%(device)s::text IS NULL OR device = %(device)s)
             ORDER BY device"""

PARTS = """SELECT device, subject, verdict, as_of, samples, rejected, noise_g, measured, queued, weight_g
           FROM device_part WHERE device = ANY(%s)"""

# What stands on each plate and in each zone, by the planogram that holds; where several do, the first by name.
PLACES = """SELECT DISTINCT ON (part) part, p.position, p.sku FROM planogram_position p,
                LATERAL (SELECT 'plate:' || plate AS part FROM unnest(p.plates) plate
                         UNION ALL SELECT 'zone:' || zone FROM unnest(p.zones) zone) parts
            WHERE p.planogram_id = planogram_of(%s, %s) ORDER BY part, p.position"""

# The same sheet may be told again, by a history: what we knew of it first stays.
KEEP_SHEET = """INSERT INTO calibration_sheet
                    (store, device, plate, version, told_at, held_at, made_by, reason, passed, facts)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (device, plate, version, told_at) DO NOTHING"""

SHEETS = """SELECT store, device, plate, version, held_at AS at, made_by AS by, reason, passed, facts
            FROM calibration_sheet WHERE store = %(store)s AND (%(plate)s::text IS NULL OR plate = %(plate)s)
                AND (%(device)s::text IS NULL OR device = %(device)s)
            ORDER BY held_at DESC, version DESC, sheet_id DESC LIMIT %(limit)s"""

NEWEST_SHEETS = """SELECT DISTINCT ON (plate)
                       store, device, plate, version, held_at AS at, made_by AS by, reason, passed, facts
                   FROM calibration_sheet WHERE store = %s AND plate = ANY(%s)
                   ORDER BY plate, held_at DESC, version DESC, sheet_id DESC"""

SHEETS_OF = """SELECT DISTINCT ON (device, plate, version)
                   store, device, plate, version, held_at AS at, made_by AS by, reason, passed, facts
               FROM calibration_sheet WHERE device = ANY(%s)
               ORDER BY device, plate, version, held_at DESC, sheet_id DESC"""

LOG_ASKED = """INSERT INTO device_command (command_id, store, device, op, args, asked_by, asked_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (command_id) DO NOTHING"""

LOG_ANSWERED = """UPDATE device_command SET answered_at = %s, ok = %s, detail = %s
                  WHERE command_id = %s AND answered_at IS NULL"""

LOGGED = """SELECT command_id, store, device, op, args, asked_by, asked_at, answered_at, ok, detail
            FROM device_command WHERE store = %s AND device = %s ORDER BY asked_at DESC, command_id LIMIT %s"""

PRODUCT_WEIGHT = "SELECT unit_weight_g, unit_spread_g FROM product WHERE sku = %s FOR UPDATE"

LEARNED = """INSERT INTO unit_weight_learned
                 (sku, before_g, before_spread_g, unit_weight_g, unit_spread_g, learned_by, learned_at)
             VALUES (%s, %s, %s, %s, %s, %s, %s)"""

# Devices with lights, and the work that is to be done at each position: a refill nobody has taken, or one somebody has.
LIT_DEVICES = """SELECT device, birth->'lights' FROM device_seen
                 WHERE store = %s AND jsonb_typeof(birth->'lights') = 'array' AND birth->'lights' <> '[]'
                 ORDER BY device"""
REFILLS = """SELECT position, state FROM task
             WHERE store = %s AND kind = 'refill' AND state IN ('open', 'taken')"""


def devices(link: Link, *, store: str | None = None, device: str | None = None) -> list[DeviceRow]:
    """Return the devices by name: all of a store, or the one asked for."""
    asked = {"store": store, "device": device}
    return link.cursor(row_factory=class_row(DeviceRow)).execute(DEVICES, asked).fetchall()


def parts(link: Link, names: Sequence[str]) -> list[PartRow]:
    """Return the newest health record of every part of these devices."""
    return link.cursor(row_factory=class_row(PartRow)).execute(PARTS, (list(names),)).fetchall()


def places(link: Link, store: str, *, at: datetime) -> dict[str, tuple[str, str]]:
    """Return (position, SKU) by part (`plate:…`, `zone:…`) of the planogram that holds."""
    return {part: (position, sku) for part, position, sku in link.execute(PLACES, (store, at))}


def keep_sheet(link: Link, sheet: Sheet) -> None:
    """Keep a sheet, once."""
    told_at = str(sheet.facts.get("at", ""))
    link.execute(
        KEEP_SHEET,
        (sheet.store, sheet.device, sheet.plate, sheet.version, told_at, sheet.at, sheet.by, sheet.reason,
         sheet.passed, Jsonb(dict(sheet.facts))),
    )  # fmt: skip


def sheets(link: Link, store: str, *, plate: str | None, device: str | None, limit: int) -> list[Sheet]:
    """Return sheets, the newest first."""
    asked = {"store": store, "plate": plate, "device": device, "limit": limit}
    return link.cursor(row_factory=class_row(Sheet)).execute(SHEETS, asked).fetchall()


def sheets_of(link: Link, names: Sequence[str]) -> list[Sheet]:
    """Return the sheets made on these devices, of each version of a plate the newest."""
    return link.cursor(row_factory=class_row(Sheet)).execute(SHEETS_OF, (list(names),)).fetchall()


def newest_sheets(link: Link, store: str, plates: Sequence[str]) -> dict[str, Sheet]:
    """Return the newest sheet of each plate that has one, whichever device it was made on."""
    rows = link.cursor(row_factory=class_row(Sheet)).execute(NEWEST_SHEETS, (store, list(plates)))
    return {sheet.plate: sheet for sheet in rows}


def log_asked(
    link: Link, command_id: str, *, store: str, device: str, op: str, args: dict[str, Any], by: str, at: datetime
) -> None:
    """Note that a device is being asked to change something; asked again it is the same."""
    link.execute(LOG_ASKED, (command_id, store, device, op, Jsonb(args), by, at))


def log_answered(link: Link, command_id: str, *, ok: bool, detail: str, at: datetime) -> None:
    """Note what became of it."""
    link.execute(LOG_ANSWERED, (at, ok, detail, command_id))


def logged(link: Link, store: str, device: str, *, limit: int) -> list[LoggedCommand]:
    """Return what a device was asked to change, the newest first."""
    rows = link.cursor(row_factory=class_row(LoggedCommand))
    return rows.execute(LOGGED, (store, device, limit)).fetchall()


def product_weight(link: Link, sku: str) -> tuple[float | None, float] | None:
    """Return (unit_weight_g, unit_spread_g) of a product and hold its row; None when there is no such product."""
    row = link.execute(PRODUCT_WEIGHT, (sku,)).fetchone()
    return None if row is None else (row[0], row[1])


def set_product_weight(
    link: Link, sku: str, *, before: tuple[float | None, float], weight_g: float, spread_g: float, by: str, at: datetime
) -> None:
    """Give a product another unit weight, and keep who said so."""
    link.execute("UPDATE product SET unit_weight_g = %s, unit_spread_g = %s WHERE sku = %s", (weight_g, spread_g, sku))
    link.execute(LEARNED, (sku, *before, weight_g, spread_g, by, at))


def lit_devices(link: Link, store: StoreId) -> dict[str, list[Any]]:
    """Return the devices that have lights, and what they said of them."""
    return dict(link.execute(LIT_DEVICES, (store,)).fetchall())


def refills(link: Link, store: StoreId) -> list[tuple[str, str]]:
    """Return (position, state) of the refills that are open or taken."""
    return link.execute(REFILLS, (store,)).fetchall()
