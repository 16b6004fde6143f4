"""What is to be said of a device and its parts: how they are comes in, what a person reads goes out (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cloud.devices.model import UNHEARD, DeviceView, PartView
from dashboards.web.devices import words
from dashboards.web.devices.words import Advice

Tone = Literal["good", "low", "neutral"]
"""Well, needs a look, or nobody knows yet."""

WAITING = frozenset({"starting", UNHEARD})
"""Verdicts that pass by themselves, or say nothing."""

REJECTED_SHARE_MAX = 0.03
"""More than a few of a hundred samples that are not believed are no chance any more (docs/reference/health.md)."""

REJECTED_MIN = 10
"""Fewer may be chance: a record that a change of quality brought early is of a second or two."""

HARMLESS = frozenset({"settling"})
"""Reasons that every start brings."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name and the text around its number are of the catalogue, except for names it does not have."""

    name: str
    text: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One part of a device. `advice` is empty where all is well; `effect` says what becomes of the place meanwhile;
    `shelf` is where the device says the part is.
    """

    part: PartView
    tone: Tone
    advice: tuple[Advice, ...]
    effect: str
    figures: tuple[Figure, ...]
    shelf: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device with what is to be said of each of its parts."""

    view: DeviceView
    findings: tuple[Finding, ...]

    @property
    def ill(self) -> tuple[Finding, ...]:
        """The parts somebody should look at."""
        return tuple(one for one in self.findings if one.tone == "low")

    @property
    def others(self) -> tuple[Finding, ...]:
        """The parts nobody needs to look at."""
        return tuple(one for one in self.findings if one.tone != "low")


def found(view: DeviceView) -> Found:
    """Return what is to be said of a device."""
    shelves = {f"plate:{one.plate}": one.shelf for one in view.plates} | {
        f"zone:{one.zone}": one.shelf for one in view.zones
    }
    findings = (replace(finding(part), shelf=shelves.get(part.subject)) for part in view.parts)
    return Found(view=view, findings=tuple(findings))


def finding(part: PartView) -> Finding:
    """Return what is to be said of a part: its verdict first, then why samples are lost where many are."""
    advice = (*_verdict(part), *_doubts(part))
    tone: Tone = "neutral" if part.verdict in WAITING and len(advice) == 1 else "low" if advice else "good"
    return Finding(part=part, tone=tone, advice=advice, effect=_effect(part, tone), figures=tuple(_figures(part)))


def rejected_of(part: PartView) -> tuple[int, float]:
    """Return how many samples of a plate were thrown away, and which share of its conversions that is."""
    rejected = sum(count for reason, count in part.rejected.items() if reason not in HARMLESS)
    conversions = part.samples + rejected
    return rejected, rejected / conversions if conversions else 0.0


def _verdict(part: PartView) -> Sequence[Advice]:
    if part.verdict == "ok":
        return ()
    if part.verdict == UNHEARD:
        return (words.UNHEARD,)
    return (words.ADVICE.get(part.kind, {}).get(part.verdict, words.UNKNOWN),)


def _doubts(part: PartView) -> Sequence[Advice]:
    """Return what to say of the reason for which most samples of a scale were thrown away, when those are many."""
    count, share = rejected_of(part)
    if part.kind != "plate" or count < REJECTED_MIN or share <= REJECTED_SHARE_MAX:
        return ()
    reasons = {reason: count for reason, count in part.rejected.items() if reason not in HARMLESS}
    return (words.REJECTED.get(max(reasons, key=reasons.__getitem__), words.UNKNOWN),)


def _effect(part: PartView, tone: Tone) -> str:
    """A reader that is away freezes no place: tags stay where they were, which its advice says."""
    if part.kind != "plate" or tone != "low":
        return ""
    return words.COUNTED if part.verdict in words.STILL_COUNTED or part.verdict == "ok" else words.FROZEN


def _figures(part: PartView) -> Iterator[Figure]:
    measured = dict(part.measured)
    if part.kind == "plate" and part.as_of is not None:
        measured = {**measured, "noise_g": part.noise_g}
        if part.weight_g is not None:
            measured["weight_g"] = part.weight_g
    yield from _known(measured)
    if part.kind == "zone" and part.as_of is not None:
        yield Figure(words.TAG_READS, "%(n)s", f"{part.samples:,}")
    if part.kind == "plate" and rejected_of(part)[0]:
        rejected, share = rejected_of(part)
        yield Figure(words.THROWN_AWAY, "%(n)s", f"{rejected:,} ({100 * share:.1f} %)")
    if part.kind not in ("plate", "zone"):
        yield from (Figure(words.GIVEN_UP.get(name, name), "%(n)s", f"{n:,}") for name, n in part.rejected.items())


def _known(measured: Mapping[str, float]) -> Iterator[Figure]:
    waits = measured.get("queue_rows") != 0
    for name, form in words.FIGURES.items():
        if name in measured and (waits or name != "queue_oldest_s"):
            yield Figure(form.name, form.text, form.number.format(measured[name]))
