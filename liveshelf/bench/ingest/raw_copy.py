"""The reference of loading: the rows of each load, copied in binary into a table of the same columns and indexes."""

from __future__ import annotations

import time

from database.connection import connect

ROWS_MAX = 3_000_000

MAKE = "CREATE TABLE reading_raw (LIKE reading INCLUDING DEFAULTS INCLUDING INDEXES)"
LOADS = "SELECT load_id FROM load WHERE readings > 0 ORDER BY load_id"
COPY_OUT = "COPY (SELECT * FROM reading WHERE load_id = %s) TO STDOUT (FORMAT BINARY)"
COPY_IN = "COPY reading_raw FROM STDIN (FORMAT BINARY)"


def raw_copy_rate(url: str) -> float:
    """Return the rows a second that COPY takes, one load in one transaction; reading them back is not counted."""
    copied, took_s = 0, 0.0
    with connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(MAKE)
        for (load_id,) in cursor.execute(LOADS).fetchall():
            with cursor.copy(COPY_OUT, [load_id]) as out:
                stream = b"".join(out)
            began_s = time.monotonic()
            with cursor.copy(COPY_IN) as copy:
                copy.write(stream)
            took_s += time.monotonic() - began_s
            copied += max(0, cursor.rowcount)
            if copied >= ROWS_MAX:
                break
        cursor.execute("DROP TABLE reading_raw")
    return copied / took_s
