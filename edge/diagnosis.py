"""Say of one part of a device what was measured, what is wrong and what to do (pure): for `diagnose`.

A part that is well by its verdict may still lose samples; both are said, the verdict first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contract.records import HealthRecord
from edge.advice import REJECTED, Advice, advice

REJECTED_SHARE_MAX = 0.03
"""More than a few of a hundred conversions that are not believed are no chance any more (docs/reference/health.md)."""

HARMLESS = frozenset({"settling"})
"""Reasons that every start brings."""


def finding(
    health: HealthRecord, *, measured: Mapping[str, float | None], also: Sequence[Advice] = (), **facts: object
) -> dict[str, Any]:
    """Return what is to be said of a part: `subject`, `verdict`, `measured`, `rejected`, `wrong`, `todo`, and `facts`.

    `measured` are figures by name, None where nothing could be measured; `also` is wrong beside the verdict.
    """
    said = [advice(health.subject, health.verdict), *_doubts(health), *also]
    return {
        "subject": health.subject,
        "verdict": health.verdict,
        "measured": dict(measured),
        "rejected": dict(health.rejected),
        "wrong": "; ".join(dict.fromkeys(one.wrong for one in said if one.wrong)),
        "todo": "; ".join(dict.fromkeys(one.todo for one in said if one.todo)),
        **facts,
    }


def _doubts(health: HealthRecord) -> list[Advice]:
    """Return what to say of the reason for which most samples of a scale were rejected, when those are many."""
    rejected = {reason: count for reason, count in health.rejected.items() if reason not in HARMLESS}
    conversions = health.samples + sum(rejected.values())
    if not health.subject.startswith("plate:") or sum(rejected.values()) <= REJECTED_SHARE_MAX * conversions:
        return []
    most = max(rejected, key=rejected.__getitem__)
    known = REJECTED.get(most, Advice(f"samples are rejected ({most})", ""))  # type: ignore[call-overload]
    share = round(100 * sum(rejected.values()) / conversions)
    return [Advice(f"{share} % of the samples are rejected: {known.wrong}", known.todo)]
