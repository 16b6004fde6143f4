"""An HX711 on an SPI bus, bit by bit: bytes of MOSI come in as its clock, DOUT goes out as bytes of MISO."""

from __future__ import annotations

from contract.errors import HardwareError
from firmware_sim.hx711 import SimulatedLine

BITS = tuple(range(7, -1, -1))


class SpiHx711Chip:
    """Implements `SpiPort`: PD_SCK is MOSI, DOUT is MISO; SCLK and chip select lead nowhere.

    DOUT follows PD_SCK within 0.1 us (data sheet, T2), before the bus samples in the middle of its bit; `late_bits`
    is by how many bits of the bus a long cable delays it. MOSI left high after a transfer powers the chip down.
    While `broken`, the bus raises HardwareError.
    """

    def __init__(self, line: SimulatedLine, *, late_bits: int = 0) -> None:
        self._line = line
        self._late_bits = late_bits
        self._mosi = 0
        self.broken = False

    def transfer(self, data: bytes) -> bytes:
        """Clock the bytes out and return as many clocked in."""
        if self.broken:
            raise HardwareError("SPI did not answer: no such device")
        seen: list[int] = []
        level = 0 if self._line.ready() else 1
        before = [level] * self._late_bits
        for byte in data:
            for place in BITS:
                mosi = byte >> place & 1
                if mosi and not self._mosi:
                    level = self._line.clock_bit()
                self._mosi = mosi
                seen.append(level)
        if self._mosi:
            self._line.power_cycle()
        late = (before + seen)[: len(seen)]
        return bytes(
            sum(bit << place for bit, place in zip(late[start : start + 8], BITS, strict=True))
            for start in range(0, len(late), 8)
        )
