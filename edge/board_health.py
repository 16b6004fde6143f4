"""Read how the board is: temperature, supply, disk, memory, clock. What a board does not tell is left out."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
"""Thousandths of a degree Celsius of the processor (kernel: Documentation/driver-api/thermal/sysfs-api.rst)."""

THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""What the firmware of a Raspberry Pi had to do, as hexadecimal bits (`vcgencmd get_throttled` shows the same)."""

UNDERVOLTAGE_BITS = 1 << 0 | 1 << 16
THROTTLED_BITS = 1 << 2 | 1 << 18
"""Bit 0: the supply is too low now, 2: the processor is throttled now; 16 and 18: it was since the board started
(Raspberry Pi documentation, "vcgencmd get_throttled")."""

STATM = Path("/proc/self/statm")
CLOCK_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd makes this file when it has set the clock for the first time since boot."""

_TIME_ERROR = 5
_TIMEX_BYTES = 512
"""More than `struct timex` takes on any architecture."""

_MAXERROR_AT = 3 * ctypes.sizeof(ctypes.c_long)
"""`modes`, `offset` and `freq` come before `maxerror`, each in the room of a long (man adjtimex(2))."""


class Board:
    """The machine the agent runs on; `data_dir` is on the disk its outbox needs."""

    def __init__(
        self,
        data_dir: Path,
        *,
        thermal: Path = THERMAL,
        throttled: Path = THROTTLED,
        statm: Path = STATM,
        clock_error_ms: Callable[[], float | None] | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._thermal = thermal
        self._throttled = throttled
        self._statm = statm
        self._clock_error_ms = clock_error_ms or kernel_clock_error_ms

    def figures(self) -> dict[str, float]:
        """Return what the board says by name, unit last; what it does not say is missing."""
        bits = _number(self._throttled, base=16)
        found = {
            "cpu_c": _scaled(_number(self._thermal), 1000.0),
            "undervoltage": None if bits is None else float(bool(bits & UNDERVOLTAGE_BITS)),
            "throttled": None if bits is None else float(bool(bits & THROTTLED_BITS)),
            "disk_free_mb": _disk_free_mb(self._data_dir),
            "rss_mb": _scaled(_number(self._statm, word=1), 1e6 / os.sysconf("SC_PAGE_SIZE")),
            "clock_error_ms": self._clock_error_ms(),
        }
        return {name: round(figure, 1) for name, figure in found.items() if figure is not None}


def wall_clock_synchronised() -> bool:
    """Tell whether the wall clock of this machine was set from the network, by whatever program keeps it."""
    return CLOCK_SYNCHRONISED.exists() or kernel_clock_error_ms() is not None


def kernel_clock_error_ms() -> float | None:
    """Return by how much the kernel says its clock may be wrong; None when nobody disciplines it."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None).adjtimex(timex)
    except (OSError, AttributeError):
        return None
    if state in {-1, _TIME_ERROR}:
        return None
    return ctypes.c_long.from_buffer(timex, _MAXERROR_AT).value / 1000.0


def _disk_free_mb(folder: Path) -> float | None:
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize / 1e6


def _number(path: Path, *, base: int = 10, word: int = 0) -> int | None:
    """Return a whole number of a small file; None when it is not there or says something else."""
    try:
        return int(path.read_text(encoding="ascii").split()[word], base)
    except (OSError, ValueError, IndexError):
        return None


def _scaled(number: int | None, share: float) -> float | None:
    return None if number is None else number / share
