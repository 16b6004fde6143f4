"""How far each journal is: what is committed, and on top of it what the open load has taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contract.ids import DeviceId, JournalId
from gateway.loading.load import Journal
from gateway.model import Readings


class Watermarks:
    """The gateway's view of `journal_watermark`, read device by device when first asked for.

    `read` returns the committed watermarks of all journals of a device.
    """

    def __init__(self, read: Callable[[DeviceId], Mapping[Journal, int]]) -> None:
        self._read = read
        self._devices: set[DeviceId] = set()
        self._committed: dict[Journal, int] = {}
        self._open: dict[Journal, int] = {}

    def of(self, device: DeviceId, journal: JournalId) -> int:
        """Return the last number that is committed or in the open load, 0 when there is none."""
        if device not in self._devices:
            self._committed.update(self._read(device))
            self._devices.add(device)
        key = (device, journal)
        return self._open[key] if key in self._open else self._committed.get(key, 0)

    def take(self, readings: Readings) -> None:
        """Note that the open load holds these readings."""
        self._open[readings.device, readings.journal] = readings.last

    def commit(self) -> None:
        """The open load is in the database."""
        self._committed.update(self._open)
        self._open.clear()

    def roll_back(self) -> None:
        """The open load came to nothing."""
        self._open.clear()

    def forget(self) -> None:
        """What we believed is in doubt: read everything again."""
        self._open.clear()
        self._committed.clear()
        self._devices.clear()
