"""A small disk of one's own that can be made full: a tmpfs, which only root may mount."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from contract.errors import LiveShelfError

FILLER = "filler"
UNMOUNT_S_MAX = 10.0
POLL_S = 0.1


class NoDisk(LiveShelfError):
    """A small disk cannot be made here."""


class SmallDisk:
    """A tmpfs of so many bytes over a folder. `fill` takes what room there is, `empty` gives it back."""

    def __init__(self, folder: Path, *, size_bytes: int) -> None:
        self.folder = folder
        self._size_bytes = size_bytes
        self._filling = False

    def mount(self) -> None:
        """Mount it. Raises NoDisk in one sentence where that is not allowed."""
        if os.geteuid() != 0:
            raise NoDisk("only root may mount a small disk")
        self.folder.mkdir(parents=True)
        options = f"size={self._size_bytes},mode=0755"
        command = ["mount", "-t", "tmpfs", "-o", options, "liveshelf-chaos", str(self.folder)]
        if not shutil.which("mount"):
            raise NoDisk("there is no `mount` on this machine")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoDisk(f"a small disk cannot be mounted: {done.stderr.strip() or 'no reason given'}")

    def unmount(self) -> None:
        """Unmount it as soon as nobody uses it any more; at the latest when the last one lets go."""
        deadline_s = time.monotonic() + UNMOUNT_S_MAX
        while self.folder.is_mount():
            lazily = ["--lazy"] if time.monotonic() > deadline_s else []
            subprocess.run(["umount", *lazily, str(self.folder)], capture_output=True, check=False)
            if self.folder.is_mount():
                time.sleep(POLL_S)

    def fill(self) -> None:
        """Take all room there is."""
        self._filling = True
        self.tend()

    def tend(self) -> None:
        """While it is full: take the room that was given back meanwhile."""
        if not self._filling:
            return
        free = os.statvfs(self.folder)
        room_bytes = free.f_bavail * free.f_frsize
        if room_bytes:
            with contextlib.suppress(OSError), (self.folder / FILLER).open("ab") as filler:
                os.posix_fallocate(filler.fileno(), os.fstat(filler.fileno()).st_size, room_bytes)

    def empty(self) -> None:
        """Give the room back."""
        self._filling = False
        (self.folder / FILLER).unlink(missing_ok=True)
