"""The frames of serial UHF modules (M100, QM100, R200, YRM100 and alike): bytes come in, frames and sightings' facts go
out, and the other way round (pure).

    BB | type | command | length (2 bytes) | parameters | checksum | 7E

The checksum is the low byte of the sum from the type to the last parameter; numbers have their high byte first.
Sources: "Unit RFID-UHF protocol" (M5Stack, for the M100 and QM100 of MagicRF) and its examples; frames recorded from
modules in five public projects, whose checksums and EPC CRCs were recalculated.
"""

from __future__ import annotations

from collections import Counter
from enum import IntEnum

from msgspec import Struct

from contract.ids import Epc

HEADER = 0xBB
END = 0x7E
HEAD_BYTES = 5
FRAME_BYTES_MIN = 7

PARAMETER_BYTES_MAX = 255
"""No answer is longer: a tag notice has 71 at most, the list of all channels some 50."""

EPC_BYTES_MIN = 2
EPC_BYTES_MAX = 62
"""An EPC has whole 16-bit words, at most 31: the length field of the Gen2 protocol control word has 5 bits."""

NOTICE_BYTES_MIN = 1 + 2 + EPC_BYTES_MIN + 2

XPC_FOLLOWS = 0x0200
"""Bit of the protocol control word: an extended one stands before the EPC (Gen2 v2, 6.3.2.1.2.2, XI)."""

SECOND_XPC_FOLLOWS = 0x8000
"""Bit of the extended protocol control word: there is a second one (Gen2 v2, 6.3.2.1.2.5, XEB)."""

POLLS_MAX = 0xFFFF


class Kind(IntEnum):
    """The type byte: who says it and why."""

    COMMAND = 0
    ANSWER = 1
    NOTICE = 2


class Code(IntEnum):
    """Commands, by which answers are known too."""

    SET_REGION = 0x07
    MODULE_INFORMATION = 0x03
    POLL_ONCE = 0x22
    POLL = 0x27
    STOP_POLLING = 0x28
    SET_HOPPING = 0xAD
    SET_POWER = 0xB6
    FAILED = 0xFF


NOTHING_READ = 0x15
"""A poll heard no tag, or none it could understand: what an empty shelf answers all day."""

CHANNELS_BUSY = 0x20
"""Every channel was in use by somebody else."""

REGIONS = {"china_900": 0x01, "us": 0x02, "eu": 0x03, "china_800": 0x04, "korea": 0x06}
"""Where a module may transmit: 920.125 to 924.875, 902.25 to 927.75, 865.1 to 867.9, 840.125 to 844.875, 917.1 to
923.3 MHz."""


class Frame(Struct, frozen=True):
    """One frame whose checksum was right."""

    kind: int
    command: int
    parameters: bytes = b""


class TagRead(Struct, frozen=True):
    """One tag a module has read."""

    epc: Epc
    rssi_dbm: float


def compose(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    body = bytes((frame.kind, frame.command)) + len(frame.parameters).to_bytes(2, "big") + frame.parameters
    return bytes((HEADER,)) + body + bytes((sum(body) & 0xFF, END))


def command(code: Code, parameters: bytes = b"") -> bytes:
    """Return the bytes of a command."""
    return compose(Frame(Kind.COMMAND, code, parameters))


def poll_command(polls: int = POLLS_MAX) -> bytes:
    """Return the command to poll so many times; 0x22 is fixed by the protocol."""
    return command(Code.POLL, b"\x22" + polls.to_bytes(2, "big"))


def power_command(power_dbm: float) -> bytes:
    """Return the command to transmit with this power; it travels in hundredths of a dBm."""
    return command(Code.SET_POWER, round(power_dbm * 100).to_bytes(2, "big", signed=True))


class FrameReader:
    """Finds the frames in what comes over a line, whatever comes between them.

    `rejected` counts stretches of bytes that were no frame, by what was wrong where they began: `line_noise` (nothing
    that begins a frame), `bad_type`, `bad_length`, `bad_end`, `bad_checksum`, `cut_off`. It does not matter how the
    bytes are divided.
    """

    def __init__(self) -> None:
        self.rejected: Counter[str] = Counter()
        self._buffer = bytearray()
        self._lost = False

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that are complete with these bytes."""
        self._buffer += data
        return self._take(all_came=False)

    def pause(self) -> list[Frame]:
        """Return the frames behind one that was cut off. The line has been quiet: nothing more of it will come."""
        return self._take(all_came=True)

    def _take(self, *, all_came: bool) -> list[Frame]:
        frames: list[Frame] = []
        while self._buffer:
            begins = self._buffer.find(HEADER)
            if begins:
                self._reject("line_noise")
                del self._buffer[: begins if begins > 0 else len(self._buffer)]
                continue
            found = _first_frame(self._buffer)
            if isinstance(found, Frame):
                frames.append(found)
                self._lost = False
                del self._buffer[: FRAME_BYTES_MIN + len(found.parameters)]
            elif found != "cut_off" or all_came:
                self._reject(found)
                del self._buffer[0]
            else:
                break
        return frames

    def _reject(self, reason: str) -> None:
        if not self._lost:
            self.rejected[reason] += 1
        self._lost = True


def _first_frame(data: bytearray) -> Frame | str:
    """Return the frame that begins with the data, or why there is none; `cut_off` when more has to come first."""
    wrong = _wrong_head(data)
    if wrong is not None:
        return wrong
    end = HEAD_BYTES + int.from_bytes(data[3:HEAD_BYTES], "big")
    if len(data) < end + 2:
        return "cut_off"
    if data[end + 1] != END:
        return "bad_end"
    if sum(data[1:end]) & 0xFF != data[end]:
        return "bad_checksum"
    return Frame(data[1], data[2], bytes(data[HEAD_BYTES:end]))


def _wrong_head(data: bytearray) -> str | None:
    if len(data) > 1 and data[1] > max(Kind):
        return "bad_type"
    if len(data) < HEAD_BYTES:
        return "cut_off"
    return "bad_length" if int.from_bytes(data[3:HEAD_BYTES], "big") > PARAMETER_BYTES_MAX else None


def is_tag_notice(frame: Frame) -> bool:
    """Tell whether a frame tells of a tag; firmwares name either command while they poll."""
    return frame.kind == Kind.NOTICE and frame.command in (Code.POLL_ONCE, Code.POLL)


def tag_in(notice: Frame) -> TagRead | str:
    """Return the tag a notice tells of, or why it is not believed: `bad_epc`, `bad_epc_crc`.

    The parameters are RSSI (signed dBm at the chip's input), protocol control word, EPC and the tag's CRC over both.
    """
    told = notice.parameters
    if len(told) < NOTICE_BYTES_MIN:
        return "bad_epc"
    if epc_crc(told[1:-2]) != int.from_bytes(told[-2:], "big"):
        return "bad_epc_crc"
    control, epc = int.from_bytes(told[1:3], "big"), told[3:-2]
    if len(epc) != 2 * (control >> 11):
        return "bad_epc"
    if control & XPC_FOLLOWS:
        words = 2 if int.from_bytes(epc[:2], "big") & SECOND_XPC_FOLLOWS else 1
        epc = epc[2 * words :]
    if not EPC_BYTES_MIN <= len(epc) <= EPC_BYTES_MAX:
        return "bad_epc"
    return TagRead(Epc(epc.hex().upper()), float(int.from_bytes(told[:1], "big", signed=True)))


def epc_crc(data: bytes) -> int:
    """Return the CRC-16 a tag sends (ISO/IEC 18000-63, annex F: CCITT polynomial 0x1021, preset 0xFFFF, inverted)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc ^ 0xFFFF
