"""Checks of the machine: Python, packages, ports, disk, clock. No database and no broker."""

from __future__ import annotations

import ctypes
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from contract.clock import clock_from_environment
from contract.errors import ConfigurationError
from liveshelf.broker import BROKER_URL_VARIABLE, PORT_DEFAULT, PortInUse, check_port_free
from liveshelf.checks.finding import Finding, Verdict
from liveshelf.extras import MODULES

PYTHON_MIN = (3, 11)

API_PORT_VARIABLE = "LIVESHELF_API_PORT"
API_PORT_DEFAULT = 8080

DISK_FAIL_BYTES = 256 * 1024 * 1024
"""Less does not hold a new database and its write-ahead log (`database.cluster`)."""
DISK_WARN_BYTES = 2 * 1024 * 1024 * 1024

CLOCK_FLOOR = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock is older than LiveShelf: an earlier time means a board without a battery that has not met a server yet."""
_TIME_ERROR = 5
"""What adjtimex(2) answers for a clock no time server keeps, whichever program would do it."""
_TIMEX_BYTES_MAX = 1024
"""More than `struct timex` takes on any platform; zeros in it ask for nothing but the state."""


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Tell whether this Python is new enough."""
    said = f"Python {version[0]}.{version[1]}"
    if version >= PYTHON_MIN:
        return Finding(subject="python", verdict="ok", said=said)
    return Finding(subject="python", verdict="fail", said=said, hint="LiveShelf needs Python 3.11 or newer")


def check_packages(has: Callable[[str], object] = find_spec) -> Iterator[Finding]:
    """Tell for each extra whether what it brings is there. A machine needs only the extras of its programs."""
    for extra, modules in MODULES.items():
        missing = [module for module in modules if not has(module)]
        subject = f"extra {extra}"
        if not missing:
            yield Finding(subject=subject, verdict="ok", said="installed")
        else:
            hint = f"if this machine runs it: pip install 'liveshelf[{extra}]'"
            yield Finding(subject=subject, verdict="warn", said=f"without {', '.join(missing)}", hint=hint)


def check_ports(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Tell whether the ports our own broker and API take are free."""
    if not environ.get(BROKER_URL_VARIABLE):
        yield _port("broker port", PORT_DEFAULT, "LiveShelf's own broker runs there, or stop what does")
    found = environ.get(API_PORT_VARIABLE, str(API_PORT_DEFAULT))
    if found.isdecimal():
        yield _port("API port", int(found), f"LiveShelf's own API runs there, or choose another by {API_PORT_VARIABLE}")
    else:
        said = f"{API_PORT_VARIABLE}: found {found!r}, expected a number"
        yield Finding(subject="API port", verdict="fail", said=said, hint="correct the variable")


def check_disk(folder: Path) -> Finding:
    """Tell whether there is room where the data goes; `folder` need not exist yet."""
    there = next(part for part in (folder, *folder.parents) if part.exists())
    free_bytes = shutil.disk_usage(there).free
    verdict: Verdict = "fail" if free_bytes < DISK_FAIL_BYTES else "warn" if free_bytes < DISK_WARN_BYTES else "ok"
    hint = "" if verdict == "ok" else "make room, or move the data to a larger disk"
    return Finding(subject="disk", verdict=verdict, said=f"{free_bytes / 1e9:.1f} GB free at {there}", hint=hint)


def check_clock(environ: Mapping[str, str], *, wall: datetime, synchronised: bool) -> Finding:
    """Tell whether the wall clock can be true and the shop clock is set right."""
    try:
        clock = clock_from_environment(environ)
    except ConfigurationError as error:
        return Finding(subject="clock", verdict="fail", said=str(error), hint="correct the variable")
    said = f"{wall:%Y-%m-%d %H:%M:%S} UTC" + ("" if clock.rate == 1.0 else f", shop clock at {clock.rate:g} times")
    if wall < CLOCK_FLOOR:
        return Finding(subject="clock", verdict="fail", said=said, hint="set the time, or let a time server set it")
    if not synchronised:
        hint = "let systemd-timesyncd, chrony or ntpd keep the time"
        return Finding(subject="clock", verdict="warn", said=f"{said}, kept by no time server", hint=hint)
    return Finding(subject="clock", verdict="ok", said=f"{said}, synchronised")


def clock_synchronised() -> bool:
    """Tell whether the kernel counts its clock as kept by a time server."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return False
    return adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES_MAX)) not in {-1, _TIME_ERROR}


def check_machine(environ: Mapping[str, str], *, folder: Path) -> Iterator[Finding]:
    """Look at everything that is on this machine."""
    yield check_python()
    yield from check_packages()
    yield from check_ports(environ)
    yield check_disk(folder)
    # Wall time, not shop time: the question is whether this machine knows what time it is.
    yield check_clock(environ, wall=datetime.now(UTC), synchronised=clock_synchronised())


def _port(subject: str, port: int, hint: str) -> Finding:
    try:
        check_port_free(port)
    except PortInUse:
        return Finding(subject=subject, verdict="warn", said=f"{port} is in use", hint=hint)
    return Finding(subject=subject, verdict="ok", said=f"{port} is free")
