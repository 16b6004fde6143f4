"""Say which line each plate weighs by: that of the agent's file, or a newer one that was measured here.

The version decides: what was measured holds over the file until somebody writes a higher `calibration_version` there.
What held last is the newest sheet of a plate, so a line that changed while the agent was away is noticed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from msgspec import structs

from contract.clock import Clock
from contract.errors import ConfigurationError
from contract.ids import PlateId
from edge.calibrating.sheet import Sheet
from edge.calibrating.sheet_log import SheetLog
from edge.settings import AgentSettings, PlateSettings
from edge.weighing.calibration import Calibration

logger = logging.getLogger(__name__)


class KeptSheets(Protocol):
    """Where sheets are kept (`edge.calibrating.sheet_log.SheetLog`)."""

    damage: str | None
    lost: int

    @property
    def sheets(self) -> Sequence[Sheet]:
        """Every sheet, oldest first."""
        ...

    def append(self, sheets: Sequence[Sheet]) -> None:
        """Keep sheets for good. Raises OSError, and then none of them is kept."""
        ...


class CalibrationBook:
    """The sheets of all plates of an agent. `keep` may be called by another thread than the rest, one at a time.

    `changed` names the plates that weigh by another line than in the run before, or may do so.
    """

    def __init__(self, log: KeptSheets, plates: Iterable[PlateSettings], at: datetime) -> None:
        self._log = log
        self._files = {PlateId(plate.plate): plate for plate in plates}
        self._sheets: dict[PlateId, list[Sheet]] = {plate: [] for plate in self._files}
        for sheet in log.sheets:
            self._sheets.setdefault(PlateId(sheet.plate), []).append(sheet)
        changed = self._take_file(at)
        self.changed: Collection[PlateId] = frozenset(self._files if log.lost else changed)

    @property
    def damage(self) -> str | None:
        """What is to be told of a damaged file, in one sentence."""
        return self._log.damage

    @property
    def lost(self) -> int:
        """How many sheets a damaged file has lost."""
        return self._log.lost

    def line(self, plate: PlateId) -> Calibration:
        """Return the line that holds."""
        return _line_of(self._files[plate], self._sheets[plate])

    def sheets(self, plate: PlateId) -> Sequence[Sheet]:
        """Return all sheets of a plate, the newest first."""
        return self._sheets[plate][::-1]

    def next_version(self, plate: PlateId) -> int:
        """Return the version a new line gets: 1 for a plate that was never heard of."""
        of_file = [self._files[plate].calibration_version] if plate in self._files else []
        known = (*of_file, *(sheet.version for sheet in self._sheets.get(plate, ())))
        return max(known, default=0) + 1

    def keep(self, sheet: Sheet) -> None:
        """Keep a sheet for good; its line holds from now on. Raises OSError, and then nothing has changed."""
        self._log.append([sheet])
        self._sheets[PlateId(sheet.plate)].append(sheet)

    def applied(self, settings: AgentSettings) -> AgentSettings:
        """Return the settings with the lines that hold."""
        plates = tuple(with_line(plate, self.line(PlateId(plate.plate))) for plate in settings.plates)
        return structs.replace(settings, plates=plates)

    def _take_file(self, at: datetime) -> list[PlateId]:
        """Note the lines of the file that hold and were not known yet; return the plates whose line has changed."""
        news = {plate: _file_sheet(self._files[plate], at) for plate in self._files if self._is_news(plate)}
        changed = [plate for plate in news if self._sheets[plate]]
        for plate, sheet in news.items():
            self._sheets[plate].append(sheet)
        if news:
            try:
                self._log.append(list(news.values()))
            except OSError as error:
                logger.warning("calibration not kept", extra={"event": "calibration_not_kept", "reason": str(error)})
        return changed

    def _is_news(self, plate: PlateId) -> bool:
        sheets, holds = self._sheets[plate], self.line(plate)
        if not sheets:
            return True
        last = sheets[-1]
        return (last.zero_count, last.counts_per_g) != (holds.zero_count, holds.counts_per_g)


def open_book(settings: AgentSettings, clock: Clock) -> CalibrationBook:
    """Open the sheets in the agent's data folder. Raises ConfigurationError when the folder does not allow it."""
    try:
        log = SheetLog(Path(settings.data_dir))
    except BlockingIOError as error:
        said = f"data_dir: {settings.data_dir}: in use, expected a file no other agent uses"
        raise ConfigurationError(said) from error
    except OSError as error:
        found = f"data_dir: {settings.data_dir}: {error.strerror}"
        raise ConfigurationError(f"{found}, expected a folder the agent may write") from error
    return CalibrationBook(log, settings.plates, clock.now())


def line_of(plate: PlateSettings) -> Calibration:
    """Return the line a file gives a plate."""
    return Calibration(zero_count=plate.zero_count, counts_per_g=plate.counts_per_g, version=plate.calibration_version)


def with_line(plate: PlateSettings, line: Calibration) -> PlateSettings:
    """Return a plate with another line."""
    return structs.replace(
        plate, zero_count=line.zero_count, counts_per_g=line.counts_per_g, calibration_version=line.version
    )


def _line_of(plate: PlateSettings, sheets: Sequence[Sheet]) -> Calibration:
    newest = max(sheets, key=lambda sheet: sheet.version, default=None)
    if newest is None or newest.version <= plate.calibration_version:
        return line_of(plate)
    return newest.calibration


def _file_sheet(plate: PlateSettings, at: datetime) -> Sheet:
    return Sheet(
        plate=plate.plate,
        version=plate.calibration_version,
        at=at,
        by="",
        reason="file",
        zero_count=plate.zero_count,
        counts_per_g=plate.counts_per_g,
        capacity_g=plate.capacity_g,
        passed=False,
        remarks=("not_checked",),
    )
