"""What simulated agents record follows from a rule, and survives the columns of the database unchanged."""

from __future__ import annotations

import struct

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import decode_body, decode_envelope, pack
from contract.records import Batch, WeightRecord
from liveshelf.chaos.diet import KINDS, episode, plates_of

numbers = st.integers(min_value=0, max_value=10**9)


@given(seed=numbers, run=numbers, number=numbers)
def test_the_same_number_is_the_same_episode(seed: int, run: int, number: int) -> None:
    assert episode(seed, "device-1", run, number, 5) == episode(seed, "device-1", run, number, 5)


def test_devices_runs_and_seeds_record_something_else() -> None:
    told = {
        str([episode(seed, device, run, number, 5) for number in range(5)])
        for seed in (1, 2)
        for device in ("device-1", "device-2")
        for run in (1, 2)
    }
    assert len(told) == 8


@given(seed=numbers, number=numbers)
def test_every_episode_is_fit_for_the_wire_and_for_a_real_column(seed: int, number: int) -> None:
    records = episode(seed, "device-1", 1, number, 5)
    batch = Batch(
        device="device-1",
        journal="a" * 32,
        first=1,
        last=len(records),
        sent_mono_ms=9,
        blocks=pack(list(enumerate(records, 1))),
    )
    assert decode_body(decode_envelope(msgspec.json.encode(batch))).blocks == batch.blocks
    for record in records:
        for value in msgspec.structs.astuple(record):
            if isinstance(value, float):
                assert struct.unpack("f", struct.pack("f", value))[0] == value


def test_all_kinds_come_and_steps_are_whole_episodes() -> None:
    episodes = [episode(7, "device-1", 1, number, 5) for number in range(300)]
    kinds = {
        record.kind if isinstance(record, WeightRecord) else type(record).__name__ for e in episodes for record in e
    }
    assert len(kinds) == len(KINDS)
    steps = [e for e in episodes if isinstance(e[0], WeightRecord) and e[0].kind == "step"]
    assert max(map(len, steps)) == len(plates_of("device-1"))
    for step in steps:
        assert [record.remaining for record in step if isinstance(record, WeightRecord)] == [*range(len(step))][::-1]
