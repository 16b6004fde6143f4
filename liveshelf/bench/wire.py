"""What the wire costs: a batch of weights to bytes and back to records, beside bare JSON of the same batch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

from contract.codec import decode_body, decode_envelope, encode, pack, unpack
from contract.records import Batch, WeightRecord
from liveshelf.bench.figure import Figure

RECORDS = 20
"""Readings a message, as the ingest figures of the design have it."""

JOURNAL = "0" * 32


def measure_wire(quick: bool) -> Iterator[Figure]:
    """Yield readings per second encoded and decoded in columns; the reference is json of the same object."""
    for_s = 0.5 if quick else 3.0
    payload = encode(_batch())
    plain = json.loads(payload)
    yield Figure(
        name="wire_decoded_readings_per_s",
        value=_rate(lambda: decode_body(decode_envelope(payload)), for_s) * RECORDS,
        unit="readings/s",
        reference=_rate(lambda: json.loads(payload), for_s) * RECORDS,
        reference_is="json.loads",
        better="more",
    )
    yield Figure(
        name="wire_records_per_s",
        value=_rate(lambda: unpack(decode_body(decode_envelope(payload)).blocks), for_s) * RECORDS,
        unit="records/s",
        reference=_rate(lambda: json.loads(payload), for_s) * RECORDS,
        reference_is="json.loads",
        better="more",
    )
    yield Figure(
        name="wire_encoded_readings_per_s",
        value=_rate(lambda: encode(_batch()), for_s) * RECORDS,
        unit="readings/s",
        reference=_rate(lambda: json.dumps(plain), for_s) * RECORDS,
        reference_is="json.dumps",
        better="more",
    )


def _batch() -> Batch:
    weights = [
        (seq, WeightRecord(mono_ms=1000 * seq, plate=f"b1-s1-p{seq}", kind="heartbeat", weight_g=123.4 * seq))
        for seq in range(1, RECORDS + 1)
    ]
    return Batch(device="bay-1", journal=JOURNAL, first=1, last=RECORDS, sent_mono_ms=10**6, blocks=pack(weights))


def _rate(work: Callable[[], object], for_s: float) -> float:
    done = 0
    began = time.perf_counter()
    while (elapsed := time.perf_counter() - began) < for_s:
        for _ in range(100):
            work()
        done += 100
    return done / elapsed
