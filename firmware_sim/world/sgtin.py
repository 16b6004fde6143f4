"""EPCs of tagged goods: a GTIN and a serial number in, the 96 bits of an SGTIN-96 tag as hex out.

Source: GS1 EPC Tag Data Standard, SGTIN-96: header 0x30, filter 3 bits, partition 3 bits, company prefix and item
reference 44 bits together, serial 38 bits; partition 5 splits them into 24 and 20 bits for a prefix of 7 digits.
"""

from __future__ import annotations

SERIAL_MAX = 2**38 - 1

_HEADER = 0x30
_FILTER_POINT_OF_SALE = 1
_PARTITION_OF_7_DIGITS = 5
_PREFIX_BITS, _ITEM_BITS, _SERIAL_BITS = 24, 20, 38


def sgtin_96(gtin_13: str, serial: int) -> str:
    """Return the EPC of one unit, upper-case hex of 24 digits; the company prefix of the GTIN has 7 digits.

    Raises ValueError for a GTIN that has not 13 digits or a serial beyond 38 bits.
    """
    if len(gtin_13) != 13 or not gtin_13.isdecimal():
        raise ValueError(f"gtin: found {gtin_13!r}, expected 13 digits")
    if not 0 <= serial <= SERIAL_MAX:
        raise ValueError(f"serial: found {serial}, expected 0 to {SERIAL_MAX}")
    item_with_indicator = int(f"0{gtin_13[7:12]}")
    fields = (
        (_FILTER_POINT_OF_SALE, 3),
        (_PARTITION_OF_7_DIGITS, 3),
        (int(gtin_13[:7]), _PREFIX_BITS),
        (item_with_indicator, _ITEM_BITS),
        (serial, _SERIAL_BITS),
    )
    bits = _HEADER
    for value, width in fields:
        bits = bits << width | value
    return f"{bits:024X}"
