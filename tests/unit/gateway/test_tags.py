"""EPC hex becomes the GTIN on the product."""

from __future__ import annotations

import pytest

from gateway.tags import gtin_of


def test_the_standard_example_decodes() -> None:
    """The SGTIN-96 example of the GS1 EPC Tag Data Standard: company 0614141, item 812345, serial 6789."""
    assert gtin_of("3034257BF7194E4000001A85") == "80614141123458"


@pytest.mark.parametrize("epc", ["30", "E2801100", "FFFF", "30FFFFFFFFFFFFFFFFFFFFFF", "3034257BF7194E40", "36" * 4])
def test_what_is_no_sgtin_has_no_gtin(epc: str) -> None:
    assert gtin_of(epc) is None
