"""What happened when in a run: printed as it happens, and kept as JSON lines that each carry the seed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import IO

from rich.console import Console


class Diary:
    """Takes down events; times are seconds since `start`, or since it was made. `path` is written anew."""

    def __init__(self, seed: int, console: Console, path: Path | None) -> None:
        self.entries: list[dict[str, object]] = []
        self._seed = seed
        self._console = console
        self._file: IO[str] | None = path.open("w", encoding="utf-8") if path else None
        self._began_s = time.monotonic()

    def start(self) -> None:
        """Let time begin now."""
        self._began_s = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began_s

    def note(self, event: str, said: str, **facts: object) -> None:
        """Take down an event: `said` for people, `facts` for programs."""
        entry = {"seed": self._seed, "at_s": round(self.elapsed_s, 2), "event": event, "said": said, **facts}
        self.entries.append(entry)
        self._console.print(
            f"seed {self._seed}  {entry['at_s']:7.2f} s  {event:8} {said}", highlight=False, markup=False
        )
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
