"""Readings to the history tables: the columns of the wire become the columns of a binary COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from contract.records import ClockBlock, HealthBlock, TagBlock, WeightBlock
from gateway.loading.binary_copy import (
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
from gateway.model import Readings
from gateway.tags import gtin_of

B = TypeVar("B", WeightBlock, TagBlock, HealthBlock, ClockBlock)

JSONB_VERSION = b"\x01"
"""The version byte of jsonb on the wire (source: PostgreSQL `jsonb_recv`)."""

# Every history table begins with who and when, and ends with how sure the time is and which load brought it.
_COPY = """
COPY {table} (time, store, device, journal, seq, mono_ms, {columns}, time_known, load_id) FROM STDIN (FORMAT BINARY)
"""
COPY_READING = _COPY.format(table="reading", columns="plate, kind, weight_g, before_g, noise_g, quality, remaining")
COPY_TAG_EVENT = _COPY.format(table="tag_event", columns="zone, epc, gtin, kind, rssi_dbm, reads")
COPY_HEALTH_EVENT = _COPY.format(
    table="health_event", columns="subject, verdict, samples, rejected, noise_g, queued, measured"
)
COPY_CLOCK_EVENT = _COPY.format(table="clock_event", columns="wall_at, synchronised, uncertainty_ms")

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Blocks(Generic[B]):
    """All blocks of one kind in a load, each with the readings it came in."""

    of: Sequence[tuple[Readings, B]]

    def column(self, name: str) -> list[Any]:
        return list(chain.from_iterable(getattr(block, name) for _, block in self.of))

    def repeated(self, value: Callable[[Readings], Any], dtype: type[np.generic]) -> NDArray[Any]:
        """Return what holds for a whole block, once a row."""
        per_block = np.array([value(readings) for readings, _ in self.of], dtype=dtype)
        return np.repeat(per_block, [len(block.seq) for _, block in self.of])


def copies(readings: Iterable[Readings], load_id: int) -> list[tuple[str, bytes]]:
    """Return the COPY statements of a load with their bytes, none for kinds it does not have."""
    taken = tuple(readings)
    streams = (
        (COPY_READING, _stream(_blocks(taken, "weight"), _weight_columns, load_id)),
        (COPY_TAG_EVENT, _stream(_blocks(taken, "tag"), _tag_columns, load_id)),
        (COPY_HEALTH_EVENT, _stream(_blocks(taken, "health"), _health_columns, load_id)),
        (COPY_CLOCK_EVENT, _stream(_blocks(taken, "clock"), _clock_columns, load_id)),
    )
    return [(statement, stream) for statement, stream in streams if stream]


def _blocks(readings: Iterable[Readings], kind: str) -> _Blocks[Any]:
    return _Blocks([(one, block) for one in readings if (block := getattr(one.blocks, kind)) is not None and block.seq])


def _stream(blocks: _Blocks[B], columns: Callable[[_Blocks[B]], list[Column]], load_id: int) -> bytes:
    if not blocks.of:
        return b""
    seqs, mono_ms = bigints(blocks.column("seq")), np.array(blocks.column("mono_ms"), dtype=np.int64)
    zero_us = blocks.repeated(lambda readings: (readings.mono_zero_at - _UNIX) // _US, np.int64)
    return copy_bytes(
        [
            timestamps(zero_us + mono_ms * 1000),
            names(blocks.repeated(lambda readings: readings.store, np.bytes_)),
            names(blocks.repeated(lambda readings: readings.device, np.bytes_)),
            names(blocks.repeated(lambda readings: readings.journal, np.bytes_)),
            seqs,
            bigints(mono_ms),
            *columns(blocks),
            booleans(blocks.repeated(lambda readings: readings.time_known, np.bool_)),
            bigints(np.full(len(mono_ms), load_id, dtype=np.int64)),
        ]
    )


def _weight_columns(blocks: _Blocks[WeightBlock]) -> list[Column]:
    return [
        names(blocks.column("plate")),
        names(blocks.column("kind")),
        reals(blocks.column("weight_g")),
        reals(blocks.column("before_g")),
        reals(blocks.column("noise_g")),
        names(blocks.column("quality")),
        smallints(blocks.column("remaining")),
    ]


def _tag_columns(blocks: _Blocks[TagBlock]) -> list[Column]:
    epcs = blocks.column("epc")
    return [
        names(blocks.column("zone")),
        names(epcs),
        texts([gtin_of(epc) for epc in epcs]),
        names(blocks.column("kind")),
        reals(blocks.column("rssi_dbm")),
        integers(blocks.column("reads")),
    ]


def _health_columns(blocks: _Blocks[HealthBlock]) -> list[Column]:
    return [
        texts(blocks.column("subject")),
        texts(blocks.column("verdict")),
        integers(blocks.column("samples")),
        _jsonb(blocks.column("rejected")),
        reals(blocks.column("noise_g")),
        integers(blocks.column("queued")),
        _jsonb(blocks.column("measured")),
    ]


def _jsonb(values: Iterable[object]) -> Column:
    return texts([msgspec.json.encode(value).decode() for value in values], prefix=JSONB_VERSION)


def _clock_columns(blocks: _Blocks[ClockBlock]) -> list[Column]:
    return [
        timestamps(np.array(blocks.column("wall_ms"), dtype=np.int64) * 1000),
        booleans(blocks.column("synchronised")),
        integers(blocks.column("uncertainty_ms")),
    ]
