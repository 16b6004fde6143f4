"""Let an operation wait for the disk without the sampling waiting with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

from edge.commanding.outcome import CommandRefused


def written(write: Callable[[], None], refused: str) -> Generator[None, None, None]:
    """Do what may wait for a disk on a thread of its own. Raises CommandRefused when the disk does not take it:
    `refused` says what was not done, after it comes what the disk said.
    """
    failed: list[OSError] = []

    def work() -> None:
        try:
            write()
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="writing")
    thread.start()
    while thread.is_alive():
        yield
    thread.join()
    if failed:
        raise CommandRefused("refused", f"{refused}: {failed[0].strerror}; nothing has changed")
