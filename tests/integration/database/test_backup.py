"""A backup is the database as it was at one moment; restored it is the same, verified, under another epoch."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contract.errors import ConfigurationError
from database.archive import MANIFEST, Manifest, read_manifest
from database.backup import back_up, restore
from database.connection import connect
from database.errors import BackupError, BackupMismatch
from database.migrate import applied_steps

pytestmark = pytest.mark.database

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)

FILLED = """
INSERT INTO store VALUES ('corner', 'Corner');
INSERT INTO product (sku, name) VALUES ('cola', 'Cola');
INSERT INTO journal_watermark VALUES ('bay-1', 'a', 3, '2026-01-01');
INSERT INTO gap VALUES ('bay-1', 'a', 3, 3, 'lost', 1, '2026-01-01');
INSERT INTO reading (time, store, device, journal, seq, mono_ms, plate, kind, weight_g, noise_g, quality, remaining,
                     time_known, load_id)
SELECT day, 'corner', 'bay-1', 'a', seq, 0, 'p', 'step', 1.5, 0, 'ok', 0, true, 1
FROM (VALUES (1, '2026-01-01 12:00+00'::timestamptz), (2, '2025-06-01 12:00+00')) AS r (seq, day);
INSERT INTO stock_ledger (store, sku, kind, to_place, units, happened_at, source)
VALUES ('corner', 'cola', 'receipt', 'backroom', 12, '2026-01-01', 'receipt:1');
INSERT INTO stock_place VALUES ('corner', 'cola', 'backroom', 12, '2026-01-01');
SELECT nextval('load_id'), nextval('load_id');
"""


@pytest.fixture
def filled(database_url: str) -> str:
    with connect(database_url, autocommit=True) as connection:
        connection.execute(FILLED)
    return database_url


@pytest.fixture
def backup(filled: str, tmp_path: Path) -> Path:
    path = tmp_path / "monday.liveshelf"
    back_up(filled, path, liveshelf="0.1.0", at=AT)
    return path


@pytest.fixture
def changed(backup: Path) -> Any:
    """Writes a copy of the backup whose manifest says something else."""

    def change(**facts: Any) -> Path:
        path = backup.with_name("changed.liveshelf")
        with zipfile.ZipFile(backup) as whole, zipfile.ZipFile(path, "w") as other:
            for name in whole.namelist():
                content = whole.read(name)
                if name == MANIFEST:
                    manifest = msgspec.json.decode(content, type=Manifest)
                    content = msgspec.json.encode(msgspec.structs.replace(manifest, **facts))
                other.writestr(name, content)
        return path

    return change


def all_of(url: str, question: str) -> list[tuple[Any, ...]]:
    with connect(url) as connection:
        return connection.execute(question.encode()).fetchall()


def test_a_restored_database_is_what_was_saved_under_another_epoch(
    backup: Path, filled: str, empty_database_url: str
) -> None:
    manifest, epoch = restore(backup, empty_database_url, at=AT)
    for table in manifest.rows:
        rows = f"SELECT t::text FROM {table} t ORDER BY 1"
        assert all_of(empty_database_url, rows) == all_of(filled, rows), table
    assert manifest.rows["reading"] == 2
    assert manifest.epoch == all_of(filled, "SELECT epoch FROM database_epoch")[0][0]
    assert all_of(empty_database_url, "SELECT epoch FROM database_epoch") == [(epoch,)]
    assert epoch != manifest.epoch
    assert all_of(empty_database_url, "SELECT nextval('load_id')") == [(3,)]
    with connect(empty_database_url) as one, connect(filled) as other:
        assert applied_steps(one) == applied_steps(other)


def test_what_is_written_while_a_backup_is_made_is_not_in_it(
    backup: Path, filled: str, empty_database_url: str
) -> None:
    with connect(filled) as connection:
        connection.execute("INSERT INTO store VALUES ('late', 'Late')")
    restore(backup, empty_database_url, at=AT)
    assert all_of(empty_database_url, "SELECT store FROM store") == [("corner",)]


def test_a_database_with_anything_in_it_is_not_filled(backup: Path, filled: str) -> None:
    with pytest.raises(ConfigurationError, match=r"found .* in the database, expected an empty one"):
        restore(backup, filled, at=AT)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"postgresql": 990_001}, "PostgreSQL: found .*, expected 99 or newer"),
        ({"timescaledb": "0.0.1"}, "TimescaleDB: found .*, expected 0.0.1"),
        ({"format": 2}, "found format 2, expected 1"),
    ],
)
def test_versions_that_do_not_fit_are_refused_before_anything_is_written(
    changed: Any, empty_database_url: str, facts: dict[str, Any], said: str
) -> None:
    with pytest.raises(BackupMismatch, match=said):
        restore(changed(**facts), empty_database_url, at=AT)
    assert all_of(empty_database_url, "SELECT to_regclass('store')") == [(None,)]


def test_a_schema_of_a_newer_liveshelf_is_refused(changed: Any, backup: Path, empty_database_url: str) -> None:
    migrations = read_manifest(backup).migrations
    newer = msgspec.structs.replace(migrations[-1], number=9999, name="9999_newer.sql")
    with pytest.raises(BackupMismatch, match=r"found migration 9999_newer.sql"):
        restore(changed(migrations=(*migrations, newer)), empty_database_url, at=AT)


def test_a_count_that_differs_is_found_and_leaves_no_epoch(changed: Any, backup: Path, empty_database_url: str) -> None:
    rows = {**read_manifest(backup).rows, "reading": 3}
    with pytest.raises(BackupError, match="reading: found 2 rows after the restore, expected 3"):
        restore(changed(rows=rows), empty_database_url, at=AT)
    assert all_of(empty_database_url, "SELECT count(*) FROM database_epoch") == [(0,)]


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ("UPDATE journal_watermark SET seq = 2", "found its watermark at 2, expected at least 3"),
        ("UPDATE stock_place SET units = 11", "found 11, expected 12 by its ledger"),
    ],
)
def test_invariants_that_do_not_hold_are_found(
    filled: str, empty_database_url: str, tmp_path: Path, spoiled: str, said: str
) -> None:
    with connect(filled) as connection:
        connection.execute(spoiled.encode())
    back_up(filled, tmp_path / "spoiled", liveshelf="0.1.0", at=AT)
    with pytest.raises(BackupError, match=said):
        restore(tmp_path / "spoiled", empty_database_url, at=AT)


def test_a_file_that_is_no_backup_is_said(backup: Path, empty_database_url: str) -> None:
    backup.write_bytes(backup.read_bytes()[:-100])
    with pytest.raises(ConfigurationError, match="no whole backup of LiveShelf"):
        restore(backup, empty_database_url, at=AT)


def test_a_backup_replaces_no_file_and_leaves_no_half(backup: Path, filled: str, empty_database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="exists already"):
        back_up(filled, backup, liveshelf="0.1.0", at=AT)
    other = backup.with_name("other")
    with pytest.raises(ConfigurationError, match="has no LiveShelf tables"):
        back_up(empty_database_url, other, liveshelf="0.1.0", at=AT)
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]
