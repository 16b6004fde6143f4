"""EPC hex to what it names: the gateway decodes what the device only passes on."""

from __future__ import annotations

from functools import lru_cache

from epcpy.epc_schemes.sgtin import SGTIN
from epcpy.utils.common import ConvertException
from epcpy.utils.parsers import hex_to_tag_encodable

from gateway.epc_plus import PLUS_HEADERS, decode_plus

SGTIN_HEADERS = ("30", "36")
"""First byte of SGTIN-96 and SGTIN-198 (source: GS1 EPC Tag Data Standard, table of EPC binary headers)."""

PLUS_SGTIN_HEADERS = ("F7", "FB", "FC", "FD")
"""First byte of SGTIN+, DSGTIN+, DSGTIN++ and SGTIN++ (source: as above, release 2.3)."""


@lru_cache(maxsize=65_536)
def gtin_of(epc: str) -> str | None:
    """Return the GTIN-14 of an SGTIN in upper-case hex, or None for another scheme or a number that is none.

    Remembered, because a tag is heard of again and again and decoding it takes 0.1 ms.
    """
    try:
        if epc.startswith(PLUS_SGTIN_HEADERS):
            gtin = decode_plus(epc).elements[0][1]
            return gtin if _check_digit_holds(gtin) else None
        return str(SGTIN.from_hex(epc).gtin()) if epc.startswith(SGTIN_HEADERS) else None
    except (ConvertException, LookupError, ValueError):
        return None


def identity_of(epc: str) -> str | None:
    """Return what a tag names, from upper-case hex; None for what no GS1 scheme known here explains.

    It is the pure identity URI (`urn:epc:id:…`) of the schemes that have one, by epcpy, and the GS1 Digital Link of the
    "+" schemes, which have none.
    """
    try:
        if epc[:2] in PLUS_HEADERS:
            return decode_plus(epc).digital_link
        return str(hex_to_tag_encodable(epc).epc_uri)
    except (ConvertException, LookupError, ValueError):
        return None


def _check_digit_holds(gtin: str) -> bool:
    """A "+" tag carries the check digit; that of the other schemes is calculated (GS1 General Specifications, 7.9)."""
    return sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(gtin)) % 10 == 0
