"""`liveshelf bench NAME`: measure, print, decide nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from contract.errors import ConfigurationError
from liveshelf.bench.figure import Figure, print_figures
from liveshelf.extras import STORE_MODULES, require

NAMES = ("demo", "edge", "pages", "store", "wire")


def bench(
    name: Annotated[str | None, typer.Argument(help=f"One of {', '.join(NAMES)}; none means all.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Every figure in under 50 s, smaller.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a figure.")] = False,
) -> None:
    """Measure LiveShelf on this machine, each figure beside a reference from the same run."""
    if name is not None and name not in NAMES:
        raise ConfigurationError(f"bench: found {name!r}, expected one of {', '.join(NAMES)}")
    for chosen in NAMES if name is None else (name,):
        print_figures(_bench(chosen)(quick), as_json=as_json)


def _bench(name: str) -> Callable[[bool], Iterable[Figure]]:
    if name == "demo":
        require(STORE_MODULES, extra="demo")
        from liveshelf.bench.whole_store import measure_store

        return measure_store
    if name == "pages":
        require(STORE_MODULES, extra="demo")
        from liveshelf.bench.pages import measure_pages

        return measure_pages
    if name == "store":
        require(STORE_MODULES, extra="demo")
        from liveshelf.bench.store_queries import measure_store_queries

        return measure_store_queries
    if name == "edge":
        from liveshelf.bench.edge import measure_edge

        return measure_edge
    from liveshelf.bench.wire import measure_wire

    return measure_wire
