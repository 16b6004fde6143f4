"""`liveshelf plan`: planogram and catalogue in, a parts list and what the scales will not be able to tell out."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from itertools import groupby
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contract.errors import ConfigurationError
from liveshelf.extras import require
from liveshelf.planning.sensing import HOURS_BETWEEN_PICKS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from liveshelf.planning.parts import Part, Way
    from liveshelf.planning.plan import StorePlan
    from liveshelf.planning.scales import Scale

PIPE_WIDTH = 120
"""A table that goes to a file is not squeezed into a screen."""


def plan(
    planogram: Annotated[Path, typer.Argument(metavar="PLANOGRAM", help="CSV of positions.")],
    catalog: Annotated[Path, typer.Option("--catalog", help="CSV of products.")],
    hours: Annotated[
        float, typer.Option("--hours", min=0.0, help="Hours between two picks of one product; scales drift meanwhile.")
    ] = HOURS_BETWEEN_PICKS,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on one line.")] = False,
) -> None:
    """Say what a store needs before anything is bought: parts by number, and products its scales cannot tell."""
    if not isfinite(hours):
        raise ConfigurationError(f"--hours: found {hours}, expected a number of hours")
    require(("biip",), extra="cloud")
    from liveshelf.planning.files import read_goods
    from liveshelf.planning.plan import plan_store

    made = plan_store(read_goods(planogram, catalog), hours=hours)
    if as_json:
        print(json.dumps(asdict(made), ensure_ascii=False))
    else:
        _print(made)


def _print(made: StorePlan) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)
    console.print(f"{made.positions} positions, {len(made.scales)} plates")
    _print_parts(console, made.parts)
    _print_cells(console, made.scales)
    if made.ways:
        console.print("[bold]Connect the plates in one of these ways[/]")
        for way in made.ways:
            _print_way(console, way)
    _print_findings(console, made)


def _print_parts(console: Console, parts: tuple[Part, ...]) -> None:
    if not parts:
        console.print("nothing to buy: no position has a plate or a zone")
        return
    table = _table("In any case", "number")
    for part in parts:
        table.add_row(part.said, str(part.count))
    console.print(table)


def _print_cells(console: Console, scales: tuple[Scale, ...]) -> None:
    """Say which cell goes under which plate."""
    for cell_g in sorted({scale.cell_g for scale in scales if scale.cell_g is not None}):
        plates = " ".join(scale.plate for scale in scales if scale.cell_g == cell_g)
        console.print(f"  {cell_g / 1000:g} kg under {plates}", soft_wrap=True)
    console.print()


def _print_way(console: Console, way: Way) -> None:
    busiest = max(way.pis, key=lambda pi: pi.used)
    load = f"the fullest Pi, in bay {busiest.bay}, uses {busiest.used} of {busiest.available} {way.scarce}"
    table = _table(f"{way.said}: {way.boards}", "number")
    for part in way.parts:
        table.add_row(part.said, str(part.count))
    table.add_row(f"[dim]{load}[/]", "")
    for bay, boards in Counter(pi.bay for pi in way.pis).items():
        if boards > 1:
            plates = sum(len(pi.plates) for pi in way.pis if pi.bay == bay)
            table.add_row(f"[dim]bay {bay} has {plates} plates and takes {boards} of the Pis[/]", "")
    console.print(table)


def _print_findings(console: Console, made: StorePlan) -> None:
    from rich.markup import escape

    from liveshelf.planning.finding import TITLES

    if not made.findings:
        console.print("[green]nothing to warn of[/]")
        return
    for kind, found in groupby(made.findings, key=lambda finding: finding.kind):
        own = list(found)
        console.print(f"[yellow bold]{TITLES[kind]}[/] ({len(own)})")
        for finding in own:
            console.print(f"  - {escape(finding.said)}", soft_wrap=True)
        console.print()


def _table(first: str, second: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(first, min_width=60)
    table.add_column(second, justify="right", no_wrap=True)
    return table
