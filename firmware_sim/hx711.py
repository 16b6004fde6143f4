"""An HX711 converter on its two wires: an analogue input comes in, bits go out.

Conversions run on the shop clock, pulse widths on the wall clock. A conversion is worked out only when somebody
clocks it out, so that a thousand unread ones cost nothing. What the chip does is taken from the Avia HX711 data sheet
("Serial interface", figure 2, "Reset and power-down", "Key electrical characteristics"; page numbers below).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from contract.clock import Clock
from firmware_sim.faults.wire import WireFaults

CODE_BITS = 24
CODE_MAX = 0x7FFFFF
CODE_MIN = -0x800000
"""The output saturates there; two's complement, most significant bit first (data sheet p. 4, "Output data rate")."""

GAIN = 128
EXCITATION_V = 5.0
INPUT_V_TO_COUNT: float = 2**CODE_BITS * GAIN / EXCITATION_V
"""Counts per volt at channel A, gain 128: full scale is +-0.5 AVDD / gain (data sheet, "Key electrical
characteristics"; +-20 mV at 5 V, p. 4). Supply of bridge and converter are one, so their ratio is all that counts."""

INPUT_NOISE_V = {10.0: 50e-9, 80.0: 90e-9}
"""Noise at the input, rms, by output rate (data sheet, "Key electrical characteristics"; SparkFun OpenScale guide)."""

SETTLE_MS = {10.0: 400.0, 80.0: 50.0}
"""From power-up, reset, channel or gain change to valid output, by output rate (data sheet p. 3)."""

POWER_DOWN_NS = 60_000
"""PD_SCK high for longer than this powers the chip down; low again, it resets to channel A, gain 128 (p. 5)."""

CHANNEL_A_128_PULSES = 25
"""One pulse more than the bits ends the frame and asks for channel A at gain 128 (p. 4, table 3)."""

SELECT_PULSES_MAX = 27
"""26 pulses ask for channel B at gain 32, 27 for channel A at gain 64; more is an error of the driver (p. 5)."""

GAIN_SHARE = {25: 1.0, 26: 0.0, 27: 0.5}
"""What reaches the converter of the cell's signal at gain 128. The cell is on channel A, channel B is shorted."""


def busy_wait(duration_us: float) -> None:
    """Be busy for so long, as a board is whose kernel has something better to do."""
    until_ns = time.perf_counter_ns() + round(duration_us * 1000.0)
    while time.perf_counter_ns() < until_ns:
        pass


class SimulatedLine:
    """Implements `LoadCellLine` as one HX711 does.

    `signal` gives the input in counts at gain 128, before saturation, at a shop time in milliseconds. `rate_sps` is
    the RATE pin, 10 or 80, and `oscillator` is how much longer a period is by the chip's own. The chip is powered
    with its board, when `Clock.mono_ms` is 0, but until `start` is called it converts nothing and the line is not
    ready. `wall_ns` measures pulses. One thread reads the line; `start`, `unplug` and `plug_in` may come from another.
    `faults` spoil what goes over the wires; `stall` holds a pulse for so many microseconds when they want that.
    """

    __slots__ = (
        "_clock_ms",
        "_code",
        "_connected",
        "_done_ms",
        "_dout",
        "_due_ms",
        "_faults",
        "_left",
        "_period_ms",
        "_plugged",
        "_pulses",
        "_selected",
        "_settle_ms",
        "_settle_start_ms",
        "_siblings",
        "_signal",
        "_stall",
        "_stall_us",
        "_stalled",
        "_start_count",
        "_wall_ns",
        "_word",
    )

    def __init__(
        self,
        signal: Callable[[float], float],
        clock: Clock,
        *,
        rate_sps: float = 10.0,
        oscillator: float = 1.0,
        wall_ns: Callable[[], int] = time.perf_counter_ns,
        faults: WireFaults | None = None,
        stall: Callable[[float], None] = busy_wait,
    ) -> None:
        if rate_sps not in SETTLE_MS:
            raise ValueError(f"rate_sps: found {rate_sps}, expected one of {sorted(SETTLE_MS)}")
        self._signal = signal
        self._clock_ms = clock.mono_ms
        self._wall_ns = wall_ns
        self._period_ms = 1000.0 / rate_sps * oscillator
        self._settle_ms = SETTLE_MS[rate_sps]
        self._due_ms: float = math.inf
        self._done_ms: float = 0.0
        self._code: int = 0
        self._word: int = 0
        self._left: int = 0
        self._pulses: int = 0  # 0: no frame; 24: bits are under way or out; 25 to 27: what the driver asked for
        self._dout: int = 1
        self._selected: int = CHANNEL_A_128_PULSES
        self._settle_start_ms: float = 0.0
        self._start_count: float = 0.0
        self._faults = faults
        self._stall = stall
        self._stalled: int = 0
        self._stall_us: float = 0.0
        self._siblings: tuple[SimulatedLine, ...] = ()
        self._plugged = True
        self._connected = True  # `_plugged` as the thread that reads the line has last seen it

    def start(self, *, phase: float = 0.0) -> None:
        """Let conversions run from now on; the first ends after one period and `phase` of another."""
        self._due_ms = self._clock_ms() + self._period_ms * (1.0 + phase)

    def unplug(self) -> None:
        """Pull the plug of the scale: no power, no data. The line is pulled up and never ready until `plug_in`."""
        self._plugged = False

    def plug_in(self) -> None:
        """Put the plug back: the chip powers up and has to settle."""
        self._plugged = True

    def share_clock(self, lines: Sequence[SimulatedLine]) -> None:
        """Hang on one clock with these lines: a pulse that is too long for this chip is too long for them."""
        self._siblings = tuple(line for line in lines if line is not self)

    def power_cycle(self) -> None:
        """Reset the chip, as a clock held high for more than 60 us does, or its supply that went away for a moment."""
        self._power_down()

    def ready(self) -> bool:
        """Tell whether DOUT is low. Between the bits of a frame that is the last bit, as on the wire.

        A driver that looks here instead of clocking on has given the frame up, once the next conversion ends.
        """
        if self._plugged is not self._connected:
            self._follow_plug()
        if self._clock_ms() >= self._due_ms:
            self._finish_conversions()
        return not self._dout

    def _follow_plug(self) -> None:
        """Lose power, or power up, between two frames: only the thread that reads the line touches the chip."""
        self._connected = self._plugged
        self._power_down()
        self._due_ms = self._clock_ms() + self._period_ms if self._connected else math.inf

    def clock_bit(self) -> int:
        """Give one pulse and return DOUT while the clock is high; a pulse of more than 60 us resets the chip.

        A conversion that ends while a frame is being clocked out waits until the frame is over.
        """
        left = self._left
        if not left:
            return self._clock_edge_of_frame()
        rose_ns = self._wall_ns()
        self._left = left = left - 1
        bit = self._dout = self._word >> left & 1
        if self._wall_ns() - rose_ns > POWER_DOWN_NS:
            self._reset_by_clock()
        return bit

    def _clock_edge_of_frame(self) -> int:
        """Give a pulse that is the first of a frame, comes after its bits, or finds nothing to send."""
        if self._pulses < CODE_BITS and self.ready():
            self._load_shift_register()
        rose_ns = self._wall_ns()
        if self._left:
            self._left -= 1
            self._dout = self._word >> self._left & 1
            if self._stalled == 1:
                self._hold()
        elif self._pulses >= CODE_BITS:
            self._dout = 1
            self._pulses = min(self._pulses + 1, SELECT_PULSES_MAX)
            if self._stalled:
                self._hold()
        bit = self._dout
        if self._wall_ns() - rose_ns > POWER_DOWN_NS:
            self._reset_by_clock()
        return bit

    def _hold(self) -> None:
        """Hold a pulse that something keeps from ending."""
        self._stalled = 0
        self._stall(self._stall_us)

    def _reset_by_clock(self) -> None:
        self._power_down()
        for sibling in self._siblings:
            sibling.power_cycle()

    def _finish_conversions(self) -> None:
        """Take note of the newest conversion that has ended; those before it are overwritten unread."""
        now_ms = self._clock_ms()
        if self._faults is not None and self._faults.cut(now_ms):
            self._power_down()
            return
        periods = (now_ms - self._due_ms) // self._period_ms
        if self._pulses > CODE_BITS and self._pulses != self._selected:
            self._select(self._pulses)
        self._done_ms = self._due_ms + periods * self._period_ms
        self._due_ms = self._done_ms + self._period_ms
        self._dout = 0
        self._left = 0
        self._pulses = 0

    def _load_shift_register(self) -> None:
        count = self._signal(self._done_ms) * GAIN_SHARE[self._selected]
        settled = (self._done_ms - self._settle_start_ms) / self._settle_ms
        if settled < 1.0:
            # The digital filter still holds what was there before: the data sheet gives how long, not the shape.
            count = self._start_count + (count - self._start_count) * settled
        self._code = min(max(round(count), CODE_MIN), CODE_MAX)
        self._word = self._code & 0xFFFFFF
        self._left = self._pulses = CODE_BITS
        if self._faults is not None:
            self._spoil(self._faults)

    def _spoil(self, faults: WireFaults) -> None:
        frame = faults.frame(self._done_ms, self._word)
        self._word, self._left = frame.word, frame.bits
        self._pulses = CODE_BITS + frame.pulses_ahead
        self._stalled, self._stall_us = frame.stalled, frame.stall_us

    def _select(self, pulses: int) -> None:
        """Change channel or gain: the conversion under way starts with the new one, and is not settled."""
        self._selected = pulses
        self._settle_start_ms = self._due_ms - self._period_ms
        self._start_count = float(self._code)

    def _power_down(self) -> None:
        """Power down and, since a pulse ends with the clock low, wake up again."""
        now_ms = self._clock_ms()
        self._dout = 1
        self._left = 0
        self._pulses = 0
        self._selected = CHANNEL_A_128_PULSES
        self._settle_start_ms = now_ms
        self._start_count = 0.0
        if self._due_ms != math.inf:
            self._due_ms = now_ms + self._period_ms
