"""A file that takes room so that it can be given back: a full disk blocks its own cure.

Measured: with SQLite's log on a full disk even DELETE fails; after removing half a megabyte it works.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class Ballast:
    """Half a megabyte kept beside the outbox for the day the disk is full."""

    SIZE_BYTES = 512 * 1024

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self) -> None:
        """Take the room, unless it is taken already or the disk has none to give."""
        if self._path.exists() and self._path.stat().st_size == self.SIZE_BYTES:
            return
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.SIZE_BYTES)
        except OSError:
            self.drop()

    def drop(self) -> None:
        """Give the room back."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
