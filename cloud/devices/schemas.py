"""Devices, their parts, sheets and commands as they are told."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

ARGS_BYTES_MAX = 60 * 1024
"""A message to a device holds 64 KiB; id and op take their share of it."""

ARGS_DEPTH_MAX = 8
INTEGER_MAX = 2**63 - 1

# No example has a null: FastAPI leaves nulls out of its document, and the example would be untrue.
EXAMPLE_PART: JsonDict = {
    "subject": "plate:b1-s1-l1", "kind": "plate", "name": "b1-s1-l1", "verdict": "ok",
    "as_of": "2026-01-31T06:00:00Z", "samples": 600, "rejected": {"spike": 3}, "noise_g": 0.2,
    "measured": {"rate_sps": 9.8}, "queued": 0, "calibration_version": 2, "calibrated_at": "2026-01-30T09:00:00Z",
    "calibrated_by": "mei", "weight_g": 4160.5, "position": "b1-s1-p1", "sku": "oolong-500",
}  # fmt: skip
EXAMPLE_DEVICE: JsonDict = {
    "device": "bay-1", "store": "corner-shop", "online": True, "seen_at": "2026-01-31T06:00:00Z",
    "agent_version": "0.2.0", "board_serial": "10000000a3b1c2d4", "journal": "0f1e2d3c4b5a69780f1e2d3c4b5a6978",
    "lights": ["b1-s1-p1"], "parts": [EXAMPLE_PART],
}  # fmt: skip
EXAMPLE_NEW: JsonDict = {
    "device": "pi-a3b1c2d4", "board_serial": "10000000a3b1c2d4", "agent_version": "0.2.0", "plates": ["l1", "l2"],
    "zones": ["z1"], "online": True, "seen_at": "2026-01-31T06:00:00Z",
}  # fmt: skip
EXAMPLE_SHEET: JsonDict = {
    "store": "corner-shop", "device": "bay-1", "plate": "b1-s1-l1", "version": 2, "at": "2026-01-30T09:00:00Z",
    "by": "mei", "reason": "new", "passed": True, "facts": {"zero_count": 1000.0, "counts_per_g": 400.0},
}  # fmt: skip
EXAMPLE_LOGGED: JsonDict = {
    "command_id": "9f86d081884c7d659a2feaa0c55ad015", "store": "corner-shop", "device": "bay-1", "op": "assign",
    "args": {"plate": "b1-s1-l1", "bay": "b1", "shelf": "b1-s2"}, "asked_by": "key 0f1e2d3c4b5a",
    "asked_at": "2026-01-31T06:00:00Z", "answered_at": "2026-01-31T06:00:01Z", "ok": True, "detail": "done",
}  # fmt: skip


def _plain(value: object, depth: int = ARGS_DEPTH_MAX) -> None:
    """Raise ValueError unless this JSON can be sent to a device and be kept in a database."""
    match value:
        case float() if not math.isfinite(value):
            raise ValueError(f"found {value}, expected a finite number")
        case int() if abs(value) > INTEGER_MAX:
            raise ValueError("found a number beyond 64 bits")
        case str() if "\x00" in value or any("\ud800" <= one <= "\udfff" for one in value):
            raise ValueError("found a character that is none, expected text")
        case dict() | list() if depth == 0:
            raise ValueError(f"found values nested deeper than {ARGS_DEPTH_MAX}")
        case dict():
            for key, one in value.items():
                _plain(key)
                _plain(one, depth - 1)
        case list():
            for one in value:
                _plain(one, depth - 1)


def _arguments(args: dict[str, Any]) -> dict[str, Any]:
    _plain(args)
    size = len(msgspec.json.encode(args))
    if size > ARGS_BYTES_MAX:
        raise ValueError(f"found {size} bytes, expected at most {ARGS_BYTES_MAX}")
    return args


class Part(BaseModel):
    """A scale, an RFID zone or the agent itself, and its newest health record.

    `verdict` is `unheard` while the device has not spoken of it. `rejected` counts samples by reason since the record
    before; `measured` are figures by name, unit last.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_PART]})

    subject: str = Field(description="as on the wire: kind and name")
    kind: str
    name: str
    verdict: str
    as_of: datetime | None
    samples: int
    rejected: dict[str, int]
    noise_g: float
    measured: dict[str, float]
    queued: int
    calibration_version: int | None
    calibrated_at: datetime | None
    calibrated_by: str | None
    weight_g: float | None
    position: str | None
    sku: str | None


class Device(BaseModel):
    """A device of a store with its parts. `seen_at` is its last sign of life, `lights` the positions it can light."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_DEVICE]})

    device: str
    store: str
    online: bool
    seen_at: datetime
    agent_version: str
    board_serial: str
    journal: str
    lights: list[str]
    parts: list[Part]


class DeviceList(BaseModel):
    """The devices of a store by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"devices": [EXAMPLE_DEVICE]}]})

    devices: list[Device]


class DeviceHealth(BaseModel):
    """How a device and its parts are."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [{name: EXAMPLE_DEVICE[name] for name in ("device", "online", "seen_at", "parts")}]
        },
    )

    device: str
    online: bool
    seen_at: datetime
    parts: list[Part]


class NewDevice(BaseModel):
    """A device that belongs to no store yet; the command `adopt` gives it one."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_NEW]})

    device: str
    board_serial: str
    agent_version: str
    plates: list[str]
    zones: list[str]
    online: bool
    seen_at: datetime


class NewDeviceList(BaseModel):
    """New devices by name. `connected`: we hear the broker; while we do not, none are known."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"devices": [EXAMPLE_NEW], "connected": True}]})

    devices: list[NewDevice]
    connected: bool


class CalibrationSheet(BaseModel):
    """The sheet of one calibration of a plate, kept for good; `facts` is the sheet as the device gave it."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_SHEET]})

    store: str
    device: str
    plate: str
    version: int
    at: datetime
    by: str
    reason: str
    passed: bool
    facts: dict[str, Any]


class SheetList(BaseModel):
    """Sheets, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sheets": [EXAMPLE_SHEET]}]})

    sheets: list[CalibrationSheet]


class SendCommand(BaseModel):
    """What a device is asked to do: an operation and its arguments, as docs/reference/commands.md lists them."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"op": "weigh", "args": {"plate": "b1-s1-l1"}}]}
    )

    op: str = Field(min_length=1, max_length=64, pattern=r"^[a-z_]+$")
    args: Annotated[dict[str, Any], AfterValidator(_arguments)] = Field(default_factory=dict)


class CommandAnswer(BaseModel):
    """What the device answered. `ok` false: it refused; `detail` says why, `facts.code` for programs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "command_id": "9f86d081884c7d659a2feaa0c55ad015",
                    "ok": True,
                    "detail": "weighed",
                    "facts": {"plates": {"b1-s1-l1": {"weight_g": 4160.5}}},
                }
            ]
        }
    )

    command_id: str
    ok: bool
    detail: str
    facts: dict[str, Any]


class LoggedCommand(BaseModel):
    """A command that changed something, or was to. `ok` null: the device never answered, so nobody knows."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_LOGGED]})

    command_id: str
    store: str
    device: str
    op: str
    args: dict[str, Any]
    asked_by: str
    asked_at: datetime
    answered_at: datetime | None
    ok: bool | None
    detail: str


class CommandLog(BaseModel):
    """What a device was asked to change, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"commands": [EXAMPLE_LOGGED]}]})

    commands: list[LoggedCommand]
