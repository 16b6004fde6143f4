"""Every figure a gateway tells stands in docs/reference/metrics.md, and no other."""

from __future__ import annotations

import re

from prometheus_client.core import Metric

from gateway.counters import Counters
from gateway.metrics import GatewayMetrics
from tests.house.source_tree import ROOT

ROW = re.compile(r"^\| `(liveshelf_gateway_\w+)` \| (\w+) \|", re.MULTILINE)


def _name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def test_every_figure_is_documented_with_its_kind() -> None:
    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    told = {
        _name(metric): metric.type for metric in GatewayMetrics(Counters(), store="s", ready=lambda: True).collect()
    }
    assert dict(ROW.findall(page)) == told
