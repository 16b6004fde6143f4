"""Columns become the bytes PostgreSQL documents for a binary COPY."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from gateway.loading.binary_copy import (
    HEADER,
    TRAILER,
    Column,
    bigints,
    booleans,
    copy_bytes,
    integers,
    names,
    reals,
    smallints,
    texts,
    timestamps,
)


def _read(stream: bytes) -> list[list[bytes | None]]:
    """Read a binary COPY as its documentation says, field by field."""
    assert stream.startswith(HEADER)
    rows: list[list[bytes | None]] = []
    at = len(HEADER)
    while (fields := struct.unpack_from("!h", stream, at)[0]) != -1:
        at += 2
        row: list[bytes | None] = []
        for _ in range(fields):
            (length,) = struct.unpack_from("!i", stream, at)
            at += 4
            row.append(None if length < 0 else stream[at : at + length])
            at += max(length, 0)
        rows.append(row)
    assert stream[at:] == TRAILER
    return rows


def test_numbers_stand_in_network_order() -> None:
    columns: list[Column] = [bigints([7]), integers([-2]), smallints([3]), booleans([True]), reals([1.5])]
    expected = [struct.pack("!q", 7), struct.pack("!i", -2), struct.pack("!h", 3), b"\x01", struct.pack("!f", 1.5)]
    assert _read(copy_bytes(columns)) == [expected]


def test_names_of_different_lengths_keep_their_rows() -> None:
    plates = ["b1", "b1-s2-l3", "x", "b1", "b1-s2-l3"]
    kinds = ["step", "heartbeat", "step", "step", "step"]
    rows = _read(copy_bytes([bigints(range(5)), names(plates), names(kinds)]))
    expected = [
        [struct.pack("!q", n), plate.encode(), kind.encode()]
        for n, (plate, kind) in enumerate(zip(plates, kinds, strict=True))
    ]
    assert sorted(rows, key=repr) == sorted(expected, key=repr)


def test_nothing_known_is_null_and_empty_is_empty() -> None:
    rows = _read(copy_bytes([reals([None, 0.0]), texts([None, ""])]))
    assert sorted(rows, key=repr) == sorted([[None, None], [struct.pack("!f", 0.0), b""]], key=repr)


def test_text_is_utf8_with_the_byte_length() -> None:
    assert _read(copy_bytes([texts(["货位"], prefix=b"\x01")])) == [["\x01货位".encode()]]


@pytest.mark.parametrize("microseconds", [0, 1, 946_684_800_000_000, 1_795_000_000_123_456])
def test_times_count_from_the_year_2000(microseconds: int) -> None:
    rows = _read(copy_bytes([timestamps(np.array([microseconds], dtype=np.int64))]))
    assert rows == [[struct.pack("!q", microseconds - 946_684_800_000_000)]]


def test_no_rows_are_an_empty_copy() -> None:
    assert _read(copy_bytes([bigints([]), names([])])) == []
