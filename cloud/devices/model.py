"""What is known of devices, as values: what they say of themselves, how their parts are, what was asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from cloud.errors import AnswerUnusable
from contract.ids import is_name
from contract.records import Birth, BirthPlate, BirthZone

UNHEARD = "unheard"
"""The verdict on a part its device has not spoken of yet."""

CHANGING = frozenset({
    "adopt", "assign", "configure", "restart", "calibration_accept", "calibration_zero", "calibration_restore",
})  # fmt: skip
"""Commands that change something for good: who asked for them when, and what became of it, is kept."""

LOOKING = frozenset({
    "ping", "identify", "weigh", "diagnose", "waveform", "settings", "calibration_overview", "calibration_history",
})  # fmt: skip
"""Commands that change nothing: asked again they are done again, for what they tell is of the moment."""

MEASURING = frozenset({
    "weigh", "diagnose", "calibration_begin", "calibration_mass", "calibration_check", "calibration_zero",
    "unit_weight_begin", "unit_weight_add", "unit_weight_end",
})  # fmt: skip

ANSWER_WAIT_S = 10.0
"""Wall seconds in which a device answers what it need not measure: a bad network and a busy board included."""

MEASURE_WAIT_S = 70.0
"""Wall seconds in which a device answers what it measures: it gives up by itself after a minute."""

VERSION_MAX = 2**31 - 1
DETAIL_CHARACTERS_MAX = 500
DEPTH_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A device that belongs to no store yet: what it said of itself below the store `_new`.

    `plates` and `zones` are the names it knows them by. `seen_at` is when we heard of it (shop time), which is when we
    connected where the broker remembered it for us.
    """

    device: str
    board_serial: str
    agent_version: str
    plates: tuple[str, ...]
    zones: tuple[str, ...]
    online: bool
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One part of a device and its newest health record.

    `subject` is as on the wire (`plate:b1-s1-l1`, `zone:z1`, `agent`), `kind` and `name` its halves. `verdict` is
    `unheard` and `as_of` None while the device has not spoken of it. `rejected` counts samples by reason since the
    record before; `measured` are figures by name, unit last. Of a plate: `calibration_version` is what the device said
    it weighs by; `calibrated_at` and `calibrated_by` are from the sheet of that version, None where no sheet was kept;
    `weight_g` is its newest weight; `position` and `sku` are the first by name of the planogram that stand on it.
    """

    subject: str
    kind: str
    name: str
    verdict: str
    as_of: datetime | None
    samples: int
    rejected: Mapping[str, int]
    noise_g: float
    measured: Mapping[str, float]
    queued: int
    calibration_version: int | None
    calibrated_at: datetime | None
    calibrated_by: str | None
    weight_g: float | None
    position: str | None
    sku: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """A device of a store: what it said at its birth, whether it is there, and how its parts are.

    `seen_at` is its last sign of life (shop time). `lights` are the positions it can light. Parts are the agent first,
    then plates and zones in the device's own order, then what else it spoke of.
    """

    device: str
    store: str
    online: bool
    seen_at: datetime
    agent_version: str
    board_serial: str
    journal: str
    plates: tuple[BirthPlate, ...]
    zones: tuple[BirthZone, ...]
    lights: tuple[str, ...]
    parts: tuple[PartView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sheet of a calibration, kept for good. `facts` is the sheet as the device gave it (commands.md).

    `at` is when the line began to hold, by our clock where we heard of it at once, else by the device's.
    """

    store: str
    device: str
    plate: str
    version: int
    at: datetime
    by: str
    reason: str
    passed: bool
    facts: Mapping[str, Any]

    @property
    def line(self) -> tuple[float, float] | None:
        """The count of the empty plate and the counts of a gram; None where the sheet does not tell a line."""
        return line_of(self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCommand:
    """A command that changed something, or was to. `ok` None: the device did not answer, so nobody knows."""

    command_id: str
    store: str
    device: str
    op: str
    args: Mapping[str, Any]
    asked_by: str
    asked_at: datetime
    answered_at: datetime | None
    ok: bool | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A device as the gateway keeps it; `birth` is the JSON it sent."""

    device: str
    store: str
    online: bool
    journal: str
    birth: dict[str, Any]
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """The newest health record of a part, with the newest weight of a plate."""

    device: str
    subject: str
    verdict: str
    as_of: datetime
    samples: int
    rejected: dict[str, int]
    noise_g: float
    measured: dict[str, float]
    queued: int
    weight_g: float | None


def answer_wait_s(op: str) -> float:
    """Return how many wall seconds to wait for the answer to a command."""
    return MEASURE_WAIT_S if op in MEASURING else ANSWER_WAIT_S


def birth_of(told: Mapping[str, Any]) -> Birth | None:
    """Return what a device said of itself from the JSON that is kept; None where no version of ours can read it."""
    try:
        return msgspec.convert(told, Birth)
    except msgspec.ValidationError:
        return None


def lights_of(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the positions a device can light, from the JSON of its birth."""
    lights = told.get("lights")
    return tuple(one for one in lights if isinstance(one, str)) if isinstance(lights, list) else ()


def line_of(facts: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return (zero_count, counts_per_g) of a sheet or of a plate in a birth; None where they are no line."""
    zero_count, counts_per_g = facts.get("zero_count"), facts.get("counts_per_g")
    if isinstance(zero_count, int | float) and isinstance(counts_per_g, int | float) and counts_per_g:
        return float(zero_count), float(counts_per_g)
    return None


def read_sheet(
    facts: Mapping[str, Any], *, store: str, device: str, by: str, at: datetime, happened: bool = True
) -> Sheet:  # fmt: skip
    """Return a sheet a device gave, to be kept.

    `happened`: it was made just now, at `at` and by `by`; else what the sheet says of that is believed. Raises
    AnswerUnusable when the sheet names no plate or no version.
    """
    told = storable(facts)
    plate, version = told.get("plate"), told.get("version")
    if not isinstance(plate, str) or not is_name(plate):
        raise AnswerUnusable(f"sheet: found plate {str(plate)[:64]!r}, expected the name of a plate")
    if not isinstance(version, int) or isinstance(version, bool) or not 0 <= version <= VERSION_MAX:
        raise AnswerUnusable(f"sheet of {plate}: found version {str(version)[:64]!r}, expected a whole number")
    written = _time(told.get("at"))
    return Sheet(
        store=store,
        device=device,
        plate=plate,
        version=version,
        at=at if happened or written is None else min(written, at),
        by=by if happened else str(told.get("by") or by),
        reason=str(told.get("reason") or ""),
        passed=told.get("passed") is True,
        facts=told,
    )


def sheets_told(op: str, facts: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield every sheet in the answer to a command, oldest first, and whether it was made by this command."""
    made = facts.get("sheet")
    if op in CHANGING and isinstance(made, Mapping):
        yield made, True
    held = facts.get("sheets")
    if op == "calibration_history" and isinstance(held, Sequence) and not isinstance(held, str):
        yield from ((sheet, False) for sheet in reversed(held) if isinstance(sheet, Mapping))


def kept_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a command as the audit trail keeps them: of a file, which may hold a password, only how
    long it was.
    """
    kept = dict(args)
    if "toml" in kept:
        kept["toml"] = f"{len(str(kept['toml']))} characters"
    return storable(kept)


def storable(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON as a database can keep it: without the character U+0000. Raises AnswerUnusable when it nests deeper
    than anything a device has to say.
    """
    return {_text(key): _storable(value, DEPTH_MAX) for key, value in told.items()}


def sentence(detail: str) -> str:
    """Return what a device said in words, fit to be kept."""
    return _text(detail)[:DETAIL_CHARACTERS_MAX]


def device_view(
    row: DeviceRow,
    health: Sequence[PartRow],
    sheets: Mapping[tuple[str, int], Sheet],
    places: Mapping[str, tuple[str, str]],
) -> DeviceView:
    """Return a device with its parts.

    `sheets` are those of this device by (plate, version), `places` (position, SKU) by part. What the device spoke of
    earlier and says no more at its birth, a plate that was unscrewed, is left out.
    """
    birth = birth_of(row.birth)
    heard = {part.subject: part for part in health}
    plates = {f"plate:{one.plate}": one for one in birth.plates} if birth else {}
    subjects = ["agent", *plates, *(f"zone:{one.zone}" for one in birth.zones)] if birth else list(heard)
    others = [one for one in sorted(heard) if one not in subjects and not one.startswith(("plate:", "zone:"))]
    return DeviceView(
        device=row.device,
        store=row.store,
        online=row.online,
        seen_at=row.seen_at,
        agent_version=birth.agent_version if birth else "",
        board_serial=birth.board_serial if birth else "",
        journal=row.journal,
        plates=tuple(birth.plates) if birth else (),
        zones=tuple(birth.zones) if birth else (),
        lights=lights_of(row.birth),
        parts=tuple(_part(one, heard.get(one), plates.get(one), sheets, places) for one in [*subjects, *others]),
    )


def _part(
    subject: str,
    heard: PartRow | None,
    plate: BirthPlate | None,
    sheets: Mapping[tuple[str, int], Sheet],
    places: Mapping[str, tuple[str, str]],
) -> PartView:
    kind, _, name = subject.partition(":")
    version = plate.calibration_version if plate else None
    sheet = sheets.get((name, version)) if version is not None else None
    position, sku = places.get(subject, (None, None))
    return PartView(
        subject=subject,
        kind=kind,
        name=name or subject,
        verdict=heard.verdict if heard else UNHEARD,
        as_of=heard.as_of if heard else None,
        samples=heard.samples if heard else 0,
        rejected=heard.rejected if heard else {},
        noise_g=heard.noise_g if heard else 0.0,
        measured=heard.measured if heard else {},
        queued=heard.queued if heard else 0,
        calibration_version=version,
        calibrated_at=sheet.at if sheet else None,
        calibrated_by=sheet.by if sheet else None,
        weight_g=heard.weight_g if heard else None,
        position=position,
        sku=sku,
    )


def _storable(value: object, depth: int) -> Any:  # noqa: ANN401 - JSON is anything
    if depth == 0:
        raise AnswerUnusable(f"facts: nested more than {DEPTH_MAX} deep")
    if isinstance(value, Mapping):
        return {_text(str(key)): _storable(one, depth - 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(one, depth - 1) for one in value]
    return _text(value) if isinstance(value, str) else value


def _text(told: str) -> str:
    return told.replace("\x00", "")


def _time(written: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return time if time.tzinfo else None
