"""A backup as a file: a zip of what pg_dump wrote (`database.dump`) and of what it holds (`manifest.json`)."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from contract.errors import ConfigurationError
from database.errors import BackupMismatch
from database.steps import Step

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"

MINOR = 10_000
"""PostgreSQL numbers its versions as major * 10000 + minor since 10 (source: `server_version_num`)."""


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """A migration the database had."""

    number: int
    name: str
    checksum: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds: `rows` by table, and the versions it was made by. `made_at` is shop time.

    `postgresql` is a `server_version_num`; `pg_dump` the major version of the program that wrote it.
    """

    format: int
    made_at: datetime
    liveshelf: str
    postgresql: int
    pg_dump: int
    timescaledb: str | None
    edition: str
    migrations: tuple[Migration, ...]
    epoch: str
    rows: Mapping[str, int]


def read_manifest(path: Path) -> Manifest:
    """Return what a backup says of itself. Raises ConfigurationError when the file is no whole backup."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(MANIFEST) as member:
            manifest = msgspec.json.decode(member.read(), type=Manifest)
    except (zipfile.BadZipFile, KeyError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"{path}: no whole backup of LiveShelf: {error}") from error
    if manifest.format != FORMAT:
        raise BackupMismatch(f"{path}: found format {manifest.format}, expected {FORMAT}: use a newer LiveShelf")
    return manifest


def write_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Put the manifest in: the last thing, so that a backup that was broken off has none."""
    archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))


def open_dump(archive: zipfile.ZipFile, *, write: bool = False) -> IO[bytes]:
    """Open the part pg_dump wrote; it is packed already."""
    return archive.open(DUMP, "w", force_zip64=True) if write else archive.open(DUMP)


def check_versions(
    manifest: Manifest, steps: list[Step], *, postgresql: int, timescaledb_versions: frozenset[str]
) -> None:
    """Pass a backup that this server and this LiveShelf can take (pure); `timescaledb_versions` can be installed there.

    Raises BackupMismatch in one sentence that says what was found, what was expected and what to do.
    """
    if postgresql // MINOR < manifest.postgresql // MINOR:
        raise BackupMismatch(
            f"PostgreSQL: found {postgresql // MINOR}, expected {manifest.postgresql // MINOR} or newer,"
            " of which the backup was made"
        )
    if manifest.timescaledb is not None and manifest.timescaledb not in timescaledb_versions:
        there = ", ".join(sorted(timescaledb_versions)) or "none"
        raise BackupMismatch(
            f"TimescaleDB: found {there}, expected {manifest.timescaledb}, of which the backup was made;"
            " restore on that version, then go to another one by `liveshelf db copy` or ALTER EXTENSION"
        )
    known = {step.number: step for step in steps}
    for migration in manifest.migrations:
        step = known.get(migration.number)
        if step is None or step.checksum != migration.checksum:
            raise BackupMismatch(
                f"schema: found migration {migration.name}, which this LiveShelf does not know: use LiveShelf"
                f" {manifest.liveshelf}, which made the backup, or a newer one"
            )
