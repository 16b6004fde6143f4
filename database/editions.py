"""What differs between the editions once the schema is made, side by side: refresh, old history, jobs.

`table`: plain PostgreSQL, or TimescaleDB's Apache edition; rollups are tables and the upkeep does everything.
`continuous aggregate`: TimescaleDB's full edition, which has jobs of its own where the shop's clock is the wall clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from psycopg import Connection
from psycopg.rows import TupleRow, class_row, scalar_row

TABLE = "table"
CONTINUOUS_AGGREGATE = "continuous aggregate"

BUCKETS_A_STEP = 60
"""A table is refreshed so many buckets at a time, so that no transaction is long, however late the rows are."""

REFRESH: dict[str, LiteralString] = {
    TABLE: "SELECT refresh_rollup(%(name)s, %(at)s, %(step)s)",
    # Never back to weights that may be gone: their minutes would go too. `at` is left to the rows, as in a table.
    CONTINUOUS_AGGREGATE: "CALL refresh_continuous_aggregate((%(name)s || '_kept')::regclass, %(since)s::timestamptz,"
    " date_bin(%(bucket)s, %(at)s, '2000-01-01 00:00:00+00'::timestamptz))",
}

DROP_MINUTES: dict[str, LiteralString] = {
    TABLE: "SELECT drop_history('plate_minute_kept', %(before)s)",
    CONTINUOUS_AGGREGATE: "SELECT count(*) FROM drop_chunks('plate_minute_kept'::regclass, older_than => %(before)s)",
}

DROP_PAST_MINUTES: dict[str, LiteralString] = {
    TABLE: "SELECT",
    CONTINUOUS_AGGREGATE: "DELETE FROM plate_minute_past WHERE minute < %(before)s",
}

OLDEST_WEIGHTS: dict[str, LiteralString] = {
    TABLE: "SELECT nullif(dropped_before, '-infinity') FROM history_table WHERE name = 'reading'",
    # The oldest chunk, but for one that a late row has made and retention is about to drop again.
    CONTINUOUS_AGGREGATE: """
        SELECT coalesce((SELECT min(range_start) FROM timescaledb_information.chunks
                         WHERE hypertable_name = 'reading' AND range_end > coalesce(
                             (SELECT now() - (config->>'drop_after')::interval FROM timescaledb_information.jobs
                              WHERE proc_name = 'policy_retention' AND hypertable_name = 'reading'), '-infinity')),
                        (SELECT max(minute) + interval '1 minute' FROM plate_minute))""",
}
"""From when on every weight is there, null: from the beginning. Minutes of before cannot be summed up again."""

PAST_MINUTES: dict[str, LiteralString] = {TABLE: "plate_minute_kept", CONTINUOUS_AGGREGATE: "plate_minute_past"}
"""The table that takes minutes whose weights are gone, from another database."""

TAKE_OVER: dict[str, Sequence[LiteralString]] = {
    TABLE: (
        "UPDATE history_table SET dropped_before = %(since)s WHERE name = 'reading'",
        "UPDATE rollup SET upto = %(since)s WHERE name = 'plate_minute'",
    ),
    CONTINUOUS_AGGREGATE: ("UPDATE rollup SET past_before = %(since)s WHERE name = 'plate_minute'",),
}
"""What tells a database that minutes before `since` were taken over, and are not to be summed up from its weights."""

BEFORE_COPY: dict[str, Sequence[LiteralString]] = {
    TABLE: ("ALTER TABLE load DISABLE TRIGGER load_touches",),
    CONTINUOUS_AGGREGATE: (),
}
AFTER_COPY: dict[str, Sequence[LiteralString]] = {
    TABLE: (
        "ALTER TABLE load ENABLE TRIGGER load_touches",
        "DELETE FROM rollup_stale",
        "INSERT INTO rollup_stale (name, span, load_id) SELECT name, '{(,)}', 0 FROM rollup",
    ),
    CONTINUOUS_AGGREGATE: (),
}
"""A table is summed up anew from what was copied; a continuous aggregate sees by itself what came."""

# How many of TimescaleDB's jobs are as the settings ask: 6 of retention, 5 of the columnstore, 2 of refresh.
POLICIES = """
SELECT count(*) FROM timescaledb_information.jobs
WHERE proc_name IN ('policy_compression', 'policy_refresh_continuous_aggregate')
   OR proc_name = 'policy_retention'
      AND (config->>'drop_after')::interval = CASE WHEN hypertable_name IN (
              'reading', 'tag_event', 'health_event', 'clock_event', 'quantity_history')
          THEN %(readings)s ELSE %(minutes)s END
"""
POLICIES_EXPECTED = 13

ROLLUPS = """
SELECT r.name, source, bucket, r.edition, nullif(upto, '-infinity') AS upto, refreshed_at,
       nullif(dropped_before, '-infinity') AS dropped_before
FROM rollup r JOIN history_table h ON h.name = source ORDER BY r.name
"""

# A job that has not succeeded yet did so before all time, one that runs now starts next before all time.
JOBS = """
SELECT j.job_id, j.proc_name AS task, coalesce(j.hypertable_name, '') AS subject, s.last_run_status AS status,
       CASE WHEN isfinite(s.last_successful_finish) THEN s.last_successful_finish END AS succeeded_at,
       CASE WHEN isfinite(s.next_start) THEN s.next_start END AS next_start, s.total_failures AS failures
FROM timescaledb_information.jobs j LEFT JOIN timescaledb_information.job_stats s USING (job_id)
WHERE j.proc_name LIKE 'policy%' AND j.hypertable_schema IS NOT NULL ORDER BY job_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """A rollup as `rollup` tells it; times are shop time. `upto` means something in the table edition only.

    Rows of its source are all there from `dropped_before` on; None: from the beginning.
    """

    name: str
    source: str
    bucket: timedelta
    edition: str
    upto: datetime | None
    refreshed_at: datetime | None
    dropped_before: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job of TimescaleDB; times are wall time. `status` is Success, Failed, or None before its first run."""

    job_id: int
    task: str
    subject: str
    status: str | None
    succeeded_at: datetime | None
    next_start: datetime | None
    failures: int | None


def rollups(connection: Connection[TupleRow]) -> Sequence[Rollup]:
    """Return the rollups of this database, by name."""
    with connection.cursor(row_factory=class_row(Rollup)) as cursor:
        return cursor.execute(ROLLUPS).fetchall()


def refresh(connection: Connection[TupleRow], rollup: Rollup, *, at: datetime) -> bool:
    """Sum up again what is stale before the bucket of `at` (shop time); return whether there is more to do.

    The connection is in autocommit mode: TimescaleDB commits its batches.
    """
    asked = {"name": rollup.name, "bucket": rollup.bucket, "at": at, "since": rollup.dropped_before}
    answer = connection.execute(REFRESH[rollup.edition], {**asked, "step": rollup.bucket * BUCKETS_A_STEP})
    if rollup.edition == CONTINUOUS_AGGREGATE:
        return False
    row = answer.fetchone()
    return bool(row and row[0])


def jobs(connection: Connection[TupleRow]) -> Sequence[Job]:
    """Return TimescaleDB's jobs of our tables. Only for the continuous aggregate edition."""
    with connection.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(JOBS).fetchall()


def policies_match(connection: Connection[TupleRow], *, readings: timedelta, minutes: timedelta) -> bool:
    """Return whether TimescaleDB's jobs are those the settings ask for. Only for the continuous aggregate edition."""
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(POLICIES, {"readings": readings, "minutes": minutes}).fetchone() == POLICIES_EXPECTED
