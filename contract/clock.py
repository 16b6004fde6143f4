"""The shop clock: one origin and one rate for all programs of a store, so that a store can run at 20x."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from contract.errors import ConfigurationError

CLOCK_ORIGIN_VARIABLE = "LIVESHELF_CLOCK_ORIGIN"
CLOCK_RATE_VARIABLE = "LIVESHELF_CLOCK_RATE"
RATE_MAX = 1000.0


class Clock(Protocol):
    """Shop time as every program reads it. Transport timers and latencies use wall time instead."""

    @property
    def rate(self) -> float:
        """Shop seconds per wall second."""
        ...

    def now(self) -> datetime:
        """Return the shop time, aware UTC."""
        ...

    def mono_ms(self) -> int:
        """Return shop milliseconds that never step back within a boot (`*_mono_ms` on the wire)."""
        ...

    def sleep(self, shop_s: float) -> None:
        """Wait that many shop seconds."""
        ...


@dataclass(frozen=True, slots=True)
class ShopClock:
    """Shop time = origin + (wall time - origin) * rate. At rate 1 it is the wall clock.

    `origin_unix_s` is the wall time, in seconds since 1970, at which shop and wall time agree.
    """

    origin_unix_s: float = 0.0
    rate: float = 1.0

    def now(self) -> datetime:
        """Return the shop time, aware UTC."""
        return datetime.fromtimestamp(self.shop_unix_s(time.time()), tz=UTC)

    def mono_ms(self) -> int:
        """Return shop milliseconds since boot: the system's monotonic clock times the rate."""
        return int(time.monotonic() * self.rate * 1000)

    def sleep(self, shop_s: float) -> None:
        """Wait that many shop seconds."""
        time.sleep(max(0.0, shop_s / self.rate))

    def shop_unix_s(self, wall_unix_s: float) -> float:
        """Return the shop time of a wall time, both in seconds since 1970."""
        if self.rate == 1.0:
            return wall_unix_s
        return self.origin_unix_s + (wall_unix_s - self.origin_unix_s) * self.rate

    def environment(self) -> dict[str, str]:
        """Return the settings that give another process this same clock."""
        return {CLOCK_ORIGIN_VARIABLE: repr(self.origin_unix_s), CLOCK_RATE_VARIABLE: repr(self.rate)}


@dataclass(slots=True)
class ManualClock:
    """A clock that moves only when told to: for replay and for tests."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    elapsed_ms: int = 0
    rate: float = 1.0

    def now(self) -> datetime:
        """Return the shop time, aware UTC."""
        return self.at

    def mono_ms(self) -> int:
        """Return the milliseconds this clock was advanced by since it was made."""
        return self.elapsed_ms

    def sleep(self, shop_s: float) -> None:
        """Advance instead of waiting."""
        self.advance(shop_s)

    def advance(self, shop_s: float) -> None:
        """Move the clock forward by that many shop seconds."""
        self.at += timedelta(seconds=shop_s)
        self.elapsed_ms += round(shop_s * 1000)


def clock_from_environment(environ: Mapping[str, str]) -> ShopClock:
    """Return the clock the environment names: `LIVESHELF_CLOCK_ORIGIN` (unix seconds) and `LIVESHELF_CLOCK_RATE`.

    Raises ConfigurationError naming the variable, what was found and what was expected.
    """
    problems: list[str] = []
    origin = _number(environ, CLOCK_ORIGIN_VARIABLE, 0.0, problems)
    rate = _number(environ, CLOCK_RATE_VARIABLE, 1.0, problems)
    if not 0.0 < rate <= RATE_MAX:
        problems.append(f"{CLOCK_RATE_VARIABLE}: found {rate}, expected a number above 0 and up to {RATE_MAX}")
    if rate != 1.0 and CLOCK_ORIGIN_VARIABLE not in environ:
        problems.append(f"{CLOCK_ORIGIN_VARIABLE}: missing, expected unix seconds because the rate is not 1")
    if problems:
        raise ConfigurationError("\n".join(problems))
    return ShopClock(origin_unix_s=origin, rate=rate)


def _number(environ: Mapping[str, str], name: str, default: float, problems: list[str]) -> float:
    found = environ.get(name)
    if found is None:
        return default
    try:
        number = float(found)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    problems.append(f"{name}: found {found!r}, expected a number")
    return default
