"""Which line holds: that of the file, or a newer one that was measured on the device."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contract.ids import PlateId
from edge.calibrating.book import CalibrationBook
from edge.calibrating.sheet import Sheet
from edge.settings import PlateSettings
from tests.fakes.fitting import KeptInMemory

PLATE = PlateId("l1")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def of_file(zero_count: float = 10.0, *, version: int = 1) -> PlateSettings:
    return PlateSettings(
        plate=PLATE, bay="b", shelf="s", zero_count=zero_count, counts_per_g=200.0, calibration_version=version
    )


def measured(version: int, zero_count: float = 99.0) -> Sheet:
    return Sheet(
        plate=PLATE,
        version=version,
        at=AT,
        by="Ada",
        reason="new",
        zero_count=zero_count,
        counts_per_g=210.0,
        capacity_g=10_000.0,
    )


@pytest.fixture
def kept() -> KeptInMemory:
    return KeptInMemory()


def book(kept: KeptInMemory, plate: PlateSettings | None = None) -> CalibrationBook:
    return CalibrationBook(kept, [plate or of_file()], AT)


def test_a_line_of_the_file_is_noted_once_and_changes_nothing(kept: KeptInMemory) -> None:
    assert not book(kept).changed
    assert not book(kept).changed
    assert [(sheet.reason, sheet.version, sheet.passed) for sheet in kept.sheets] == [("file", 1, False)]


def test_what_was_measured_holds_over_the_file_and_after_a_restart(kept: KeptInMemory) -> None:
    first = book(kept)
    assert first.next_version(PLATE) == 2
    first.keep(measured(2))
    assert first.line(PLATE).zero_count == 99.0
    again = book(kept)
    assert (again.line(PLATE).version, again.line(PLATE).zero_count) == (2, 99.0)
    assert not again.changed
    assert [sheet.version for sheet in again.sheets(PLATE)] == [2, 1]


def test_a_file_with_a_higher_version_holds_again_and_is_noted(kept: KeptInMemory) -> None:
    book(kept).keep(measured(2))
    later = book(kept, of_file(55.0, version=3))
    assert later.line(PLATE).zero_count == 55.0
    assert later.changed == {PLATE}
    assert later.next_version(PLATE) == 4
    assert kept.sheets[-1].reason == "file"


def test_a_line_somebody_edited_in_the_file_is_noticed_though_its_version_stayed(kept: KeptInMemory) -> None:
    book(kept)
    assert book(kept, of_file(11.0)).changed == {PLATE}


def test_of_a_damaged_file_no_line_is_taken_for_the_one_before(kept: KeptInMemory) -> None:
    book(kept)
    kept.lost = 1
    assert book(kept).changed == {PLATE}


def test_a_disk_that_takes_nothing_keeps_no_agent_from_starting(kept: KeptInMemory) -> None:
    kept.full = True
    assert book(kept).line(PLATE).zero_count == 10.0
    with pytest.raises(OSError, match="No space"):
        book(kept).keep(measured(2))


def test_a_sheet_the_disk_did_not_take_does_not_hold(kept: KeptInMemory) -> None:
    opened = book(kept)
    kept.full = True
    with pytest.raises(OSError, match="No space"):
        opened.keep(measured(2))
    assert opened.line(PLATE).version == 1
