"""Devices of a store as people see them, and what people do to them. Nothing here asks a device: see `asking`.

Functions that write say whether they are a transaction of their own; the others are part of their caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud.catalog import repository as catalog
from cloud.catalog.model import Planogram
from cloud.devices import fitting as fittings
from cloud.devices import lights, repository
from cloud.devices.fitting import Fitting, FittingRefused
from cloud.devices.lights import Lights
from cloud.devices.model import (
    CHANGING,
    DeviceRow,
    DeviceView,
    LoggedCommand,
    Sheet,
    birth_of,
    device_view,
    kept_args,
    read_sheet,
    sentence,
    sheets_told,
)
from cloud.devices.repository import Link
from cloud.stock import repository as stock_rows
from cloud.stock import service as stock
from contract.ids import NEW_DEVICE_STORE, Sku, StoreId, is_name
from contract.records import CommandResult

SHEETS_MAX = 500
LOG_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command somebody has for a device. `store` is below which the device speaks; asked twice with one
    `command_id` it is done once.
    """

    command_id: str
    store: str
    device: str
    op: str
    args: Mapping[str, Any]
    by: str

    @property
    def belongs_to(self) -> str:
        """The store whose business it is: of a new device the one that takes it in."""
        store = self.args.get("store")
        return store if self.op == "adopt" and isinstance(store, str) and is_name(store) else self.store


def devices(link: Link, store: str, at: datetime) -> tuple[DeviceView, ...]:
    """Return the devices of a store by name."""
    return _views(link, store, repository.devices(link, store=store), at=at)


def device(link: Link, store: str, name: str, at: datetime) -> DeviceView | None:
    """Return one device of a store; None when the store has none of that name."""
    found = _views(link, store, repository.devices(link, store=store, device=name), at=at)
    return found[0] if found else None


def store_of(link: Link, name: str) -> str | None:
    """Return the store a device spoke for last; None when the gateways have not heard of it."""
    found = repository.devices(link, device=name)
    return found[0].store if found else None


def keep_sheet(link: Link, store: str, name: str, facts: Mapping[str, Any], *, by: str, at: datetime) -> Sheet:
    """Keep the sheet a device just made, in a transaction of its own. Raises AnswerUnusable when it is none."""
    sheet = read_sheet(facts, store=store, device=name, by=by, at=at)
    with link.transaction():
        repository.keep_sheet(link, sheet)
    return sheet


def sheets(
    link: Link, store: str, plate: str | None = None, *, device: str | None = None, limit: int = SHEETS_MAX
) -> tuple[Sheet, ...]:
    """Return the sheets kept of a store, of one plate or one device where named, the newest first."""
    return tuple(repository.sheets(link, store, plate=plate, device=device, limit=limit))


def note_asked(link: Link, asked: Asked, *, at: datetime) -> None:
    """Keep in the audit trail, before the device hears of it, who asks for a change; in a transaction of its own."""
    if asked.op not in CHANGING:
        return
    with link.transaction():
        repository.log_asked(
            link, asked.command_id, store=asked.belongs_to, device=asked.device, op=asked.op,
            args=kept_args(asked.args), by=asked.by, at=at,
        )  # fmt: skip


def note_answered(link: Link, asked: Asked, result: CommandResult, *, at: datetime) -> None:
    """Keep what became of it, and the sheets the device told; in a transaction of its own.

    Raises AnswerUnusable where a sheet is none; what became of the command is kept then too.
    """
    with link.transaction():
        if asked.op in CHANGING:
            detail = sentence(result.detail)
            repository.log_answered(link, asked.command_id, ok=result.ok, detail=detail, at=at)
    if not result.ok:
        return
    with link.transaction():
        for facts, happened in sheets_told(asked.op, result.facts):
            sheet = read_sheet(
                facts, store=asked.store, device=asked.device, by=asked.by, at=at, happened=happened
            )  # fmt: skip
            repository.keep_sheet(link, sheet)


def command_log(link: Link, store: str, name: str, *, limit: int = LOG_MAX) -> tuple[LoggedCommand, ...]:
    """Return who asked a device to change what, when, and what became of it; the newest first."""
    return tuple(repository.logged(link, store, name, limit=limit))


def place_position(link: Link, store: str, fitting: Fitting, *, by: str, at: datetime) -> int:
    """Make a new version of the store's planogram in which this position stands as fitted; a transaction of its own.

    It is a copy of the one that holds at `at`, changed in one position, which may be a new one; a planogram that is to
    hold later holds then as it was imported. The first position of a store makes the store. Returns the planogram's id.
    Raises FittingRefused.
    """
    if not is_name(store) or store == NEW_DEVICE_STORE:
        raise FittingRefused("store", "name_unusable", f"found {store[:64]!r}, expected the name of a store")
    named = StoreId(store)
    with link.transaction():
        catalog.add_store(link, named)
        stock_rows.lock_store(link, named)
        before = catalog.positions_at(link, named, at=at)
        positions = fittings.fitted(before, fitting, skus=catalog.known_skus(link))
        _check_device(link, store, fitting)
        planogram = Planogram(valid_from=at, positions=positions)
        planogram_id = catalog.put_planogram(link, named, planogram, at=at, by=by)
        learned = fitting.unit_weight_g is not None and _learn(
            link, Sku(fitting.sku), fitting.unit_weight_g, fitting.unit_spread_g, by=by, at=at
        )
        catalog.raise_evidence(link, catalog.stores(link) if learned else [named])
        was = {one.sku for one in before if one.position == fitting.position}
        stock.project(link, named, was | {Sku(fitting.sku)}, at=at)
    return planogram_id


def learn_unit_weight(
    link: Link, sku: str, unit_weight_g: float, unit_spread_g: float | None, *, by: str, at: datetime
) -> None:
    """Give a product the unit weight somebody taught, in every store; a transaction of its own.

    `unit_spread_g` is the standard deviation of single units, None: it stays. Raises FittingRefused.
    """
    fittings.check_weight(unit_weight_g, unit_spread_g)
    with link.transaction():
        fittings.check_sku(sku, catalog.known_skus(link))
        if _learn(link, Sku(sku), unit_weight_g, unit_spread_g, by=by, at=at):
            catalog.raise_evidence(link, catalog.stores(link))


def lights_wanted(link: Link, store: str) -> dict[str, Lights]:
    """Return what each device of the store that has lights is to light, by the tasks as they stand."""
    devices_lit = repository.lit_devices(link, StoreId(store))
    return lights.wanted(repository.refills(link, StoreId(store)), devices_lit) if devices_lit else {}


def _learn(link: Link, sku: Sku, weight_g: float, spread_g: float | None, *, by: str, at: datetime) -> bool:
    """Return whether that was news."""
    before = repository.product_weight(link, sku)
    assert before is not None, "the catalogue has it"
    spread = before[1] if spread_g is None else spread_g
    if before == (weight_g, spread):
        return False
    repository.set_product_weight(link, sku, before=before, weight_g=weight_g, spread_g=spread, by=by, at=at)
    return True


def _check_device(link: Link, store: str, fitting: Fitting) -> None:
    if fitting.device is None:
        return
    found = repository.devices(link, store=store, device=fitting.device)
    birth = birth_of(found[0].birth) if found else None
    if birth is None:
        detail = f"found {fitting.device[:64]!r}, expected a device of the store {store}"
        raise FittingRefused("device", "device_unknown", detail)
    fittings.check_device(fitting, {one.plate: one for one in birth.plates})


def _views(link: Link, store: str, rows: list[DeviceRow], *, at: datetime) -> tuple[DeviceView, ...]:
    if not rows:
        return ()
    places = repository.places(link, store, at=at)
    health = repository.parts(link, [row.device for row in rows])
    kept = repository.sheets_of(link, [row.device for row in rows])
    return tuple(
        device_view(
            row,
            [part for part in health if part.device == row.device],
            {(sheet.plate, sheet.version): sheet for sheet in kept if sheet.device == row.device},
            places,
        )
        for row in rows
    )
