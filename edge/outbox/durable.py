"""What an outbox file says was ever durable on its device: for an operator, after the agent has stopped."""

from __future__ import annotations

from pathlib import Path

from contract.errors import ConfigurationError
from edge.outbox.journals import read_journals
from edge.outbox.schema import connect


def durable_records(path: Path) -> dict[str, list[tuple[int, int]]]:
    """Return, for each journal, the ranges of numbers given and not forgotten since, gaps included.

    A journal's numbers are 1 to its last without a hole, so each has at most one range, first and last included.
    Raises ConfigurationError when there is no such file, sqlite3.OperationalError while the agent still runs.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path}: found nothing, expected the outbox file of an agent")
    connection = connect(path)
    try:
        journals = read_journals(connection).values()
    finally:
        connection.close()
    return {j.name: [(j.forgotten + 1, j.last)] for j in journals if j.last > j.forgotten}
