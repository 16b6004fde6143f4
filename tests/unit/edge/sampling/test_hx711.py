"""What a converter's driver believes, and what it says of the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from contract.ids import PlateId
from edge.sampling.hx711 import Hx711, RawSample, Rejected
from tests.fakes.load_cell_line import ScriptedLine

PLATE = PlateId("b1-s1-l1")
SETTLED_MS = 400


def _wall(*, slow_pulse: int | None = None, slow_ns: int = 0) -> Callable[[], int]:
    """A wall clock that gives each pulse 1 us; pulse number `slow_pulse` (from 1) takes `slow_ns`."""
    calls = now_ns = 0

    def read() -> int:
        nonlocal calls, now_ns
        now_ns += slow_ns if calls == slow_pulse else 1_000
        calls += 1
        return now_ns

    return read


def _converter(line: ScriptedLine, *, rate_sps: float = 10.0, wall_ns: Callable[[], int] | None = None) -> Hx711:
    return Hx711(PLATE, line, rate_sps=rate_sps, mono_ms=0, wall_ns=wall_ns or _wall())


def _read(codes: Sequence[int]) -> list[int | str]:
    """Return what becomes of each code: its count, or why it was rejected."""
    converter = _converter(ScriptedLine(codes))
    found: list[int | str] = []
    for index in range(len(codes)):
        result = converter.poll(SETTLED_MS + index * 100)
        assert result is not None
        found.append(result.count if isinstance(result, RawSample) else result.reason)
    return found


@pytest.mark.parametrize("code", [0x123456, -5_000, 84_211, 0x7FFFFE, -0x7FFFFF])
def test_a_code_is_read_with_its_sign(code: int) -> None:
    assert _read([code]) == [code]


def test_a_sample_knows_its_plate_and_time() -> None:
    assert _converter(ScriptedLine([77_000])).poll(512) == RawSample(PLATE, 512, 77_000)


def test_a_frame_is_25_pulses_which_ask_for_the_cell_at_gain_128() -> None:
    line = ScriptedLine([77_000, 77_001])
    converter = _converter(line)
    converter.poll(SETTLED_MS)
    converter.poll(SETTLED_MS + 100)
    assert line.frames == [25, 25]


def test_a_line_that_is_not_ready_is_not_clocked() -> None:
    line = ScriptedLine()
    assert _converter(line).poll(SETTLED_MS) is None
    assert line.frames == []


@pytest.mark.parametrize("code", [0x7FFFFF, -0x800000])
def test_a_code_at_the_rail_is_saturation(code: int) -> None:
    assert _read([84_211, code, 84_213]) == [84_211, "saturated", 84_213]


def test_all_ones_is_a_line_nobody_drives() -> None:
    assert _read([84_211, -1]) == [84_211, "all_ones"]


@pytest.mark.parametrize("code", [0, 1, 0x3FFFFF, 0x1FFFFF, 0x3FF])
def test_ones_to_the_end_far_from_the_last_count_are_lost_bits(code: int) -> None:
    assert _read([84_211, code, 84_214]) == [84_211, "lost_bits", 84_214]


def test_ones_to_the_end_beside_the_last_count_are_weight() -> None:
    assert _read([0x1FFF0, 0x1FFFF]) == [0x1FFF0, 0x1FFFF]


def test_a_line_that_stays_low_after_the_last_pulse_is_not_believed() -> None:
    converter = _converter(ScriptedLine([84_211], ends_high=False))
    assert converter.poll(SETTLED_MS) == Rejected(PLATE, SETTLED_MS, "not_released")


@pytest.mark.parametrize("pulse", [1, 12, 25])
def test_a_pulse_above_50_us_spoils_its_sample_alone(pulse: int) -> None:
    converter = _converter(ScriptedLine([84_211, 84_212]), wall_ns=_wall(slow_pulse=pulse, slow_ns=50_001))
    assert converter.poll(SETTLED_MS) == Rejected(PLATE, SETTLED_MS, "long_pulse")
    assert converter.poll(SETTLED_MS + 100) == RawSample(PLATE, SETTLED_MS + 100, 84_212)


def test_a_pulse_of_50_us_is_good() -> None:
    converter = _converter(ScriptedLine([84_211]), wall_ns=_wall(slow_pulse=12, slow_ns=50_000))
    assert isinstance(converter.poll(SETTLED_MS), RawSample)


@pytest.mark.parametrize(("rate_sps", "settle_ms"), [(10.0, 400), (80.0, 50)])
def test_a_pulse_above_60_us_reset_the_chip_which_has_to_settle(rate_sps: float, settle_ms: int) -> None:
    line = ScriptedLine([84_211, 84_212, 84_213])
    converter = _converter(line, rate_sps=rate_sps, wall_ns=_wall(slow_pulse=3, slow_ns=60_001))
    reasons = [converter.poll(at_ms) for at_ms in (1_000, 1_000 + settle_ms - 1, 1_000 + settle_ms)]
    assert reasons[0] == Rejected(PLATE, 1_000, "power_down")
    assert reasons[1] == Rejected(PLATE, 1_000 + settle_ms - 1, "settling")
    assert isinstance(reasons[2], RawSample)


def test_the_first_samples_after_power_up_are_not_believed() -> None:
    converter = _converter(ScriptedLine([84_211, 84_212]))
    assert converter.poll(SETTLED_MS - 1) == Rejected(PLATE, SETTLED_MS - 1, "settling")
    assert isinstance(converter.poll(SETTLED_MS), RawSample)


def test_every_reason_is_counted_until_the_counts_are_taken() -> None:
    converter = _converter(ScriptedLine([84_211, -1, -1, 0x7FFFFF, 84_212]))
    for index in range(5):
        converter.poll(SETTLED_MS + index * 100)
    assert converter.take_counts() == (2, {"all_ones": 2, "saturated": 1})
    assert converter.take_counts() == (0, {})


def test_conversions_that_never_come_are_counted() -> None:
    converter = _converter(ScriptedLine([84_211]))
    converter.poll(SETTLED_MS)
    for at_ms in range(SETTLED_MS + 25, SETTLED_MS + 1_100, 25):
        converter.poll(at_ms)
    samples, rejected = converter.take_counts()
    assert samples == 1
    assert rejected == {"unready": pytest.approx(9, abs=1)}
