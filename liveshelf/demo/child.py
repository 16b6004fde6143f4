"""Run one of our programs so that it ends with its starter: `python -m liveshelf.demo.child MODULE ARGUMENTS...`.

The starter holds the other end of our standard input. However it ends, kill -9 included, the kernel closes that end,
and the program is asked to stop. Nothing here but the standard library: it runs inside every program of the store.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

STOPS_ASKED = 2
"""A world stops its people at the first SIGTERM and itself at the second."""
STOP_EVERY_S = 2.0
STOP_S_MAX = 20.0


def main() -> None:
    """Become the module named, with its arguments, and watch the starter from a thread."""
    threading.Thread(target=_end_with_starter, name="end-with-starter", daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with_starter() -> None:
    # Not sys.stdin: the interpreter may close it at its end while this thread still reads.
    while os.read(0, 1024):
        pass
    for _ in range(STOPS_ASKED):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_EVERY_S)
    time.sleep(STOP_S_MAX)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
