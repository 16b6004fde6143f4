"""A NAU7802 converter behind its registers: an analogue input comes in, bytes go out.

What the chip does is taken from the Nuvoton NAU7802 data sheet ("Register map", "Power-on sequence", "Calibration").
Its input, gain 128 and supply from its own LDO, is ratiometric like an HX711's, so a cell gives the same counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from contract.clock import Clock
from contract.errors import HardwareError
from firmware_sim.faults.wire import WireFaults
from firmware_sim.hx711 import CODE_MAX, CODE_MIN

PU_CTRL, CTRL1, CTRL2, ADCO, REVISION = 0x00, 0x01, 0x02, 0x12, 0x1F
REGISTERS = 0x20

RESET, POWER_DIGITAL, POWER_ANALOG, POWER_READY = 0x01, 0x02, 0x04, 0x08
CYCLE_START, CYCLE_READY = 0x10, 0x20
CALIBRATE = 0x04
GAIN_MASK = 0x07
GAIN_128 = 7

REVISION_CODE = 0x0F
RATES_SPS = {0: 10.0, 1: 20.0, 2: 40.0, 3: 80.0, 7: 320.0}

POWER_READY_MS = 0.2
"""From power-up of the digital part until the chip says so."""

SUPPLY_MS = 600.0
"""Until the supply of the cell is stable: the input rises to what it will be."""

CALIBRATION_MS = 344.0
"""An offset calibration (SparkFun library, `calibrateAFE`)."""

SETTLE_CONVERSIONS = 4
"""Conversions after a start or a change until the digital filter holds nothing of before (taken as the HX711's)."""

OFFSET_COUNT = 3_000.0
"""The converter's own offset until it is calibrated. The data sheet gives no figure: large enough to be noticed."""


class SimulatedNau7802:
    """One chip, an `I2cChip`. `signal` gives the input in counts at gain 128 at a shop time in milliseconds.

    As for an HX711, nothing is converted before `start`, the plug may be pulled from another thread, and `oscillator`
    is how much longer a period is by the chip's own. `faults` spoil what goes over its bus.
    """

    def __init__(
        self,
        signal: Callable[[float], float],
        clock: Clock,
        *,
        oscillator: float = 1.0,
        faults: WireFaults | None = None,
    ) -> None:
        self._signal = signal
        self._faults = faults
        self._oscillator = oscillator
        self._clock_ms = clock.mono_ms
        self._plugged = True
        self._started = False
        self._phase = 0.0
        self.power_cycle()

    def start(self, *, phase: float = 0.0) -> None:
        """Let the cell give its signal from now on; `phase` of a period is added to the first conversion."""
        self._phase = phase
        self._started = True

    def unplug(self) -> None:
        """Pull the plug of the scale: nobody answers."""
        self._plugged = False

    def plug_in(self) -> None:
        """Put the plug back: the chip wakes up with the settings of the factory."""
        if not self._plugged:
            self.power_cycle()
        self._plugged = True

    def power_cycle(self) -> None:
        """Lose power for a moment: every register is as from the factory."""
        self._registers = bytearray(REGISTERS)
        self._registers[REVISION] = REVISION_CODE
        self._digital_ms = self._analog_ms = math.inf
        self._calibrated_ms = math.inf
        self._due_ms = math.inf
        self._settled_ms = math.inf

    def read_registers(self, register: int, length: int) -> bytes:
        """Return so many bytes from a register on."""
        self._answer()
        now_ms = self._clock_ms()
        self._registers[PU_CTRL] &= ~(POWER_READY | CYCLE_READY) & 0xFF
        if now_ms >= self._digital_ms + POWER_READY_MS:
            self._registers[PU_CTRL] |= POWER_READY
        if now_ms >= self._due_ms:
            self._registers[PU_CTRL] |= CYCLE_READY
        if now_ms >= self._calibrated_ms:
            self._registers[CTRL2] &= ~CALIBRATE & 0xFF
        if register == ADCO:
            self._convert(now_ms)
        return bytes(self._registers[register : register + length])

    def write_registers(self, register: int, data: bytes) -> None:
        """Write bytes from a register on."""
        self._answer()
        now_ms = self._clock_ms()
        for place, value in enumerate(data, start=register):
            if place == PU_CTRL:
                self._control_power(value, now_ms)
            else:
                self._registers[place] = value
            if place == CTRL2 and value & CALIBRATE:
                self._calibrated_ms = now_ms + CALIBRATION_MS
            if place in {CTRL1, CTRL2}:
                self._settle(now_ms)

    def _answer(self) -> None:
        silent = not self._plugged or not self._started
        if self._faults is not None:
            now_ms = self._clock_ms()
            if self._faults.cut(now_ms):
                self.power_cycle()
            silent = silent or self._faults.silent(now_ms)
        if silent:
            raise HardwareError("I2C address 0x2a did not answer")

    def _control_power(self, value: int, now_ms: float) -> None:
        if value & RESET:
            self.power_cycle()
        before = self._registers[PU_CTRL]
        self._registers[PU_CTRL] = value
        rises = value & ~before
        if rises & POWER_DIGITAL:
            self._digital_ms = now_ms
        if rises & POWER_ANALOG:
            self._analog_ms = now_ms
        if rises & CYCLE_START:
            self._settle(now_ms)
            self._due_ms = now_ms + self._period_ms * (1.0 + self._phase)

    @property
    def _period_ms(self) -> float:
        return 1000.0 / RATES_SPS[self._registers[CTRL2] >> 4 & 7] * self._oscillator

    def _settle(self, now_ms: float) -> None:
        self._settled_ms = now_ms + SETTLE_CONVERSIONS * self._period_ms

    def _convert(self, now_ms: float) -> None:
        """Put the newest conversion that has ended into the output registers; reading them takes it away."""
        if now_ms < self._due_ms:
            return
        periods = (now_ms - self._due_ms) // self._period_ms
        done_ms = self._due_ms + periods * self._period_ms
        self._due_ms = done_ms + self._period_ms
        share = 2.0 ** ((self._registers[CTRL1] & GAIN_MASK) - GAIN_128)
        share *= min(1.0, max(0.0, (done_ms - self._analog_ms) / SUPPLY_MS))
        if done_ms < self._settled_ms:
            share *= max(0.0, 1.0 - (self._settled_ms - done_ms) / (SETTLE_CONVERSIONS * self._period_ms))
        count = self._signal(done_ms) * share + (0.0 if now_ms >= self._calibrated_ms else OFFSET_COUNT)
        code = min(max(round(count), CODE_MIN), CODE_MAX)
        word = code & 0xFFFFFF
        if self._faults is not None:
            word = self._faults.registers(done_ms, word)
        self._registers[ADCO : ADCO + 3] = word.to_bytes(3, "big")
