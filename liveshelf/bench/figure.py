"""One measured figure, and how figures are printed: a table for people, one JSON line each for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A value, what the same run gave as `reference` (and what that is), and the goal.

    `better` says which side of the goal is good.
    """

    name: str
    value: float
    unit: str
    reference: float | None = None
    reference_is: str = ""
    goal: float | None = None
    better: Literal["less", "more"] = "less"

    @property
    def ratio(self) -> float | None:
        """Value per reference."""
        return self.value / self.reference if self.reference else None

    @property
    def ok(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "less" else self.value >= self.goal

    def to_json(self) -> str:
        """Return the figure as one line of JSON."""
        facts = {**asdict(self), "ratio": self.ratio, "ok": self.ok}
        names = ("name", "value", "unit", "reference", "ratio", "goal", "ok")
        return json.dumps({name: _short(facts[name]) for name in names})


def print_figures(figures: Iterable[Figure], *, as_json: bool) -> None:
    """Print figures to stdout."""
    if as_json:
        for figure in figures:
            print(figure.to_json(), flush=True)
        return
    table = Table("figure", "value", "reference", "ratio", "goal", "")
    table.columns[0].no_wrap = True
    for figure in figures:
        mark = {True: "[green]reached[/green]", False: "[yellow]short[/yellow]", None: ""}[figure.ok]
        reference = "" if figure.reference is None else f"{_short(figure.reference)} {figure.reference_is}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        goal = "" if figure.goal is None else f"{'≤' if figure.better == 'less' else '≥'} {_short(figure.goal)}"
        table.add_row(figure.name, f"{_short(figure.value)} {figure.unit}", reference, ratio, goal, mark)
    Console().print(table)


def _short(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value
