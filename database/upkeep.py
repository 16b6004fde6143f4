"""What keeps history usable for years: partitions for its days, rollups up to date, and an end to what is old.

Everything goes by shop time, in steps that are short, so that a load waits for none of them. TimescaleDB's full edition
has jobs of its own; where shop time is wall time they do the work and are watched, elsewhere the same is done by hand.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from psycopg import Connection
from psycopg.rows import TupleRow, scalar_row

from database.editions import (
    CONTINUOUS_AGGREGATE,
    DROP_MINUTES,
    DROP_PAST_MINUTES,
    TABLE,
    Job,
    Rollup,
    jobs,
    policies_match,
    refresh,
    rollups,
)

READINGS_DAYS = 30
MINUTES_DAYS = 365

SENSED = ("reading", "tag_event", "health_event", "clock_event", "quantity_history")
"""What sensors said, record by record. Shelf events are few and kept for good, as are the hours of products."""

DAYS_BEFORE = 1
DAYS_AFTER = 7
"""History has partitions from a day before to a week after the shop's day, and for days late rows came for."""

DROP_EVERY = timedelta(hours=1)
"""Shop time between two looks at what is old enough to go."""

OVERDUE = timedelta(minutes=10)
"""Wall time by which a job of TimescaleDB may start late before it is run by hand."""

BY_HAND_EVERY = timedelta(minutes=5)
"""Wall time between two runs by hand: a job that fails again is told again, not at every look."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How many days of history are kept: what sensors said, record by record, and the minutes of plates."""

    readings_days: int = READINGS_DAYS
    minutes_days: int = MINUTES_DAYS

    @property
    def readings(self) -> timedelta:
        """For how long every record is kept."""
        return timedelta(days=self.readings_days)

    @property
    def minutes(self) -> timedelta:
        """For how long minutes are kept."""
        return timedelta(days=self.minutes_days)


class Upkeep:
    """The upkeep of one database by one connection, which is in autocommit mode and used for nothing else.

    `shop_is_wall`: whether the shop's clock is the wall clock, by which TimescaleDB's own jobs go. Several upkeeps of
    one database do no harm.
    """

    def __init__(self, connection: Connection[TupleRow], keep: Keep, *, shop_is_wall: bool) -> None:
        self._connection = connection
        self._keep = keep
        self._shop_is_wall = shop_is_wall
        self._partitions_of: date | None = None
        self._dropped_at: datetime | None = None
        self._by_hand_at: datetime | None = None
        self._watched_since: datetime | None = None

    def step(self, *, at: datetime, wall_at: datetime) -> bool:
        """Do a little of what there is to do at a shop time; return whether there is more to do at once."""
        self._make_partitions(at)
        known = rollups(self._connection)
        edition = known[0].edition
        if edition == CONTINUOUS_AGGREGATE and self._shop_is_wall:
            self._watch_jobs(known, at=at, wall_at=wall_at)
            return False
        unfinished = [one.name for one in known if refresh(self._connection, one, at=at)]
        if unfinished:
            return True
        if self._dropped_at is None or at - self._dropped_at >= DROP_EVERY:
            self._drop(edition, at)
            self._dropped_at = at
        return False

    def _make_partitions(self, at: datetime) -> None:
        """Make the partitions of the coming days once a day, and those of days whose rows came before them."""
        today = at.astimezone(UTC).date()
        for day in self._days_in_rest(at):
            self._make_day(day)
        if today != self._partitions_of:
            for offset in range(-DAYS_BEFORE, DAYS_AFTER + 1):
                self._make_day(today + timedelta(days=offset))
            self._partitions_of = today

    def _days_in_rest(self, at: datetime) -> Sequence[date]:
        """Days of which rows are in no partition, as far as they are kept; a device's broken clock makes no more."""
        span = [at - self._keep.readings, at + timedelta(days=DAYS_AFTER)]
        with self._connection.cursor(row_factory=scalar_row) as cursor:
            return cursor.execute("SELECT days_in_rest(%s, %s)", span).fetchall()

    def _make_day(self, day: date) -> None:
        """Make a day's partition of each table in a transaction of its own: no load holds one and waits for another."""
        for (history,) in self._connection.execute("SELECT name FROM history_table ORDER BY name").fetchall():
            self._connection.execute("SELECT make_partition(%s, %s)", [history, day])

    def _drop(self, edition: str, at: datetime) -> None:
        for history in SENSED:
            self._connection.execute("SELECT drop_history(%s, %s)", [history, at - self._keep.readings])
        before = {"before": at - self._keep.minutes}
        self._connection.execute(DROP_MINUTES[edition], before)
        if edition != TABLE:
            self._connection.execute(DROP_PAST_MINUTES[edition], before)

    def _watch_jobs(self, known: Sequence[Rollup], *, at: datetime, wall_at: datetime) -> None:
        """Give TimescaleDB the jobs the settings ask for, and run by hand those it fails to run."""
        readings, minutes = self._keep.readings, self._keep.minutes
        if not policies_match(self._connection, readings=readings, minutes=minutes):
            if not jobs(self._connection):
                # A job looks back less far than weights are kept: what is there already is summed up before it begins.
                for rollup in known:
                    refresh(self._connection, rollup, at=at)
            self._connection.execute("SELECT set_policies(%s, %s)", [readings, minutes])
            logger.info("policies set", extra={"event": "policies_set", "readings_days": readings.days})
        self._watched_since = self._watched_since or wall_at
        if self._by_hand_at is None or wall_at - self._by_hand_at >= BY_HAND_EVERY:
            sick = [job for job in jobs(self._connection) if is_sick(job, wall_at, since=self._watched_since)]
            if sick:
                self._by_hand_at = wall_at
                tasks = " ".join(f"{job.task}:{job.subject}" for job in sick)
                logger.warning("jobs run by hand", extra={"event": "jobs_by_hand", "tasks": tasks})
            for job in sick:
                self._connection.execute("CALL run_job(%s)", [job.job_id])


def is_sick(job: Job, wall_at: datetime, *, since: datetime) -> bool:
    """Return whether TimescaleDB's scheduler failed at a job, or let its time pass (pure).

    `since`: from when on it had the time to run it at all.
    """
    due_at = job.next_start if job.status else since
    return job.status == "Failed" or (due_at is not None and wall_at - max(due_at, since) > OVERDUE)
