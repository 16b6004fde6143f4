"""Open the buses Linux offers: SPI by spidev, I2C by smbus2, IIO by its files. All packages are imported when asked."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from contract.errors import ConfigurationError, HardwareError

IIO_ROOT = Path("/sys/bus/iio/devices")
IIO_NAME = "hx711"
RAW_FILE = "in_voltage0_raw"
"""Channel A; `in_voltage1_raw` is channel B, which no plate uses."""

RAW_MAX = 0xFFFFFF


class LinuxSpi:
    """Implements `SpiPort` by a device of spidev, mode 0."""

    def __init__(self, device: Any) -> None:  # noqa: ANN401 - spidev has no types
        self._device = device

    def transfer(self, data: bytes) -> bytes:
        """Clock the bytes out and return as many clocked in. Raises HardwareError."""
        try:
            return bytes(self._device.xfer2(list(data)))
        except OSError as error:
            raise HardwareError(f"SPI did not answer: {error}") from error

    def close(self) -> None:
        """Let go of the bus."""
        self._device.close()


def open_spi(bus: int, device: int, speed_hz: int) -> LinuxSpi:
    """Return a bus with its chip select. Raises ConfigurationError naming what is missing."""
    spidev = _package("spidev", key="spi_bus", found=str(bus))
    opened = spidev.SpiDev()
    try:
        opened.open(bus, device)
        opened.mode = 0
        opened.max_speed_hz = speed_hz
    except OSError as error:
        raise ConfigurationError(
            f"spi_bus: found {bus}, which cannot be opened ({error.strerror}), expected /dev/spidev{bus}.{device}: "
            "switch SPI on (raspi-config, or dtparam=spi=on) and let the agent's user into the group spi"
        ) from error
    return LinuxSpi(opened)


class LinuxI2c:
    """Implements `I2cPort` by a bus of smbus2. `package` is that module."""

    def __init__(self, package: Any, bus: Any) -> None:  # noqa: ANN401 - smbus2 is imported only where it is used
        self._message = package.i2c_msg
        self._bus = bus

    def read(self, address: int, register: int, length: int) -> bytes:
        """Read `length` bytes from a register, in one transaction. Raises HardwareError."""
        answer = self._message.read(address, length)
        try:
            self._bus.i2c_rdwr(self._message.write(address, [register]), answer)
        except OSError as error:
            raise HardwareError(f"I2C address {address:#x} did not answer: {error}") from error
        return bytes(answer)

    def write(self, address: int, register: int, data: bytes) -> None:
        """Write bytes to a register. Raises HardwareError."""
        try:
            self._bus.i2c_rdwr(self._message.write(address, [register, *data]))
        except OSError as error:
            raise HardwareError(f"I2C address {address:#x} did not answer: {error}") from error

    def close(self) -> None:
        """Let go of the bus."""
        self._bus.close()


def open_i2c(bus: int) -> LinuxI2c:
    """Return a bus. Raises ConfigurationError naming what is missing."""
    smbus2 = _package("smbus2", key="driver", found="nau7802")
    try:
        return LinuxI2c(smbus2, smbus2.SMBus(bus))
    except OSError as error:
        raise ConfigurationError(
            f"i2c_bus: found {bus}, which cannot be opened ({error.strerror}), expected /dev/i2c-{bus}: switch I2C on "
            "(raspi-config, or dtparam=i2c_arm=on) and let the agent's user into the group i2c"
        ) from error


class SysfsChannel:
    """Implements `IioChannel` by the file of a device."""

    def __init__(self, device: Path) -> None:
        self._file = device / RAW_FILE

    def read(self) -> int:
        """Return a conversion as the kernel gives it, after waiting for it. Raises HardwareError."""
        try:
            text = self._file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise HardwareError(f"{self._file} gave no value: {error}") from error
        if not text.strip().isdigit() or not int(text) <= RAW_MAX:
            raise HardwareError(f"{self._file}: found {text!r}, expected a number up to {RAW_MAX}")
        return int(text)


def open_iio(device: str, *, root: Path = IIO_ROOT) -> SysfsChannel:
    """Return the channel of a device, by label or folder name. Raises ConfigurationError naming what there is."""
    known: dict[str, Path] = {}
    for folder in sorted(root.glob("iio:device*")):
        if _attribute(folder, "name") == IIO_NAME:
            known[folder.name] = folder
            known[_attribute(folder, "label") or folder.name] = folder
    if device not in known:
        there = ", ".join(sorted(known)) or f"none with the name {IIO_NAME}: is the module loaded and its overlay set?"
        raise ConfigurationError(f"iio_device: found {device!r}, expected one of those in {root} ({there})")
    return SysfsChannel(known[device])


def _attribute(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _package(name: str, *, key: str, found: str) -> Any:  # noqa: ANN401 - a module
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(
            f"{key}: found {found} without the package {name}, expected it installed (pip install 'liveshelf[edge-pi]')"
        ) from error
