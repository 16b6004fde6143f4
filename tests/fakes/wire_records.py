"""Any record a device may send, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from contract.records import ClockRecord, HealthRecord, Record, TagRecord, WeightRecord

GRAMS = st.floats(-1e7, 1e7)
NOISE = st.floats(0, 1e7)
FIGURES = st.floats(-1e15, 1e15)
COUNTS = st.integers(0, 2**31 - 1)
NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def any_record(*, mono_ms_max: int) -> st.SearchStrategy[Record]:
    """Return records of all four kinds, at any time up to a shop millisecond."""
    mono = st.integers(0, mono_ms_max)
    weights = st.builds(
        WeightRecord,
        mono_ms=mono,
        plate=NAMES,
        kind=st.sampled_from(["step", "heartbeat"]),
        weight_g=GRAMS,
        before_g=st.none() | GRAMS,
        noise_g=NOISE,
        quality=st.sampled_from(["ok", "stuck", "noisy", "saturated"]),
        remaining=st.integers(0, 4096),
    )
    tags = st.builds(
        TagRecord,
        mono_ms=mono,
        zone=NAMES,
        epc=st.from_regex(r"\A[0-9A-F]{4,32}\Z"),
        kind=st.sampled_from(["arrived", "departed"]),
        rssi_dbm=st.floats(-1000, 1000),
        reads=COUNTS,
    )
    healths = st.builds(
        HealthRecord,
        mono_ms=mono,
        subject=TEXTS,
        verdict=TEXTS,
        samples=COUNTS,
        rejected=st.dictionaries(TEXTS, COUNTS, max_size=3),
        noise_g=NOISE,
        queued=COUNTS,
        measured=st.dictionaries(TEXTS, FIGURES, max_size=3),
    )
    clocks = st.builds(
        ClockRecord,
        mono_ms=mono,
        wall_ms=st.integers(0, 10**13),
        synchronised=st.booleans(),
        uncertainty_ms=COUNTS,
    )
    return st.one_of(weights, tags, healths, clocks)
