"""What a converter's driver believes, and what it says of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from contract.ids import PlateId
from edge.sampling.hx711 import Hx711
from edge.sampling.samples import RawSample, Rejected
from tests.fakes.load_cell_line import ScriptedLine

PLATE = PlateId("b1-s1-l1")

UNSETTLED = (11_111, 222_222, 555_555, 70_707)
"""What a chip may say while it settles: weights that were never there, in frames with nothing to doubt."""

SETTLED_MS = 400
"""When `_settled` has its next conversion waiting."""

CALLS_PER_FRAME = 26
"""The driver looks at the wall clock once before a frame and after each of its 25 pulses."""


def _wall(*, slow_pulse: int | None = None, slow_ns: int = 0, frame: int = 0) -> Callable[[], int]:
    """A wall clock that gives each pulse 1 us; pulse `slow_pulse` (from 1) of a frame (from 0) takes `slow_ns`."""
    calls = now_ns = 0
    slow_call = None if slow_pulse is None else frame * CALLS_PER_FRAME + slow_pulse

    def read() -> int:
        nonlocal calls, now_ns
        now_ns += slow_ns if calls == slow_call else 1_000
        calls += 1
        return now_ns

    return read


def _converter(line: ScriptedLine, *, rate_sps: float = 10.0, wall_ns: Callable[[], int] | None = None) -> Hx711:
    return Hx711(PLATE, line, rate_sps=rate_sps, mono_ms=0, wall_ns=wall_ns or _wall())


def _settled(
    codes: Sequence[int],
    *,
    ends_high: bool = True,
    rate_sps: float = 10.0,
    slow_pulse: int | None = None,
    slow_ns: int = 0,
) -> Hx711:
    """A converter that has settled, its counts taken; `codes` wait, and a pulse of the first of them may be slow."""
    line = ScriptedLine([*UNSETTLED, *codes], ends_high=ends_high)
    wall_ns = _wall(slow_pulse=slow_pulse, slow_ns=slow_ns, frame=len(UNSETTLED))
    converter = _converter(line, rate_sps=rate_sps, wall_ns=wall_ns)
    for index in range(len(UNSETTLED)):
        assert converter.poll(index * 100) == Rejected(PLATE, index * 100, "settling")
    converter.take_counts()
    return converter


def _found(converter: Hx711, polls_ms: Iterable[int]) -> list[int | str]:
    """Return what becomes of the code read at each time: its count, or why it was rejected."""
    found: list[int | str] = []
    for mono_ms in polls_ms:
        result = converter.poll(mono_ms)
        assert result is not None
        found.append(result.count if isinstance(result, RawSample) else result.reason)
    return found


def _read(codes: Sequence[int]) -> list[int | str]:
    return _found(_settled(codes), (SETTLED_MS + index * 100 for index in range(len(codes))))


@pytest.mark.parametrize("code", [0x123456, -5_000, 84_211, 0x7FFFFE, -0x7FFFFF])
def test_a_code_is_read_with_its_sign(code: int) -> None:
    assert _read([code]) == [code]


def test_a_sample_knows_its_plate_and_time() -> None:
    assert _settled([77_000]).poll(512) == RawSample(PLATE, 512, 77_000)


def test_a_frame_is_25_pulses_which_ask_for_the_cell_at_gain_128() -> None:
    line = ScriptedLine([*UNSETTLED, 77_000, 77_001])
    converter = _converter(line)
    for mono_ms in range(0, 600, 100):
        converter.poll(mono_ms)
    assert line.frames == [25] * 6


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
    converter = _settled([84_211], ends_high=False)
    assert converter.poll(SETTLED_MS) == Rejected(PLATE, SETTLED_MS, "not_released")


@pytest.mark.parametrize("pulse", [1, 12, 25])
def test_a_pulse_above_50_us_spoils_its_sample_alone(pulse: int) -> None:
    converter = _settled([84_211, 84_212], slow_pulse=pulse, slow_ns=50_001)
    assert converter.poll(SETTLED_MS) == Rejected(PLATE, SETTLED_MS, "long_pulse")
    assert converter.poll(SETTLED_MS + 100) == RawSample(PLATE, SETTLED_MS + 100, 84_212)


def test_a_pulse_of_50_us_is_good() -> None:
    converter = _settled([84_211], slow_pulse=12, slow_ns=50_000)
    assert isinstance(converter.poll(SETTLED_MS), RawSample)


@pytest.mark.parametrize("rate_sps", [10.0, 80.0])
def test_a_pulse_above_60_us_reset_the_chip_which_has_to_settle(rate_sps: float) -> None:
    converter = _settled([84_211, *UNSETTLED, 84_213], rate_sps=rate_sps, slow_pulse=3, slow_ns=60_001)
    period_ms = round(1_000 / rate_sps)
    polls_ms = range(1_000, 1_000 + 6 * period_ms, period_ms)
    assert _found(converter, polls_ms) == ["power_down", *["settling"] * 4, 84_213]


def test_a_pulse_of_60_us_did_not_reset_the_chip() -> None:
    converter = _settled([84_211, 84_212], slow_pulse=3, slow_ns=60_000)
    assert _found(converter, [1_000, 1_100]) == ["long_pulse", 84_212]


def test_a_driver_preempted_while_it_reads_believes_nothing_before_the_chip_has_settled() -> None:
    """The poll began at 1,000 ms and was held up for two seconds: the chip restarted at 3,000 ms, not when asked."""
    converter = _settled([84_211, *UNSETTLED, 84_213], slow_pulse=3, slow_ns=2_000_000_000)
    polls_ms = [1_000, *range(3_100, 3_600, 100)]
    assert _found(converter, polls_ms) == ["power_down", *["settling"] * 4, 84_213]


def test_a_driver_preempted_again_while_the_chip_settles_starts_to_count_again() -> None:
    line = ScriptedLine([*UNSETTLED, *UNSETTLED, 84_213])
    converter = _converter(line, wall_ns=_wall(slow_pulse=3, slow_ns=60_001, frame=3))
    assert _found(converter, range(0, 900, 100)) == [*["settling"] * 3, "power_down", *["settling"] * 4, 84_213]


@pytest.mark.parametrize("gap_ms", [100, 130, 5_000])
def test_a_chip_read_as_seldom_as_one_likes_is_believed_after_four_conversions(gap_ms: int) -> None:
    converter = _settled([84_211, *UNSETTLED, 84_213], slow_pulse=3, slow_ns=60_001)
    polls_ms = range(1_000, 1_000 + 6 * gap_ms, gap_ms)
    assert _found(converter, polls_ms) == ["power_down", *["settling"] * 4, 84_213]


def test_looking_at_a_line_that_is_not_ready_settles_nothing() -> None:
    line = ScriptedLine()
    converter = _converter(line)
    assert [converter.poll(mono_ms) for mono_ms in range(0, 1_000, 25)] == [None] * 40
    line.append(UNSETTLED[0])
    assert converter.poll(1_000) == Rejected(PLATE, 1_000, "settling")


@pytest.mark.parametrize("first_ms", [100, 3_600_000])
def test_an_agent_that_starts_loses_four_conversions_however_late_it_reads(first_ms: int) -> None:
    converter = _converter(ScriptedLine([*UNSETTLED, 84_211]))
    polls_ms = range(first_ms, first_ms + 500, 100)
    assert _found(converter, polls_ms) == [*["settling"] * 4, 84_211]
    assert converter.take_counts() == (1, {"settling": 4})


def test_every_reason_is_counted_until_the_counts_are_taken() -> None:
    converter = _settled([84_211, -1, -1, 0x7FFFFF, 84_212])
    for index in range(5):
        converter.poll(SETTLED_MS + index * 100)
    assert converter.take_counts() == (2, {"all_ones": 2, "saturated": 1})
    assert converter.take_counts() == (0, {})


def test_conversions_that_never_come_are_counted() -> None:
    converter = _settled([84_211])
    converter.poll(SETTLED_MS)
    for at_ms in range(SETTLED_MS + 25, SETTLED_MS + 1_100, 25):
        converter.poll(at_ms)
    samples, rejected = converter.take_counts()
    assert samples == 1
    assert rejected == {"unready": pytest.approx(9, abs=1)}


@pytest.mark.parametrize("silent_s", [0.7, 1.0, 60.0])
def test_a_chip_that_was_silent_may_have_been_without_power_and_has_to_settle(silent_s: float) -> None:
    converter = _settled([])
    line = converter._line
    assert isinstance(line, ScriptedLine)
    back_ms = round(silent_s * 1000)
    for mono_ms in range(SETTLED_MS, back_ms, 25):
        assert converter.poll(mono_ms) is None
    for code in (*UNSETTLED, 84_211, 84_215):
        line.append(code)
    assert _found(converter, range(back_ms, back_ms + 600, 100)) == ["settling"] * 4 + [84_211, 84_215]


def test_a_conversion_that_comes_a_little_late_is_believed() -> None:
    converter = _settled([])
    line = converter._line
    assert isinstance(line, ScriptedLine)
    for mono_ms in range(SETTLED_MS, 600, 25):
        assert converter.poll(mono_ms) is None
    line.append(84_211)
    assert _found(converter, [600]) == [84_211]
