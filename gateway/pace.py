"""How much one load takes on: so much that it is done well before the lease of the store runs out (pure)."""

from __future__ import annotations

LOAD_S = 0.5
"""A load is meant to last so long (wall time): a sixth of a lease, and no answer waits longer for its turn."""

FIRST_MESSAGES = 16
"""The first load after a start counts shelves nobody has counted yet, which costs a hundred times what comes later."""


class Pace:
    """The number of messages of the next load, from how long the last ones took."""

    def __init__(self, messages_max: int) -> None:
        self._messages_max = messages_max
        self.messages = min(FIRST_MESSAGES, messages_max)

    def done(self, messages: int, took_s: float) -> None:
        """Take in that a load of so many messages took so long, whatever became of it."""
        if took_s > LOAD_S:
            self.messages = max(1, min(self.messages, int(messages * LOAD_S / took_s)))
        elif messages >= self.messages:
            self.messages = min(self._messages_max, 2 * self.messages)
