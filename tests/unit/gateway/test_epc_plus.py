"""The "+" tags: keys digit by digit, serial numbers in whichever of six encodings is shortest."""

from __future__ import annotations

import math
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.epc_plus import CANONICAL_HOST, UnreadableEpc, decode_plus

GTIN = "79521141123453"
AI_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
BASE_64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CODE_40 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"
SIX_ENCODINGS = ["0123456789", "0123456789ABCDEF", "0123456789abcdef", BASE_64, AI_82, CODE_40]


def _bits_of(text: str, encoding: int) -> str:
    """Write the characters of a serial number as TDS 14.5.6 asks: an encoder of the test's own."""
    if encoding == 0:
        return f"{int(text):0{math.ceil(len(text) * math.log2(10))}b}"
    if encoding in {1, 2}:
        return "".join(f"{int(sign, 16):04b}" for sign in text)
    if encoding == 3:
        return "".join(f"{BASE_64.index(sign):06b}" for sign in text)
    if encoding == 4:
        return "".join(f"{ord(sign):07b}" for sign in text)
    places = [CODE_40.index(sign) + 1 for sign in text]
    places += [0] * (-len(places) % 3)
    groups = zip(places[::3], places[1::3], places[2::3], strict=True)
    return "".join(f"{1600 * first + 40 * second + third + 1:016b}" for first, second, third in groups)


def _hex(bits: str) -> str:
    """Pad to whole words, as a tag's memory has them."""
    padded = bits + "0" * (-len(bits) % 16)
    return f"{int(padded, 2):0{len(padded) // 4}X}"


def _sgtin_plus(serial: str, encoding: int, *, header: int = 0xF7, host: str = "") -> str:
    digits = "".join(f"{int(digit):04b}" for digit in GTIN)
    return _hex(f"{header:08b}0011{digits}{encoding:03b}{len(serial):05b}{_bits_of(serial, encoding)}{host}")


@given(
    st.sampled_from(range(6)).flatmap(
        lambda encoding: st.tuples(st.just(encoding), st.text(SIX_ENCODINGS[encoding], min_size=1, max_size=20))
    )
)
def test_a_serial_number_is_read_back_in_each_encoding(written: tuple[int, str]) -> None:
    encoding, serial = written
    found = decode_plus(_sgtin_plus(serial, encoding))
    assert found.elements == (("01", GTIN), ("21", serial))
    assert unquote(found.digital_link.rpartition("/")[2]) == serial


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ-.0123456789", min_size=1, max_size=40))
def test_a_host_in_three_letters_to_a_word_is_read_back(host: str) -> None:
    bits = f"0{len(host):06b}{_bits_of(host, 5)}"
    told = host.lower() if host[0].isalnum() else CANONICAL_HOST
    assert decode_plus(_sgtin_plus("7", 0, header=0xFD, host=bits)).host == told


def test_a_host_that_ends_in_a_country_is_left_to_the_canonical_one() -> None:
    """Two-symbol endings begin with 0 to 3; the key of the goods is the same on every host."""
    bits = f"1{3:06b}{ord('a'):07b}{0:07b}{4:07b}"
    found = decode_plus(_sgtin_plus("7", 0, header=0xFD, host=bits))
    assert (found.host, found.elements[0]) == (CANONICAL_HOST, ("01", GTIN))


def test_a_tag_cannot_smuggle_a_path_into_the_host() -> None:
    bits = f"1{5:06b}{''.join(f'{ord(sign):07b}' for sign in 'a/b@c')}"
    assert decode_plus(_sgtin_plus("7", 0, header=0xFD, host=bits)).host == CANONICAL_HOST


def test_an_asset_number_of_digits_alone_ends_with_f() -> None:
    assert decode_plus("FA3952114132F0").digital_link == "https://id.gs1.org/8004/952114132"


@pytest.mark.parametrize(
    "epc",
    [
        _sgtin_plus("A" * 21, 3),
        _sgtin_plus("7", 0).replace("79521141123453", "7952114112345A"),
        _hex(f"{0xF7:08b}0011" + "0111" * 14 + "111" + "00001" + "0" * 16),
        "F7379521",
        "FA395211413B",
        "FB342C1E" + GTIN + "01C",
    ],
    ids=["too long", "no digit", "encoding 7", "cut off", "no end mark", "month 0"],
)
def test_bits_that_break_the_standard_are_told(epc: str) -> None:
    with pytest.raises(UnreadableEpc):
        decode_plus(epc)
