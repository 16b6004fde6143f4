"""Between those who ask and the thread that samples: commands come in from any thread, that one does them.

An operation that takes time is resumed at every look of the agent, so sampling never waits for one. QoS 1 may bring a
command twice: what was done is answered again, and not done again.
"""

from __future__ import annotations

import logging
import queue
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from contract.codec import decode
from contract.errors import LiveShelfError, PayloadError
from contract.records import Command, CommandResult
from edge.commanding.outcome import CommandRefused, Operation, Said, Steps

RUNNING_MAX = 16
"""More people than that do not fit one shelf at a time; a device that is flooded says that it is busy."""

WAITING_MAX = 64
"""So many commands wait for the next look at most."""

ANSWERS_KEPT = 64
"""So many results are remembered, should their commands come again."""

PATIENCE_MS = 60_000
"""Shop milliseconds after which an operation is given up: none takes longer than a scale needs to settle."""

Answer = Callable[[CommandResult], None]
"""Takes a result; called by the sampling thread, or at once by the asking one. Must not wait."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Running:
    """A command that is being done, and all who wait for its answer."""

    command: Command
    answers: list[Answer]
    since_ms: int
    steps: Steps | None = field(default=None)


class Desk:
    """The operations a device knows. `ask` is for any thread, `work` for the one that samples."""

    def __init__(self, operations: Mapping[str, Operation] | None = None) -> None:
        self._operations: dict[str, Operation] = {"ping": lambda _arguments: Said("pong"), **(operations or {})}
        self._waiting: queue.Queue[tuple[Command, Answer]] = queue.Queue(WAITING_MAX)
        self._running: list[_Running] = []
        self._answered: OrderedDict[str, CommandResult] = OrderedDict()

    def learn(self, operations: Mapping[str, Operation]) -> None:
        """Know these operations too. Called before `work` for the first time, or by the same thread."""
        self._operations.update(operations)

    def ask(self, payload: bytes, answer: Answer) -> None:
        """Take a command as it came; `answer` gets its result. Never waits. What cannot be read is answered at once."""
        try:
            command = decode(payload, Command)
        except PayloadError as error:
            detail = f"command not readable: {error}"
            answer(CommandResult(id="", ok=False, detail=detail, facts={"code": "unreadable"}))
            return
        try:
            self._waiting.put_nowait((command, answer))
        except queue.Full:
            answer(_busy(command))

    def work(self, mono_ms: int) -> None:
        """Begin what was asked since the last look, and go on with what takes time."""
        while not self._waiting.empty():
            command, answer = self._waiting.get_nowait()
            self._begin(command, answer, mono_ms)
        for running in tuple(self._running):
            self._go_on(running, mono_ms)

    def _begin(self, command: Command, answer: Answer, mono_ms: int) -> None:
        if command.id and command.id in self._answered:
            answer(self._answered[command.id])
            return
        for running in self._running:
            if command.id and running.command.id == command.id:
                running.answers.append(answer)
                return
        if len(self._running) >= RUNNING_MAX:
            answer(_busy(command))
            return
        running = _Running(command, [answer], mono_ms)
        self._running.append(running)
        operation = self._operations.get(command.op)
        if operation is None:
            self._end(running, _unknown(command, self._operations))
            return
        try:
            said = operation(command.args)
        except Exception as error:  # noqa: BLE001 - whatever is asked, the shelf goes on weighing
            self._end(running, _refused(command, error))
            return
        if isinstance(said, Said):
            self._end(running, _done(command, said))
        else:
            running.steps = said

    def _go_on(self, running: _Running, mono_ms: int) -> None:
        if running.steps is None:
            return
        try:
            next(running.steps)
        except StopIteration as ended:
            self._end(running, _done(running.command, ended.value))
        except Exception as error:  # noqa: BLE001 - whatever is asked, the shelf goes on weighing
            self._end(running, _refused(running.command, error))
        else:
            if mono_ms - running.since_ms > PATIENCE_MS:
                running.steps.close()
                late = CommandRefused("not_resting", f"{running.command.op}: nothing came to rest within a minute")
                self._end(running, _refused(running.command, late))

    def _end(self, running: _Running, result: CommandResult) -> None:
        self._running.remove(running)
        if result.id:
            self._answered[result.id] = result
            while len(self._answered) > ANSWERS_KEPT:
                self._answered.popitem(last=False)
        logger.debug(
            "command done", extra={"event": "command_done", "op": running.command.op, "ok": result.ok, "id": result.id}
        )
        for answer in running.answers:
            answer(result)


def _done(command: Command, said: Said) -> CommandResult:
    return CommandResult(id=command.id, ok=True, detail=said.detail, facts=dict(said.facts))


def _refused(command: Command, error: Exception) -> CommandResult:
    if not isinstance(error, LiveShelfError):
        return _failed(command, error)
    facts = error.facts if isinstance(error, CommandRefused) else {"code": "refused"}
    return CommandResult(id=command.id, ok=False, detail=str(error), facts=dict(facts))


def _failed(command: Command, error: Exception) -> CommandResult:
    """Answer for an operation that broke, which is a bug of ours: told whole in the log."""
    logger.error(
        "command failed", exc_info=error, extra={"event": "command_failed", "op": command.op, "id": command.id}
    )
    detail = f"{command.op} failed inside the agent ({type(error).__name__}), its log has the whole of it"
    return CommandResult(id=command.id, ok=False, detail=detail, facts={"code": "failed"})


def _unknown(command: Command, known: Mapping[str, Operation]) -> CommandResult:
    detail = f"unknown op {command.op!r}, expected one of {', '.join(sorted(known))}"
    return CommandResult(id=command.id, ok=False, detail=detail, facts={"code": "unknown_op"})


def _busy(command: Command) -> CommandResult:
    return CommandResult(id=command.id, ok=False, detail="busy: ask again in a moment", facts={"code": "busy"})
