"""The page of the simulated faults, written from the one table."""

from __future__ import annotations

from firmware_sim.faults.table import FAULTS, SIMULATED_PLACES, Fault, Size

HEAD = """# What goes wrong in a simulated shop

Written by `make reference` from `firmware_sim/faults/table.py`, the one table of faults; not to be edited here.

Episodes of a fault begin at random, independently of one another, so many times a week for each plate, bay, zone or
device it strikes, and last between two durations, drawn evenly by their logarithm, as sizes are. The same seed gives
the same faults. `faults = 1` under `[hardware_options]` of a simulated bay lets them happen at these rates, a larger
number more often; without it nothing goes wrong by itself. One fault at a time is had by the
[command `fault`](world.md#commands-for-visitors-and-tests) of the simulated world. A source is a data sheet, a paper, a
recording or an issue of the project it names; a number nobody has published says that it is assumed.

How an agent takes each of them, and comes back by itself, is held by a test for every row
(`tests/integration/edge/test_faults_pass.py`).
"""

COLUMNS = ("fault", "what happens", "of each", "a week", "lasts", "how much")


def faults_page() -> str:
    """Return the page as Markdown: a table of faults a simulated bay acts out, one of the others, and the sources."""
    simulated = [fault for fault in FAULTS if fault.acts_on in SIMULATED_PLACES]
    others = [fault for fault in FAULTS if fault.acts_on not in SIMULATED_PLACES]
    parts = [
        HEAD,
        "## Acted out by a simulated bay\n",
        _table(simulated),
        "## Done to the programs by whoever runs them\n",
        _table(others),
        "## Where the numbers are from\n",
        "\n".join(_sources(fault) for fault in FAULTS) + "\n",
    ]
    return "\n".join(parts)


def _table(faults: list[Fault]) -> str:
    rows = [_row(*COLUMNS), _row(*("---" for _ in COLUMNS)), *map(_fault_row, faults)]
    return "\n".join(rows) + "\n"


def _fault_row(fault: Fault) -> str:
    low_s, high_s = fault.lasts_s
    lasts = f"{low_s:,g} to {high_s:,g} s"
    return _row(f"`{fault.kind}`", fault.what, fault.subject, f"{fault.per_week:g}", lasts, _how_much(fault.size))


def _how_much(size: Size | None) -> str:
    if size is None:
        return ""
    sign = ", either way" if size.signed else ""
    return f"{_number(size.low)} to {_number(size.high)} {size.unit}{sign}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000.0 else f"{value:g}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _sources(fault: Fault) -> str:
    size = f"; how much: {fault.size.source}" if fault.size else ""
    return f"- `{fault.kind}`: how often: {fault.per_week_source}; how long: {fault.lasts_source}{size}."
