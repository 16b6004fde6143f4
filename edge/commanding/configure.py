"""The operations on the agent's own file as a whole: read it, put another in its place, start again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from edge.commanding.arguments import text_of
from edge.commanding.change import Change
from edge.commanding.outcome import Arguments, Operation, Said, Steps
from edge.commanding.secrets import with_secret, without_secret
from edge.ending import Ending


def file_operations(change: Change, ending: Ending) -> dict[str, Operation]:
    """Return `settings`, `configure` and `restart`."""

    def settings(_arguments: Arguments) -> Said:
        """Give the file as it is, but for the password of the broker, and what became of the last change."""
        refused = refusal_of(change)
        said = f"settings of {change.file.path.name}"
        if refused is not None:
            said = f"the settings sent last were refused, those before hold: {refused['reason']}"
        return Said(said, {"toml": without_secret(change.text()), "refused": refused})

    def configure(arguments: Arguments) -> Steps:
        """Put another text in the place of the file. A password that was hidden is the one the agent has for the same
        broker and user.
        """
        text = with_secret(text_of(arguments, "toml"), change.running().broker)
        changed = yield from change.make(text)
        if not ending.restart:
            return Said("the agent runs by this text already", {"changed": []})
        return Said(f"{len(changed)} settings changed, the agent restarts", {"changed": changed})

    def restart(_arguments: Arguments) -> Said:
        """Start again by the file as it is."""
        ending.again()
        return Said("the agent restarts")

    return {"settings": settings, "configure": configure, "restart": restart}


def refusal_of(change: Change) -> dict[str, Any] | None:
    """Return why and when the agent went back to the settings before; None when it did not."""
    refusal = change.file.refusal
    if refusal is None:
        return None
    return {"reason": refusal.refused, "at": datetime.fromtimestamp(refusal.at_unix_s, tz=UTC).isoformat()}
