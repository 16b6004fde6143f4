"""What an agent does to its outbox for weeks, in short: several runs, batches large and small, watermarks, records set
aside, losses, ageing. Every record follows from its run and number, so whoever finds one knows whether it is right.

As a program (`python workload.py PATH SEED`) it prints each promise the moment the outbox has made it.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

from contract.clock import ManualClock
from contract.records import HealthRecord, Record, TagRecord, WeightRecord
from edge.outbox.gaps import Loss
from edge.outbox.outbox import Outbox

RESERVE_AGE_S = 3600.0
RUNS = 4
BATCHES = 40


def record_of(run: int, seq: int) -> Record:
    """Return the only right record of a number; `run` 1 has its records at numbers that others use too."""
    match (7 * run + seq) % 10:
        case 0:
            return TagRecord(
                mono_ms=seq, zone=f"z{run}", epc=f"30{seq:010X}", kind="arrived", rssi_dbm=-61.5, reads=run
            )
        case 1:
            return HealthRecord(mono_ms=seq, subject=f"plate:p{run}", verdict="ok", rejected={"spike": seq})
        case 2 | 3 | 4:
            return WeightRecord(mono_ms=seq, plate=f"p{run}", kind="step", weight_g=float(seq), before_g=1.5)
        case _:
            return WeightRecord(mono_ms=seq, plate=f"p{run}", kind="heartbeat", weight_g=float(seq), noise_g=0.25)


def open_outbox(path: Path, clock: ManualClock) -> Outbox:
    """Open an outbox that forgets what is committed within the hour."""
    return Outbox.open(path, boot="boot", board_serial="serial", clock=clock, reserve_age_s=RESERVE_AGE_S)


def run_agent(path: Path, run: int, rng: random.Random, promise: Callable[[str], None], *, clean: bool) -> None:
    """One run of an agent; without a clean end its connection is dropped as a kill would."""
    clock = ManualClock()
    outbox = open_outbox(path, clock)
    promise(f"run {run} {outbox.journal}")
    next_seq = 1
    for _ in range(BATCHES):
        clock.advance(rng.choice((1.0, 60.0, 700.0)))
        count = rng.choice((1, 1, 2, 6, 24, 150))
        batch: list[Record | Loss] = [record_of(run, seq) for seq in range(next_seq, next_seq + count)]
        if rng.random() < 0.1:
            batch[0] = Loss(1, "thinned")
        _, last = outbox.append(batch)
        promise(f"durable {outbox.journal} {last}")
        if rng.random() < 0.1:
            outbox.set_aside(outbox.journal, last)
            promise(f"aside {outbox.journal} {last}")
        if rng.random() < 0.3:
            outbox.committed("epoch", {outbox.journal: rng.randint(next_seq - 1, last)})
        next_seq = last + 1
    if clean:
        outbox.close()
    else:
        outbox._connection.close()


def main() -> None:
    """Do it all, and print the promises."""
    path, rng = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
    for run in range(RUNS):
        run_agent(path, run, rng, lambda line: print(line, flush=True), clean=rng.random() < 0.5)


if __name__ == "__main__":
    main()
