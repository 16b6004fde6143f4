"""The sequencer: committed changes get numbers without holes; then everybody is told the highest."""

from __future__ import annotations

from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.changes import repository
from contract.clock import Clock

ROWS_MAX = 5_000
"""Changes numbered in one transaction; the rest follow in the next."""


def sequence(connection: Connection[TupleRow], clock: Clock) -> int | None:
    """Number the changes that wait, in a transaction of its own. Returns the highest number, None if none waited."""
    highest: int | None = None
    while True:
        with connection.transaction():
            if not repository.waiting(connection) or not repository.claim(connection):
                return highest
            numbered = repository.number(connection, rows_max=ROWS_MAX, at=clock.now())
        if numbered is None:
            return highest
        highest = numbered
