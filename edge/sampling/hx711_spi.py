"""Clock an HX711 by an SPI bus: MOSI is its clock, MISO its data, and the hardware keeps the pulses short.

Every bit of the chip takes two bits of the bus: MOSI high, then low. DOUT changes when MOSI rises (T2, at most 0.1 us:
data sheet, figure 2) and the bus samples in the middle of each of its bits, so both samples of a pair see the same
level. The clock and chip select of the bus lead nowhere: DOUT is never released, so a bus has one converter.
"""

from __future__ import annotations

from contract.errors import HardwareError
from contract.hardware import SpiPort
from contract.ids import PlateId
from edge.sampling.judge import ConversionJudge
from edge.sampling.samples import RawSample, Rejected, RejectReason

PROBE = b"\x00"
"""MOSI stays low: no pulse, but MISO shows DOUT."""

FRAME = b"\xaa" * 6 + b"\x80"
"""25 pulses: 24 bits and one more, which asks for channel A at gain 128 again. Every byte ends low, so a bus that
pauses between bytes, and one that rests, holds the clock low; high for 60 us would power the chip down."""

FIRST_OF_PAIRS = 0xAAAAAA_AAAAAA
BITS_MASK = 0x555555_555555


class SpiHx711:
    """Implements `WeightDriver` for the one converter of a bus. Pulses are not timed: the bus makes them."""

    def __init__(self, plate: PlateId, port: SpiPort, *, rate_sps: float, mono_ms: int) -> None:
        self.plates = (plate,)
        self._port = port
        self._judge = ConversionJudge(plate, rate_sps=rate_sps, mono_ms=mono_ms)

    def poll(self, mono_ms: int) -> tuple[RawSample | Rejected, ...]:
        """Return the conversion that waits. A chip that is not ready is only looked at."""
        try:
            if self._port.transfer(PROBE)[-1] & 1:
                self._judge.absent(mono_ms)
                return ()
            frame = self._port.transfer(FRAME)
        except HardwareError:
            self._judge.absent(mono_ms, "bus_error")
            return ()
        bits, doubt = read_frame(frame)
        return (self._judge.judge(mono_ms, bits, doubt),)

    def take_counts(self, plate: PlateId) -> tuple[int, dict[str, int]]:
        """Return the samples of the plate and its rejections by reason since the last call."""
        assert plate in self.plates
        return self._judge.take_counts()

    def close(self) -> None:
        """Nothing runs: the bus belongs to the hardware."""


def read_frame(frame: bytes) -> tuple[int, RejectReason | None]:
    """Return the 24 bits MISO showed while `FRAME` went out, and what is to be said against them.

    The two samples of a pulse differ when DOUT came late: too long a cable, or too fast a bus.
    """
    pairs = int.from_bytes(frame[:6], "big")
    second = pairs & BITS_MASK
    bits = 0
    for place in range(46, -1, -2):
        bits = bits << 1 | second >> place & 1
    if (pairs & FIRST_OF_PAIRS) >> 1 != second:
        return bits, "torn_bits"
    return bits, None if frame[6] & 0x7F == 0x7F else "not_released"
