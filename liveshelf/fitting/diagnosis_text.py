"""A diagnosis as lines of text: what the agent found comes in, what a person reads before the shelf goes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

UNITS: Mapping[str, str] = {
    "weight_g": "{:.1f} g",
    "noise_g": "noise {:.2f} g",
    "rate_sps": "{:.1f} samples/s",
    "drift_g_per_day": "drift {:+.1f} g a day",
    "sightings": "{:.0f} tag reads lately",
    "cpu_c": "{:.0f} °C",
    "disk_free_mb": "{:.0f} MB free",
    "rss_mb": "agent {:.0f} MB",
    "clock_error_ms": "clock within {:.0f} ms",
    "queue_rows": "{:.0f} records wait for the gateway",
}
"""What is shown of the figures, in this order; `--json` has all of them."""

Finding = Mapping[str, Any]


def is_well(facts: Finding) -> bool:
    """Tell whether nothing is wrong with any part."""
    return not any(one["wrong"] for one in _parts(facts))


def diagnosis_lines(facts: Finding) -> Iterator[str]:
    """Yield the lines: every part with what was measured, then what is wrong and what to do about it."""
    agent = facts["agent"]
    yield f"{agent['device']}, store {agent['store']}"
    parts = _parts(facts)
    width = max(len(_name(one)) for one in parts)
    for one in parts:
        yield f"  {_name(one):{width}}  {one['verdict']:<12}  {_figures(one)}".rstrip()
        if one.get("wire"):
            yield f"  {'':{width}}  {one['wire']}"
        if one["wrong"]:
            yield f"  {'':{width}}  wrong: {one['wrong']}"
        if one["todo"]:
            yield f"  {'':{width}}  to do: {one['todo']}"
    ill = sum(bool(one["wrong"]) for one in parts)
    yield f"{ill} of {len(parts)} parts need a look" if ill else "all is well"


def _parts(facts: Finding) -> Sequence[Finding]:
    return [*facts["sensors"], facts["agent"]]


def _name(finding: Finding) -> str:
    return str(finding["subject"]).replace(":", " ", 1)


def _figures(finding: Finding) -> str:
    measured: Mapping[str, float | None] = finding["measured"]
    found = [(form, measured[name]) for name, form in UNITS.items() if name in measured]
    return ", ".join(form.format(figure) for form, figure in found if figure is not None)
