"""Say what device this is: which boot, which board, which version."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BOARD_SERIAL = Path("/proc/device-tree/serial-number")
MACHINE_ID = Path("/etc/machine-id")


def boot_id() -> str:
    """Return the id of the running boot; `mono_ms` of two boots cannot be compared."""
    return _first_line(BOOT_ID) or "unknown"


def board_serial() -> str:
    """Return the serial number of the board, or of the system installed on one that has none."""
    return _first_line(BOARD_SERIAL) or _first_line(MACHINE_ID) or "unknown"


def agent_version() -> str:
    """Return the version of LiveShelf installed here."""
    try:
        return version("liveshelf")
    except PackageNotFoundError:
        return "source"


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip("\0\n ")[:100]
    except OSError:
        return ""
