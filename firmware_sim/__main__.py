"""`python -m firmware_sim world …` runs a simulated shop; `python -m firmware_sim corner-shop …` writes its files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from contract.clock import clock_from_environment
from contract.errors import LiveShelfError
from contract.logs import log_to_stderr
from firmware_sim.scenario.corner_shop import write_corner_shop
from firmware_sim.world.process import run_world


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; a wrong setting or file is one sentence on stderr and code 2."""
    settings = _parser().parse_args(arguments)
    log_to_stderr()
    try:
        settings.run(settings)
    except LiveShelfError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware_sim", description=__doc__)
    commands = parser.add_subparsers(required=True)
    world = commands.add_parser("world", help="run shoppers, staff and supplier, and serve loads to the wires")
    world.add_argument("--config", type=Path, required=True, help="world.json of a scenario")
    world.add_argument("--api", required=True, help="URL of the store's API")
    world.add_argument("--key-file", type=Path, required=True, help="file that holds the API key")
    world.add_argument("--truth", type=Path, required=True, help="truth log to write, one JSON object a line")
    world.add_argument("--shoppers-per-hour", type=float, default=None, help="instead of the scenario's rate")
    world.set_defaults(run=_run_world)
    shop = commands.add_parser("corner-shop", help="write the files of the corner shop")
    shop.add_argument("folder", type=Path)
    shop.add_argument("--seed", type=int, default=1)
    shop.add_argument("--broker", default="mqtt://127.0.0.1:1883", help="broker URL the agents will use")
    shop.add_argument(
        "--socket", type=Path, default=None, help="socket of the world (default: world.sock in the folder)"
    )
    shop.set_defaults(run=_write_corner_shop)
    return parser


def _run_world(settings: argparse.Namespace) -> None:
    run_world(
        settings.config,
        api_url=settings.api,
        key_file=settings.key_file,
        truth_path=settings.truth,
        shoppers_per_hour=settings.shoppers_per_hour,
        clock=clock_from_environment(os.environ),
    )


def _write_corner_shop(settings: argparse.Namespace) -> None:
    folder = settings.folder.resolve()
    write_corner_shop(
        folder,
        seed=settings.seed,
        broker_url=settings.broker,
        socket_path=settings.socket or folder / "world.sock",
        data_dir=folder / "edge-data",
    )


if __name__ == "__main__":
    sys.exit(main())
