"""What the worker forgets, and when: answers kept for a retry, changes everybody has read, sessions that are over."""

from __future__ import annotations

from datetime import datetime, timedelta

from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.access.login import service as logins
from cloud.changes import repository as changes
from cloud.idempotency import repository as answers

ANSWERS_KEPT = timedelta(days=7)
"""Shop time in which a request sent again gets its first answer: a till that was offline over a week's holiday."""

CHANGES_KEPT = timedelta(days=30)
"""Shop time in which a reader of the change feed may be away; after that it reads the answers themselves anew."""

FORGET_EVERY = timedelta(hours=1)
"""Shop time between two rounds, so that each has little to do."""


def forget(connection: Connection[TupleRow], *, at: datetime, wall_at: datetime) -> None:
    """Forget what is older than it is kept for, in a transaction of its own. Log-ins go by wall time."""
    with connection.transaction():
        answers.forget(connection, before=at - ANSWERS_KEPT)
        changes.forget(connection, before=at - CHANGES_KEPT)
        logins.forget(connection, wall_at=wall_at)
