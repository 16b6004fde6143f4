"""What there is to judge by: the ledgers of the devices, and the rows and gaps of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

from psycopg import Connection

from contract.records import ClockRecord, Gap, HealthRecord, Record, TagRecord, WeightRecord
from liveshelf.chaos.judge import GapRow, Journal, Row
from liveshelf.chaos.ledger import Told, digest, read_ledger

# Every record of a store with its content, in the order of the fields of its kind.
WEIGHTS: LiteralString = """
SELECT device, journal, seq, mono_ms, plate, kind, weight_g, before_g, noise_g, quality, remaining
FROM reading WHERE store = %(store)s
"""
TAGS: LiteralString = """
SELECT device, journal, seq, mono_ms, zone, epc, kind, rssi_dbm, reads FROM tag_event WHERE store = %(store)s
"""
HEALTH: LiteralString = """
SELECT device, journal, seq, mono_ms, subject, verdict, samples, rejected, noise_g, queued, measured
FROM health_event WHERE store = %(store)s
"""
CLOCKS: LiteralString = """
SELECT device, journal, seq, mono_ms, wall_at, synchronised, uncertainty_ms FROM clock_event WHERE store = %(store)s
"""

GAPS: LiteralString = "SELECT device, journal, first_seq, last_seq, reason FROM gap ORDER BY device, journal, first_seq"

# Events of shelves that are there more often than once: a recount makes the same event again, and must not write it.
DOUBLED_EVENTS: LiteralString = """
SELECT device, journal, seq, kind, count(*) FROM shelf_event WHERE store = %(store)s
GROUP BY event_id, device, journal, seq, kind HAVING count(*) > 1
"""

WATERMARKS: LiteralString = "SELECT device, journal, seq FROM journal_watermark"

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def read_ledgers(folder: Path) -> dict[Journal, Told]:
    """Return what the ledgers in a folder say, by device and journal."""
    return {
        (path.stem, journal): told
        for path in sorted(folder.glob("*.ledger"))
        for journal, told in read_ledger(path).items()
    }


def undelivered(connection: Connection[Any], ledgers: Mapping[Journal, Told]) -> list[Journal]:
    """Return the journals of which the database has not committed all that is durable on their devices."""
    committed = {(device, journal): seq for device, journal, seq in connection.execute(WATERMARKS)}
    return [journal for journal, told in ledgers.items() if committed.get(journal, 0) < told.last]


def stored_rows(connection: Connection[Any], store: str) -> Iterator[Row]:
    """Return every record of a store, of all four kinds."""
    kinds: tuple[tuple[LiteralString, Callable[..., Record]], ...] = (
        (WEIGHTS, _positional(WeightRecord)),
        (TAGS, _positional(TagRecord)),
        (HEALTH, _positional(HealthRecord)),
        (CLOCKS, _clock),
    )
    for statement, record in kinds:
        for device, journal, seq, *values in connection.execute(statement, {"store": store}):
            yield Row((device, journal), seq, digest(record(*values)))


def stored_gaps(connection: Connection[Any]) -> Iterator[GapRow]:
    """Return every gap there is."""
    for device, journal, first, last, reason in connection.execute(GAPS):
        yield GapRow((device, journal), Gap(first, last, reason))


def doubled_events(connection: Connection[Any], store: str) -> list[str]:
    """Return every event of a shelf that is there twice, each as one sentence."""
    found = connection.execute(DOUBLED_EVENTS, {"store": store})
    return [
        f"{device}/{journal}/{seq}: its {kind} is there {times} times" for device, journal, seq, kind, times in found
    ]


def _positional(kind: type[WeightRecord | TagRecord | HealthRecord]) -> Callable[..., Record]:
    return lambda *values: kind(**dict(zip(kind.__struct_fields__, values, strict=True)))


def _clock(mono_ms: int, wall_at: datetime, synchronised: bool, uncertainty_ms: int) -> Record:
    wall_ms = (wall_at - _UNIX) // _MS
    return ClockRecord(mono_ms=mono_ms, wall_ms=wall_ms, synchronised=synchronised, uncertainty_ms=uncertainty_ms)
