"""`liveshelf db`: start the embedded database, bring its schema up to date, look inside."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contract.errors import ConfigurationError
from liveshelf.dead_letters import app as dead_letters
from liveshelf.extras import require

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

app = typer.Typer(help="The database: start, migrate, look inside.", no_args_is_help=True)
app.add_typer(dead_letters, name="dead-letters")

DATA_DIR_VARIABLE = "LIVESHELF_DATA_DIR"
DATA_DIR_DEFAULT = Path("~/.local/share/liveshelf/database")
ROWS_MAX = 20

DataDirOption = Annotated[
    Path, typer.Option("--data-dir", help="Folder of the embedded server.", envvar=DATA_DIR_VARIABLE)
]


Say = Callable[[object], None]
"""Prints a line or a table."""


@app.command()
def up(folder: DataDirOption = DATA_DIR_DEFAULT) -> None:
    """Run the embedded server in the foreground: prints its address, then `ready`; Ctrl-C stops it."""
    _require_psycopg()
    from database.serving import serve

    serve(folder.expanduser(), say=lambda line: print(line, flush=True))


@app.command()
def migrate() -> None:
    """Bring the schema of LIVESHELF_DATABASE_URL up to date; without effect when it is."""
    _require_psycopg()
    from contract.clock import clock_from_environment
    from database.migrate import migrate as apply_steps

    names = apply_steps(database_url(os.environ), at=clock_from_environment(os.environ).now())
    for name in names:
        print(f"applied {name}")
    if not names:
        print("up to date")


@app.command()
def status() -> None:
    """Show what the database is and how far: edition, sizes, partitions, columnstore, rollups, jobs, slow queries,
    migrations, watermarks, gaps, dead letters.
    """
    from rich.console import Console

    with connected_database() as connection:
        console = Console()
        if _print_server(console.print, connection):
            from liveshelf.db_storage import print_storage

            print_storage(console.print, connection)
            _print_progress(console.print, connection)


@app.command("backup")
def backup(file: Annotated[Path, typer.Argument(help="A new file.")]) -> None:
    """Write all of the database, which may be in use, to one file."""
    _require_psycopg()
    from liveshelf.db_backup import back_up_to

    back_up_to(database_url(os.environ), file)


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A file `liveshelf db backup` wrote.")],
    to: Annotated[str, typer.Option("--to", help="Address of an empty database.")],
) -> None:
    """Fill an empty database from a backup and verify it. It gets a new epoch: devices then send again what they still
    hold.
    """
    _require_psycopg()
    from liveshelf.db_backup import restore_from

    restore_from(file, to)


@app.command("copy")
def copy(
    to: Annotated[str, typer.Option("--to", help="Address of an empty database, of either edition.")],
    keep_epoch: Annotated[
        bool, typer.Option("--keep-epoch", help="It takes the place of this one: no replay.")
    ] = False,
) -> None:
    """Copy all tables to another database and check their counts. It gets an epoch of its own: devices then send again
    what they still hold.
    """
    _require_psycopg()
    from liveshelf.db_copy import copy_to

    copy_to(database_url(os.environ), to, keep_epoch=keep_epoch)


def data_dir(environ: Mapping[str, str]) -> Path:
    """Return the folder of the embedded server: LIVESHELF_DATA_DIR, or one in the user's home."""
    return Path(environ.get(DATA_DIR_VARIABLE) or DATA_DIR_DEFAULT).expanduser()


def database_url(environ: Mapping[str, str]) -> str:
    """Return LIVESHELF_DATABASE_URL, else the address of the embedded server if it runs.

    Raises ConfigurationError saying how to get one.
    """
    from database.embedded import DATABASE_URL_VARIABLE, EmbeddedServer, server_url

    own = server_url(environ)
    if own:
        return own
    embedded = EmbeddedServer(data_dir(environ))
    if embedded.pid is not None:
        return embedded.url
    raise ConfigurationError(
        f"{DATABASE_URL_VARIABLE}: missing, expected postgresql://…; `liveshelf db up` starts a server and prints it"
    )


def connected_database() -> Connection[TupleRow]:
    """Return a connection to `database_url`. Raises ConfigurationError naming the missing extra or address."""
    _require_psycopg()
    from database.connection import connect

    return connect(database_url(os.environ), autocommit=True, application_name="liveshelf db")


def _require_psycopg() -> None:
    require(("psycopg",), extra="gateway")


def _print_server(say: Say, connection: Connection[TupleRow]) -> bool:
    """Say what the server is and which migrations it has; return whether the schema is the one this version knows."""
    from database.inspection import inspect_server
    from database.migrate import applied_steps
    from database.steps import read_steps

    server = inspect_server(connection)
    applied, known = applied_steps(connection), read_steps()
    timescaledb = f", TimescaleDB {server.timescaledb}" if server.timescaledb else ""
    say(f"PostgreSQL {server.version}{timescaledb}; history: {server.edition}")
    say(f"database {server.database}, {server.size_bytes / 1e6:.1f} MB, epoch {server.epoch or 'none yet'}")
    say(f"migrations {len(applied)} of {len(known)}" + (f", last {applied[-1].name}" if applied else ""))
    if len(applied) < len(known):
        say("run `liveshelf db migrate`")
    return len(applied) >= len(known)


def _print_progress(say: Say, connection: Connection[TupleRow]) -> None:
    from rich.table import Table

    from database.inspection import dead_letter_count, gap_counts, newest_watermarks

    watermarks = Table("device", "journal", "committed up to", "at", title="watermarks, newest first")
    for row in newest_watermarks(connection, ROWS_MAX):
        watermarks.add_row(row.device, row.journal[:8], str(row.seq), f"{row.updated_at:%Y-%m-%d %H:%M:%S}")
    gaps = Table("device", "reason", "gaps", "numbers", title="gaps: numbers that will never come")
    for gap in gap_counts(connection):
        gaps.add_row(gap.device, gap.reason, str(gap.gaps), str(gap.numbers))
    say(watermarks if watermarks.row_count else "no device has been heard")
    say(gaps if gaps.row_count else "no gaps")
    say(f"{dead_letter_count(connection)} dead letters (`liveshelf db dead-letters`)")
