"""Ask the agent that runs on this device: a question comes in, what became of it goes out."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Protocol

from contract.codec import encode
from contract.errors import LiveShelfError
from contract.records import Command, CommandResult
from edge.commanding.local_socket import LocalClient


class Link(Protocol):
    """Somebody who does commands."""

    def tell(self, op: str, **args: Any) -> CommandResult:  # noqa: ANN401 - JSON values
        """Ask something and wait for the answer."""
        ...


class Refused(LiveShelfError):
    """The agent did not do what was asked; `code` says why (docs/reference/commands.md)."""

    def __init__(self, result: CommandResult) -> None:
        super().__init__(result.detail)
        self.code = str(result.facts.get("code", "refused"))
        self.facts = result.facts


class AgentGone(LiveShelfError):
    """The agent ended in the middle of a question."""


class AgentLink:
    """The agent of a data folder. Every question is a conversation of its own: one that was broken off harms none."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def tell(self, op: str, **args: Any) -> CommandResult:  # noqa: ANN401 - JSON values
        """Ask something and wait for the answer. Raises ConfigurationError where no agent runs, else AgentGone."""
        client = LocalClient(self._data_dir)
        try:
            return client.ask(encode(Command(id=uuid.uuid4().hex, op=op, args=args)))
        except OSError as error:
            raise AgentGone("the agent ended in between; nothing was changed that it did not confirm") from error
        finally:
            client.close()


def facts_of(link: Link, op: str, **args: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """Ask something and return the facts of the answer. Raises Refused."""
    result = link.tell(op, **args)
    if not result.ok:
        raise Refused(result)
    return result.facts
