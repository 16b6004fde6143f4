"""Sheets on a real disk: they survive power cuts, rot and a full disk, and a loss is told."""

from __future__ import annotations

import logging
import random
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.calibrating.sheet import Sheet, SheetCheck, SheetPoint
from edge.calibrating.sheet_log import COPY_NAME, FILES_ASIDE_MAX, LOG_NAME, SheetLog

SEED = 20_261


def sheet(version: int, plate: str = "l1") -> Sheet:
    return Sheet(
        plate=plate,
        version=version,
        at=datetime(2026, 1, 1, 12, version % 60, tzinfo=UTC),
        by="Ada Lovelace",
        reason="new",
        zero_count=31_160.75 + version,
        counts_per_g=216.832937,
        capacity_g=10_000.0,
        points=(SheetPoint(0.0, 31_160.75), SheetPoint(2_000.0, 464_826.62)),
        check=SheetCheck(1_000.0, 999.8, -0.2, 10.2),
        noise_g=0.13,
        uncertainty_share=3.5e-5,
        remarks=("negative_gain",),
    )


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    log = SheetLog(tmp_path / "data")
    for version in range(1, 8):
        log.append([sheet(version), sheet(version, "l2")])
    return tmp_path / "data"


def versions(data_dir: Path) -> list[int]:
    return [one.version for one in SheetLog(data_dir).sheets if one.plate == "l1"]


def test_sheets_come_back_exactly_as_they_were_in_the_order_they_came(filled: Path) -> None:
    log = SheetLog(filled)
    assert log.sheets == [one for version in range(1, 8) for one in (sheet(version), sheet(version, "l2"))]
    assert (log.damage, log.lost) == (None, 0)


def test_a_line_the_power_cut_tore_is_forgotten_wherever_it_tore(filled: Path) -> None:
    whole = (filled / LOG_NAME).read_bytes()
    last_line = whole.rstrip(b"\n").rfind(b"\n") + 1
    for torn in range(last_line, len(whole), 37):
        (filled / LOG_NAME).write_bytes(whole[:torn])
        (filled / COPY_NAME).write_bytes(whole[:last_line])
        log = SheetLog(filled)
        assert log.damage is None
        assert log.sheets[-1] == sheet(7)
        log.append([sheet(8)])
        assert versions(filled)[-1] == 8


def test_a_sheet_that_reached_only_one_of_the_files_is_in_both_after_the_next_start(filled: Path) -> None:
    whole = (filled / LOG_NAME).read_bytes()
    (filled / COPY_NAME).write_bytes(whole[: whole.rstrip(b"\n").rfind(b"\n") + 1])
    SheetLog(filled)
    assert (filled / COPY_NAME).read_bytes() == whole


def test_rot_anywhere_in_either_file_loses_nothing_and_is_told_and_kept_aside(
    filled: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole, draw = (filled / LOG_NAME).read_bytes(), random.Random(SEED)
    for number in range(60):
        name = draw.choice([LOG_NAME, COPY_NAME])
        rotten = bytearray(whole)
        at = draw.randrange(len(whole) - 1)
        rotten[at] ^= 1 << draw.randrange(8)
        (filled / name).write_bytes(bytes(rotten))
        log = SheetLog(filled)
        assert len(log.sheets) == 14, f"seed {SEED}, number {number}, byte {at} of {name}"
        assert log.damage is not None
        assert log.lost == 0
        assert (filled / name).read_bytes() == whole
        assert bytes(rotten) in [file.read_bytes() for file in filled.glob(f"{name}.damaged-*")]
    for name in (LOG_NAME, COPY_NAME):
        assert len(list(filled.glob(f"{name}.damaged-*"))) <= FILES_ASIDE_MAX
    alarms = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(alarms) == 60


def test_a_file_that_is_gone_comes_back_from_its_copy(filled: Path) -> None:
    (filled / LOG_NAME).unlink()
    assert versions(filled) == list(range(1, 8))
    assert (filled / LOG_NAME).read_bytes() == (filled / COPY_NAME).read_bytes()


@pytest.mark.parametrize("version", [3, 7])
def test_what_both_files_have_lost_is_told_once_and_forgotten_never(filled: Path, version: int) -> None:
    for name in (LOG_NAME, COPY_NAME):
        content = (filled / name).read_bytes()
        at = content.rindex(b'"version":%d' % version)  # that of the plate that came last
        (filled / name).write_bytes(content[:at] + b"X" + content[at + 1 :])
    log = SheetLog(filled)
    assert log.lost == 1
    assert log.damage == "calibration.jsonl, calibration-copy.jsonl: damaged, 13 sheets saved, 1 lost"
    again = SheetLog(filled)
    assert (again.lost, again.damage, again.sheets) == (0, None, log.sheets)
    again.append([sheet(8)])
    assert versions(filled) == list(range(1, 9))
    assert [one.version for one in SheetLog(filled).sheets if one.plate == "l2"] == [
        one for one in range(1, 8) if one != version
    ]


@pytest.mark.parametrize("garbage", [b"\x00" * 4096, b"\xff\n" * 500, b"{}\n", b"\n\n\n"])
def test_garbage_in_both_files_costs_the_sheets_and_not_the_agent(tmp_path: Path, garbage: bytes) -> None:
    for name in (LOG_NAME, COPY_NAME):
        (tmp_path / name).write_bytes(garbage)
    log = SheetLog(tmp_path)
    assert log.sheets == []
    assert log.lost == garbage.count(b"\n")
    log.append([sheet(1)])
    assert versions(tmp_path) == [1]


@pytest.mark.parametrize("room", [0, 1, 200])
def test_a_disk_without_room_takes_nothing_and_the_next_try_is_whole(filled: Path, room: int) -> None:
    log, before = SheetLog(filled), (filled / LOG_NAME).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, limits[1]))
    try:
        with pytest.raises(OSError, match=r"large|space"):
            log.append([sheet(8)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (filled / LOG_NAME).read_bytes() == before
    assert versions(filled)[-1] == 7
    log.append([sheet(8)])
    assert versions(filled)[-1] == 8


def test_a_full_disk_that_needs_mending_keeps_no_agent_from_starting(filled: Path) -> None:
    content = (filled / LOG_NAME).read_bytes()
    (filled / LOG_NAME).write_bytes(b"X" + content[1:])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        log = SheetLog(filled)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(log.sheets) == 14
    assert log.damage is not None
    assert versions(filled) == list(range(1, 8))  # the next start mends it


def test_two_agents_cannot_keep_sheets_in_one_folder(filled: Path) -> None:
    log = SheetLog(filled)
    probe = (
        f"from pathlib import Path; from edge.calibrating.sheet_log import SheetLog; SheetLog(Path({str(filled)!r}))"
    )
    other = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=False)
    assert "BlockingIOError" in other.stderr
    assert log.damage is None


def test_an_interrupted_mending_is_done_again(filled: Path) -> None:
    (filled / (LOG_NAME + ".new")).write_bytes(b"half of")
    content = (filled / LOG_NAME).read_bytes()
    (filled / LOG_NAME).write_bytes(b"X" + content[1:])
    assert versions(filled) == list(range(1, 8))
    assert (filled / LOG_NAME).read_bytes() == content


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        SheetLog(tmp_path / "file" / "data")
