"""How a run of the agent ends: somebody stops it, or a command wants it to start again in place."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import NoReturn


@dataclass(slots=True)
class Ending:
    """What a command wants of the end of this run. With `leaves_store` nothing of the device stays below its topics."""

    restart: bool = False
    leaves_store: bool = False

    def again(self, *, leaves_store: bool = False) -> None:
        """End when the look that is going on is over, and start again by the same command."""
        self.restart = True
        self.leaves_store = self.leaves_store or leaves_store


def restart_in_place() -> NoReturn:
    """Become the same program anew; the process number stays, so whoever watches it sees one service.

    Raises OSError when the interpreter is gone, as after an upgrade.
    """
    _leave_no_file_open()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _leave_no_file_open() -> None:
    """Packages written in C leave files open over an exec (spidev does), and a bus would be in use by ourselves."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, no files
        with contextlib.suppress(OSError):  # that of the listing itself is closed
            if int(name) > 2:
                os.set_inheritable(int(name), False)
