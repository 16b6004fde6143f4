"""Records and messages of the wire, as types: what a device numbers, batches and is told (design section 4).

Records are numbered from 1 within a journal and travel in columns, one block per kind. `mono_ms` is shop time since
boot in milliseconds (`Clock.mono_ms`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from contract.ids import NAME_PATTERN

WIRE_VERSION = 1
"""The highest version of the wire format this code speaks."""

PAYLOAD_BYTES_MAX = 65_536
"""No payload on the wire is larger (design section 4)."""

Name = Annotated[str, Meta(pattern=NAME_PATTERN)]
JournalName = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}(?!\n)$")]
Seq = Annotated[int, Meta(ge=1, le=2**53)]
MonoMs = Annotated[int, Meta(ge=0, le=2**53)]
EpcHex = Annotated[str, Meta(pattern=r"^[0-9A-F]{4,128}(?!\n)$")]
Grams = Annotated[float, Meta(ge=-1e7, le=1e7)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Words = Annotated[str, Meta(pattern=r"^[^\x00]{0,200}$")]
"""Free text of a device: short, and without the character no database keeps."""
Noise = Annotated[float, Meta(ge=0.0, le=1e7)]
Decibels = Annotated[float, Meta(ge=-1000.0, le=1000.0)]
WallMs = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
"""Unix milliseconds up to the end of the year 9999."""
Figure = Annotated[float, Meta(ge=-1e15, le=1e15)]
"""A number that was measured: finite, and of a size that anything on the way can hold."""
PayloadHash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$")]
"""SHA-256 of all bytes of a payload, in lower-case hex."""

WeightKind = Literal["step", "heartbeat"]
Quality = Literal["ok", "stuck", "saturated", "negative", "noisy", "unplugged", "starting"]
TagKind = Literal["arrived", "departed"]
GapReason = Literal["thinned", "dropped", "rejected", "lost"]
ZoneRole = Literal["shelf", "backroom_door", "fitting_room", "till", "exit"]


class WeightRecord(Struct, frozen=True, kw_only=True, tag="weight"):
    """The settled weight of one plate.

    A `step` belongs to an episode: its shelf moved and came to rest at `mono_ms`. All plates of the shelf get one
    record each with the same `mono_ms`; `remaining` counts down to 0 within the episode, so that a reader knows when
    it holds all of it even when a batch ends in between. `before_g` is the weight at rest before the episode (null
    when it was not known). A `heartbeat` tells the weight of a plate at rest, with `remaining` 0.
    `noise_g` is the standard deviation of the rest the weight was taken from. Quality `starting` says that the plate
    weighs by another line from now on, or is being calibrated: its weights cannot be compared with those before.
    """

    mono_ms: MonoMs
    plate: Name
    kind: WeightKind
    weight_g: Grams
    before_g: Grams | None = None
    noise_g: Noise = 0.0
    quality: Quality = "ok"
    remaining: Annotated[int, Meta(ge=0, le=4096)] = 0


class TagRecord(Struct, frozen=True, kw_only=True, tag="tag"):
    """A tag came to a zone or left it, after smoothing. `reads` counts the sightings behind it.

    A tag that moves is told as `arrived` in its new zone and then as `departed` from the old one, both with one
    `mono_ms`: it is in one zone at a time, and whoever counts several zones together never misses it on the way.
    """

    mono_ms: MonoMs
    zone: Name
    epc: EpcHex
    kind: TagKind
    rssi_dbm: Decibels
    reads: Count


class HealthRecord(Struct, frozen=True, kw_only=True, tag="health"):
    """What an agent says of one of its parts: `subject` is `plate:ID`, `zone:ID` or `agent`.

    `verdict` is a Quality or, for the agent and readers, `ok`, `away`, `queue_full`, or `outbox_damaged`: records are
    lost, at most as many as `rejected` says under `lost`, and gaps say which; or `calibration_damaged`: so many sheets
    of plates are lost. Otherwise `rejected` counts samples by reason since the last health record of the subject;
    `samples` counts those taken. `measured` holds figures by name, unit last (`rate_sps`, `cpu_c`), where they are
    known: docs/reference/health.md.
    """

    mono_ms: MonoMs
    subject: Words
    verdict: Words
    samples: Count = 0
    rejected: dict[Words, Count] = {}
    noise_g: Noise = 0.0
    queued: Count = 0
    measured: dict[Words, Figure] = {}


class ClockRecord(Struct, frozen=True, kw_only=True, tag="clock"):
    """The wall time of the device at `mono_ms`: unix milliseconds of the shop clock, and how sure it is."""

    mono_ms: MonoMs
    wall_ms: WallMs
    synchronised: bool
    uncertainty_ms: Count


Record = WeightRecord | TagRecord | HealthRecord | ClockRecord


class WeightBlock(Struct, kw_only=True, forbid_unknown_fields=True):
    """Weight records in columns; all columns have one length."""

    seq: list[Seq]
    mono_ms: list[MonoMs]
    plate: list[Name]
    kind: list[WeightKind]
    weight_g: list[Grams]
    before_g: list[Grams | None]
    noise_g: list[Noise]
    quality: list[Quality]
    remaining: list[Annotated[int, Meta(ge=0, le=4096)]]


class TagBlock(Struct, kw_only=True, forbid_unknown_fields=True):
    """Tag records in columns; all columns have one length."""

    seq: list[Seq]
    mono_ms: list[MonoMs]
    zone: list[Name]
    epc: list[EpcHex]
    kind: list[TagKind]
    rssi_dbm: list[Decibels]
    reads: list[Count]


class HealthBlock(Struct, kw_only=True, forbid_unknown_fields=True):
    """Health records in columns; all columns have one length."""

    seq: list[Seq]
    mono_ms: list[MonoMs]
    subject: list[Words]
    verdict: list[Words]
    samples: list[Count]
    rejected: list[dict[Words, Count]]
    noise_g: list[Noise]
    queued: list[Count]
    measured: list[dict[Words, Figure]]


class ClockBlock(Struct, kw_only=True, forbid_unknown_fields=True):
    """Clock records in columns; all columns have one length."""

    seq: list[Seq]
    mono_ms: list[MonoMs]
    wall_ms: list[WallMs]
    synchronised: list[bool]
    uncertainty_ms: list[Count]


class Blocks(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The records of a batch, one block per kind."""

    weight: WeightBlock | None = None
    tag: TagBlock | None = None
    health: HealthBlock | None = None
    clock: ClockBlock | None = None


class Gap(Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers `first` to `last` that will never come, and why."""

    first: Seq
    last: Seq
    reason: GapReason


class Batch(Struct, kw_only=True, forbid_unknown_fields=True):
    """Numbers `first` to `last` of one journal: blocks and gaps together cover them exactly (rule 2)."""

    device: Name
    journal: JournalName
    first: Seq
    last: Seq
    sent_mono_ms: MonoMs
    blocks: Blocks
    gaps: list[Gap] = []
    boot: str = ""
    v: int = WIRE_VERSION


class Refusal(Struct, frozen=True, forbid_unknown_fields=True):
    """A batch the gateway cannot take: `unknown_version` (hold its journal) or `unreadable` (halve it).

    It names the bytes that came and nothing they say: a hash needs no readable envelope, and a stale refusal cannot
    hit a later batch of the same numbers, which may hold other records.
    """

    payload_hash: PayloadHash
    reason: Literal["unknown_version", "unreadable"]
    version_max: int = WIRE_VERSION


class Ack(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is committed: `journals` maps a journal to its watermark (rule 5)."""

    database_epoch: str
    gateway_run: str
    ack_no: int
    journals: dict[str, int]
    resend: list[str] = []
    refused: list[Refusal] = []
    v: int = WIRE_VERSION


class BirthPlate(Struct, frozen=True, kw_only=True):
    """One plate as its agent knows it: where it is and how it was calibrated."""

    plate: Name
    bay: Name
    shelf: Name
    zero_count: float
    counts_per_g: float
    capacity_g: float
    rate_sps: float
    calibration_version: int = 1


class BirthZone(Struct, frozen=True, kw_only=True):
    """One RFID zone as its agent knows it."""

    zone: Name
    bay: Name
    shelf: Name
    role: ZoneRole = "shelf"


class HeldJournal(Struct, frozen=True):
    """Numbers of one journal a device still holds."""

    journal: JournalName
    first: Seq
    last: int


class Birth(Struct, kw_only=True):
    """What a device says of itself on every connect (retained). `lights` are the positions it can light."""

    device: Name
    store: str
    journal: JournalName
    boot: str
    board_serial: str
    agent_version: str
    sent_mono_ms: MonoMs
    plates: list[BirthPlate]
    zones: list[BirthZone]
    journals_held: list[HeldJournal] = []
    lights: list[Name] = []
    v: int = WIRE_VERSION


class State(Struct, kw_only=True):
    """Whether a device is there (retained; `online` false is its last will)."""

    device: Name
    online: bool
    journal: str
    v: int = WIRE_VERSION


class Now(Struct, kw_only=True, forbid_unknown_fields=True):
    """Newest weights while a backlog drains: unnumbered, never history (rule 9)."""

    device: Name
    journal: JournalName
    sent_mono_ms: MonoMs
    mono_ms: list[MonoMs]
    plate: list[Name]
    weight_g: list[Grams]
    v: int = WIRE_VERSION


class Command(Struct, kw_only=True, forbid_unknown_fields=True):
    """Something a device is asked to do; `id` comes back with the result. What there is: commands.md."""

    id: Words
    op: Words
    args: dict[str, Any] = {}
    v: int = WIRE_VERSION


class CommandResult(Struct, kw_only=True, forbid_unknown_fields=True):
    """What became of a command: `detail` is a sentence for people, `facts` are for programs."""

    id: Words
    ok: bool
    detail: str = ""
    facts: dict[str, Any] = {}
    v: int = WIRE_VERSION
