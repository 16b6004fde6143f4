"""Open the RFID readers of the agent's file; what speaks to them is loaded only when there are some."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from contract.clock import Clock
from contract.errors import ConfigurationError
from contract.ids import ZoneId
from edge.sampling.tags import ZonedReader


class ReaderAddress(Protocol):
    """What the settings say of a reader."""

    @property
    def host(self) -> str:
        """Its name or address."""
        ...

    @property
    def port(self) -> int:
        """Its LLRP port."""
        ...

    def zones_by_antenna(self) -> Mapping[int, ZoneId]:
        """Return the zone each antenna covers."""
        ...


class OpenReader(ZonedReader, Protocol):
    """A reader that was opened and must be closed."""

    def close(self) -> None:
        """Let go of it."""
        ...


def open_readers(readers: Sequence[ReaderAddress], clock: Clock) -> list[OpenReader]:
    """Return the readers, each connecting on a thread of its own. Never waits for them.

    Raises ConfigurationError when the package that speaks LLRP is missing.
    """
    if not readers:
        return []
    try:
        llrp = importlib.import_module("edge.sampling.llrp")
    except ModuleNotFoundError as error:
        if error.name != "llrpkit":
            raise
        raise ConfigurationError(
            "readers: need llrpkit, which is not installed; pip install 'liveshelf[edge-rfid]' brings it"
        ) from error
    return [cast("OpenReader", llrp.LlrpReader(it.host, it.port, it.zones_by_antenna(), clock)) for it in readers]
