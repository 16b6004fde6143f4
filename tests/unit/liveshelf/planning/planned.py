"""Shops to plan for: short lines of a planogram and a catalogue in, stands and findings out."""

from __future__ import annotations

from liveshelf.planning.finding import Finding
from liveshelf.planning.goods import Stand
from liveshelf.planning.plan import plan_store


def stand(
    position: str = "p1",
    *,
    sku: str | None = None,
    shelf: str = "s1",
    bay: str = "b1",
    plates: str | None = None,
    zones: str = "",
    capacity: int = 10,
    weight_g: float | None = 300.0,
    spread: float = 0.01,
) -> Stand:
    """Return a product of its own on a plate of its own, unless told otherwise."""
    return Stand(
        position=position,
        sku=f"SKU-{position}" if sku is None else sku,
        bay=bay,
        shelf=shelf,
        plates=tuple((f"l-{position}" if plates is None else plates).split()),
        zones=tuple(zones.split()),
        capacity=capacity,
        weight_g=weight_g,
        spread_g=spread * (weight_g or 0.0),
        by_unit=True,
    )


def found(*stands: Stand, hours: float = 4.0) -> list[Finding]:
    """Return what a plan for these stands warns of."""
    return list(plan_store(stands, hours=hours).findings)


def kinds(*stands: Stand, hours: float = 4.0) -> list[str]:
    """Return the kinds of what a plan for these stands warns of."""
    return [finding.kind for finding in found(*stands, hours=hours)]
