"""Tell systemd how the agent is: that it is ready, alive, stopping. Without systemd nothing is told.

Protocol: sd_notify(3). Assignments, one a line, in one datagram to the unix socket `NOTIFY_SOCKET`; an address that
begins with @ is an abstract one.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

RESTART_S = 180.0
"""An agent that starts again in place gets so long until it is ready: a large outbox has to be read first."""


class ServiceManager:
    """The service manager that started us, if one did. `watchdog_s` is how long it waits for a sign of life, None when
    it does not.
    """

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def ready(self, status: str) -> None:
        """Say that the agent works."""
        self._say("READY=1", f"STATUS={status}", *self._watch(self.watchdog_s))

    def alive(self, status: str) -> None:
        """Say that the agent went on since the last time."""
        self._say("WATCHDOG=1", f"STATUS={status}")

    def restarting(self) -> None:
        """Say that the agent starts again in place and is not to be taken for dead meanwhile."""
        self._say("WATCHDOG=1", "STATUS=starting again", *self._watch(self.watchdog_s and RESTART_S))

    def stopping(self) -> None:
        """Say that the agent ends."""
        self._say("STOPPING=1", "STATUS=handing over what is not delivered yet")

    def _watch(self, watchdog_s: float | None) -> tuple[str, ...]:
        return (f"WATCHDOG_USEC={round(watchdog_s * 1e6)}",) if watchdog_s else ()

    def _say(self, *assignments: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
            # A service manager that is gone, or does not listen just now, keeps no agent from its work.
            wire.sendto("\n".join(assignments).encode(), socket.MSG_DONTWAIT, self._address)


def service_manager(environ: Mapping[str, str]) -> ServiceManager:
    """Return the service manager the environment names. A watchdog that is meant for another process is none."""
    watchdog_us = environ.get("WATCHDOG_USEC", "")
    ours = environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
    watchdog_s = int(watchdog_us) / 1e6 if ours and watchdog_us.isdecimal() else None
    return ServiceManager(environ.get("NOTIFY_SOCKET", ""), watchdog_s)
