"""Read a NAU7802 converter over I2C: its registers come in, counts with their time go out, or why there is none.

Registers and their order: Nuvoton NAU7802 data sheet, "Register map" and "Power-on sequence"; waits and the settings
of a board with one cell as in the drivers of Adafruit and SparkFun. Every step is one look of the agent, so that
nobody waits for the chip: reset, power, half a second for the supply of the cell, calibration of the offset, samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contract.errors import HardwareError
from contract.hardware import I2cPort
from contract.ids import PlateId
from edge.sampling.judge import ConversionJudge
from edge.sampling.samples import RawSample, Rejected

ADDRESS = 0x2A
"""The only address the chip has: several need a multiplexer."""

PU_CTRL, CTRL1, CTRL2, ADCO, ADC, PGA_PWR = 0x00, 0x01, 0x02, 0x12, 0x15, 0x1C

RESET, POWER_DIGITAL, POWER_ANALOG, POWER_READY = 0x01, 0x02, 0x04, 0x08
CYCLE_START, CYCLE_READY, SUPPLY_FROM_LDO = 0x10, 0x20, 0x80
POWERED = POWER_DIGITAL | POWER_ANALOG | SUPPLY_FROM_LDO
RUNNING = POWERED | CYCLE_START

GAIN_128_LDO_3V0 = 0x07 | 5 << 3
CHOPPER_OFF = 0x30
OUTPUT_CAPACITOR = 0x80
CALIBRATE, CALIBRATION_FAILED = 0x04, 0x08
"""Calibration mode 0: the converter's own offset, with its inputs shorted inside."""

RATE_BITS = {10.0: 0, 20.0: 1, 40.0: 2, 80.0: 3, 320.0: 7}
"""CRS by samples a second (CTRL2, bits 4 to 6)."""

POWER_UP_MS = 100
"""The chip says it has power after about 0.2 ms; one that does not for so long is asked again from the beginning."""

SUPPLY_MS = 600
"""The supply of cell and amplifier is stable 600 ms after it was switched on (Adafruit_NAU7802.cpp, `enable`)."""

CALIBRATION_MS = 1_000
"""Calibration takes some 350 ms (SparkFun library); after so long it is begun again."""

LOOK_MS = 20
"""Between two looks at a chip that calibrates: the bus disturbs it less."""

RETRY_MS = 500
"""Before a chip that did not answer is set up again."""

REST_PERIODS = 0.5
"""A chip is not asked for so long after a conversion: bursts of noise were seen when it was (hiveeyes 2674)."""

Found = Sequence[RawSample | Rejected]


class Nau7802:
    """Implements `WeightDriver` for one chip. `rate_sps` is one of `RATE_BITS`; the driver sets it."""

    def __init__(self, plate: PlateId, port: I2cPort, *, rate_sps: float, mono_ms: int) -> None:
        self.plates = (plate,)
        self._port = port
        self._rate = RATE_BITS[rate_sps] << 4
        self._rest_ms = REST_PERIODS * 1000.0 / rate_sps
        self._judge = ConversionJudge(plate, rate_sps=rate_sps, mono_ms=mono_ms)
        self._step: Callable[[int], Found] = self._reset
        self._look_ms: float = mono_ms
        self._since_ms = mono_ms

    def poll(self, mono_ms: int) -> Found:
        """Do the next step when its time has come, and return the conversion it brought."""
        if mono_ms < self._look_ms:
            return ()
        try:
            return self._step(mono_ms)
        except HardwareError:
            self._judge.absent(mono_ms, "bus_error")
            if self._step == self._convert:
                return ()  # a chip that kept its power goes on where it was; one that did not says so
            return self._begin_again(mono_ms)

    def take_counts(self, plate: PlateId) -> tuple[int, dict[str, int]]:
        """Return the samples of the plate and its rejections by reason since the last call."""
        assert plate in self.plates
        return self._judge.take_counts()

    def close(self) -> None:
        """Nothing runs: the bus belongs to the hardware."""

    def _reset(self, mono_ms: int) -> Found:
        self._write(PU_CTRL, RESET)
        self._write(PU_CTRL, POWER_DIGITAL)
        return self._go_on(mono_ms, self._power_up, look_ms=1)

    def _power_up(self, mono_ms: int) -> Found:
        if not self._read(PU_CTRL) & POWER_READY:
            return self._begin_again(mono_ms) if mono_ms - self._since_ms > POWER_UP_MS else ()
        self._write(CTRL1, GAIN_128_LDO_3V0)
        self._write(CTRL2, self._rate)
        self._write(ADC, CHOPPER_OFF)
        self._write(PGA_PWR, OUTPUT_CAPACITOR)
        self._write(PU_CTRL, POWERED)
        return self._go_on(mono_ms, self._start, look_ms=SUPPLY_MS)

    def _start(self, mono_ms: int) -> Found:
        self._write(PU_CTRL, RUNNING)
        self._write(CTRL2, self._rate | CALIBRATE)
        return self._go_on(mono_ms, self._await_calibration, look_ms=LOOK_MS)

    def _await_calibration(self, mono_ms: int) -> Found:
        state = self._read(CTRL2)
        if state & CALIBRATE:
            self._look_ms = mono_ms + LOOK_MS
            return self._begin_again(mono_ms) if mono_ms - self._since_ms > CALIBRATION_MS else ()
        if state & CALIBRATION_FAILED:
            return self._begin_again(mono_ms)
        self._judge.restart()
        return self._go_on(mono_ms, self._convert, look_ms=0)

    def _convert(self, mono_ms: int) -> Found:
        state = self._read(PU_CTRL)
        if state & RUNNING != RUNNING:
            # It lost its power between two looks and woke up with the settings of the factory.
            self._judge.reject("power_down")
            return self._reset(mono_ms)
        if not state & CYCLE_READY:
            self._judge.absent(mono_ms)
            return ()
        bits = int.from_bytes(self._port.read(ADDRESS, ADCO, 3), "big")
        self._look_ms = mono_ms + self._rest_ms
        return (self._judge.judge(mono_ms, bits),)

    def _go_on(self, mono_ms: int, step: Callable[[int], Found], *, look_ms: int) -> Found:
        self._step, self._since_ms, self._look_ms = step, mono_ms, mono_ms + look_ms
        return ()

    def _begin_again(self, mono_ms: int) -> Found:
        """Set the chip up from the beginning after a while."""
        self._judge.absent(mono_ms)
        return self._go_on(mono_ms, self._reset, look_ms=RETRY_MS)

    def _read(self, register: int) -> int:
        return self._port.read(ADDRESS, register, 1)[0]

    def _write(self, register: int, value: int) -> None:
        self._port.write(ADDRESS, register, bytes([value]))
