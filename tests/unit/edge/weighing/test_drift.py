"""How the zero of a plate moves is measured in the shop, whatever stands on the plate."""

from __future__ import annotations

import math
import random

import pytest

from edge.weighing.drift import HOUR_MS, DriftLedger

REST_MS = 60_000
NOISE_G = 0.3


def day(ledger: DriftLedger, hours: float, *, g_per_day: float = 0.0, swing_g: float = 0.0, trades: int = 0) -> None:
    """Let the plate lie for hours, its zero moving, with so many changes of 100 g up and down an hour."""
    rng = random.Random(1)
    goods_g = 5_000.0
    for minute in range(round(hours * 60)):
        at_ms = minute * REST_MS
        zero_g = g_per_day * at_ms / (24 * HOUR_MS) + swing_g * math.sin(math.tau * at_ms / (24 * HOUR_MS))
        if trades and minute % 60 < trades:
            change_g = rng.choice((-100.0, 100.0))
            goods_g += change_g
            ledger.moved(change_g + rng.gauss(0.0, NOISE_G), NOISE_G)
        ledger.rest(at_ms, goods_g + zero_g + rng.gauss(0.0, NOISE_G))


def test_a_plate_that_lies_still_does_not_drift() -> None:
    ledger = DriftLedger()
    day(ledger, 30)
    found = ledger.per_day_g()
    assert found is not None
    assert found[0] == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize("g_per_day", [-40.0, 25.0])
def test_drift_is_measured_while_goods_come_and_go(g_per_day: float) -> None:
    ledger = DriftLedger()
    day(ledger, 50, g_per_day=g_per_day, trades=20)
    found = ledger.per_day_g()
    assert found is not None
    drift_g, unsure_g = found
    assert unsure_g == pytest.approx(NOISE_G * math.sqrt(24 * 20), rel=0.1)
    assert abs(drift_g - g_per_day) < 3 * unsure_g


def test_the_temperature_of_the_day_is_no_drift() -> None:
    ledger = DriftLedger()
    day(ledger, 49, swing_g=10.0)
    found = ledger.per_day_g()
    assert found is not None
    assert found[0] == pytest.approx(0.0, abs=0.5)


def test_nothing_is_said_before_two_hours_are_over() -> None:
    ledger = DriftLedger()
    day(ledger, 2.0)
    assert ledger.per_day_g() is None
    day(ledger, 2.1)
    assert ledger.per_day_g() is not None


def test_what_happened_while_nobody_looked_is_no_drift() -> None:
    ledger = DriftLedger()
    for minute in range(600):
        if minute == 300:
            ledger.begin_anew()
        ledger.rest(minute * REST_MS, 1_000.0 if minute < 300 else 4_000.0)
    assert ledger.per_day_g() == (0.0, 0.0)


def test_a_plate_that_told_nothing_for_hours_is_compared_with_what_is_known() -> None:
    ledger = DriftLedger()
    for hour in (0, 1, 9, 10, 11):
        ledger.rest(hour * HOUR_MS, 100.0 + hour)
    assert ledger.per_day_g() == (10.0, 0.0)
    ledger.rest(34 * HOUR_MS, 100.0)
    ledger.rest(35 * HOUR_MS, 100.0)
    assert ledger.per_day_g() == (-10.0, 0.0), "of the day before, 10 o'clock is left"
