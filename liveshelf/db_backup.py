"""`liveshelf db backup` and `restore`: what the commands say."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from contract.clock import clock_from_environment
from database.archive import MINOR, Manifest
from database.backup import back_up, restore
from database.migrate import migrate


def back_up_to(url: str, path: Path) -> None:
    """Write a backup and tell what is in it."""
    manifest = back_up(url, path, liveshelf=_version(), at=clock_from_environment(os.environ).now())
    print(f"{path}: {_told(manifest)}, {path.stat().st_size / 1e6:.1f} MB")


def restore_from(path: Path, url: str) -> None:
    """Restore a backup into an empty database, bring its schema up to date and tell what devices do now."""
    at = clock_from_environment(os.environ).now()
    manifest, epoch = restore(path, url, at=at)
    print(f"restored and verified: {_told(manifest)}")
    for name in migrate(url, at=at):
        print(f"applied {name}")
    print(f"epoch {epoch} (it was {manifest.epoch}): devices send again what they hold of the time since the backup")


def _told(manifest: Manifest) -> str:
    timescaledb = f", TimescaleDB {manifest.timescaledb}" if manifest.timescaledb else ""
    return (
        f"{sum(manifest.rows.values())} rows in {len(manifest.rows)} tables of {manifest.made_at:%Y-%m-%d %H:%M:%S},"
        f" PostgreSQL {manifest.postgresql // MINOR}{timescaledb}, LiveShelf {manifest.liveshelf},"
        f" schema {manifest.migrations[-1].name}"
    )


def _version() -> str:
    try:
        return version("liveshelf")
    except PackageNotFoundError:
        return "from a folder"
