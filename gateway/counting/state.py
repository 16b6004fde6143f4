"""What counting remembers of each shelf between batches, and how that becomes bytes and comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from contract.ids import JournalId, PlateId, PositionId, Sku, ZoneId
from contract.records import Quality
from gateway.counting.belief import Belief
from gateway.counting.layout import Layout, arrange
from gateway.model import CountingModel, ManualCount

JOURNALS_MAX = 8
"""A shelf remembers the last record of so many journals: one run of an agent each."""

MOVES_MAX = 64
"""A position remembers so many moves, for counts by people that arrive late."""

STATE_VERSION = 1
"""Saved state of another version is not loaded: the readings are counted again."""


class Rest(Struct, frozen=True, gc=False):
    """One plate: the weight counted with (`rest_g`), the newest one heard (differs while a jump waits), and when."""

    rest_g: float
    heard_g: float
    noise_g: float
    quality: Quality
    at_s: float


class PendingStep(Struct, frozen=True):
    """One record of an episode that is not complete yet."""

    journal: JournalId
    seq: int
    mono_ms: int
    plate: PlateId
    weight_g: float
    before_g: float | None
    noise_g: float
    quality: Quality


class Unsettled(Struct, frozen=True):
    """An episode that no units explained: what was believed and strange before it, what changed, and when."""

    belief: Belief
    foreign: tuple[float, ...]
    plates_g: tuple[float, ...]
    noise_g2: float
    at_s: float


class ComponentState(Struct, frozen=True):
    """One component: what is believed, strange weights on it, whether its sensors are to be believed.

    `made_for` is the planogram it was counted with; `jumped_s` the time a change without an episode was first heard;
    `noise_g2` the variance of the noise of the newest weighing behind the belief; `unsettled` the last episode when no
    units explained it; `doubts` how many episodes in a row the absolute weight spoke against the differences; `anew`
    tells that a plate weighs by another line since, so that its weights cannot be compared with those before.
    """

    made_for: tuple[str, ...]
    belief: Belief | None = None
    foreign: tuple[float, ...] = ()
    frozen: bool = False
    jumped_s: float | None = None
    noise_g2: float = 0.0
    unsettled: Unsettled | None = None
    doubts: int = 0
    anew: bool = False


class ZoneState(Struct, frozen=True):
    """One RFID zone: since when it is heard, the tags there (EPC to SKU), and those that left, newest last."""

    since_s: float
    present: dict[str, str]
    gone: dict[str, float]


class Published(Struct, frozen=True):
    """What was last said of a position, so that only changes are said again."""

    sku: Sku
    low: int
    pmf: tuple[float, ...]
    frozen: bool
    basis: tuple[str, ...]


class ShelfState(Struct):
    """All that is remembered of one shelf. Copied before it is changed.

    `unread` says, where only tags tell, how many more units a person counted than there were tags to be read.
    """

    key: str
    plates: dict[PlateId, Rest] = {}
    components: dict[PlateId, ComponentState] = {}
    zones: dict[ZoneId, ZoneState] = {}
    counted: dict[PositionId, int] = {}
    moves: dict[PositionId, tuple[tuple[float, int], ...]] = {}
    unread: dict[PositionId, int] = {}
    published: dict[PositionId, Published] = {}
    taken: dict[JournalId, int] = {}
    pending: tuple[PendingStep, ...] = ()
    version: int = STATE_VERSION

    def copy(self) -> ShelfState:
        """Return a copy whose dictionaries are its own; what they hold is never changed in place."""
        return ShelfState(
            key=self.key,
            plates=dict(self.plates),
            components=dict(self.components),
            zones=dict(self.zones),
            counted=dict(self.counted),
            moves=dict(self.moves),
            unread=dict(self.unread),
            published=dict(self.published),
            taken=dict(self.taken),
            pending=self.pending,
            version=self.version,
        )

    def take(self, journal: JournalId, seq: int) -> None:
        """Remember the last record of a journal."""
        self.taken.pop(journal, None)
        self.taken[journal] = seq
        if len(self.taken) > JOURNALS_MAX:
            del self.taken[next(iter(self.taken))]

    def is_news(self, count: ManualCount, at_s: float) -> bool:
        """Tell whether a count by a person holds by now and was not taken in yet."""
        return self.counted.get(count.position) != count.count_id and count.holds_from.timestamp() <= at_s

    def brought_forward(self, count: ManualCount) -> int:
        """Take a count by a person as taken in; return the units by now, with what moved since it was made."""
        self.counted[count.position] = count.count_id
        moves = self.moves.get(count.position, ())
        return max(0, count.units + sum(units for at_s, units in moves if at_s > count.holds_from.timestamp()))

    def note_move(self, position: PositionId, at_s: float, units: int) -> None:
        """Remember that units were put (positive) or taken."""
        self.moves[position] = (*self.moves.get(position, ()), (at_s, units))[-MOVES_MAX:]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingState:
    """What counting remembers of a store, by shelf key ("bay/shelf"). Never changed: `count` returns the next one."""

    shelves: Mapping[str, ShelfState] = field(default_factory=dict)
    layout: Layout | None = None

    @staticmethod
    def of(shelves: Iterable[ShelfState]) -> CountingState:
        """Return the state of a store from its saved shelves."""
        return CountingState(shelves={shelf.key: shelf for shelf in shelves})

    def layout_for(self, model: CountingModel) -> Layout:
        """Return the model arranged for counting: the one at hand when it was made from this very model."""
        if self.layout is not None and self.layout.model is model:
            return self.layout
        return arrange(model)


def save(shelf: ShelfState) -> bytes:
    """Return a shelf's state as bytes."""
    return _encoder.encode(shelf)


def load(saved: bytes) -> ShelfState | None:
    """Return a saved state, or None when another version of counting wrote it."""
    try:
        if msgspec.msgpack.decode(saved, type=_Version).version != STATE_VERSION:
            return None
        return _decoder.decode(saved)
    except msgspec.MsgspecError:
        return None


class _Version(Struct):
    version: int = 0


def _plain(value: object) -> tuple[str, tuple[int, ...], bytes]:
    """Say a numpy array as type, shape and bytes."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    raise TypeError(f"{type(value)} has no place in a shelf's state")


def _array(_kind: type, value: tuple[str, list[int], bytes]) -> np.ndarray[Any, Any]:
    """Make a numpy array of what `_plain` said."""
    dtype, shape, content = value
    return np.frombuffer(content, dtype=dtype).reshape(shape)


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
_decoder = msgspec.msgpack.Decoder(ShelfState, dec_hook=_array)
