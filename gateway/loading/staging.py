"""Many rows for one statement: a temporary table of the session, filled by COPY and empty again at the end of the load.

An array as a parameter costs psycopg five times as much, and a statement a row ten times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Cursor


def stage(cursor: Cursor[Any], make: str, fill: str, types: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Fill the table that `make` makes by the binary COPY `fill`; `types` name the types of its columns."""
    cursor.execute(make)
    with cursor.copy(fill) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
