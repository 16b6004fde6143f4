"""Reach chips of one address through a TCA9548A: accesses come in, channel switches and accesses go out on the bus.

The chip has one register of eight bits, one for each channel it connects (TI data sheet SCPS207, "Control register");
a byte written to it is that register.
"""

from __future__ import annotations

from contract.errors import HardwareError
from contract.hardware import I2cPort

CHANNELS = 8


class Tca9548a:
    """One multiplexer. `channel` gives the bus behind one of its channels."""

    def __init__(self, port: I2cPort, address: int) -> None:
        self._port = port
        self._address = address
        self._connected: int | None = None

    def channel(self, number: int) -> I2cPort:
        """Return the bus behind channel 0 to 7."""
        assert 0 <= number < CHANNELS
        return _Channel(self, self._port, number)

    def connect(self, number: int) -> None:
        """Connect one channel and no other. Raises HardwareError when the multiplexer does not answer."""
        if self._connected != number:
            self._connected = None
            self._port.write(self._address, 1 << number, b"")
            self._connected = number

    def forget(self) -> None:
        """Take nothing for connected: a multiplexer that lost its power has connected nothing."""
        self._connected = None


class _Channel:
    """Implements `I2cPort` behind one channel."""

    def __init__(self, multiplexer: Tca9548a, port: I2cPort, number: int) -> None:
        self._multiplexer = multiplexer
        self._port = port
        self._number = number

    def read(self, address: int, register: int, length: int) -> bytes:
        """Read from a chip behind the channel."""
        self._multiplexer.connect(self._number)
        try:
            return self._port.read(address, register, length)
        except HardwareError:
            self._multiplexer.forget()
            raise

    def write(self, address: int, register: int, data: bytes) -> None:
        """Write to a chip behind the channel."""
        self._multiplexer.connect(self._number)
        try:
            self._port.write(address, register, data)
        except HardwareError:
            self._multiplexer.forget()
            raise
