"""`liveshelf demo`: a whole store on this machine, until Ctrl-C or for a time."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from contract.errors import ConfigurationError
from liveshelf.extras import STORE_MODULES, require
from liveshelf.interruption import hear_no_signals, stop_on_signals

if TYPE_CHECKING:
    from liveshelf.demo.store import DemoStore

SPEED_MAX = 60.0
PORT_DEFAULT = 8080
EXIT_INTERRUPTED = 130
"""Stopped before there was anything to sum up: 128 and the number of SIGINT, as shells have it."""


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Tell nothing on the way, take any free port, end with the sum.")
    ] = False,
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="WALL_SECONDS", help="Stop so long after it is ready.")
    ] = None,
    speed: Annotated[float, typer.Option(help="Shop seconds per second.", min=0.1, max=SPEED_MAX)] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="End with the sum as one JSON line.")] = False,
    port: Annotated[
        int, typer.Option(help="The port of pages and API; 0 takes a free one.", min=0, max=65535)
    ] = PORT_DEFAULT,
    lan: Annotated[
        bool, typer.Option("--lan", help="Let phones of this network in: prints address, QR code and PIN.")
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser once it is ready.")] = True,
    seed: Annotated[int, typer.Option(help="Same seed, same store.")] = 7,
    shoppers_per_hour: Annotated[float | None, typer.Option(help="How busy the store is.", min=0)] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Keep everything in this empty folder.")] = None,
) -> None:
    """Run a whole store: simulated shelves, broker, database, orders, pages. Needs no configuration."""
    require(STORE_MODULES, extra="demo")
    from liveshelf.demo.store import DemoStore, StoreOptions

    with ExitStack() as stack:
        stop_on_signals()
        options = StoreOptions(
            folder=_folder(data_dir, stack),
            seed=seed,
            rate=speed,
            api_port=0 if headless and port == PORT_DEFAULT else port,
            shoppers_per_hour=shoppers_per_hour,
            lan=lan,
        )
        store = DemoStore(options)
        stack.callback(store.stop)
        stack.callback(hear_no_signals)
        code = _run(store, for_s=for_s, headless=headless, as_json=as_json, browser=browser)
    sys.exit(code)


def _run(store: DemoStore, *, for_s: float | None, headless: bool, as_json: bool, browser: bool) -> int:
    from liveshelf.demo.browser import has_browser, open_page
    from liveshelf.demo.run import finish, follow, start_probe
    from liveshelf.demo.welcome import welcome

    console = Console(stderr=True)
    began = time.monotonic()
    probe = None
    try:
        with console.status("starting …") as status:
            store.start(lambda part: status.update(f"starting: {part} …"))
        console.print(f"ready after {time.monotonic() - began:.1f} s")
        probe = start_probe(store)
        if not headless:
            welcome(store, console)
            if browser and has_browser(os.environ):
                open_page(store.page_url)
        follow(store, None if headless else console, for_s=for_s)
    except KeyboardInterrupt:
        console.print("stopping …")
        if probe is None:
            return EXIT_INTERRUPTED
        if not (headless or as_json):
            return 0
    return finish(store, probe, console, as_json=as_json)


def _folder(data_dir: Path | None, stack: ExitStack) -> Path:
    if data_dir is None:
        folder = Path(tempfile.mkdtemp(prefix="liveshelf-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder
    data_dir = data_dir.expanduser().absolute()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--data-dir: {data_dir} cannot be made: {error.strerror}") from error
    if any(data_dir.iterdir()):
        raise ConfigurationError(
            f"--data-dir: {data_dir} is not empty, expected a new folder: each demo is a new store"
        )
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise ConfigurationError(f"--data-dir: {data_dir} cannot be written to, expected a folder of your own")
    return data_dir
