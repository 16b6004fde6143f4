"""Migration files as values: their numbers, their checksums, and what is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from database.errors import MigrationChanged, MigrationError, SchemaTooNew
from database.migrate import missing_steps
from database.steps import NO_TRANSACTION, Applied, Step, read_step, read_steps


def step(number: int, text: str = "SELECT 1") -> Step:
    return read_step(f"{number:04}_shelves.sql", text)


def applied(done: Step) -> Applied:
    return Applied(
        number=done.number, name=done.name, checksum=done.checksum, applied_at=datetime(2026, 3, 4, tzinfo=UTC)
    )


def test_our_own_files_are_numbered_without_holes() -> None:
    steps = read_steps()
    assert [found.number for found in steps] == list(range(1, len(steps) + 1))


def test_a_hole_in_the_numbers_names_the_file_after_it(tmp_path: Path) -> None:
    for name in ("0001_one.sql", "0003_three.sql"):
        (tmp_path / name).write_text("SELECT 1", encoding="utf-8")
    with pytest.raises(MigrationError, match=r"0003_three\.sql: found number 0003, expected 0002"):
        read_steps(tmp_path)


@pytest.mark.parametrize("name", ["1_shelves.sql", "0001-shelves.sql", "0001_Shelves.sql"])
def test_a_file_with_another_kind_of_name_is_refused(name: str) -> None:
    with pytest.raises(MigrationError, match="expected a name like"):
        read_step(name, "SELECT 1")


def test_line_ends_do_not_change_a_checksum_but_the_text_does() -> None:
    assert step(1, "SELECT 1;\r\nSELECT 2").checksum == step(1, "SELECT 1;\nSELECT 2").checksum
    assert step(1, "SELECT 1").checksum != step(1, "SELECT 2").checksum


def test_a_file_says_in_its_first_line_that_it_runs_outside_a_transaction() -> None:
    assert step(1).transactional
    assert not step(1, f"{NO_TRANSACTION}\nCREATE INDEX CONCURRENTLY i ON t (c)").transactional


def test_only_what_was_not_applied_is_missing() -> None:
    steps = [step(1), step(2), step(3)]
    assert missing_steps(steps, []) == steps
    assert missing_steps(steps, [applied(steps[0]), applied(steps[1])]) == [steps[2]]


def test_an_edited_migration_is_named() -> None:
    with pytest.raises(MigrationChanged, match=r"0001_shelves\.sql was changed after it was applied .*2026-03-04"):
        missing_steps([step(1, "SELECT 'edited'")], [applied(step(1))])


def test_a_database_of_a_newer_version_is_left_alone() -> None:
    with pytest.raises(SchemaTooNew, match=r"0002_shelves\.sql, which this LiveShelf does not know"):
        missing_steps([step(1)], [applied(step(1)), applied(step(2))])
