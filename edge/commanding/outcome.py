"""What an operation is: the arguments of a command come in, what became of it goes out, at once or after a while."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.errors import LiveShelfError

Arguments = Mapping[str, Any]
"""What a command was given; nothing in it has been checked."""


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to a command that was done: one sentence for people, facts for programs (JSON values)."""

    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)


Steps = Generator[None, None, Said]
"""An operation that takes time: it is resumed at every look of the agent until it returns."""

Operation = Callable[[Arguments], Said | Steps]
"""Does what a command asks. Raises LiveShelfError when it cannot, CommandRefused when programs shall know why."""


class CommandRefused(LiveShelfError):
    """A command was not done. `code` says why to programs (docs/reference/commands.md), `facts` what they need."""

    def __init__(self, code: str, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.facts = {"code": code, **facts}


def wrong_argument(name: str, found: object, expected: str) -> CommandRefused:
    """Return the refusal of one argument."""
    detail = f"{name}: found {found!r}, expected {expected}"
    return CommandRefused("wrong_argument", detail, field=name, found=str(found)[:200], expected=expected)
