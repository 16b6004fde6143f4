"""What stands behind each name of the command line. Programs replace this process, tools run in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from contract.errors import ConfigurationError
from liveshelf.extras import MODULES, require

edge = typer.Typer(help="The agent on a shelf's Raspberry Pi.", no_args_is_help=True)
gateway = typer.Typer(help="MQTT in, counted readings out to the store's database.", no_args_is_help=True)
cloud = typer.Typer(help="Stock, tasks, orders and the availability API.", no_args_is_help=True)
web = typer.Typer(help="The pages of the store, served beside the API.", no_args_is_help=True)
sim = typer.Typer(help="Simulated shelves: the world of shoppers, staff and suppliers.", no_args_is_help=True)
key = typer.Typer(help="API keys.", no_args_is_help=True)

SCOPES = (
    "availability:read", "tasks:read", "tasks:write", "orders:read", "stock:write", "devices:read", "devices:write",
)  # fmt: skip
"""What a key may do, for the help text alone: `cloud.access.model` may not be installed. A test keeps them the same."""

StoreOption = Annotated[str, typer.Option("--store", help="The store it is about.")]


def register(app: typer.Typer) -> None:
    """Give the command its sub-commands."""
    from liveshelf.bench.command import bench
    from liveshelf.chaos.command import chaos
    from liveshelf.db import app as db
    from liveshelf.demo.command import demo
    from liveshelf.doctor import doctor
    from liveshelf.fitting.command import calibration, check, diagnose, restore, setup, zero
    from liveshelf.foreign import app as foreign
    from liveshelf.people import app as people
    from liveshelf.planning.command import plan
    from liveshelf.replay import replay

    app.command()(demo)
    app.add_typer(sim, name="sim")
    app.add_typer(edge, name="edge")
    edge.command()(setup)
    edge.command()(calibration)
    edge.command()(zero)
    edge.command()(restore)
    edge.command()(diagnose)
    edge.command()(check)
    app.add_typer(gateway, name="gateway")
    app.add_typer(foreign, name="foreign")
    app.add_typer(cloud, name="cloud")
    app.add_typer(web, name="web")
    cloud.add_typer(key, name="key")
    app.add_typer(db, name="db")
    app.add_typer(people, name="people")
    app.command()(plan)
    app.command()(replay)
    app.command()(doctor)
    app.command()(bench)
    app.command()(chaos)


@edge.command("run")
def edge_run(config: Annotated[Path, typer.Option("--config", help="The agent's TOML file.")]) -> None:
    """Run the agent until SIGTERM or Ctrl-C."""
    _become("edge", "--config", str(config), needs="edge")


@gateway.command("run")
def gateway_run() -> None:
    """Run the gateway of one store. Needs LIVESHELF_STORE, LIVESHELF_MQTT_URL and LIVESHELF_DATABASE_URL."""
    _become("gateway", needs="gateway")


@cloud.command("api")
def cloud_api() -> None:
    """Serve the API on LIVESHELF_API_HOST and LIVESHELF_API_PORT. Needs LIVESHELF_DATABASE_URL."""
    _become("cloud", "api", needs="cloud")


@cloud.command("worker")
def cloud_worker() -> None:
    """Run the worker: stock, shortages, tasks, orders. Needs LIVESHELF_DATABASE_URL."""
    _become("cloud", "worker", needs="cloud")


@web.command("run")
def web_run() -> None:
    """Serve the pages and the API on LIVESHELF_API_HOST and LIVESHELF_API_PORT. Needs LIVESHELF_DATABASE_URL."""
    require(MODULES["cloud"], extra="cloud")
    _become("dashboards", needs="web")


@cloud.command("import")
def cloud_import(
    store: StoreOption,
    catalog: Annotated[Path | None, typer.Option(help="CSV of products.")] = None,
    planogram: Annotated[Path | None, typer.Option(help="CSV of positions.")] = None,
    stock: Annotated[Path | None, typer.Option(help="CSV of opening counts.")] = None,
) -> None:
    """Import catalogue, planogram and opening counts from CSV: all of it, or nothing and every mistake of the file."""
    if not (catalog or planogram or stock):
        raise ConfigurationError("found no file, expected at least one of --catalog, --planogram and --stock")
    require(("psycopg", "biip"), extra="cloud")
    from liveshelf.imports import import_files

    for line in import_files(store, catalog=catalog, planogram=planogram, stock=stock):
        print(line)


@key.command("create")
def key_create(
    name: Annotated[str, typer.Option(help="Whom the key is for.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do, repeat for several: {', '.join(SCOPES)}.")],
    store: Annotated[list[str], typer.Option(help="Where; repeat for several, * for all.")],
) -> None:
    """Make an API key. It is shown once and kept as a hash."""
    require(("psycopg",), extra="cloud")
    from liveshelf.imports import create_api_key

    print(create_api_key(name, scope, store))


@sim.command(
    "world", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def sim_world(context: typer.Context) -> None:
    """Run the shoppers, staff and supplier of a scenario."""
    _become("firmware_sim", "world", *context.args, needs=None)


@sim.command("scenario")
def sim_scenario(
    folder: Annotated[Path, typer.Argument(help="Where to write the files.")],
    broker: Annotated[str, typer.Option(help="The broker the agents talk to.")] = "mqtt://127.0.0.1:1883",
    seed: Annotated[int, typer.Option(help="Same seed, same store.")] = 7,
) -> None:
    """Write the corner shop: catalogue, planogram, opening stock, one file an agent, the world."""
    from firmware_sim.scenario.corner_shop import write_corner_shop

    folder.mkdir(parents=True, exist_ok=True)
    write_corner_shop(
        folder.resolve(),
        seed=seed,
        broker_url=broker,
        socket_path=folder.resolve() / "world.sock",
        data_dir=folder.resolve() / "devices",
    )
    print(f"written to {folder}")


def _become(module: str, *arguments: str, needs: str | None) -> NoReturn:
    """Replace this process by one of our programs; `needs` is the extra it rests on."""
    if needs is not None:
        require(MODULES[needs], extra=needs)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
