"""The story of a run: start a store, let faults strike, heal everything, wait until all is delivered, judge."""

from __future__ import annotations

import contextlib
import heapq
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psycopg

from contract.errors import LiveShelfError
from liveshelf.chaos.diary import Diary
from liveshelf.chaos.evidence import doubled_events, read_ledgers, stored_gaps, stored_rows, undelivered
from liveshelf.chaos.faults import KINDS, Fault, Kind, draw_faults
from liveshelf.chaos.judge import Verdict, judge
from liveshelf.chaos.strikes import Missed, Strikes, Struck
from liveshelf.chaos.upkeep import Upkeep
from liveshelf.chaos.world import STORE, World, WorldOptions

TICK_S = 0.05
LOOK_S = 1.0
FIRST_S_MAX = 60.0
"""So long the first record of every device may take to arrive, before anything is done to anybody."""

DRAIN_S_MAX = 120.0
"""So long everything may take to be delivered once all is well: an agent's patience doubles up to 60 s."""

EXAMPLES_MAX = 20
"""So many sentences of each kind of wrong are told."""


class NothingArrives(LiveShelfError):
    """The store does not work even while nobody harms it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosOptions:
    """What to run: the seed, for how many wall seconds faults of which kinds strike, how many agents of which pace."""

    folder: Path
    seed: int
    for_s: float
    agents: int = 50
    every_s: float = 0.4
    kinds: Collection[Kind] = KINDS
    drain_s: float = DRAIN_S_MAX


@dataclass(slots=True)
class Outcome:
    """What came of a run. `struck` counts faults that took effect by kind, `ended` programs that ended by themselves;
    `drain_s` is how long delivery took afterwards, `undelivered` how many journals were not delivered even then.
    """

    struck: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    drain_s: float = 0.0
    undelivered: int = 0
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def faults(self) -> int:
        """How many faults took effect."""
        return self.struck.total()

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong."""
        return self.verdict.clean and not self.undelivered


class ChaosRun:
    """One run in its folder: `go`, once. What it started is stopped when the context ends, however it does."""

    def __init__(self, options: ChaosOptions, diary: Diary) -> None:
        self.world = World(
            WorldOptions(folder=options.folder, seed=options.seed, agents=options.agents, every_s=options.every_s)
        )
        self.outcome = Outcome()
        self._options = options
        self._diary = diary
        self._upkeep = Upkeep(self.world, diary)
        self._strikes = Strikes(self.world, self._upkeep.held, set(), set(), set())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.world.stop()

    def go(self) -> Outcome:
        """Run to the end and return what came of it. Raises LiveShelfError when the store does not even start."""
        self.start()
        self.suffer()
        self.drain()
        self.outcome.verdict = self.judge()
        self._tell()
        return self.outcome

    def start(self) -> None:
        """Start every part and wait until something of each device has arrived."""
        self._diary.note("starting", f"{self._options.agents} agents, faults for {self._options.for_s:g} s")
        self.world.start()
        for disk, reason in self.world.refused.items():
            self._diary.note("skipped", f"faults of {disk}: {reason}", target=disk)
        if not self._wait(self._everybody_arrived, FIRST_S_MAX):
            raise NothingArrives(f"not every device was heard of within {FIRST_S_MAX:.0f} s, before any fault")

    def suffer(self) -> None:
        """Let the faults of the seed strike, one after another and several at a time, and heal them all."""
        faults = draw_faults(
            self._options.seed,
            for_s=self._options.for_s,
            agents=self.world.agent_processes,
            kinds=self._options.kinds,
            without=self.world.refused,
        )
        self._diary.start()
        begun_s = time.monotonic()
        healing: list[tuple[float, int, Fault, Struck]] = []
        try:
            for elapsed_s in self._ticks(begun_s):
                while healing and healing[0][0] <= elapsed_s:
                    _, _, fault, struck = heapq.heappop(healing)
                    self._heal(fault, struck)
                while faults and faults[0].at_s <= elapsed_s:
                    fault = faults.pop(0)
                    struck_now = self._strike(fault)
                    if struck_now is not None:
                        # From now on, not from when it was due: a start of the database may have held us up.
                        healed_at_s = time.monotonic() - begun_s + fault.lasts_s
                        heapq.heappush(healing, (healed_at_s, fault.number, fault, struck_now))
        finally:
            for _, _, fault, struck in healing:
                self._heal(fault, struck)
            self.world.thaw()
        self.outcome.ended = self._upkeep.ended

    def drain(self) -> None:
        """Let the agents record nothing new, wait until all is delivered, and let agents and gateways end."""
        self.world.quiet()
        begun_s = time.monotonic()
        self._wait(lambda: not self._undelivered(), self._options.drain_s)
        self.outcome.drain_s = time.monotonic() - begun_s
        self.world.stop_agents()
        left = self._undelivered()
        self.outcome.undelivered = len(left)
        said = f"{len(left)} journals are not, first {left[0]}" if left else "everything is"
        self._diary.note("drained", f"{said} delivered after {self.outcome.drain_s:.1f} s")
        self.world.stop_gateways()

    def judge(self) -> Verdict:
        """Hold the database, as it is now, against the ledgers."""
        with self.world.ask() as connection:
            verdict = judge(
                read_ledgers(self.world.ledgers),
                stored_rows(connection, STORE),
                stored_gaps(connection),
                filled=self._strikes.filled,
                invented=self._strikes.invented,
            )
            verdict.duplicates.extend(doubled_events(connection, STORE))
        return verdict

    def _ticks(self, begun_s: float) -> Iterator[float]:
        """Yield the seconds since the beginning, often, until the time is over; look after the world in between."""
        while (elapsed_s := time.monotonic() - begun_s) < self._options.for_s:
            yield elapsed_s
            self._upkeep.tend()
            time.sleep(TICK_S)

    def _strike(self, fault: Fault) -> Struck | None:
        facts = {"number": fault.number, "kind": fault.kind, "target": fault.target}
        try:
            struck = self._strikes.strike(fault)
        except Missed as error:
            self._diary.note("missed", f"#{fault.number} {fault.kind} {fault.target}: {error}", **facts)
            return None
        self.outcome.struck[fault.kind] += 1
        lasts = f" for {fault.lasts_s:.1f} s" if fault.lasts_s else ""
        self._diary.note("fault", f"#{fault.number} {fault.kind} {struck.name}{lasts}", **facts, struck=struck.name)
        return struck

    def _heal(self, fault: Fault, struck: Struck) -> None:
        self._strikes.ailing.discard(struck.name)
        struck.heal()
        if fault.lasts_s:
            self._diary.note("healed", f"#{fault.number} {fault.kind} {struck.name}", number=fault.number)

    def _wait(self, done: Callable[[], bool], wait_s: float) -> bool:
        deadline_s = time.monotonic() + wait_s
        while not done():
            if time.monotonic() > deadline_s:
                return False
            self._upkeep.tend()
            time.sleep(LOOK_S)
        return True

    def _everybody_arrived(self) -> bool:
        ledgers = read_ledgers(self.world.ledgers)
        with self.world.ask() as connection:
            row = connection.execute("SELECT count(DISTINCT device) FROM journal_watermark").fetchone()
        return len({device for device, _ in ledgers}) == self._options.agents == (row[0] if row else 0)

    def _undelivered(self) -> Sequence[tuple[str, str]]:
        ledgers = read_ledgers(self.world.ledgers)
        with contextlib.suppress(psycopg.OperationalError, LiveShelfError), self.world.ask() as connection:
            return undelivered(connection, ledgers)
        return list(ledgers)

    def _tell(self) -> None:
        verdict, outcome = self.outcome.verdict, self.outcome
        for event in ("lost", "duplicates", "unexplained_gaps", "altered"):
            for said in getattr(verdict, event)[:EXAMPLES_MAX]:
                self._diary.note(event, said)
        said = (
            f"{outcome.faults} faults, {verdict.records} records: {len(verdict.lost)} lost, {len(verdict.duplicates)}"
            f" doubled, {len(verdict.unexplained_gaps)} gaps unexplained, {len(verdict.altered)} altered"
        )
        self._diary.note("verdict", said, struck=dict(outcome.struck), ended=dict(outcome.ended))
