"""Decode the "+" and "++" tag schemes of GS1 TDS 2: EPC hex comes in, a GS1 key with its Digital Link goes out (pure).

Source: GS1 EPC Tag Data Standard 2.0 and 2.3, table 14-1 (headers), sections 14.5.2 to 14.5.6 (digits, dates, texts)
and 14.5.16 (host name). A "+" tag carries the key as people read it, digit by digit, with its check digit; what follows
the key on the tag (padding, further data when the toggle bit says so) is left alone. CPI+, SGCN+ and GSRNP+ are not
among the recorded vectors and stay unread.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

CANONICAL_HOST = "id.gs1.org"
"""Where a key is looked up when its tag names no host (GS1 Digital Link, URI syntax)."""

_URI_BASE_64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_CODE_40 = "\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"
_AI_82 = frozenset("!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
"""What a serial number may be made of (GS1 General Specifications, figure 7.11-1)."""

_HOST_SEQUENCES = {
    0x1E: "qr.",
    0x1F: "www.",
    0x20: "id.",
    0x5B: ".com",
    0x5C: ".org",
    0x5D: ".net",
    0x5E: ".int",
    0x60: ".edu",
    0x7B: ".gov",
    0x7C: ".mil",
    0x7D: ".biz",
    0x7E: ".eco",
    0x7F: ".med",
}
"""Seven-bit codes that stand for more than a letter in a host name (TDS 2.3, table 14-11)."""

_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")

_DATE_AIS = ("11", "13", "15", "16", "17", "7006", "7007")
"""Produced, packed, best before, sell by, expires, first frozen, harvested (TDS 2.0, 14.5.3), by their indicator."""

_SERIAL_LENGTH_BITS = 5


class UnreadableEpc(ValueError):
    """The bits of a tag are not what its header promises."""


@dataclass(frozen=True, slots=True)
class PlusEpc:
    """What a "+" tag says: `elements` are application identifiers with values, `dates` likewise."""

    scheme: str
    elements: tuple[tuple[str, str], ...]
    dates: tuple[tuple[str, str], ...] = ()
    host: str = CANONICAL_HOST

    @property
    def digital_link(self) -> str:
        """The identity as a GS1 Digital Link."""
        path = "".join(f"/{ai}/{quote(value, safe='')}" for ai, value in self.elements)
        query = "&".join(f"{ai}={value}" for ai, value in self.dates)
        return f"https://{self.host}{path}{'?' if query else ''}{query}"


class BitCursor:
    """The bits of an EPC, taken from the left."""

    def __init__(self, epc_hex: str) -> None:
        self._value = int(epc_hex, 16)
        self._left = 4 * len(epc_hex)

    def take(self, bits: int) -> int:
        """Return the next bits as a number. Raises UnreadableEpc when there are not so many."""
        if bits > self._left:
            raise UnreadableEpc(f"found {self._left} bits, expected {bits} more")
        self._left -= bits
        return self._value >> self._left & (1 << bits) - 1


Component = Callable[[BitCursor], str]


def _digits(count: int) -> Component:
    def read(bits: BitCursor) -> str:
        return "".join(_digit(bits.take(4)) for _ in range(count))

    return read


def _digit(nibble: int) -> str:
    if nibble > 9:
        raise UnreadableEpc(f"found {nibble:X}, expected a decimal digit")
    return str(nibble)


def _text(length_max: int) -> Component:
    """Read a text: how it is encoded (3 bits), how long it is (5 bits), and its characters (TDS 14.5.6)."""

    def read(bits: BitCursor) -> str:
        encoding, length = bits.take(3), bits.take(_SERIAL_LENGTH_BITS)
        if not 1 <= length <= length_max or encoding >= len(_TEXTS):
            raise UnreadableEpc(f"found encoding {encoding} and length {length}, expected 1 to {length_max} characters")
        return _TEXTS[encoding](bits, length)

    return read


def _number_text(bits: BitCursor, length: int) -> str:
    text = str(bits.take(math.ceil(length * math.log2(10)))).zfill(length)
    if len(text) > length:
        raise UnreadableEpc(f"found {text}, expected {length} digits")
    return text


def _hex_text(bits: BitCursor, length: int) -> str:
    return "".join(f"{bits.take(4):X}" for _ in range(length))


def _base_64_text(bits: BitCursor, length: int) -> str:
    return "".join(_URI_BASE_64[bits.take(6)] for _ in range(length))


def _seven_bit_text(bits: BitCursor, length: int) -> str:
    text = "".join(chr(bits.take(7)) for _ in range(length))
    if not _AI_82.issuperset(text):
        raise UnreadableEpc(f"found {text!r}, expected characters a GS1 element may have")
    return text


def _code_40_text(bits: BitCursor, length: int) -> str:
    """Three characters in 16 bits: 1600 a + 40 b + c + 1 (TDS 14.5.6.5)."""
    text = ""
    for _ in range(math.ceil(length / 3)):
        packed = bits.take(16) - 1
        if not 0 <= packed < 64_000:
            raise UnreadableEpc("found a group of letters out of range")
        text += "".join(_CODE_40[place] for place in (packed // 1600, packed // 40 % 40, packed % 40) if place)
    if len(text) != length:
        raise UnreadableEpc(f"found {len(text)} characters, expected {length}")
    return text


_TEXTS = (
    _number_text,
    _hex_text,
    lambda bits, length: _hex_text(bits, length).lower(),
    _base_64_text,
    _seven_bit_text,
    _code_40_text,
)


def _digits_then_text(length_max: int) -> Component:
    """Read digits up to an F, or up to an E after which a text follows (TDS 14.5.5)."""

    def read(bits: BitCursor) -> str:
        found = ""
        while (nibble := bits.take(4)) <= 9:
            found += str(nibble)
        if nibble == 0xE:
            found += _text(length_max)(bits)
        elif nibble != 0xF:
            raise UnreadableEpc(f"found {nibble:X}, expected a digit, E or F")
        if not 1 <= len(found) <= length_max:
            raise UnreadableEpc(f"found {len(found)} characters, expected 1 to {length_max}")
        return found

    return read


Elements = tuple[tuple[str, tuple[Component, ...]], ...]

_SGTIN: Elements = (("01", (_digits(14),)), ("21", (_text(20),)))
_GRAI: Elements = (("8003", (_digits(14), _text(16))),)
_SGLN: Elements = (("414", (_digits(13),)), ("254", (_text(20),)))
_ITIP: Elements = (("8006", (_digits(18),)), ("21", (_text(20),)))
_GSRN: Elements = (("8018", (_digits(18),)),)
_GDTI: Elements = (("253", (_digits(13), _text(17))),)
_SSCC: Elements = (("00", (_digits(18),)),)
_GIAI: Elements = (("8004", (_digits_then_text(30),)),)

_SCHEMES: dict[str, tuple[str, Elements]] = {
    "F1": ("GRAI+", _GRAI),
    "F2": ("SGLN+", _SGLN),
    "F3": ("ITIP+", _ITIP),
    "F4": ("GSRN+", _GSRN),
    "F6": ("GDTI+", _GDTI),
    "F7": ("SGTIN+", _SGTIN),
    "F9": ("SSCC+", _SSCC),
    "FA": ("GIAI+", _GIAI),
    "FB": ("DSGTIN+", _SGTIN),
    "E7": ("GSRN++", _GSRN),
    "E9": ("SGLN++", _SGLN),
    "EA": ("GDTI++", _GDTI),
    "EB": ("GRAI++", _GRAI),
    "ED": ("ITIP++", _ITIP),
    "EE": ("GIAI++", _GIAI),
    "EF": ("SSCC++", _SSCC),
    "FC": ("DSGTIN++", _SGTIN),
    "FD": ("SGTIN++", _SGTIN),
}
"""Scheme and elements by header (TDS 2.3, table 14-1)."""

PLUS_HEADERS = frozenset(_SCHEMES)
"""The first byte of the tags this module reads, in upper-case hex."""


def decode_plus(epc: str) -> PlusEpc:
    """Return what a tag of one of PLUS_HEADERS says; `epc` is upper-case hex. Raises UnreadableEpc."""
    scheme, elements = _SCHEMES[epc[:2]]
    bits = BitCursor(epc)
    bits.take(8 + 1 + 3)  # header, whether more data follow, filter
    dates = (_date(bits),) if scheme.startswith("DSGTIN") else ()
    found = tuple((ai, "".join(read(bits) for read in components)) for ai, components in elements)
    host = _host(bits) if scheme.endswith("++") else CANONICAL_HOST
    return PlusEpc(scheme, found, dates, host)


def _date(bits: BitCursor) -> tuple[str, str]:
    kind, year, month, day = bits.take(4), bits.take(7), bits.take(4), bits.take(5)
    if kind >= len(_DATE_AIS) or year > 99 or not 1 <= month <= 12:
        raise UnreadableEpc(f"found date {year}-{month}-{day} of kind {kind}, expected a date")
    return _DATE_AIS[kind], f"{year:02d}{month:02d}{day:02d}"


def _host(bits: BitCursor) -> str:
    """Read the host name. One with a two-symbol ending (a country), or no name at all, becomes the canonical host:
    the key is the same on every host.
    """
    seven_bit, length = bits.take(1), bits.take(6)
    if seven_bit:
        host = "".join(_HOST_SEQUENCES.get(code, chr(code)) for code in (bits.take(7) for _ in range(length)))
    else:
        host = _code_40_text(bits, length)
    return host.lower() if _HOST_NAME.fullmatch(host) else CANONICAL_HOST
