"""A kernel's files, from a folder that looks like sysfs to samples: found by label, read on a thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.clock import ShopClock
from contract.errors import ConfigurationError, HardwareError
from contract.ids import PlateId
from edge.sampling.hx711_iio import BackgroundReads, IioHx711
from edge.sampling.linux_buses import open_iio
from edge.sampling.samples import RawSample
from firmware_sim.hx711 import SimulatedLine
from firmware_sim.iio import KernelHx711, SimulatedSysfs

PLATE = PlateId("b1-s1-l1")
COUNT = -84_211
RATE = 20.0
WAIT_S = 30.0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Two devices: `left` with a chip that converts, `right` whose chip never does."""
    clock = ShopClock(origin_unix_s=time.time(), rate=RATE)
    left = SimulatedLine(lambda _: float(COUNT), clock, wall_ns=lambda: 0)  # a kernel's pulse is not interrupted
    left.start()
    right = SimulatedLine(lambda _: 0.0, clock)
    kernels = {"left": KernelHx711(left, clock).read, "right": KernelHx711(right, clock).read}
    files = SimulatedSysfs(tmp_path, kernels)
    (tmp_path / "iio:device7").mkdir()
    (tmp_path / "iio:device7" / "name").write_text("bme280\n", encoding="ascii")
    yield tmp_path
    files.close()


@pytest.mark.parametrize("device", ["left", "iio:device0"])
def test_a_device_is_found_by_its_label_or_its_folder(folder: Path, device: str) -> None:
    assert open_iio(device, root=folder).read() == COUNT + 0x800000


def test_a_device_that_is_not_there_is_told_with_those_that_are(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"found 'middle', .*\(iio:device0, iio:device1, left, right\)"):
        open_iio("middle", root=folder)
    with pytest.raises(ConfigurationError, match="is the module loaded and its overlay set"):
        open_iio("left", root=tmp_path / "none")


def test_a_chip_that_never_converts_is_a_hardware_error(folder: Path) -> None:
    with pytest.raises(HardwareError, match="in_voltage0_raw"):
        open_iio("right", root=folder).read()


@pytest.mark.parametrize("text", ["", "-1\n", "16777216\n", "much\n", "\x00"])
def test_a_value_the_kernel_never_gives_is_a_hardware_error(tmp_path: Path, text: str) -> None:
    device = tmp_path / "iio:device0"
    device.mkdir()
    (device / "name").write_text("hx711\n", encoding="ascii")
    (device / "in_voltage0_raw").write_text(text, encoding="ascii")
    with pytest.raises(HardwareError, match="expected a number up to 16777215"):
        open_iio("iio:device0", root=tmp_path).read()


def test_samples_of_the_kernel_reach_the_agent(folder: Path) -> None:
    driver = IioHx711(PLATE, BackgroundReads(PLATE, open_iio("left", root=folder)), rate_sps=10.0, mono_ms=0)
    clock = ShopClock(rate=RATE)
    found: list[int] = []
    gone_s = time.monotonic() + WAIT_S
    while len(found) < 10 and time.monotonic() < gone_s:
        found += [one.count for one in driver.poll(clock.mono_ms()) if isinstance(one, RawSample)]
        time.sleep(0.005)
    driver.close()
    assert found[:10] == [COUNT] * 10
