"""EPCs of tagged goods."""

from __future__ import annotations

import pytest

from firmware_sim.world.sgtin import SERIAL_MAX, sgtin_96


def test_the_example_of_the_tag_data_standard_is_encoded_as_it_stands_there() -> None:
    # GS1 TDS, appendix E.3: (01)80614141123458(21)6789 with filter 3; ours has indicator 0 and filter 1.
    example = int("3074257BF7194E4000001A85", 16)
    indicator_8, filter_3_for_1 = 800_000 << 38, 2 << 85
    ours = int(sgtin_96("0614141123452", 6789), 16)
    assert ours == example - indicator_8 - filter_3_for_1


@pytest.mark.parametrize(
    ("gtin", "serial", "said"),
    [
        ("952000100001", 1, "gtin: found '952000100001', expected 13 digits"),
        ("95200010000AB", 1, "expected 13 digits"),
        ("9520001000010", SERIAL_MAX + 1, "serial: found 274877906944"),
        ("9520001000010", -1, "serial: found -1"),
    ],
)
def test_what_no_tag_can_hold_is_refused(gtin: str, serial: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sgtin_96(gtin, serial)
