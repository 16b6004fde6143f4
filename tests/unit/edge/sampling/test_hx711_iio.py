"""What is believed of the kernel's raw values."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from contract.errors import HardwareError
from contract.ids import PlateId
from edge.sampling.hx711_iio import READS_MAX, BackgroundReads, IioHx711, IioRead
from edge.sampling.samples import RawSample, Rejected

PLATE = PlateId("b1-s1-l1")
COUNT = 84_211
RAW = COUNT + 0x800000


class Given:
    """Reads that a test gives one by one."""

    def __init__(self) -> None:
        self.reads: list[IioRead] = []
        self.closed = False

    def take(self) -> Sequence[IioRead]:
        reads, self.reads = self.reads, []
        return reads

    def close(self) -> None:
        self.closed = True


def _settled() -> tuple[Given, IioHx711]:
    given = Given()
    driver = IioHx711(PLATE, given, rate_sps=10.0, mono_ms=0)
    given.reads = [IioRead(RAW, 100.0)] * 5
    assert [type(one) for one in driver.poll(500)] == [Rejected] * 4 + [RawSample]
    driver.take_counts(PLATE)
    return given, driver


def _found(given: Given, driver: IioHx711, *reads: IioRead) -> list[int | str]:
    given.reads = list(reads)
    return [one.count if isinstance(one, RawSample) else one.reason for one in driver.poll(600)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (RAW, COUNT),
        (0x800000 - 5_000, -5_000),
        (0xFFFFFF, "saturated"),
        (0x000000, "saturated"),
        (0x7FFFFF, "all_ones"),
        (0x800000 + 0x1FFFFF, "lost_bits"),
        (0x800000, "lost_bits"),
    ],
)
def test_the_first_bit_of_the_kernel_is_inverted(raw: int, expected: int | str) -> None:
    assert _found(*_settled(), IioRead(raw, 100.0)) == [expected]


def test_a_read_that_failed_is_counted_and_what_follows_has_to_settle() -> None:
    given, driver = _settled()
    after = [IioRead(RAW, 100.0)] * 5
    assert _found(given, driver, IioRead(None, 2_010.0), *after) == ["settling"] * 4 + [COUNT]
    assert driver.take_counts(PLATE) == (1, {"bus_error": 1, "settling": 4})


def test_a_read_that_took_more_than_a_second_had_the_chip_reset_by_the_kernel() -> None:
    given, driver = _settled()
    reads = [IioRead(RAW, 1_050.0), *[IioRead(RAW, 100.0)] * 4]
    assert _found(given, driver, *reads) == ["settling"] * 4 + [COUNT]


def test_a_kernel_that_keeps_waiting_is_counted_as_unready() -> None:
    _, driver = _settled()
    for mono_ms in range(500, 1_500, 25):
        assert driver.poll(mono_ms) == []
    assert set(driver.take_counts(PLATE)[1]) == {"unready"}


def test_closing_the_driver_ends_its_reads() -> None:
    given, driver = _settled()
    driver.close()
    assert given.closed


class Channel:
    """A kernel whose conversions a test lets come, one a permit."""

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)
        self.asked = threading.Semaphore(0)
        self.fails = False

    def read(self) -> int:
        self.asked.release()
        self.permits.acquire()
        if self.fails:
            raise HardwareError("gone")
        return RAW


def test_reads_run_on_their_own_so_that_nobody_waits_for_the_kernel() -> None:
    channel = Channel()
    reads = BackgroundReads(PLATE, channel)
    assert reads.take() == []
    for _ in range(3):
        channel.permits.release()
    for _ in range(4):  # the fourth asks and finds no permit: the three before it have ended
        channel.asked.acquire()
    assert [read.value for read in reads.take()] == [RAW] * 3
    reads._closing.set()
    channel.permits.release()
    reads.close()
    assert not reads._thread.is_alive()


def test_reads_nobody_takes_are_bounded_and_the_oldest_give_way() -> None:
    channel = Channel()
    reads = BackgroundReads(PLATE, channel)
    channel.permits.release(READS_MAX + 10)
    for _ in range(READS_MAX + 11):  # the last one asks and finds no permit: all before it have ended
        channel.asked.acquire()
    reads._closing.set()
    channel.permits.release()
    reads.close()
    assert len(reads.take()) == READS_MAX


def test_a_device_that_is_gone_gives_reads_without_a_value() -> None:
    channel = Channel()
    channel.fails = True
    reads = BackgroundReads(PLATE, channel)
    reads._closing.set()
    channel.permits.release()
    reads.close()
    assert [read.value for read in reads.take()] == [None]
