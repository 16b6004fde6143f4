"""`liveshelf db`: start the embedded database, bring its schema up to date, look inside."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contract.errors import ConfigurationError, LiveShelfError
from liveshelf.extras import require

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow
    from rich.table import Table

app = typer.Typer(help="The database: start, migrate, look inside.", no_args_is_help=True)

DATA_DIR_VARIABLE = "LIVESHELF_DATA_DIR"
DATA_DIR_DEFAULT = Path("~/.local/share/liveshelf/database")
ROWS_MAX = 20

DataDirOption = Annotated[
    Path, typer.Option("--data-dir", help="Folder of the embedded server.", envvar=DATA_DIR_VARIABLE)
]


Say = Callable[[object], None]
"""Prints a line or a table."""


class UnknownDeadLetter(LiveShelfError):
    """No dead letter has this number."""


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

    with _connected() as connection:
        console = Console()
        if _print_server(console.print, connection):
            from liveshelf.db_storage import print_storage

            print_storage(console.print, connection)
            _print_progress(console.print, connection)


@app.command("dead-letters")
def dead_letters(
    number: Annotated[int | None, typer.Argument(help="Show this one with its payload.")] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many to list, newest first.")] = ROWS_MAX,
) -> None:
    """List payloads that could not be used and why, or show one of them."""
    from rich.console import Console

    with _connected() as connection:
        if number is None:
            table = _dead_letter_table(connection, count)
            Console().print(table if table.row_count else "no dead letters")
        else:
            _show_dead_letter(connection, number)


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


def _connected() -> Connection[TupleRow]:
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


def _dead_letter_table(connection: Connection[TupleRow], count: int) -> Table:
    from rich.markup import escape
    from rich.table import Table

    from database.inspection import newest_dead_letters

    table = Table("number", "device", "reason", "detail", "bytes", "times", "last at")
    for row in newest_dead_letters(connection, count):
        last_at = f"{row.last_at:%Y-%m-%d %H:%M:%S}"
        cells = [row.device, row.reason, row.detail, str(row.payload_bytes), str(row.times), last_at]
        table.add_row(str(row.dead_letter_id), *(escape(_visible(cell)) for cell in cells))
    return table


def _show_dead_letter(connection: Connection[TupleRow], number: int) -> None:
    from database.inspection import dead_letter

    found = dead_letter(connection, number)
    if found is None:
        raise UnknownDeadLetter(f"no dead letter has the number {number}; `liveshelf db dead-letters` lists them")
    letter, payload = found
    print(f"topic    {_visible(letter.topic)}")
    print(f"reason   {letter.reason}: {_visible(letter.detail)}")
    if letter.journal is not None:
        print(f"records  {_visible(letter.journal)} {letter.first_seq} to {letter.last_seq}")
    print(f"came     {letter.times} times, {letter.first_at:%Y-%m-%d %H:%M:%S} to {letter.last_at:%Y-%m-%d %H:%M:%S}")
    print(f"payload  {letter.payload_bytes} bytes")
    print(_visible(payload.decode("utf-8", errors="backslashreplace")))


def _visible(text: str) -> str:
    """Write out what a terminal would obey: a stranger chose these bytes."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
