"""A whole database to one file and back: as it is at one moment, checked after it came back, under a new epoch.

pg_dump writes and pg_restore reads, so that a backup can also be looked into without LiveShelf. The epoch is left out:
a database that is being restored has none, no gateway enters it, and it gets one when everything was verified.
"""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection, IsolationLevel, sql
from psycopg.rows import TupleRow

from contract.errors import ConfigurationError
from database.archive import (
    FORMAT,
    MINOR,
    Manifest,
    Migration,
    check_versions,
    open_dump,
    read_manifest,
    write_manifest,
)
from database.client_programs import find_program, run
from database.connection import connect
from database.errors import BackupError, BackupMismatch
from database.inspection import inspect_server, stock_differences, watermark_shortfalls
from database.migrate import applied_steps
from database.steps import read_steps

APPLICATION_NAME = "liveshelf backup"
EPOCH_TABLE = "database_epoch"

TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
ORDER BY c.relname
"""

# Views and types of extensions are no obstacle; anything of a schema is.
IN_THE_WAY = """
SELECT c.relname FROM pg_class c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname LIMIT 1
"""

TIMESCALEDB_VERSIONS = "SELECT version FROM pg_available_extension_versions WHERE name = 'timescaledb'"


def back_up(url: str, path: Path, *, liveshelf: str, at: datetime) -> Manifest:
    """Write a database, which may be in use, to a new file and return what is in it; `at` is shop time.

    The file appears under its name when it is whole. Raises ConfigurationError when it exists already or the database
    has no schema, BackupError when pg_dump fails.
    """
    if path.exists():
        raise ConfigurationError(f"{path}: exists already, expected the name of a new file")
    part = path.with_name(f"{path.name}.part")
    try:
        with _one_moment(url) as (connection, snapshot):
            program = find_program("pg_dump", major_min=_server_version(connection) // MINOR)
            manifest = _manifest(connection, liveshelf=liveshelf, at=at, pg_dump=program.major)
            options = ["--format=custom", "--no-owner", "--no-privileges", f"--exclude-table-data={EPOCH_TABLE}"]
            with zipfile.ZipFile(part, "w") as archive:
                with open_dump(archive, write=True) as dump:
                    run(program, [*options, f"--snapshot={snapshot}"], url, stdin=None, stdout=dump)
                write_manifest(archive, manifest)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def restore(path: Path, url: str, *, at: datetime) -> tuple[Manifest, str]:
    """Fill an empty database from a backup, verify it, give it a new epoch, and return manifest and epoch.

    Raises ConfigurationError when the file is no backup or the database is not empty, BackupMismatch when versions do
    not fit, both before anything is written; BackupError when pg_restore fails or what came back is not what was saved:
    the database then has no epoch, no gateway enters it, and it has to be made anew.
    """
    manifest = read_manifest(path)
    with connect(url, autocommit=True, application_name=APPLICATION_NAME) as connection:
        connection.execute("SET statement_timeout = 0")
        server = _server_version(connection)
        _check_empty(connection)
        versions = frozenset(row[0] for row in connection.execute(TIMESCALEDB_VERSIONS))
        check_versions(manifest, read_steps(), postgresql=server, timescaledb_versions=versions)
        program = find_program("pg_restore", major_min=max(server // MINOR, manifest.pg_dump))
        with _restoring(connection, manifest), zipfile.ZipFile(path) as archive, open_dump(archive) as dump:
            options = ["--exit-on-error", "--no-owner", "--no-privileges"]
            run(program, options, url, stdin=dump, stdout=None)
        _verify(connection, manifest)
        epoch = uuid.uuid4().hex
        connection.execute("INSERT INTO database_epoch (epoch, made_at) VALUES (%s, %s)", [epoch, at])
        connection.execute("ANALYZE")
    return manifest, epoch


@contextmanager
def _one_moment(url: str) -> Iterator[tuple[Connection[TupleRow], str]]:
    """Hold the database as it is now, for ourselves and for pg_dump."""
    with connect(url, autocommit=True, application_name=APPLICATION_NAME) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        with connection.transaction():
            yield connection, _one(connection, sql.SQL("SELECT pg_export_snapshot()"))


def _manifest(connection: Connection[TupleRow], *, liveshelf: str, at: datetime, pg_dump: int) -> Manifest:
    server, applied = inspect_server(connection), applied_steps(connection)
    if server.epoch is None:
        raise ConfigurationError(
            "the database has no LiveShelf tables, expected one; `liveshelf db migrate` makes them"
        )
    return Manifest(
        format=FORMAT,
        made_at=at,
        liveshelf=liveshelf,
        postgresql=_server_version(connection),
        pg_dump=pg_dump,
        timescaledb=server.timescaledb,
        edition=server.edition,
        migrations=tuple(Migration(number=one.number, name=one.name, checksum=one.checksum) for one in applied),
        epoch=server.epoch,
        rows=_rows(connection),
    )


def _rows(connection: Connection[TupleRow]) -> dict[str, int]:
    tables = [row[0] for row in connection.execute(TABLES).fetchall()]
    counted = sql.SQL("SELECT count(*) FROM {}")
    return {table: _one(connection, counted.format(sql.Identifier(table))) for table in tables if table != EPOCH_TABLE}


def _check_empty(connection: Connection[TupleRow]) -> None:
    row = connection.execute(IN_THE_WAY).fetchone()
    if row is not None:
        raise ConfigurationError(f"--to: found {row[0]} in the database, expected an empty one; make a new one for it")


@contextmanager
def _restoring(connection: Connection[TupleRow], manifest: Manifest) -> Iterator[None]:
    """Let TimescaleDB, where the backup has it, take its own tables as they come."""
    if manifest.timescaledb is None:
        yield
        return
    version = sql.Literal(manifest.timescaledb)
    connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS timescaledb VERSION {}").format(version))
    found = inspect_server(connection).timescaledb
    if found != manifest.timescaledb:
        raise BackupMismatch(
            f"TimescaleDB: found {found}, expected {manifest.timescaledb}, of which the backup was made"
        )
    connection.execute("SELECT timescaledb_pre_restore()")
    try:
        yield
    finally:
        connection.execute("SELECT timescaledb_post_restore()")


def _verify(connection: Connection[TupleRow], manifest: Manifest) -> None:
    found = _rows(connection)
    for table, expected in manifest.rows.items():
        if found.get(table) != expected:
            raise BackupError(f"{table}: found {found.get(table, 'no')} rows after the restore, expected {expected}")
    for short in watermark_shortfalls(connection):
        raise BackupError(
            f"journal {short.journal} of {short.device}: found its watermark at {short.watermark}, expected at least"
            f" {short.highest}, the highest number in the history"
        )
    for place in stock_differences(connection):
        raise BackupError(
            f"stock of {place.sku} in {place.store}, {place.place}: found {place.projected}, expected"
            f" {place.by_ledger} by its ledger"
        )


def _server_version(connection: Connection[TupleRow]) -> int:
    return connection.info.server_version


def _one(connection: Connection[TupleRow], query: sql.SQL | sql.Composed) -> Any:  # noqa: ANN401 - one value of any SQL type
    row = connection.execute(query).fetchone()
    assert row is not None, "a query for one value answers with one row"
    return row[0]
