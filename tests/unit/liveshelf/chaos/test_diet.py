"""What simulated agents record follows from a rule, and survives the columns of the database unchanged."""

from __future__ import annotations

import math
import struct

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import decode_body, decode_envelope, pack
from contract.records import Batch, Record, WeightRecord
from liveshelf.chaos.diet import KINDS, PLATES, Diet

numbers = st.integers(min_value=0, max_value=10**9)


def episodes(seed: int = 7, device: str = "device-1", run: int = 1, *, count: int = 20) -> list[list[Record]]:
    diet = Diet(seed, device, run)
    return [diet.episode(mono_ms) for mono_ms in range(1, count + 1)]


@given(seed=numbers, run=numbers)
def test_the_same_run_records_the_same(seed: int, run: int) -> None:
    assert episodes(seed, run=run) == episodes(seed, run=run)


def test_devices_runs_and_seeds_record_something_else() -> None:
    told = {
        str(episodes(seed, device, run)) for seed in (1, 2) for device in ("device-1", "device-2") for run in (1, 2)
    }
    assert len(told) == 8


@given(seed=numbers)
def test_every_record_is_fit_for_the_wire_and_for_a_real_column(seed: int) -> None:
    records = [record for episode in episodes(seed) for record in episode]
    numbered = list(enumerate(records, 1))
    batch = Batch(
        device="device-1", journal="a" * 32, first=1, last=len(records), sent_mono_ms=99, blocks=pack(numbered)
    )
    assert decode_body(decode_envelope(msgspec.json.encode(batch))).blocks == batch.blocks
    for record in records:
        for value in msgspec.structs.astuple(record):
            if isinstance(value, float):
                assert struct.unpack("f", struct.pack("f", value))[0] == value
                assert value or math.copysign(1.0, value) > 0


def test_all_kinds_come_and_steps_are_whole_episodes() -> None:
    recorded = episodes(count=300)
    firsts = [episode[0] for episode in recorded]
    assert len({first.kind if isinstance(first, WeightRecord) else type(first) for first in firsts}) == len(KINDS)
    steps = [episode for episode in recorded if isinstance(episode[0], WeightRecord) and episode[0].kind == "step"]
    assert steps
    for step in steps:
        remaining = [record.remaining for record in step if isinstance(record, WeightRecord)]
        assert remaining == list(reversed(range(PLATES)))
