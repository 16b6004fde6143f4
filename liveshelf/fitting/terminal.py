"""Talk to somebody at a terminal: sentences and questions go out, answers come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console

Update = Callable[[str], None]
"""Says something new of what is waited for."""


class Terminal(Protocol):
    """Somebody who reads and types."""

    def say(self, text: str = "", style: str = "") -> None:
        """Show a line."""
        ...

    def ask(self, question: str, default: str = "") -> str:
        """Ask something; an empty answer is the default. Raises KeyboardInterrupt or EOFError when nobody answers."""
        ...

    def waiting(self, text: str) -> AbstractContextManager[Update]:
        """Show that something is waited for while the context lasts."""
        ...


class RichTerminal:
    """A person at a terminal, or at the end of a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str = "", style: str = "") -> None:
        """Show a line."""
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def ask(self, question: str, default: str = "") -> str:
        """Ask something; an empty answer is the default."""
        self._console.print(f"{question} [{default}]: " if default else f"{question}: ", end="", markup=False)
        return input().strip() or default

    @contextmanager
    def waiting(self, text: str) -> Iterator[Update]:
        """Show that something is waited for while the context lasts."""
        self.say(text, "bold")
        with self._console.status("waiting …") as status:
            yield status.update
