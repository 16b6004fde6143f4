"""Talk with a serial UHF module over an open line: it is set up, told to poll, and what it says is handed on.

Silence is asked about: an empty shelf answers every poll with an error frame, a dead line does not. Source of the
protocol: `edge.sampling.uhf_frames`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from contract.errors import HardwareError
from edge.sampling.pace import Pace
from edge.sampling.uhf_frames import (
    CHANNELS_BUSY,
    NOTHING_READ,
    REGIONS,
    Code,
    Frame,
    FrameReader,
    Kind,
    command,
    is_tag_notice,
    poll_command,
    power_command,
)

HARDWARE_VERSION = b"\x00"
SUCCESS = b"\x00"
HOP = b"\xff"

STOP_S = 0.5
"""A module that polls still says what it has read before it says that it stopped; one that does not may say nothing."""


class SerialLine(Protocol):
    """An open serial port; `read` waits a moment for the first byte. Errors are OSError."""

    @property
    def in_waiting(self) -> int:
        """How many bytes have come."""
        ...

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none when none came."""
        ...

    def write(self, data: bytes, /) -> object:
        """Send bytes."""
        ...

    def close(self) -> None:
        """Let go of the port."""
        ...


class UhfModule:
    """One module. `count` is told what was rejected, by reason. Nothing of it may be used by two threads."""

    def __init__(self, line: SerialLine, baud: int, pace: Pace, count: Callable[[Mapping[str, int]], None]) -> None:
        self._line = line
        self._baud = baud
        self._pace = pace
        self._count = count
        self._frames = FrameReader()
        self._last_problem = ""

    def prepare(self, region: str | None, power_dbm: float | None) -> str:
        """Stop what it was doing and set it up; return what hardware it says it is.

        Where a region is set, the module changes channels by itself, as the rules of most regions ask. Raises
        HardwareError when it does not answer or refuses, and OSError.
        """
        self.stop()
        said = self._ask(Code.MODULE_INFORMATION, HARDWARE_VERSION)
        if region is not None:
            self._set("region", region, command(Code.SET_REGION, bytes((REGIONS[region],))), Code.SET_REGION)
            self._set("region", region, command(Code.SET_HOPPING, HOP), Code.SET_HOPPING)
        if power_dbm is not None:
            self._set("power_dbm", f"{power_dbm:g}", power_command(power_dbm), Code.SET_POWER)
        return said[1:].decode("ascii", "replace").strip("\x00 ")

    def polled(self, stopped: Callable[[], bool]) -> Iterator[list[Frame]]:
        """Let it poll until `stopped`, and yield the tag notices as they come: none when none came for a moment.
        Nothing is yielded before it has shown that it polls.

        Raises HardwareError when it has said nothing for `quiet_s`, was told to poll again, and said nothing for
        another `answer_s`; and OSError. A module that cannot get on the air hears nothing, so it says nothing.
        """
        self._line.write(poll_command())
        heard_s, heard, asked = time.monotonic(), False, False
        while not stopped():
            frames = self._read()
            if any(_polls(frame) for frame in frames):
                heard_s, heard, asked = time.monotonic(), True, False
            if heard:
                yield [frame for frame in frames if is_tag_notice(frame)]
            silent_s = time.monotonic() - heard_s
            if silent_s >= self._pace.quiet_s + self._pace.answer_s:
                raise HardwareError(f"it does not poll{self._hint()}")
            if silent_s >= self._pace.quiet_s and not asked:
                self._line.write(poll_command())
                asked = True
        self.stop()

    def stop(self) -> None:
        """Let it switch its antenna off. Raises OSError."""
        self._line.write(command(Code.STOP_POLLING))
        self._answer(Code.STOP_POLLING, STOP_S)

    def _ask(self, code: Code, parameters: bytes) -> bytes:
        self._line.write(command(code, parameters))
        answer = self._answer(code, self._pace.answer_s)
        if answer is None or answer.command == Code.FAILED:
            raise HardwareError(f"nothing there speaks the protocol of a UHF module{self._hint()}")
        return answer.parameters

    def _set(self, key: str, value: str, asked: bytes, code: Code) -> None:
        self._line.write(asked)
        answer = self._answer(code, self._pace.answer_s)
        if answer is None:
            raise HardwareError(f"it did not answer when {key} was set{self._hint()}")
        if answer.command == Code.FAILED or answer.parameters != SUCCESS:
            raise HardwareError(f"it refused {key} {value} (error {answer.parameters.hex() or 'unknown'})")

    def _answer(self, code: Code, wait_s: float) -> Frame | None:
        """Return the answer to a command, or the refusal of it; None when none came in time."""
        until_s = time.monotonic() + wait_s
        while time.monotonic() < until_s:
            for frame in self._read():
                if frame.kind == Kind.ANSWER and (frame.command == code or _refuses(frame)):
                    return frame
        return None

    def _read(self) -> list[Frame]:
        """Return the frames that came, after waiting a moment for the first byte."""
        data = self._line.read(max(self._line.in_waiting, 1))
        frames = self._frames.feed(data) if data else self._frames.pause()
        if self._frames.rejected:
            self._last_problem = "noise"
            self._count(dict(self._frames.rejected))
            self._frames.rejected.clear()
        for frame in frames:
            busy = frame.command == Code.FAILED and frame.parameters[:1] == bytes((CHANNELS_BUSY,))
            self._last_problem = "busy" if busy else ""
            if busy:
                self._count({"channels_busy": 1})
        return frames

    def _hint(self) -> str:
        match self._last_problem:
            case "noise":
                return f": only noise comes at {self._baud} baud, which is another speed, another device or a bad cable"
            case "busy":
                return ": every channel is in use by other readers"
            case _:
                return ""


def _refuses(frame: Frame) -> bool:
    """Tell whether a frame refuses a command: what a poll found out is no refusal."""
    found_out = (bytes((NOTHING_READ,)), bytes((CHANNELS_BUSY,)))
    return frame.command == Code.FAILED and frame.parameters[:1] not in found_out


def _polls(frame: Frame) -> bool:
    """Tell whether a frame shows that the module polls and can hear."""
    nothing_read = frame.command == Code.FAILED and frame.parameters[:1] == bytes((NOTHING_READ,))
    return is_tag_notice(frame) or nothing_read
