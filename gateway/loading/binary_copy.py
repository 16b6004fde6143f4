"""Columns to the bytes of a binary COPY, without an object per row.

Rows whose texts have the same lengths have the same layout, so that numpy can fill all of them at once; there are few
layouts, because plates are named alike. Format source: PostgreSQL documentation, COPY, "Binary Format".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
NULL_LENGTH = -1

_EPOCH_US = 946_684_800_000_000
"""Unix microseconds of 2000-01-01, where PostgreSQL counts timestamps from (its documentation, "Date/Time Types")."""


class Column(Protocol):
    """One column of the rows to copy."""

    @property
    def values(self) -> NDArray[Any]:
        """The values as they stand in the row: big-endian numbers, or bytes padded to the longest."""
        ...

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The length of each value in bytes, -1 for null."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Numbers of one width; `null` marks the rows that have none."""

    values: NDArray[Any]
    null: NDArray[np.bool_] | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The width of the type, -1 for null."""
        width = self.values.dtype.itemsize
        if self.null is None:
            return np.full(len(self.values), width, dtype=np.int64)
        return np.where(self.null, NULL_LENGTH, width)


@dataclass(frozen=True, slots=True)
class Text:
    """Texts as bytes of their own lengths; `null` marks the rows that have none."""

    values: NDArray[np.bytes_]
    null: NDArray[np.bool_] | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The length of each text in bytes, -1 for null."""
        lengths = np.strings.str_len(self.values).astype(np.int64)
        return lengths if self.null is None else np.where(self.null, NULL_LENGTH, lengths)


def bigints(values: Sequence[int] | NDArray[np.int64]) -> Fixed:
    """Return a bigint column."""
    return Fixed(np.asarray(values, dtype=">i8"))


def integers(values: Sequence[int]) -> Fixed:
    """Return an integer column."""
    return Fixed(np.asarray(values, dtype=">i4"))


def smallints(values: Sequence[int]) -> Fixed:
    """Return a smallint column."""
    return Fixed(np.asarray(values, dtype=">i2"))


def booleans(values: Sequence[bool] | NDArray[np.bool_]) -> Fixed:
    """Return a boolean column."""
    return Fixed(np.asarray(values, dtype="u1"))


def reals(values: Sequence[float | None]) -> Fixed:
    """Return a real column; None is null."""
    numbers = np.asarray(values, dtype=np.float64)
    null = np.isnan(numbers)
    return Fixed(numbers.astype(">f4"), null if null.any() else None)


def timestamps(unix_us: NDArray[np.int64]) -> Fixed:
    """Return a timestamptz column from microseconds since 1970."""
    return Fixed((unix_us - _EPOCH_US).astype(">i8"))


def names(values: Sequence[str] | NDArray[np.bytes_]) -> Text:
    """Return a text column of names, which are ASCII."""
    return Text(np.asarray(values, dtype=np.bytes_))


def texts(values: Sequence[str | None], *, prefix: bytes = b"") -> Text:
    """Return a text column; None is null. `prefix` stands before each value (jsonb wants its version byte)."""
    null = np.fromiter((value is None for value in values), dtype=np.bool_, count=len(values))
    coded = np.asarray([b"" if value is None else prefix + value.encode() for value in values], dtype=np.bytes_)
    return Text(coded, null if null.any() else None)


def copy_bytes(columns: Sequence[Column]) -> bytes:
    """Return the whole stream of a binary COPY of these columns, all of one length. Row order is not kept."""
    lengths = np.stack([column.lengths for column in columns])
    tables = (_fill(columns, lengths[:, rows[0]], rows).tobytes() for rows in _same_layout(lengths))
    return b"".join((HEADER, *tables, TRAILER))


def _same_layout(lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the row numbers of each layout. Lengths become the digits of one number, so that one sort finds them."""
    varying = lengths[(lengths != lengths[:, :1]).any(axis=1)]
    if not len(varying):
        return [np.arange(lengths.shape[1])] if lengths.shape[1] else []
    keys = np.zeros(lengths.shape[1], dtype=np.int64)
    for column in varying:
        digits, ranks = np.unique(column, return_inverse=True)
        keys = keys * len(digits) + ranks
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order])) + 1
    return np.split(order, starts)


def _fill(columns: Sequence[Column], lengths: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.void]:
    kinds = tuple(column.values.dtype.str if isinstance(column, Fixed) else "" for column in columns)
    table = np.empty(len(rows), dtype=_layout(kinds, tuple(lengths.tolist())))
    table["fields"] = len(columns)
    for number, (column, length) in enumerate(zip(columns, lengths.tolist(), strict=True)):
        table[f"length{number}"] = length
        if length > 0:
            table[f"value{number}"] = column.values[rows]
    return table


@lru_cache(maxsize=1024)
def _layout(kinds: tuple[str, ...], lengths: tuple[int, ...]) -> np.dtype[np.void]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for number, (kind, length) in enumerate(zip(kinds, lengths, strict=True)):
        fields.append((f"length{number}", ">i4"))
        if length > 0:
            fields.append((f"value{number}", kind or f"S{length}"))
    return np.dtype(fields)
