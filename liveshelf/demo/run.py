"""A running store, told to a person or summed up: what just happened, one curl to try, the closing figures."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import LiteralString, Self

import psycopg
from psycopg.rows import TupleRow
from rich.console import Console
from rich.markup import escape

from contract.errors import LiveShelfError
from database.connection import connect
from liveshelf.demo.probe import AvailabilityProbe, latencies_ms, percentile
from liveshelf.demo.store import DemoStore
from liveshelf.demo.summary import (
    Summary,
    behind,
    count_duplicates,
    count_lost,
    count_rows,
    counted_history,
    settled_events,
)
from liveshelf.demo.supervisor import Turn
from liveshelf.demo.truth import exactness, read_truth

LOOK_EVERY_S = 0.5

UNREADABLE = (LiveShelfError, psycopg.Error, sqlite3.Error, OSError)
"""What reading a store raises whose database is down or whose disk is full."""

# What a watcher is told: shelf events, tasks and orders as they come and go, in words.
HAPPENED: LiteralString = """
SELECT at, words FROM (
    SELECT e.time AS at,
           format('%%s %%s × %%s at %%s', replace(e.kind, '_', ' '), e.quantity, p.name, e.position) AS words
    FROM shelf_event e JOIN product p USING (sku)
    UNION ALL SELECT opened_at, format('task: %%s %%s: %%s', t.kind, t.position, t.reason) FROM task t
    UNION ALL SELECT closed_at, format('task done: %%s %%s, seen by the scale', t.kind, t.position) FROM task t
        WHERE state = 'verified'
    UNION ALL SELECT opened_at, format('order: %%s × %%s: %%s', o.units, p.name, o.reason)
        FROM replenishment_order o JOIN product p USING (sku)
    UNION ALL SELECT received_at, format('delivery: %%s × %%s', o.received_units, p.name)
        FROM replenishment_order o JOIN product p USING (sku) WHERE received_at IS NOT NULL
) happened
WHERE at > %(after)s ORDER BY at
"""


@dataclass
class RunningProbe:
    """The availability probe and the shop time it began to look at."""

    probe: AvailabilityProbe
    since: datetime


def start_probe(store: DemoStore) -> RunningProbe:
    """Begin to measure how quickly answers follow the shelves."""
    with connect(store.database_url) as connection:
        rows = connection.execute("SELECT sku FROM stock WHERE store = %s ORDER BY sku", [store.scenario.store])
        skus = [sku for (sku,) in rows]
    probe = AvailabilityProbe(store.api_url, store.key, store.scenario.store, skus)
    probe.start()
    return RunningProbe(probe, store.clock.now())


def follow(store: DemoStore, console: Console | None, *, for_s: float | None) -> None:
    """Wait until the time is over or a program is down for good; tell what happens on the way.

    The database may be away for a while as well: what happened meanwhile is told when it is back.
    """
    deadline = None if for_s is None else time.monotonic() + for_s
    after = store.clock.now()
    with Happenings(store.database_url) as happenings:
        while deadline is None or time.monotonic() < deadline:
            left_s = LOOK_EVERY_S if deadline is None else deadline - time.monotonic()
            time.sleep(max(0.0, min(LOOK_EVERY_S, left_s)))
            if store.gone():
                return
            if console is None:
                continue
            for turn in store.supervisor.turns():
                console.print(f"[bold]{in_words(turn)}[/bold]", highlight=False, soft_wrap=True)
            for at, words in happenings.since(after):
                console.print(f"[dim]{at:%H:%M:%S}[/dim]  {escape(words)}", highlight=False, soft_wrap=True)
                after = max(after, at)


def in_words(turn: Turn) -> str:
    """Say what became of a program that ended."""
    if turn.kind == "ended":
        return f"{turn.program} {turn.how}; it is started again in {turn.wait_s:.1f} s"
    if turn.kind == "restarted":
        return f"{turn.program} runs again, {turn.wait_s:.1f} s later"
    return f"{turn.program} {turn.how}, again and again; it is not started any more"


class Happenings:
    """What happened in the store, read over a connection that is made anew whenever it breaks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[TupleRow] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def since(self, after: datetime) -> list[tuple[datetime, str]]:
        """Return what happened after a shop time, oldest first; nothing while the database is away."""
        try:
            if self._connection is None:
                self._connection = connect(self._url, autocommit=True)
            return [(at, words) for at, words in self._connection.execute(HAPPENED, {"after": after})]
        except psycopg.OperationalError:
            self._close()
            return []

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def finish(store: DemoStore, running: RunningProbe, console: Console, *, as_json: bool) -> int:
    """Drain and sum up. Return the exit code: 1 when anything was lost, duplicated, down or cannot be summed up.

    Also with a program gone the others are drained: what the devices hold can be read only once they have stopped.
    """
    ended = store.clock.now()
    down = store.gone()
    try:
        with console.status("letting the last records arrive …"):
            down += store.drain(behind)
        summary = _sum_up(store, running, ended)
    except UNREADABLE as error:
        _tell_down(store, down, console)
        console.print(f"this run cannot be summed up: {str(error).splitlines()[0]}", soft_wrap=True, markup=False)
        return 1
    finally:
        running.probe.stop()
    _tell_down(store, down, console)
    if as_json:
        print(summary.to_json(), file=sys.stdout, flush=True)
    else:
        console.print_json(summary.to_json())
    return 1 if summary.lost or summary.duplicates or down else 0


def _tell_down(store: DemoStore, down: Sequence[str], console: Console) -> None:
    if down:
        console.print(store.obituary(down), soft_wrap=True, highlight=False, markup=False)


def _sum_up(store: DemoStore, running: RunningProbe, ended: datetime) -> Summary:
    name = store.scenario.store
    with connect(store.database_url) as connection:
        settled = settled_events(connection, name, since=running.since, rate=store.clock.rate)
        latencies = latencies_ms(settled, running.probe.seen)
        seen = exactness(
            read_truth(store.truth),
            counted_history(connection, name),
            first_s=running.since.timestamp(),
            last_s=ended.timestamp(),
        )
        return Summary(
            **count_rows(connection),
            settled_to_answer_p50_ms=_rounded(percentile(latencies, 0.5)),
            settled_to_answer_p99_ms=_rounded(percentile(latencies, 0.99)),
            lost=count_lost(connection, store.durable()),
            duplicates=count_duplicates(connection),
            quantity_exact_share=_rounded(seen.share, 4),
            restarts=store.supervisor.restarts,
        )


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
