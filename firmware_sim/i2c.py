"""An I2C bus with chips and multiplexers on it: accesses come in, what the chips answer goes out."""

from __future__ import annotations

from typing import Protocol

from contract.errors import HardwareError

CHANNELS = 8


class I2cChip(Protocol):
    """A chip with registers. One that has no power answers nothing: HardwareError."""

    def read_registers(self, register: int, length: int) -> bytes:
        """Return so many bytes from a register on."""
        ...

    def write_registers(self, register: int, data: bytes) -> None:
        """Write bytes from a register on."""
        ...


class Tca9548aChip:
    """A multiplexer: eight channels, and one register that says which are connected (TI data sheet SCPS207).

    `power_cycle` lets it forget, as a loss of power does.
    """

    def __init__(self) -> None:
        self.channels: tuple[dict[int, I2cChip], ...] = tuple({} for _ in range(CHANNELS))
        self.connected = 0

    def power_cycle(self) -> None:
        """Lose power for a moment: nothing is connected."""
        self.connected = 0


class SimulatedI2cBus:
    """Implements `I2cPort`. Chips of one address that are connected at once all answer: their bytes are wired-AND."""

    def __init__(self) -> None:
        self.chips: dict[int, I2cChip] = {}
        self.multiplexers: dict[int, Tca9548aChip] = {}
        self.broken = False

    def read(self, address: int, register: int, length: int) -> bytes:
        """Read bytes from a register. Raises HardwareError when nobody answers."""
        found = b"\xff" * length
        for chip in self._reached(address):
            answer = chip.read_registers(register, length)
            found = bytes(mine & other for mine, other in zip(found, answer, strict=True))
        return found

    def write(self, address: int, register: int, data: bytes) -> None:
        """Write bytes to a register; a multiplexer takes the register as its only byte."""
        if address in self.multiplexers and not self.broken:
            self.multiplexers[address].connected = register
            return
        for chip in self._reached(address):
            chip.write_registers(register, data)

    def _reached(self, address: int) -> list[I2cChip]:
        segments = [self.chips]
        for multiplexer in self.multiplexers.values():
            segments += [
                chips for place, chips in enumerate(multiplexer.channels) if multiplexer.connected >> place & 1
            ]
        reached = [segment[address] for segment in segments if address in segment]
        if self.broken or not reached:
            raise HardwareError(f"I2C address {address:#x} did not answer")
        return reached
