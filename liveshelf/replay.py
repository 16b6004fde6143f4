"""`liveshelf replay`: recorded weights in, shelf events out, through the code a store runs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from liveshelf.extras import MODULES, require

if TYPE_CHECKING:
    from gateway.model import ShelfEvent

PIPE_WIDTH = 160
"""A table that goes to a file is not squeezed into a screen."""


def replay(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Recordings: one file a plate, lines `unix_seconds,grams`."),
    ],
    planogram: Annotated[
        Path, typer.Option("--planogram", help="CSV: position, sku, bay, shelf, plates; optional unit_weight_g, name.")
    ],
    catalog: Annotated[
        Path | None, typer.Option("--catalog", help="CSV: sku, unit_weight_g; optional unit_spread_g.")
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--column", metavar="THEIR=OURS", help="A column the CSV names differently.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, events only.")] = False,
) -> None:
    """Count a recording of real scales: weights in, picks, put-backs and refills out."""
    require(MODULES["gateway"], extra="gateway")
    from liveshelf.replay_input import read_plan, read_recordings
    from liveshelf.replay_path import replay_recordings

    plan = read_plan(planogram, catalog=catalog, columns=columns or [])
    recordings = read_recordings(files)
    _notice(plan.notices(recordings))
    events = replay_recordings(plan.positions, recordings)
    if as_json:
        _print_json(events)
    else:
        _print_table(list(events))


def _notice(notices: Sequence[str]) -> None:
    for notice in notices:
        print(f"liveshelf: {notice}", file=sys.stderr)


def _print_json(events: Iterable[ShelfEvent]) -> None:
    import msgspec

    for event in events:
        said = {
            "kind": event.kind,
            "time": event.time.isoformat(timespec="milliseconds"),
            "position": event.position,
            "sku": event.sku,
            "quantity": event.quantity,
            "probability": round(event.probability, 4),
        }
        print(msgspec.json.encode(said).decode(), flush=True)


def _print_table(events: Sequence[ShelfEvent]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not events:
        print("nothing happened")
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    for name in ("position", "sku"):
        table.add_column(name, overflow="fold")
    for name in ("quantity", "probability"):
        table.add_column(name, justify="right", no_wrap=True)
    for event in events:
        time = event.time.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        table.add_row(time, event.kind, event.position, event.sku, str(event.quantity), f"{event.probability:.2%}")
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)
