"""One scale that speaks a topic of its own: payloads come in, records like an agent's go out, and how it is (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from contract.errors import BadBody
from contract.ids import is_name
from contract.records import BirthPlate, HealthRecord, Quality, WeightRecord
from gateway.foreign_settings import WeightTopic
from gateway.receiving.foreign_payload import number_in
from gateway.receiving.settling import Settling

NEGATIVE_SHARE = 0.002
"""Below zero by more than this share of its capacity a plate is not to be believed, as with an agent."""

WEIGHT_G_MAX = 1e7
"""What a weight on the wire may be (`contract.records.Grams`)."""


@dataclass(slots=True)
class ForeignPlate:
    """What is known of one plate in this run of the gateway.

    `samples` counts messages since the last health record, `passed` those of them that became no weight, by why.
    """

    row: WeightTopic
    name: str
    bay: str
    shelf: str
    settling: Settling = field(default_factory=Settling)
    verdict: Quality = "starting"
    samples: int = 0
    passed: Counter[str] = field(default_factory=Counter)

    def weighed(self, payload: bytes, mono_ms: int) -> tuple[WeightRecord, ...]:
        """Return the record a payload makes, none while it moves. Raises BadBody when it holds no weight."""
        value = number_in(payload, self.row.path)
        weight_g = self.settling.rest_g if value is None else self.row.grams(value)
        if weight_g is not None and abs(weight_g) > WEIGHT_G_MAX:
            raise BadBody(f"{self.row.path or 'payload'}: found {weight_g:g} g, expected at most {WEIGHT_G_MAX:g}")
        self.samples += 1
        self.verdict = _verdict(self.row, None if value is None else weight_g)
        if self.verdict == "ok" and weight_g is not None:
            return self._believed(weight_g, mono_ms)
        self.settling.doubt()
        self.passed["messages_without_value"] += value is None
        return () if weight_g is None else (self._record(weight_g, mono_ms),)

    def health(self, mono_ms: int) -> HealthRecord:
        """Return how it is, and begin to count anew."""
        samples, passed = self.samples, self.passed
        self.samples, self.passed = 0, Counter()
        measured = {name: float(count) for name, count in passed.items() if count}
        if self.settling.rest_g is not None:
            measured["weight_g"] = self.settling.rest_g
        return HealthRecord(
            mono_ms=mono_ms,
            subject=f"plate:{self.name}",
            verdict=self.verdict,
            samples=samples,
            noise_g=self.row.noise_g,
            measured=measured,
        )

    def birth(self) -> BirthPlate:
        """Return it as a birth tells a plate. It weighs in grams already, so its line is one count a gram."""
        return BirthPlate(
            plate=self.name,
            bay=self.bay,
            shelf=self.shelf,
            zero_count=0.0,
            counts_per_g=1.0,
            capacity_g=self.row.capacity_g,
            rate_sps=0.0,
            calibration_version=0,
        )

    def _believed(self, weight_g: float, mono_ms: int) -> tuple[WeightRecord, ...]:
        meaning, before_g = self.settling.hear(weight_g, self.row.noise_g)
        if meaning == "moving":
            self.passed["messages_moving"] += 1
            return ()
        record = self._record(weight_g, mono_ms)
        return (msgspec.structs.replace(record, kind="step", before_g=before_g) if meaning == "step" else record,)

    def _record(self, weight_g: float, mono_ms: int) -> WeightRecord:
        return WeightRecord(
            mono_ms=mono_ms,
            plate=self.name,
            kind="heartbeat",
            weight_g=weight_g,
            noise_g=self.row.noise_g,
            quality=self.verdict,
        )


def check_names(*names: str) -> None:
    """Pass what may name plate, bay and shelf, whatever stood in the topic. Raises BadBody."""
    for name in names:
        if not is_name(name):
            raise BadBody(f"topic: makes the name {name[:64]!r}, expected letters, digits, dot, dash and underscore")


def as_one_episode(records: Sequence[WeightRecord]) -> list[WeightRecord]:
    """Return the records of one message with its steps counted down, so that they are counted together."""
    left = sum(record.kind == "step" for record in records)
    counted = []
    for record in records:
        left -= record.kind == "step"
        counted.append(msgspec.structs.replace(record, remaining=left) if record.kind == "step" else record)
    return counted


def _verdict(row: WeightTopic, weight_g: float | None) -> Quality:
    if weight_g is None:
        return "unplugged"
    if row.quality != "ok":
        return row.quality
    if weight_g > row.capacity_g:
        return "saturated"
    return "negative" if weight_g < -max(NEGATIVE_SHARE * row.capacity_g, 3 * row.noise_g) else "ok"
