"""Change the agent's own file: a text comes in, is checked whole, becomes durable, and the agent starts again by it."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Protocol

from contract.errors import ConfigurationError
from contract.ids import NEW_DEVICE_STORE
from contract.toml_text import SettingError
from edge.agent_file import AgentFile
from edge.commanding.background import written
from edge.commanding.outcome import CommandRefused
from edge.commanding.secrets import is_hidden
from edge.ending import Ending
from edge.settings import AgentSettings, parse_settings
from edge.settings_change import changed_keys

LOOKS_TO_DRAIN = 400
"""A gateway acknowledges within a second; a look is a few hundredths of one as a rule, a quarter at most."""

MEANT = re.compile(r"did you mean (?P<key>[^?]+)\?")
FIELD = re.compile(r"^(?P<key>[\w.]+): ")

KEPT = {
    "data_dir": "the folder it has: its records and calibrations are there",
    "device": "the name it has: its records bear it; another device needs another data_dir",
}
"""What no command changes, and why."""


class Delivering(Protocol):
    """How the delivering side is (`edge.delivery.Delivery`)."""

    @property
    def connected(self) -> bool:
        """Whether the broker takes us."""
        ...

    @property
    def refused(self) -> bool:
        """Whether the broker takes no readings of us."""
        ...

    @property
    def drained(self) -> bool:
        """Whether the gateway has committed all there was a moment ago."""
        ...


class Change:
    """What all operations that change the file have in common."""

    def __init__(self, file: AgentFile, run: Delivering, ending: Ending) -> None:
        self.file = file
        self._run = run
        self._ending = ending

    def text(self) -> str:
        """Return the file as it is. Raises CommandRefused when it cannot be read."""
        try:
            return self.file.text()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandRefused("refused", f"{self.file.path}: cannot be read: {error}") from error

    def running(self) -> AgentSettings:
        """Return the settings the agent runs by."""
        return parse_settings(self.file.running_text())

    def make(self, text: str) -> Generator[None, None, list[str]]:
        """Put a text in the place of the file, and end this run; return the keys that changed.

        Raises CommandRefused, and then nothing has changed. A text that is there already changes nothing.
        """
        before, after = self.running(), checked(text)
        for key, expected in KEPT.items():
            if getattr(before, key) != getattr(after, key):
                raise _wrong_key(key, getattr(after, key), expected)
        if is_hidden(after.broker):
            raise _wrong_key(
                "broker", after.broker, "the password itself: the hidden one is for the broker and user before"
            )
        if text == self.text() == self.file.running_text():
            return []
        if self._ending.restart:
            raise CommandRefused("busy", "the agent restarts: ask again in a moment")
        leaves_store = before.store != after.store
        if leaves_store and before.store != NEW_DEVICE_STORE:
            yield from self._drain(before.store)
        broker = self._run.connected and (leaves_store or before.broker != after.broker)
        refused = f"{self.file.path}: the agent cannot write its file"
        yield from written(lambda: self.file.replace(text, broker=broker), refused)
        self._ending.again(leaves_store=leaves_store)
        return changed_keys(before, after)

    def _drain(self, store: str) -> Generator[None, None, None]:
        """What was recorded in one store must not reach another."""
        for _ in range(LOOKS_TO_DRAIN):
            if self._run.drained:
                return
            yield
        raise CommandRefused("refused", f"store: records of {store} wait here still; they would reach the new store")


def checked(text: str) -> AgentSettings:
    """Return the settings of a text. Raises CommandRefused with the line, the key and the key that was meant."""
    try:
        return parse_settings(text)
    except SettingError as error:
        said = str(error)
        field, meant = FIELD.match(said), MEANT.search(said)
        facts = {"field": field["key"] if field else "toml", "line": error.line}
        if meant:
            facts["meant"] = meant["key"]
        raise CommandRefused("wrong_argument", f"line {error.line}: {said}", **facts) from error
    except ConfigurationError as error:
        raise CommandRefused("wrong_argument", str(error), field="toml") from error


def _wrong_key(key: str, found: object, expected: str) -> CommandRefused:
    detail = f"{key}: found {found!r}, expected {expected}"
    return CommandRefused("wrong_argument", detail, field=key, found=str(found)[:200], expected=expected)
