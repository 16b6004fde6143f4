"""Open the RFID readers of the agent's file; what speaks to a kind of them is loaded only when there is one."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol, cast

from contract.clock import Clock
from contract.errors import ConfigurationError
from edge.reader_settings import LlrpReaderSettings, ReaderSettings
from edge.sampling.tags import ZonedReader

PACKAGE_NAMES = {"llrpkit": "llrpkit", "serial": "pyserial"}
"""What must be installed, by the name it is imported by."""


class OpenReader(ZonedReader, Protocol):
    """A reader that was opened and must be closed."""

    def close(self) -> None:
        """Let go of it."""
        ...


def open_readers(readers: Sequence[ReaderSettings], clock: Clock) -> list[OpenReader]:
    """Return the readers, each connecting on a thread of its own. Never waits for them.

    Raises ConfigurationError when the package that speaks to one is missing.
    """
    modules = [_module_for(reader) for reader in readers]
    return [_open(module, reader, clock) for module, reader in zip(modules, readers, strict=True)]


def _module_for(reader: ReaderSettings) -> Any:  # noqa: ANN401 - a module
    llrp = isinstance(reader, LlrpReaderSettings)
    try:
        return importlib.import_module("edge.sampling.llrp" if llrp else "edge.sampling.serial_uhf")
    except ModuleNotFoundError as error:
        if error.name not in PACKAGE_NAMES:
            raise
        raise ConfigurationError(
            f"readers: need {PACKAGE_NAMES[error.name]}, which is not installed; "
            "pip install 'liveshelf[edge-rfid]' brings it"
        ) from error


def _open(module: Any, reader: ReaderSettings, clock: Clock) -> OpenReader:  # noqa: ANN401 - a module
    if isinstance(reader, LlrpReaderSettings):
        return cast("OpenReader", module.LlrpReader(reader.host, reader.port, reader.zones_by_antenna(), clock))
    return cast(
        "OpenReader",
        module.SerialUhfReader(
            reader.serial_port,
            reader.zone,
            clock,
            baud=reader.baud,
            power_dbm=reader.power_dbm,
            region=reader.region,
        ),
    )
