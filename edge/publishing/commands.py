"""Answer commands: what a device is asked to do comes in, what became of it goes out, always with a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contract.codec import decode
from contract.errors import LiveShelfError, PayloadError
from contract.records import Birth, Command, CommandResult

CommandHandler = Callable[[Command], str]
"""Does what a command asks and returns one sentence about it. Raises LiveShelfError with the reason when it cannot."""


class Commands:
    """The operations a device knows: `ping`, `identify`, and those its agent adds."""

    def __init__(self, birth: Birth, handlers: Mapping[str, CommandHandler]) -> None:
        self._handlers: dict[str, CommandHandler] = {
            "ping": lambda _command: "pong",
            "identify": lambda _command: (
                f"{birth.device}, board {birth.board_serial}, agent {birth.agent_version}, journal {birth.journal}"
            ),
            **handlers,
        }

    def answer(self, payload: bytes) -> CommandResult:
        """Return what became of a command. One that cannot be read is answered with an empty id."""
        try:
            command = decode(payload, Command)
        except PayloadError as error:
            return CommandResult(id="", ok=False, detail=f"command not readable: {error}")
        handler = self._handlers.get(command.op)
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            return CommandResult(id=command.id, ok=False, detail=f"unknown op {command.op!r}, expected one of {known}")
        try:
            return CommandResult(id=command.id, ok=True, detail=handler(command))
        except LiveShelfError as error:
            return CommandResult(id=command.id, ok=False, detail=str(error))
