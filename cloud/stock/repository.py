"""SQL of ledger, places and stock. Nothing here commits; rows are taken in key order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from cloud.stock.model import Basket, Move, PositionBelief, StockAnswer
from contract.ids import PositionId, Sku, StoreId

Link = Connection[TupleRow]

# Whoever changes ledger, stock or replenishment of a store does it alone; reservations do not wait for it.
LOCK_STORE = "SELECT pg_advisory_xact_lock(hashtextextended('store:' || %s, 0))"

# The same cause never moves goods twice (unique source, sku, kind).
ADD_MOVES = """INSERT INTO stock_ledger
               (store, sku, kind, from_place, to_place, units, position, happened_at, source)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""

SHIFT_PLACE = """INSERT INTO stock_place (store, sku, place, units, as_of) VALUES (%s, %s, %s, %s, %s)
                 ON CONFLICT (store, sku, place) DO UPDATE SET units = stock_place.units + EXCLUDED.units,
                     as_of = greatest(stock_place.as_of, EXCLUDED.as_of)"""

# What the sensors believe of the SKUs' positions, by the planogram that holds. Tags are told of when they come and go,
# so that a rail of tags is as fresh as the health of its zones, which comes in the same order as they do.
BELIEFS = """WITH zone AS MATERIALIZED (  -- once a query at most, and not at all where no position rests on tags
                 SELECT substr(subject, 6) AS zone, max(as_of) AS as_of FROM health_current
                 WHERE subject LIKE 'zone:%%' AND verdict = 'ok' GROUP BY subject)
             SELECT p.position, p.sku, p.capacity, p.low_units, q.low, q.pmf, q.frozen, q.basis, q.as_of,
                    CASE WHEN cardinality(p.plates) = 0 THEN
                        (SELECT CASE WHEN count(*) = cardinality(p.zones) THEN min(zone.as_of) END
                         FROM zone WHERE zone.zone = ANY(p.zones)) END
             FROM planogram_position p
             LEFT JOIN position_quantity q ON q.store = %(store)s AND q.position = p.position AND q.sku = p.sku
             WHERE p.planogram_id = (SELECT planogram_id FROM planogram WHERE store = %(store)s AND valid_from <= %(at)s
                                     ORDER BY valid_from DESC, planogram_id DESC LIMIT 1)
               AND (%(skus)s::text[] IS NULL OR p.sku = ANY(%(skus)s))
               AND (cardinality(p.plates) > 0 OR cardinality(p.zones) > 0)
             ORDER BY p.sku, p.position"""

PICKS_LOOKED_AT = 1_000
"""Of the newest picks of a SKU so many are looked at for young ones: more in two hours is one every seven seconds."""

BASKETS = """SELECT p.sku, p.units, l.young, n.move_id
             FROM stock_place p
             CROSS JOIN LATERAL (
                 SELECT coalesce(sum(m.units) FILTER (WHERE m.happened_at > %(since)s), 0)::integer AS young
                 FROM (SELECT units, happened_at FROM stock_ledger
                       WHERE store = p.store AND sku = p.sku AND to_place = 'basket'
                       ORDER BY move_id DESC LIMIT %(picks_max)s) m) l
             CROSS JOIN LATERAL (SELECT max(move_id) AS move_id FROM stock_ledger
                                 WHERE store = p.store AND sku = p.sku) n
             WHERE p.store = %(store)s AND p.place = 'basket' AND p.units > 0 ORDER BY p.sku"""

# `short` keeps the check true when the shelf holds less than is promised: a sensor's fact is never refused.
PUT_STOCK = """INSERT INTO stock AS s (store, sku, on_shelf, unsensed, backroom, incoming, on_hand, display_units,
                                       confidence, basis, frozen, as_of)
               VALUES (%(store)s, %(sku)s, %(on_shelf)s, %(unsensed)s, %(backroom)s, %(incoming)s, %(on_hand)s,
                       %(display_units)s, %(confidence)s, %(basis)s, %(frozen)s, %(as_of)s)
               ON CONFLICT (store, sku) DO UPDATE SET on_shelf = EXCLUDED.on_shelf, unsensed = EXCLUDED.unsensed,
                   backroom = EXCLUDED.backroom, incoming = EXCLUDED.incoming, on_hand = EXCLUDED.on_hand,
                   display_units = EXCLUDED.display_units, confidence = EXCLUDED.confidence, basis = EXCLUDED.basis,
                   frozen = EXCLUDED.frozen, as_of = EXCLUDED.as_of,
                   short = greatest(0, s.reserved - EXCLUDED.on_hand)"""

STOCK = """SELECT sku, on_shelf, unsensed, backroom, incoming, on_hand, display_units, confidence, basis, frozen
           FROM stock WHERE store = %s AND sku = ANY(%s)"""


def lock_store(link: Link, store: StoreId) -> None:
    """Wait until this transaction alone changes the store's ledger, stock and replenishment."""
    link.execute(LOCK_STORE, (store,))


def known_sources(link: Link, sources: Sequence[str]) -> set[str]:
    """Return which causes the ledger has moves of."""
    rows = link.execute("SELECT DISTINCT source FROM stock_ledger WHERE source = ANY(%s)", (list(sources),))
    return {source for (source,) in rows}


def add_moves(link: Link, store: StoreId, moves: Sequence[Move]) -> None:
    """Append moves to the ledger."""
    rows = [
        (store, m.sku, m.kind, m.from_place, m.to_place, m.units, m.position, m.happened_at, m.source) for m in moves
    ]
    with link.cursor() as cursor:
        cursor.executemany(ADD_MOVES, rows)


def shift_places(link: Link, store: StoreId, changes: Mapping[tuple[str, str], int], *, at: datetime) -> None:
    """Change the units of places by the given differences."""
    with link.cursor() as cursor:
        cursor.executemany(SHIFT_PLACE, [(store, sku, place, units, at) for (sku, place), units in changes.items()])


def places(link: Link, store: StoreId, skus: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return units by (SKU, place)."""
    rows = link.execute(
        "SELECT sku, place, units FROM stock_place WHERE store = %s AND sku = ANY(%s)", (store, sorted(set(skus)))
    )
    return {(sku, place): units for sku, place, units in rows}


def baskets(link: Link, store: StoreId, *, since: datetime) -> list[Basket]:
    """Return the baskets that hold something; picks after `since` are young."""
    rows = link.execute(BASKETS, {"store": store, "since": since, "picks_max": PICKS_LOOKED_AT})
    return [Basket(sku=Sku(sku), units=units, young=young, move_id=move_id) for sku, units, young, move_id in rows]


def booked_at(link: Link, store: StoreId, sku: Sku, place: str, position: str) -> int:
    """Return what the ledger says stands at one position of a place."""
    row = link.execute(
        """SELECT coalesce(sum(CASE WHEN to_place = %(place)s THEN units ELSE 0 END)
                         - sum(CASE WHEN from_place = %(place)s THEN units ELSE 0 END), 0)::integer
           FROM stock_ledger WHERE store = %(store)s AND sku = %(sku)s AND position = %(position)s""",
        {"store": store, "sku": sku, "place": place, "position": position},
    ).fetchone()
    return int(row[0]) if row else 0


def shelved_unknown(link: Link, store: StoreId, sku: Sku, *, since: datetime) -> int:
    """Return the units refilled since then that the backroom did not know of and no receipt has explained."""
    row = link.execute(
        """SELECT coalesce(sum(CASE kind WHEN 'refill_unknown' THEN units ELSE -units END), 0)::integer
           FROM stock_ledger WHERE store = %s AND sku = %s AND kind IN ('refill_unknown', 'receipt_shelved')
             AND happened_at >= %s""",
        (store, sku, since),
    ).fetchone()
    return int(row[0]) if row else 0


def counted_elsewhere(link: Link, store: StoreId, sku: Sku, position: str) -> int:
    """Return what people last counted of a SKU at its other unsensed displays."""
    row = link.execute(
        """SELECT coalesce(sum(units), 0)::integer FROM (
               SELECT DISTINCT ON (position) units FROM manual_count
               WHERE store = %s AND sku = %s AND place = 'display' AND position <> %s
               ORDER BY position, count_id DESC) other""",
        (store, sku, position),
    ).fetchone()
    return int(row[0]) if row else 0


def beliefs(link: Link, store: StoreId, skus: Iterable[str] | None, *, at: datetime) -> list[PositionBelief]:
    """Return what the sensors believe of the positions of these SKUs (None: of all), in order of SKU and position."""
    asked = None if skus is None else sorted(set(skus))
    rows = link.execute(BELIEFS, {"store": store, "skus": asked, "at": at})
    return [_belief(row) for row in rows]


def _belief(row: TupleRow) -> PositionBelief:
    position, sku, capacity, low_units, low, pmf, frozen, basis, as_of, confirmed_at = row
    return PositionBelief(
        position=PositionId(position), sku=Sku(sku), capacity=capacity, low_units=low_units, low=low or 0,
        pmf=tuple(pmf or (1.0,)), frozen=bool(frozen), basis=tuple(basis or ()), as_of=as_of,
        confirmed_at=confirmed_at,
    )  # fmt: skip


def answers(link: Link, store: StoreId, skus: Iterable[str]) -> dict[str, StockAnswer]:
    """Return the answers that stand now, by SKU."""
    return {
        row[0]: StockAnswer(
            on_shelf=row[1], unsensed=row[2], backroom=row[3], incoming=row[4], on_hand=row[5], display_units=row[6],
            confidence=round(row[7], 2), basis=tuple(row[8]), frozen=row[9],
        )
        for row in link.execute(STOCK, (store, sorted(set(skus))))
    }  # fmt: skip


def put_answers(link: Link, rows: Sequence[Mapping[str, object]]) -> None:
    """Write answers and the changes they are."""
    outbox = [(row["store"], row["sku"], Jsonb(_body(row))) for row in rows]
    with link.cursor() as cursor:
        cursor.executemany(PUT_STOCK, rows)
        cursor.executemany(
            "INSERT INTO change_outbox (kind, store, subject, body) VALUES ('availability', %s, %s, %s)", outbox
        )


def _body(row: Mapping[str, object]) -> dict[str, object]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}


def add_sale(link: Link, store: StoreId, sale_id: str, lines: Mapping[Sku, int], *, sold_at: datetime) -> bool:
    """Write a till's sale; return False when it is known already."""
    wire = [{"sku": sku, "units": units} for sku, units in sorted(lines.items())]
    cursor = link.execute(
        "INSERT INTO till_sale (sale_id, store, lines, sold_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (sale_id, store, Jsonb(wire), sold_at),
    )
    return cursor.rowcount == 1


def stocked_skus(link: Link, store: StoreId) -> set[str]:
    """Return all SKUs the store has an answer for."""
    return {sku for (sku,) in link.execute("SELECT sku FROM stock WHERE store = %s", (store,))}


def sold_skus(link: Link, store: StoreId, skus: Iterable[str]) -> set[str]:
    """Return which of these SKUs the store has stock of."""
    rows = link.execute("SELECT sku FROM stock WHERE store = %s AND sku = ANY(%s)", (store, sorted(set(skus))))
    return {sku for (sku,) in rows}
