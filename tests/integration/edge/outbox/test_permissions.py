"""Files another user left behind, or that lost their mode: the agent mends or copies them, and is up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from contract.clock import ManualClock
from contract.records import WeightRecord
from edge.outbox.outbox import Outbox

NOBODY = 65534
NAME = "outbox.sqlite"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of an ordinary user, and we are that user: root may read everything."""
    with TemporaryDirectory() as made:
        if os.geteuid() == 0:
            os.chown(made, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield Path(made)
        finally:
            if os.getuid() == 0:
                os.seteuid(0)


def open_outbox(folder: Path) -> Outbox:
    return Outbox.open(folder / NAME, boot="boot", board_serial="serial", clock=ManualClock())


def weights(count: int) -> list[WeightRecord]:
    return [WeightRecord(mono_ms=number, plate="p1", kind="step", weight_g=float(number)) for number in range(count)]


def leave_an_outbox(folder: Path) -> str:
    """Leave an outbox with a log, as a kill does; return its journal."""
    outbox = open_outbox(folder)
    outbox.append(weights(50))
    log = (folder / f"{NAME}-wal").read_bytes()
    main = (folder / NAME).read_bytes()
    outbox._connection.close()
    (folder / NAME).write_bytes(main)
    (folder / f"{NAME}-wal").write_bytes(log)
    return outbox.journal


@pytest.mark.parametrize("mode", [0o000, 0o400, 0o200])
@pytest.mark.parametrize("name", [NAME, f"{NAME}-wal", f"{NAME}.ends", f"{NAME}.mark"])
def test_a_file_that_lost_its_mode_gets_it_back_and_nothing_is_lost(folder: Path, name: str, mode: int) -> None:
    journal = leave_an_outbox(folder)
    (folder / name).chmod(mode)
    outbox = open_outbox(folder)
    assert outbox.read(journal, 1, 100) == list(enumerate(weights(50), 1))
    assert outbox.append(weights(1)) == (1, 1)
    outbox.close()


@pytest.mark.parametrize("names", [(NAME,), (f"{NAME}-wal",), (NAME, f"{NAME}-wal", f"{NAME}.ends", f"{NAME}.mark")])
def test_files_of_root_that_may_be_read_are_copied_and_nothing_is_lost(folder: Path, names: tuple[str, ...]) -> None:
    journal = leave_an_outbox(folder)
    give_to_root(folder, names, 0o444)
    outbox = open_outbox(folder)
    assert outbox.read(journal, 1, 100) == list(enumerate(weights(50), 1))
    outbox.close()
    assert sorted(file.name for file in folder.glob("*.damaged-1")) == sorted(f"{name}.damaged-1" for name in names)


@pytest.mark.parametrize("name", [NAME, f"{NAME}-wal"])
def test_a_file_of_root_that_may_not_be_read_is_set_aside_and_told_as_a_loss(folder: Path, name: str) -> None:
    journal = leave_an_outbox(folder)
    give_to_root(folder, (name,), 0o600)
    outbox = open_outbox(folder)
    ((_, told),) = outbox.read(outbox.journal, 1, 10)
    assert getattr(told, "verdict", "") == "outbox_damaged"
    missing = {seq for gap in outbox.gaps(journal, 1, 50) for seq in range(gap.first, gap.last + 1)}
    assert missing | {seq for seq, _ in outbox.read(journal, 1, 100)} == set(range(1, 51))
    outbox.close()
    assert (folder / f"{name}.damaged-1").exists()


def give_to_root(folder: Path, names: tuple[str, ...], mode: int) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to have files of another user")
    os.seteuid(0)
    for name in names:
        os.chown(folder / name, 0, 0)
        (folder / name).chmod(mode)
    os.seteuid(NOBODY)
