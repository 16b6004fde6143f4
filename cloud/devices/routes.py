"""Devices of a store: how they are, what they were calibrated to, and commands to them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from cloud.access.guard import Needs, check_store
from cloud.access.model import Caller
from cloud.devices import asking, service
from cloud.devices.model import DeviceView, sentence, storable
from cloud.devices.schemas import (
    CalibrationSheet,
    CommandAnswer,
    CommandLog,
    Device,
    DeviceHealth,
    DeviceList,
    LoggedCommand,
    NewDevice,
    NewDeviceList,
    SendCommand,
    SheetList,
)
from cloud.documents import ANSWERS, DEVICE, READ_PROBLEMS, STORE, WRITE_PROBLEMS, responses
from cloud.errors import UnknownDevice
from cloud.idempotency.guard import DeviceWriting, response
from cloud.idempotency.service import Writing
from cloud.parts import Parts, PartsOf
from contract.ids import NEW_DEVICE_STORE

router = APIRouter(prefix="/v1", tags=["devices"])

SIGNED = frozenset({"calibration_accept", "calibration_zero", "calibration_restore"})
"""Commands whose sheet names who did it; a key that names nobody signs itself."""

TEXT = r"^[^\x00]*$"
Store = Annotated[str, Query(description="the store's id", max_length=64, pattern=TEXT, examples=["corner-shop"])]
Name = Annotated[str, Path(description="the device's id", max_length=64, pattern=TEXT, examples=["bay-1"])]
Only = Annotated[str | None, Query(description="of this one alone", max_length=64, pattern=TEXT)]
SheetLimit = Annotated[int, Query(ge=1, le=service.SHEETS_MAX)]
LogLimit = Annotated[int, Query(ge=1, le=service.LOG_MAX)]
Reader = Annotated[Caller, Depends(Needs("devices:read"))]


@dataclass(frozen=True, slots=True)
class Which:
    """Which sheets are asked for, and how many at most."""

    plate: Only = None
    device: Only = None
    limit: SheetLimit = 100


@router.get("/devices", response_model=DeviceList, responses=responses(*READ_PROBLEMS, STORE))
def list_devices(caller: Reader, parts: PartsOf, store: Store) -> DeviceList:
    """List the devices of a store with their parts, by name."""
    check_store(caller, store)
    with parts.writes.connection() as link:
        found = service.devices(link, store, parts.clock.now())
    return DeviceList(devices=[Device.model_validate(one) for one in found])


@router.get(
    "/new-devices",
    response_model=NewDeviceList,
    responses=responses(*READ_PROBLEMS),
    dependencies=[Depends(Needs("devices:read"))],
)
def list_new_devices(parts: PartsOf) -> NewDeviceList:
    """List the devices that belong to no store yet; any key that may read devices sees them."""
    found = parts.devices.new_devices()
    return NewDeviceList(
        devices=[NewDevice.model_validate(one) for one in found], connected=parts.devices.connected
    )  # fmt: skip


@router.get("/devices/{device}", response_model=Device, responses=responses(*READ_PROBLEMS, DEVICE))
def get_device(caller: Reader, parts: PartsOf, device: Name) -> Device:
    """Tell what a device is and how its parts are."""
    return Device.model_validate(_view(parts, caller, device))


@router.get("/devices/{device}/health", response_model=DeviceHealth, responses=responses(*READ_PROBLEMS, DEVICE))
def get_device_health(caller: Reader, parts: PartsOf, device: Name) -> DeviceHealth:
    """Tell how a device and its parts are."""
    return DeviceHealth.model_validate(_view(parts, caller, device))


@router.get("/calibration-sheets", response_model=SheetList, responses=responses(*READ_PROBLEMS, STORE))
def list_calibration_sheets(
    caller: Reader, parts: PartsOf, store: Store, which: Annotated[Which, Depends()]
) -> SheetList:
    """List the sheets of calibrations that are kept of a store, the newest first."""
    check_store(caller, store)
    with parts.writes.connection() as link:
        found = service.sheets(link, store, which.plate, device=which.device, limit=which.limit)
    return SheetList(sheets=[CalibrationSheet.model_validate(one) for one in found])


@router.get("/devices/{device}/commands", response_model=CommandLog, responses=responses(*READ_PROBLEMS, DEVICE))
def list_commands(caller: Reader, parts: PartsOf, device: Name, limit: LogLimit = 100) -> CommandLog:
    """List who asked a device to change what, and what became of it, the newest first."""
    store = _store_of(parts, caller, device)
    with parts.writes.connection() as link:
        found = service.command_log(link, store, device, limit=limit)
    return CommandLog(commands=[LoggedCommand.model_validate(one) for one in found])


@router.post(
    "/devices/{device}/commands",
    response_model=CommandAnswer,
    responses=responses(*WRITE_PROBLEMS, DEVICE, STORE, *ANSWERS),
)
async def send_command(writing: DeviceWriting, device: Name, asked: SendCommand) -> JSONResponse:
    """Ask a device to do something and wait for its answer, up to 70 s where it has to measure.

    Sent again with the same Idempotency-Key, also after 504, a command is done once. What changes the device is kept in
    its command log.
    """
    kept = await run_in_threadpool(writing.kept)
    if kept is not None:
        return response(kept)
    store = await run_in_threadpool(_speaks_below, writing, device, asked)
    by = f"key {writing.caller.prefix}"
    args = {"by": by, **asked.args} if asked.op in SIGNED else asked.args
    result = await asking.carry_out(
        writing.parts, store, device, asked.op, args, by=by, command_id=writing.request_id
    )  # fmt: skip
    answer = CommandAnswer(
        command_id=result.id, ok=result.ok, detail=sentence(result.detail), facts=storable(result.facts)
    )  # fmt: skip
    return response(await run_in_threadpool(writing.once, lambda _: (200, answer)))


def _speaks_below(writing: Writing, device: str, asked: SendCommand) -> str:
    """Return the store below which the device speaks. Raises UnknownDevice, or UnknownStore of one it is to move to."""
    to = _new_store(asked)
    if to is not None:
        check_store(writing.caller, to)
    if any(one.device == device for one in writing.parts.devices.new_devices()):
        return NEW_DEVICE_STORE
    return _store_of(writing.parts, writing.caller, device)


def _new_store(asked: SendCommand) -> str | None:
    """Return the store a command puts the device into; None when it says nothing of that, or nothing readable."""
    told = asked.args
    if asked.op == "configure":
        try:
            told = tomllib.loads(str(asked.args.get("toml", "")))
        except tomllib.TOMLDecodeError:
            return None  # the device refuses it, and says why
    store = told.get("store") if asked.op in {"adopt", "configure"} else None
    return store if isinstance(store, str) else None


def _store_of(parts: Parts, caller: Caller, device: str) -> str:
    with parts.writes.connection() as link:
        store = service.store_of(link, device)
    if store is None or not caller.knows(store):
        raise UnknownDevice(f"no device {device!r} is known to this key")
    return store


def _view(parts: Parts, caller: Caller, device: str) -> DeviceView:
    store = _store_of(parts, caller, device)
    with parts.writes.connection() as link:
        found = service.device(link, store, device, parts.clock.now())
    if found is None:
        raise UnknownDevice(f"no device {device!r} is known to this key")
    return found
