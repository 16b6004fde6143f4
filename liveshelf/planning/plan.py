"""The plan of a store before anything is bought: what stands where in, parts and findings out (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liveshelf.planning.finding import Finding
from liveshelf.planning.findings import findings
from liveshelf.planning.goods import Stand
from liveshelf.planning.parts import Part, Way, common_parts, ways
from liveshelf.planning.scales import Scale, scales
from liveshelf.planning.sensing import HOURS_BETWEEN_PICKS


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePlan:
    """`parts` are needed in any case; of `ways` to connect the plates one is chosen, its parts come on top."""

    positions: int
    scales: tuple[Scale, ...]
    parts: tuple[Part, ...]
    ways: tuple[Way, ...]
    findings: tuple[Finding, ...]


def plan_store(goods: Sequence[Stand], *, hours: float = HOURS_BETWEEN_PICKS) -> StorePlan:
    """Plan a store for the goods that stand in it, in order of place; `hours` lie between two picks of one product."""
    own = scales(goods)
    return StorePlan(
        positions=len(goods),
        scales=tuple(own.values()),
        parts=common_parts(own, goods),
        ways=ways(own, goods),
        findings=findings(goods, own, hours=hours),
    )
