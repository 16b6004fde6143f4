"""The delivering half of an agent on a steady diet: record N says N, so its number must be N whatever the disk does.

As a program (`python steady_agent.py FOLDER RECORDS`) it ends when all are durable or counted, and prints what it lost.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

from contract.clock import ShopClock
from contract.records import WeightRecord
from edge.delivery import Delivery
from edge.handover import Handover
from edge.settings import AgentSettings

HANDOVER_RECORDS = 300
EVERY_S = 0.002


class SteadyAgent:
    """Puts numbered records, two steps in five, on the way to an outbox in a folder. There is no broker."""

    def __init__(self, folder: Path) -> None:
        self.put = 0
        self.lost: Counter[str] = Counter()
        self.handover = Handover(records_max=HANDOVER_RECORDS, group_s=0.05)
        settings = AgentSettings(
            store="corner-shop",
            device="bay-1",
            hardware="nowhere:none",
            broker="mqtt://127.0.0.1:9",
            data_dir=str(folder),
        )
        self._delivery = Delivery(settings, ShopClock(), self.handover, lambda _payload, _answer: None)
        self._delivery.start()

    def feed(self, records: int) -> None:
        """Put so many records."""
        for _ in range(records):
            self.put += 1
            kind = "step" if self.put % 5 in {0, 1} else "heartbeat"
            self.handover.put([WeightRecord(mono_ms=self.put, plate="p", kind=kind, weight_g=1.0)])  # type: ignore[arg-type]
            time.sleep(EVERY_S)

    def feed_until_taken(self) -> None:
        """Put records until the disk takes them: nothing waits but the last few."""
        while self.handover.queued > 60:
            self.feed(1)

    def stop(self) -> None:
        """End as an agent does. Raises what ended the delivery before."""
        self._delivery.stop()
        self.lost.update(self.handover.take_losses())
        if self._delivery.failed:
            raise self._delivery.failed


def main() -> None:
    """Feed and stop, and say how many records were put and which gave way."""
    agent = SteadyAgent(Path(sys.argv[1]))
    agent.feed(int(sys.argv[2]))
    agent.feed_until_taken()
    agent.stop()
    print(json.dumps({"put": agent.put, **agent.lost}))


if __name__ == "__main__":
    main()
