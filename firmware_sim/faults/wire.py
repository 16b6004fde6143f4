"""What faults do on the way from a chip to the board: conversions go in, what the wires carry comes out."""

from __future__ import annotations

import random
from typing import NamedTuple

from firmware_sim.faults.acting import ActingFaults
from firmware_sim.faults.bits import CODE_BITS, flipped, lost_from, one_pulse_less, one_pulse_more
from firmware_sim.faults.schedule import Episode

LONG_PULSE_SHARE = 0.05
"""Share of frames with a long pulse while the board is busy: assumed, the upper end of bogde/HX711 issue 83."""

DEAD_FRAME_BITS = 10_000
"""A line that lies on ground gives zeros for as long as anybody clocks it."""


class Frame(NamedTuple):
    """What comes of one frame of an HX711: `bits` of `word`, most significant first, and `pulses_ahead` of the driver
    the chip is. The pulse with the number `stalled` is held for `stall_us` (1 the first, 25 the last, 0 none).
    """

    word: int
    bits: int = CODE_BITS
    pulses_ahead: int = 0
    stalled: int = 0
    stall_us: float = 0.0


class WireFaults:
    """What is wrong with the wires of one converter, by the episodes that act on it."""

    def __init__(self, acting: ActingFaults, *, seed: str) -> None:
        self._at = acting.at
        self._rng = random.Random(f"{seed}/wire")

    def cut(self, at_ms: float) -> bool:
        """Tell whether the plug is pulled."""
        return any(episode.kind == "unplugged" for episode in self._at(at_ms))

    def silent(self, at_ms: float) -> bool:
        """Tell whether a chip on a bus cannot answer: without its plug, or with the line on ground."""
        return any(episode.kind in {"unplugged", "stuck_line"} for episode in self._at(at_ms))

    def frame(self, at_ms: float, word: int) -> Frame:
        """Return what becomes of a conversion that is clocked out of an HX711 bit by bit."""
        frame = Frame(word)
        for episode in self._at(at_ms):
            if episode.kind == "stuck_line":
                return Frame(0, DEAD_FRAME_BITS)
            if self._hits(episode):
                frame = self._spoil(frame, episode)
        return frame

    def registers(self, at_ms: float, word: int) -> int:
        """Return what becomes of a conversion that is read from a register: bytes keep their place, bits may not."""
        for episode in self._at(at_ms):
            if episode.kind in {"flipped_bits", "shifted_bits", "lost_bits"} and self._hits(episode):
                place = self._rng.randrange(CODE_BITS)
                word = lost_from(word, place) if episode.kind == "lost_bits" else flipped(word, place)
        return word

    def _hits(self, episode: Episode) -> bool:
        share = LONG_PULSE_SHARE if episode.kind == "long_pulses" else episode.size
        return self._rng.random() < share

    def _spoil(self, frame: Frame, episode: Episode) -> Frame:
        place = self._rng.randrange(CODE_BITS)
        match episode.kind:
            case "flipped_bits":
                return frame._replace(word=flipped(frame.word, place))
            case "lost_bits":
                return frame._replace(word=lost_from(frame.word, place))
            case "shifted_bits" if self._rng.random() < 0.5:
                return frame._replace(word=one_pulse_more(frame.word, place), pulses_ahead=1)
            case "shifted_bits":
                return frame._replace(word=one_pulse_less(frame.word, place), bits=CODE_BITS + 1)
            case "long_pulses":
                return frame._replace(stalled=1 if place % 2 else CODE_BITS + 1, stall_us=episode.size)
        return frame
