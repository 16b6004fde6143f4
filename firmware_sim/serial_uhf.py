"""A serial UHF module (M100, R200 and alike) with tags before it, byte for byte: what a host sends comes in, what the
module answers goes out.

Written from the protocol alone ("Unit RFID-UHF protocol", M5Stack, for the M100 and QM100 of MagicRF), and not from the
driver it tests.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from contract.clock import Clock
from firmware_sim.tags import RSSI_NOISE_DBM, TagPlace

ROUND_MS = 50.0
"""One poll: some 20 polls a second, so that a shelf of 20 tags is read at the 50 reads/s makers promise."""

POWER_DBM_MAX = 26.0
"""The M100 with its amplifier."""

COMMAND_BYTES_MAX = 64
"""Parameters no command has more of."""

NO_TAG = 0x15
COMMAND_ERROR = 0x17
CHANNELS_BUSY = 0x20
REGIONS = (1, 2, 3, 4, 6)


class SimulatedUhfModule:
    """One module on the shop clock. `receive` takes the host's bytes, `transmit` gives its own since the last call.

    `baud` is what its port is set to. While `hung` it hears and says nothing; while `busy` every channel is taken.
    `asked` counts commands by their code. Several threads must not use it at once.
    """

    def __init__(self, clock: Clock, *, seed: int = 0, baud: int = 115_200, round_ms: float = ROUND_MS) -> None:
        self.baud = baud
        self.hung = False
        self.busy = False
        self.region: int | None = None
        self.power_dbm: float | None = None
        self.hops = False
        self.polls_left = 0
        self.asked: dict[int, int] = {}
        self._clock = clock
        self._rng = random.Random(f"{seed}/uhf")
        self._round_ms = round_ms
        self._due_ms = 0.0
        self._tags: Mapping[str, TagPlace] = {}
        self._heard = bytearray()
        self._out = bytearray()

    def set_tags(self, tags: Mapping[str, TagPlace]) -> None:
        """Let exactly these tags, by EPC in hex, be before the antenna."""
        self._tags = dict(tags)

    def say(self, data: bytes) -> None:
        """Let bytes appear on the line as if the module had sent them."""
        self._out += data

    def power_up(self) -> None:
        """Begin as a module does that has just got its power: idle, and all that was set forgotten."""
        self.region, self.power_dbm, self.hops, self.polls_left = None, None, False, 0
        self._heard.clear()
        self._out.clear()

    def receive(self, data: bytes) -> None:
        """Take in bytes of the host, and do what whole commands ask."""
        if self.hung:
            return
        self._heard += data
        while (begins := self._heard.find(0xBB)) >= 0:
            del self._heard[:begins]
            if len(self._heard) < 7:
                return
            length = int.from_bytes(self._heard[3:5], "big")
            if length > COMMAND_BYTES_MAX:
                del self._heard[0]
                continue
            if len(self._heard) < 7 + length:
                return
            frame = bytes(self._heard[: 7 + length])
            if frame[-1] != 0x7E or sum(frame[1:-2]) & 0xFF != frame[-2]:
                del self._heard[0]
                continue
            del self._heard[: 7 + length]
            if frame[1] == 0:
                self._obey(frame[2], frame[5:-2])
        self._heard.clear()

    def transmit(self) -> bytes:
        """Return what the module has sent by now."""
        if self.hung:
            return b""
        now_ms = self._clock.mono_ms()
        while self.polls_left and now_ms >= self._due_ms:
            self._poll()
            self.polls_left -= 1
            self._due_ms += self._round_ms
        out = bytes(self._out)
        self._out.clear()
        return out

    def _obey(self, code: int, told: bytes) -> None:
        self.asked[code] = self.asked.get(code, 0) + 1
        match code:
            case 0x03 if told in (b"\x00", b"\x01", b"\x02"):
                self._answer(code, told + (b"M100 V1.00", b"V2.3.5", b"MagicRF")[told[0]])
            case 0x22 if not told:
                self._poll()
            case 0x27 if len(told) == 3:
                self.polls_left = int.from_bytes(told[1:], "big")
                self._due_ms = self._clock.mono_ms() + self._round_ms
            case 0x28:
                self.polls_left = 0
                self._answer(code, b"\x00")
            case 0x07 if len(told) == 1 and told[0] in REGIONS:
                self.region = told[0]
                self._answer(code, b"\x00")
            case 0xAD if told in (b"\x00", b"\xff"):
                self.hops = told == b"\xff"
                self._answer(code, b"\x00")
            case 0xB6 if len(told) == 2 and int.from_bytes(told, "big", signed=True) <= 100 * POWER_DBM_MAX:
                self.power_dbm = int.from_bytes(told, "big", signed=True) / 100
                self._answer(code, b"\x00")
            case _:
                self._fail(COMMAND_ERROR)

    def _poll(self) -> None:
        """Say every tag that answered, or that none did."""
        if self.busy:
            self._fail(CHANNELS_BUSY)
            return
        read = [(epc, place) for epc, place in self._tags.items() if self._rng.random() < place.read_rate]
        for epc, place in read:
            self._send(0x02, 0x22, self._notice(bytes.fromhex(epc), place.rssi_dbm))
        if not read:
            self._fail(NO_TAG)

    def _notice(self, epc: bytes, rssi_dbm: float) -> bytes:
        heard_dbm = round(min(max(self._rng.gauss(rssi_dbm, RSSI_NOISE_DBM), -128.0), 127.0))
        told = (len(epc) // 2 << 11).to_bytes(2, "big") + epc
        return heard_dbm.to_bytes(1, "big", signed=True) + told + tag_crc(told).to_bytes(2, "big")

    def _answer(self, code: int, told: bytes) -> None:
        self._send(0x01, code, told)

    def _fail(self, error: int) -> None:
        self._send(0x01, 0xFF, bytes((error,)))

    def _send(self, kind: int, code: int, told: bytes) -> None:
        body = bytes((kind, code)) + len(told).to_bytes(2, "big") + told
        self._out += b"\xbb" + body + bytes((sum(body) & 0xFF, 0x7E))


def tag_crc(data: bytes) -> int:
    """Return the CRC-16 of Gen2 over protocol control word and EPC: remainder of a long division by x16 + x12 + x5 + 1,
    the first 16 bits and the result inverted (EPC Gen2 Protocol, 6.3.2.1.5).
    """
    remainder = (int.from_bytes(data, "big") ^ 0xFFFF << 8 * len(data) - 16) << 16
    for place in range(8 * len(data) + 15, 15, -1):
        if remainder >> place & 1:
            remainder ^= 0x11021 << place - 16
    return remainder ^ 0xFFFF
