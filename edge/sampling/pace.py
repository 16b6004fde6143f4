"""How patient an agent is with an RFID reader that does not answer, and how often it tries again."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Times in wall seconds.

    A connection that died without a word is noticed after `quiet_s` + `answer_s`: well within the 14 s after which the
    best-read tag would be taken for gone (`edge.tagging`).
    """

    quiet_s: float = 2.0
    answer_s: float = 3.0
    connect_s: float = 5.0
    wake_s: float = 0.25
    retry_min_s: float = 0.5
    retry_max_s: float = 30.0

    def next_pause_s(self, pause_s: float, *, worked: bool) -> float:
        """Return how long to wait before the next try: the least after a connection that worked, else about twice as
        long as before. Agents that lost their power together do not call together.
        """
        longer_s = min(2.0 * pause_s, self.retry_max_s)
        return (self.retry_min_s if worked else max(longer_s, self.retry_min_s)) * random.uniform(0.75, 1.25)
