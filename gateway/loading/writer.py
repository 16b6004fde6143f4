"""One load becomes rows in one transaction, and the watermark moves in it (design section 4, rule 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection, Cursor

from contract.errors import LiveShelfError
from gateway.loading import current, history
from gateway.loading.lease import Lease, check
from gateway.loading.load import DEAD_LETTER_BYTES_MAX, DeadLetter, Load, Move
from gateway.loading.spans import spans_of_events, spans_of_weights
from gateway.model import Quantity

NEXT_LOAD = "SELECT nextval('load_id')"

# Moves every watermark that stands where we believe it to stand. Fewer rows than moves: somebody else committed.
MOVE_WATERMARKS = """
UPDATE journal_watermark AS held SET seq = move.last_seq, updated_at = %(at)s
FROM unnest(%(devices)s::text[], %(journals)s::text[], %(bases)s::bigint[], %(lasts)s::bigint[])
     AS move (device, journal, base_seq, last_seq)
WHERE held.device = move.device AND held.journal = move.journal AND held.seq = move.base_seq
"""

# The same for journals nobody has heard of yet.
BEGIN_WATERMARKS = """
INSERT INTO journal_watermark (device, journal, seq, updated_at)
SELECT device, journal, last_seq, %(at)s
FROM unnest(%(devices)s::text[], %(journals)s::text[], %(lasts)s::bigint[]) AS move (device, journal, last_seq)
ON CONFLICT DO NOTHING
"""

# Numbers that will never come.
INSERT_GAP = """
INSERT INTO gap (device, journal, first_seq, last_seq, reason, load_id, recorded_at)
VALUES (%(device)s, %(journal)s, %(first)s, %(last)s, %(reason)s, %(load_id)s, %(at)s)
"""

# One row per device and payload, counted, so that a device that repeats itself fills no disk.
KEEP_DEAD_LETTER = """
INSERT INTO dead_letter AS kept (topic, device, journal, first_seq, last_seq, reason, detail, payload, payload_bytes,
                                 payload_hash, first_at, last_at)
VALUES (%(topic)s, %(device)s, %(journal)s, %(first)s, %(last)s, %(reason)s, %(detail)s, %(payload)s, %(bytes)s,
        %(hash)s, %(at)s, %(at)s)
ON CONFLICT (device, payload_hash) DO UPDATE
SET times = kept.times + 1, last_at = excluded.last_at, reason = excluded.reason, detail = excluded.detail,
    replayed_at = NULL
"""

# The quantity that is believed now; the load id tells the cloud what to project again.
SET_QUANTITY = """
INSERT INTO position_quantity (store, position, sku, low, pmf, best, probability, frozen, basis, as_of, load_id)
VALUES (%(store)s, %(position)s, %(sku)s, %(low)s, %(pmf)s::real[], %(best)s, %(probability)s, %(frozen)s,
        %(basis)s::text[], %(as_of)s, %(load_id)s)
ON CONFLICT (store, position) DO UPDATE
SET sku = excluded.sku, low = excluded.low, pmf = excluded.pmf, best = excluded.best, frozen = excluded.frozen,
    probability = excluded.probability, basis = excluded.basis, as_of = excluded.as_of, load_id = excluded.load_id
"""

# What was believed when.
KEEP_QUANTITY = """
INSERT INTO quantity_history (time, store, position, sku, low, pmf, best, probability, frozen, load_id)
VALUES (%(as_of)s, %(store)s, %(position)s, %(sku)s, %(low)s, %(pmf)s::real[], %(best)s, %(probability)s, %(frozen)s,
        %(load_id)s)
"""

# What happened at a shelf.
INSERT_EVENT = """
INSERT INTO shelf_event (time, event_id, store, position, sku, kind, quantity, probability, weight_g, device, journal,
                         seq, mono_ms, load_id)
VALUES (%(time)s, %(event_id)s, %(store)s, %(position)s, %(sku)s, %(kind)s, %(quantity)s, %(probability)s,
        %(weight_g)s, %(device)s, %(journal)s, %(seq)s, %(mono_ms)s, %(load_id)s)
"""

# What the cloud worker follows, and which times it touched: what was summed up of them is summed up again.
INSERT_LOAD = """
INSERT INTO load (load_id, store, loaded_at, readings, events, reading_span, event_span)
VALUES (%(load_id)s, %(store)s, %(at)s, %(readings)s, %(events)s, %(reading_span)s::tstzmultirange,
        %(event_span)s::tstzmultirange)
"""

# What is no longer sensed has no quantity.
FORGET_POSITIONS = "DELETE FROM position_quantity WHERE store = %(store)s AND position <> ALL(%(positions)s::text[])"

NOTIFY_LOADED = "SELECT pg_notify('loaded', %(load_id)s::text)"


class Fenced(LiveShelfError):
    """A watermark is not where this gateway believed it to be: another gateway, or our own lost answer, moved it."""

    retryable = True


def write(connection: Connection[Any], load: Load) -> int:
    """Write a load in one transaction and return its id.

    The connection is in autocommit mode. Raises LeaseLost when the store is another gateway's, Fenced when a
    watermark has moved, psycopg's errors when the database is away or refuses a value; then nothing was written.
    """
    with connection.transaction(), connection.cursor() as cursor:
        check(connection, load.lease, wall_at=load.wall_at)
        load_id = _next_load_id(cursor)
        facts = {"store": load.store, "load_id": load_id, "at": load.loaded_at}
        _move_watermarks(cursor, load.moves, facts)
        _write_history(cursor, load, facts)
        _write_counted(cursor, load, facts)
        current.write(cursor, load)
        _many(cursor, KEEP_DEAD_LETTER, [_dead_letter(dead, facts) for dead in load.dead])
        if load.readings or load.quantities or load.events:
            _announce(cursor, load, facts)
    return load_id


def forget_positions(connection: Connection[Any], lease: Lease, kept: Sequence[str], *, wall_at: datetime) -> None:
    """Remove the quantities of positions the planogram does not have. Raises LeaseLost."""
    with connection.transaction():
        check(connection, lease, wall_at=wall_at)
        connection.execute(FORGET_POSITIONS, {"store": lease.store, "positions": list(kept)})


def _next_load_id(cursor: Cursor[Any]) -> int:
    row = cursor.execute(NEXT_LOAD).fetchone()
    assert row is not None
    return int(row[0])


def _move_watermarks(cursor: Cursor[Any], moves: Sequence[Move], facts: Mapping[str, Any]) -> None:
    begun = [move for move in moves if move.base == 0]
    moved = [move for move in moves if move.base > 0]
    for statement, batch in ((BEGIN_WATERMARKS, begun), (MOVE_WATERMARKS, moved)):
        if batch and cursor.execute(statement, {**facts, **_move_columns(batch)}).rowcount != len(batch):
            raise Fenced


def _move_columns(moves: Sequence[Move]) -> dict[str, list[Any]]:
    return {
        "devices": [move.device for move in moves],
        "journals": [move.journal for move in moves],
        "bases": [move.base for move in moves],
        "lasts": [move.last for move in moves],
    }


def _write_history(cursor: Cursor[Any], load: Load, facts: Mapping[str, Any]) -> None:
    for statement, stream in history.copies(load.readings, facts["load_id"]):
        with cursor.copy(statement) as copy:
            copy.write(stream)
    _many(cursor, INSERT_GAP, list(_gaps(load, facts)))


def _gaps(load: Load, facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for readings in load.readings:
        for gap in readings.gaps:
            journal = {"device": readings.device, "journal": readings.journal}
            yield {**facts, **journal, "first": gap.first, "last": gap.last, "reason": gap.reason}


def _write_counted(cursor: Cursor[Any], load: Load, facts: Mapping[str, Any]) -> None:
    quantities = [_quantity(quantity, facts) for quantity in load.quantities]
    _many(cursor, SET_QUANTITY, quantities)
    _many(cursor, KEEP_QUANTITY, quantities)
    current.confirm(cursor, load.store, load.confirmed)
    events = [
        {
            **facts,
            "time": event.time,
            "event_id": event.event_id,
            "position": event.position,
            "sku": event.sku,
            "kind": event.kind,
            "quantity": event.quantity,
            "probability": event.probability,
            "weight_g": event.weight_g,
            "device": event.cause.device,
            "journal": event.cause.journal,
            "seq": event.cause.seq,
            "mono_ms": event.mono_ms,
        }
        for event in load.events
    ]
    _many(cursor, INSERT_EVENT, events)


def _quantity(quantity: Quantity, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **facts,
        "position": quantity.position,
        "sku": quantity.sku,
        "low": quantity.low,
        "pmf": list(quantity.pmf),
        "best": quantity.best,
        "probability": quantity.probability,
        "frozen": quantity.frozen,
        "basis": list(quantity.basis),
        "as_of": quantity.as_of,
    }


def _dead_letter(dead: DeadLetter, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **facts,
        "topic": _storable(dead.topic),
        "device": _storable(dead.device),
        "journal": dead.journal,
        "first": dead.first,
        "last": dead.last,
        "reason": dead.reason,
        "detail": _storable(dead.detail),
        "payload": dead.payload[:DEAD_LETTER_BYTES_MAX],
        "bytes": dead.payload_bytes,
        "hash": dead.payload_hash,
    }


def _storable(text: str) -> str:
    """Return the text without what PostgreSQL's text type refuses: zero bytes and lone surrogates."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _announce(cursor: Cursor[Any], load: Load, facts: Mapping[str, Any]) -> None:
    records = sum(readings.last - readings.first + 1 for readings in load.readings)
    missing = sum(gap.last - gap.first + 1 for readings in load.readings for gap in readings.gaps)
    counts = {"readings": records - missing, "events": len(load.events)}
    spans = {"reading_span": spans_of_weights(load.readings), "event_span": spans_of_events(load.events)}
    cursor.execute(INSERT_LOAD, {**facts, **counts, **spans})
    cursor.execute(NOTIFY_LOADED, facts)


def _many(cursor: Cursor[Any], statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        cursor.executemany(statement, rows)
