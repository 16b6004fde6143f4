"""EPC hex to GTIN-14: the gateway decodes what the device only passes on."""

from __future__ import annotations

from functools import lru_cache

from epcpy.epc_schemes.sgtin import SGTIN
from epcpy.utils.common import ConvertException

SGTIN_HEADERS = ("30", "36")
"""First byte of SGTIN-96 and SGTIN-198 (source: GS1 EPC Tag Data Standard, table of EPC binary headers)."""


@lru_cache(maxsize=65_536)
def gtin_of(epc: str) -> str | None:
    """Return the GTIN-14 of an SGTIN in upper-case hex, or None for another scheme or a number that is none.

    Remembered, because a tag is heard of again and again and decoding it takes 0.1 ms.
    """
    if not epc.startswith(SGTIN_HEADERS):
        return None
    try:
        return str(SGTIN.from_hex(epc).gtin())
    except (ConvertException, LookupError, ValueError):
        return None
