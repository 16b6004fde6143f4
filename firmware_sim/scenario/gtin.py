"""Item numbers of trade: digits in, digits with their check digit out.

Source: GS1 General Specifications, section 7.9 (check digit) and 2.1 (GTIN-13, GTIN-14).
"""

from __future__ import annotations

COMPANY_PREFIX_LENGTH = 7
"""Digits of the company prefixes used here; they start with 952, the GS1 prefix kept for demonstrations."""


def check_digit(digits: str) -> str:
    """Return the digit that completes a GTIN: from the right, weights 3, 1, 3, ... and up to the next ten."""
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-weighted % 10)


def gtin_13(company_prefix: str, item: int) -> str:
    """Return the GTIN-13 of an item number within a company prefix of 7 digits; `item` has at most 5 digits."""
    digits = f"{company_prefix}{item:05d}"
    if len(company_prefix) != COMPANY_PREFIX_LENGTH or len(digits) != 12:
        raise ValueError(f"GTIN-13: found {digits!r}, expected {COMPANY_PREFIX_LENGTH} digits of prefix and 5 of item")
    return digits + check_digit(digits)


def case_gtin_14(unit_gtin_13: str, indicator: int = 1) -> str:
    """Return the GTIN-14 of the case that holds this unit; `indicator` 1 to 8 tells packing levels apart."""
    digits = f"{indicator}{unit_gtin_13[:12]}"
    return digits + check_digit(digits)
