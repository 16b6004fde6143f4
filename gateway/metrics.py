"""A gateway's counters as figures for Prometheus. What each means: docs/reference/metrics.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.counters import LOAD_BUCKETS_S, Counters

PREFIX = "liveshelf_gateway_"

COUNTS = {
    "messages": "Messages taken from the broker",
    "loads": "Loads committed",
    "records": "Numbers committed, gaps included",
    "rows": "Records that became rows",
    "events": "Shelf events written",
    "dead_letters": "Payloads kept because nobody could use them",
    "acks": "Acknowledgements sent",
    "recoveries": "Loads rolled back",
    "fence_losses": "Loads rolled back because a watermark or the lease was another gateway's",
    "set_aside": "Messages the database refused",
    "dropped": "Messages dropped because too much waited; their devices send them again",
    "duplicates": "Batches dropped because they were below the watermark",
    "resends": "Batches dropped because numbers were missing before them",
    "clock_alarms": "Batches whose synchronised device clock disagreed with ours",
}
"""Plain counters, by the name of the field."""

OUTBOX = {
    "queue_rows": ("device_outbox_rows", "Records a device holds that are not committed, when it last said so", 1.0),
    "queue_bytes": ("device_outbox_bytes", "What those take on its disk", 1.0),
    "queue_oldest_s": ("device_outbox_oldest_seconds", "Shop seconds since the oldest of them was recorded", 1.0),
    "acks_ignored": ("device_acks_ignored", "Acknowledgements of no use to a device since its agent started", 1.0),
    "clock_error_ms": ("device_clock_error_seconds", "How wrong the clock of a device may be", 0.001),
}
"""Figures of devices: what the device calls them, our name, what they mean, and ours per theirs."""


class GatewayMetrics(Collector):
    """Collects when it is asked, from counters that the story changes meanwhile."""

    def __init__(self, counters: Counters, *, store: str, ready: Callable[[], bool]) -> None:
        self._counters = counters
        self._store = store
        self._ready = ready

    def collect(self) -> Iterator[Metric]:
        """Yield all figures."""
        for name, meaning in COUNTS.items():
            yield self._counter(name, meaning, getattr(self._counters, name))
        gaps = CounterMetricFamily(f"{PREFIX}gap_rows", "Numbers that never will come", labels=("store", "reason"))
        for reason, count in dict(self._counters.gap_rows).items():
            gaps.add_metric((self._store, reason), count)
        yield gaps
        yield self._load_seconds()
        ready = GaugeMetricFamily(f"{PREFIX}ready", "1: database, lease and broker are there", labels=("store",))
        ready.add_metric((self._store,), float(self._ready()))
        yield ready
        yield from self._devices()

    def _devices(self) -> Iterator[Metric]:
        devices = self._counters.devices
        lag = "Shop seconds from the newest record of a device's last committed batch to its commit"
        yield self._by_device("device_watermark_lag_seconds", lag, dict(devices.lag_s))
        kept = {device: float(is_kept) for device, is_kept in dict(devices.synchronised).items()}
        yield self._by_device("device_clock_synchronised", "1: a time server keeps the clock of the device", kept)
        told = dict(devices.told)
        for theirs, (name, meaning, factor) in OUTBOX.items():
            values = {device: said[theirs] * factor for device, said in told.items() if theirs in said}
            yield self._by_device(name, meaning, values)

    def _counter(self, name: str, meaning: str, value: int) -> Metric:
        family = CounterMetricFamily(f"{PREFIX}{name}", meaning, labels=("store",))
        family.add_metric((self._store,), value)
        return family

    def _by_device(self, name: str, meaning: str, values: Mapping[str, float]) -> Metric:
        family = GaugeMetricFamily(f"{PREFIX}{name}", meaning, labels=("store", "device"))
        for device, value in values.items():
            family.add_metric((self._store, device), value)
        return family

    def _load_seconds(self) -> Metric:
        durations = self._counters.load_s
        bounds = [*(str(bound) for bound in LOAD_BUCKETS_S), "+Inf"]
        buckets = list(zip(bounds, accumulate(durations.counts), strict=True))
        family = HistogramMetricFamily(f"{PREFIX}load_seconds", "Wall seconds to write a load", labels=("store",))
        family.add_metric((self._store,), buckets, durations.sum_s)
        return family
