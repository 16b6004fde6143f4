"""A small disk can be made full and has room again; who is not root is told why not."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from liveshelf.chaos.disk import NoDisk, SmallDisk

SIZE_BYTES = 1024 * 1024
ROOM = b"x" * 65_536


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(tmp_path / "disk", size_bytes=SIZE_BYTES)
    try:
        made.mount()
    except NoDisk as error:
        pytest.skip(str(error))
    yield made
    made.unmount()


def test_a_full_disk_takes_nothing_until_it_is_emptied(disk: SmallDisk) -> None:
    disk.fill()
    with pytest.raises(OSError, match="No space") as refused:
        (disk.folder / "file").write_bytes(ROOM)
    assert refused.value.errno == errno.ENOSPC
    disk.empty()
    (disk.folder / "file").write_bytes(ROOM)


def test_room_that_is_given_back_is_taken_again_while_the_disk_is_to_be_full(disk: SmallDisk) -> None:
    (disk.folder / "ballast").write_bytes(ROOM)
    disk.fill()
    (disk.folder / "ballast").unlink()
    disk.tend()
    with pytest.raises(OSError, match="No space"):
        (disk.folder / "file").write_bytes(ROOM)
    disk.empty()
    disk.tend()
    (disk.folder / "file").write_bytes(ROOM)


def test_an_unmounted_disk_is_gone_even_while_somebody_uses_it(
    disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveshelf.chaos.disk.UNMOUNT_S_MAX", 0.2)
    with (disk.folder / "open").open("w"):
        disk.unmount()
        assert not disk.folder.is_mount()


def test_who_is_not_root_is_told_that_only_root_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoDisk, match="only root may mount"):
        SmallDisk(tmp_path / "disk", size_bytes=SIZE_BYTES).mount()
