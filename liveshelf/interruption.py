"""Ctrl-C, SIGTERM and the closing of the terminal end a command in order, and its clearing up is not cut short."""

from __future__ import annotations

import signal
from types import FrameType


def stop_on_signals() -> None:
    """Let SIGTERM, and the closing of the terminal unless someone ignores it (nohup), do what Ctrl-C does."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, interrupt)


def hear_no_signals() -> None:
    """Stopping takes a few seconds and must not be cut short: an impatient second Ctrl-C would leave things behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
