"""EPC hex becomes the GTIN on the product, and the identity of whatever carries the tag."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.world.sgtin import SERIAL_MAX, sgtin_96
from gateway.epc_plus import PLUS_HEADERS
from gateway.tags import gtin_of, identity_of
from tests.house.source_tree import ROOT

VECTORS = Path(os.environ.get("LIVESHELF_TEST_DATA", ROOT.parent / "shared" / "data")) / "epc_vectors.csv"
NO_COLUMN_TELLS_IT = {"3034007D00011C400000000B": "urn:epc:id:sgtin:0008000.001137.11"}
"""The one vector without an expected URI: its row states prefix, item and serial in words."""


def test_the_standard_example_decodes() -> None:
    """The SGTIN-96 example of the GS1 EPC Tag Data Standard: company 0614141, item 812345, serial 6789."""
    assert gtin_of("3034257BF7194E4000001A85") == "80614141123458"
    assert identity_of("3034257BF7194E4000001A85") == "urn:epc:id:sgtin:0614141.812345.6789"


@pytest.mark.parametrize("epc", ["30", "E2801100", "FFFF", "30FFFFFFFFFFFFFFFFFFFFFF", "3034257BF7194E40", "36" * 4])
def test_what_is_no_sgtin_has_no_gtin(epc: str) -> None:
    assert gtin_of(epc) is None
    assert identity_of(epc) is None


@pytest.mark.parametrize(
    ("epc", "gtin"),
    [
        ("F73795211411234538566CB0AFC4", "79521141123453"),
        ("FB342CDE795211411234538566CB0AFC4", "79521141123453"),
        ("FD3795211411234538566CB0AFC525065F1876F0D996D800", "79521141123453"),
        ("F73795211411234548566CB0AFC4", None),
        ("F737952114112345F8566CB0AFC4", None),
        ("F73795211411234538", None),
        ("F90095201234567891235", None),
    ],
    ids=["SGTIN+", "DSGTIN+", "SGTIN++", "wrong check digit", "no digit", "cut off", "a pallet"],
)
def test_goods_with_a_plus_tag_are_known_by_their_gtin(epc: str, gtin: str | None) -> None:
    assert gtin_of(epc) == gtin


@pytest.mark.skipif(
    not VECTORS.exists(),
    reason=f"EPC VECTORS NOT TESTED: no {VECTORS}; point LIVESHELF_TEST_DATA at the folder of evaluation data",
)
def test_every_recorded_vector_names_what_its_row_says() -> None:
    rows = list(csv.DictReader(VECTORS.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 63
    assert sum(row["hex"][:2] in PLUS_HEADERS for row in rows) == 12
    for row in rows:
        said = row["pure_identity_uri"] or row["digital_link"] or NO_COLUMN_TELLS_IT[row["hex"]]
        assert identity_of(row["hex"]) == said


@given(st.from_regex(r"[0-9]{12}", fullmatch=True), st.integers(0, SERIAL_MAX))
def test_a_tag_written_for_a_product_names_that_product(company_and_item: str, serial: int) -> None:
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(company_and_item)) % 10
    gtin_13 = f"{company_and_item}{check}"
    assert gtin_of(sgtin_96(gtin_13, serial)) == f"0{gtin_13}"


@given(
    st.from_regex(r"[0-9A-F]{4,128}", fullmatch=True)
    | st.builds(
        lambda header, rest: header + rest,
        st.sampled_from(sorted(PLUS_HEADERS)),
        st.from_regex(r"[0-9A-F]{2,126}", fullmatch=True),
    )
)
def test_no_bits_of_a_tag_stop_the_gateway(epc: str) -> None:
    gtin = gtin_of(epc)
    identity_of(epc)
    assert gtin is None or len(gtin) == 14
