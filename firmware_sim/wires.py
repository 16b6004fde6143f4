"""The wires of one simulated bay: the function an agent's `hardware` setting names, and its line to the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contract.clock import Clock
from contract.ids import PlateId, ZoneId
from firmware_sim.bay import SimulatedBay
from firmware_sim.bay_options import BayOptions, read_options
from firmware_sim.world_link import WorldLink


class LinkedBay(SimulatedBay):
    """A bay whose loads and tags come from the world, on a thread of their own, until `close`."""

    def __init__(
        self,
        *,
        device: str,
        plates: Sequence[PlateId],
        zones: Sequence[ZoneId],
        options: BayOptions,
        clock: Clock,
        wiring: Sequence[Mapping[str, object]] = (),
    ) -> None:
        super().__init__(device=device, plates=plates, zones=zones, options=options, clock=clock, wiring=wiring)
        hello = {"device": device, "plates": list(plates), "zones": list(zones)}
        self._link = WorldLink(options.socket, hello, on_picture=self.show, on_change=self.change)

    def close(self) -> None:
        """Let go of the world; the loads stay as they were."""
        self._link.close()


def open_bay(
    *,
    device: str,
    plates: Sequence[PlateId],
    zones: Sequence[ZoneId],
    options: Mapping[str, object],
    clock: Clock,
    wiring: Sequence[Mapping[str, object]] = (),
) -> LinkedBay:
    """Open the wires of a simulated bay; `options` are those of `BayOptions`, `wiring` says how chips hang on them.

    Raises ConfigurationError naming the option. Never waits for the world.
    """
    checked = read_options(options)
    return LinkedBay(device=device, plates=plates, zones=zones, options=checked, clock=clock, wiring=wiring)
