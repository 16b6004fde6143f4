"""The buses of Linux: what is asked of their packages, and the sentence when they are not there."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from contract.errors import ConfigurationError, HardwareError
from edge.sampling.linux_buses import open_i2c, open_spi

FAILURE = OSError(121, "Remote I/O error")
MISSING = FileNotFoundError(2, "No such file or directory")


class SpiDev:
    """What spidev gives: a device that answers with what it was sent, inverted."""

    missing = False

    def __init__(self) -> None:
        self.opened: tuple[int, int] | None = None
        self.mode = 3
        self.max_speed_hz = 0
        self.fails = False
        self.closed = False

    def open(self, bus: int, device: int) -> None:
        if self.missing:
            raise MISSING
        self.opened = (bus, device)

    def xfer2(self, data: list[int]) -> list[int]:
        if self.fails:
            raise FAILURE
        return [byte ^ 0xFF for byte in data]

    def close(self) -> None:
        self.closed = True


class Message:
    """What smbus2 calls an i2c_msg."""

    def __init__(self, address: int, data: list[int], *, length: int = 0) -> None:
        self.address, self.data, self.length = address, data, length

    @classmethod
    def write(cls, address: int, data: list[int]) -> Message:
        return cls(address, data)

    @classmethod
    def read(cls, address: int, length: int) -> Message:
        return cls(address, [], length=length)

    def __bytes__(self) -> bytes:
        return bytes(self.data)


class SMBus:
    """What smbus2 gives: a bus whose chip at 0x2A answers its register number, counting up."""

    def __init__(self, bus: int) -> None:
        if bus != 1:
            raise MISSING
        self.transactions: list[tuple[Message, ...]] = []
        self.closed = False

    def i2c_rdwr(self, *messages: Message) -> None:
        if messages[0].address != 0x2A:
            raise FAILURE
        self.transactions.append(messages)
        for answer in messages[1:]:
            answer.data = [messages[0].data[0] + place for place in range(answer.length)]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in (("spidev", {"SpiDev": SpiDev}), ("smbus2", {"SMBus": SMBus, "i2c_msg": Message})):
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.usefixtures("packages")
def test_an_spi_bus_is_opened_in_mode_0_at_its_speed() -> None:
    port = open_spi(0, 1, 1_000_000)
    device = port._device
    assert (device.opened, device.mode, device.max_speed_hz) == ((0, 1), 0, 1_000_000)
    assert port.transfer(b"\x00\xaa") == b"\xff\x55"
    device.fails = True
    with pytest.raises(HardwareError, match="SPI did not answer"):
        port.transfer(b"\x00")
    port.close()
    assert device.closed


@pytest.mark.usefixtures("packages")
def test_an_spi_bus_that_is_not_there_says_what_to_switch_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SpiDev, "missing", True)
    with pytest.raises(ConfigurationError, match=r"spi_bus: found 3, .* expected /dev/spidev3\.0: switch SPI on"):
        open_spi(3, 0, 1_000_000)


@pytest.mark.usefixtures("packages")
def test_an_i2c_register_is_read_in_one_transaction() -> None:
    port = open_i2c(1)
    assert port.read(0x2A, 0x12, 3) == b"\x12\x13\x14"
    [(asked, answered)] = port._bus.transactions
    assert (asked.address, asked.data, answered.length) == (0x2A, [0x12], 3)
    port.write(0x2A, 0x02, b"\x30")
    port.write(0x2A, 0x04, b"")
    assert [message.data for (message,) in port._bus.transactions[1:]] == [[0x02, 0x30], [0x04]]
    port.close()
    assert port._bus.closed


@pytest.mark.usefixtures("packages")
def test_a_chip_that_does_not_answer_is_a_hardware_error() -> None:
    port = open_i2c(1)
    for access in (lambda: port.read(0x2B, 0, 1), lambda: port.write(0x2B, 0, b"")):
        with pytest.raises(HardwareError, match="I2C address 0x2b did not answer"):
            access()


@pytest.mark.usefixtures("packages")
def test_an_i2c_bus_that_is_not_there_says_what_to_switch_on() -> None:
    with pytest.raises(ConfigurationError, match=r"i2c_bus: found 7, .* expected /dev/i2c-7: switch I2C on"):
        open_i2c(7)


@pytest.mark.parametrize(("name", "found"), [("spidev", "spi_bus: found 0"), ("smbus2", "driver: found nau7802")])
def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, name: str, found: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    opens = SimpleNamespace(spidev=lambda: open_spi(0, 0, 1), smbus2=lambda: open_i2c(1))
    with pytest.raises(ConfigurationError, match=rf"{found} without the package {name}.*liveshelf\[edge-pi\]"):
        getattr(opens, name)()
