"""One shop clock for all programs."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from contract.clock import ManualClock, ShopClock, clock_from_environment
from contract.errors import ConfigurationError


def test_at_rate_20_a_wall_second_is_20_shop_seconds() -> None:
    clock = ShopClock(origin_unix_s=1000.0, rate=20.0)
    assert clock.shop_unix_s(1000.0) == 1000.0
    assert clock.shop_unix_s(1001.0) == 1020.0


def test_another_process_reads_the_same_clock() -> None:
    clock = ShopClock(origin_unix_s=1_700_000_000.25, rate=12.5)
    assert clock_from_environment(clock.environment()) == clock


def test_without_settings_the_shop_clock_is_the_wall_clock() -> None:
    assert clock_from_environment({}).shop_unix_s(123.0) == 123.0


def test_monotonic_milliseconds_never_step_back() -> None:
    clock = ShopClock(origin_unix_s=time.time(), rate=50.0)
    seen = [clock.mono_ms() for _ in range(1000)]
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"LIVESHELF_CLOCK_RATE": "fast"}, "LIVESHELF_CLOCK_RATE: found 'fast', expected a number"),
        ({"LIVESHELF_CLOCK_RATE": "0"}, "LIVESHELF_CLOCK_RATE: found 0.0, expected a number above 0"),
        ({"LIVESHELF_CLOCK_RATE": "20"}, "LIVESHELF_CLOCK_ORIGIN: missing"),
    ],
)
def test_a_wrong_clock_setting_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        clock_from_environment(environ)


def test_both_wrong_clock_settings_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)ORIGIN: found 'noon'.*RATE: found 'nan'"):
        clock_from_environment({"LIVESHELF_CLOCK_ORIGIN": "noon", "LIVESHELF_CLOCK_RATE": "nan"})


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock()
    start = clock.now()
    clock.advance(1.5)
    assert clock.now() - start == timedelta(seconds=1.5)
    assert clock.mono_ms() == 1500
