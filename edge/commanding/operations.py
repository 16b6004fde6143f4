"""All operations of an agent, by the op that asks for them (docs/reference/commands.md)."""

from __future__ import annotations

from typing import Protocol

from contract.clock import Clock
from edge.calibrating.book import CalibrationBook
from edge.commanding.bay_view import BayView
from edge.commanding.calibrate import Calibrating, TellsPlates
from edge.commanding.change import Change, Delivering
from edge.commanding.configure import file_operations
from edge.commanding.diagnose import beside, looking_operations
from edge.commanding.light import light_operation
from edge.commanding.outcome import Arguments, Operation, Said
from edge.commanding.placing import placing_operations
from edge.commanding.unit_weights import LearningUnits
from edge.commanding.weigh import weigh_operation
from edge.identity import agent_version, board_serial
from edge.lighting.lights import Lights
from edge.settings import AgentSettings
from edge.supervision import Service


class Run(TellsPlates, Protocol):
    """This run of the agent."""

    @property
    def journal(self) -> str:
        """Its journal, empty until the outbox is open."""
        ...


def agent_operations(
    settings: AgentSettings, bay: BayView, run: Run, *, book: CalibrationBook, clock: Clock, lights: Lights
) -> dict[str, Operation]:
    """Return what this agent can be asked, `ping` aside."""
    return {
        "identify": _identify(settings, run, lights),
        "light": light_operation(lights),
        "weigh": weigh_operation(bay),
        **Calibrating(settings, bay, book, clock, run).operations(),
        **LearningUnits(bay, book).operations(),
    }


def service_operations(
    settings: AgentSettings, service: Service, run: Delivering, bay: BayView, book: CalibrationBook
) -> dict[str, Operation]:
    """Return what concerns the agent's own file and its restart, and how all that is going."""
    change = Change(service.file, run, service.ending)
    return {
        **file_operations(change, service.ending),
        **placing_operations(settings, change, book),
        **looking_operations(settings, bay, lambda: beside(run, service.file.refusal)),
    }


def _identify(settings: AgentSettings, run: Run, lights: Lights) -> Operation:
    def identify(_arguments: Arguments) -> Said:
        lights.identify()
        facts = {
            "device": settings.device,
            "store": settings.store,
            "board_serial": board_serial(),
            "agent_version": agent_version(),
            "journal": run.journal,
        }
        said = f"{settings.device}, board {facts['board_serial']}, agent {facts['agent_version']}"
        return Said(f"{said}, journal {run.journal}", facts)

    return identify
