"""What was stored can be counted again as it was counted the first time; the saved state says from where on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from contract.codec import unpack
from contract.ids import DeviceId, JournalId
from contract.records import ClockRecord, Gap
from gateway.loading import evidence, recovery
from gateway.loading.lease import LEASE_S, LeaseLost
from gateway.loading.writer import write
from gateway.model import ManualCount
from tests.integration.gateway.rows import (
    DEVICE,
    SHOP_AT,
    STORE,
    WALL_AT,
    lease_of,
    load,
    one_of_each,
    quantity,
    readings,
    weight,
)

pytestmark = pytest.mark.database


def test_stored_records_come_back_as_they_came_in(connection: Connection[Any]) -> None:
    taken = readings(one_of_each(), gaps=(Gap(5, 7, "lost"),))
    write(connection, load(lease_of(connection), taken))
    (again,) = recovery.later(connection, STORE, after=0)
    assert unpack(again.blocks) == [row for row in unpack(taken.blocks) if not isinstance(row[1], ClockRecord)]
    assert (again.device, again.journal, again.mono_zero_at) == (taken.device, taken.journal, taken.mono_zero_at)
    assert (again.first, again.last, again.gaps, again.time_known) == (1, 7, taken.gaps, True)


def test_only_what_came_after_the_saved_load_is_given_back(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    first = write(connection, load(lease, readings([(1, weight(1))])))
    write(connection, load(lease, readings([(2, weight(2))])))
    write(connection, load(lease, readings([(3, weight(3))])))
    assert [one.first for one in recovery.later(connection, STORE, after=first)] == [2, 3]


def test_batches_come_back_in_the_order_of_counting(connection: Connection[Any]) -> None:
    lease, second = lease_of(connection), JournalId("b" * 32)
    other = DeviceId("bay-0")
    write(connection, load(lease, readings([(1, weight(1))]), readings([(1, weight(1))], device=other, journal=second)))
    later = SHOP_AT + timedelta(milliseconds=40)
    write(connection, load(lease, readings([(2, weight(2))]), readings([(3, weight(3))], zero_at=later)))
    found = [(one.device, one.first, one.mono_zero_at) for one in recovery.later(connection, STORE, after=0)]
    assert found == [(other, 1, SHOP_AT), (DEVICE, 1, SHOP_AT), (DEVICE, 2, SHOP_AT), (DEVICE, 3, later)]


def test_more_loads_than_one_step_reads_all_come_back(
    connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "LOADS_A_STEP", 2)
    lease = lease_of(connection)
    for seq in range(1, 6):
        write(connection, load(lease, readings([(seq, weight(seq))])))
    assert [one.first for one in recovery.later(connection, STORE, after=0)] == [1, 2, 3, 4, 5]


def test_saved_state_holds_at_one_load(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    facts: dict[str, Any] = {"version": 1, "at": SHOP_AT, "wall_at": WALL_AT}
    recovery.save(connection, lease, {"s1": b"one", "s2": b"two"}, shelves=["s1", "s2"], load_id=10, **facts)
    recovery.save(connection, lease, {"s1": b"new"}, shelves=["s1", "s2"], load_id=20, **facts)
    assert recovery.saved(connection, STORE) == recovery.Saved(load_id=20, shelves={"s1": b"new", "s2": b"two"})
    recovery.save(connection, lease, {}, shelves=["s1"], load_id=30, **facts)
    assert recovery.saved(connection, STORE) == recovery.Saved(load_id=30, shelves={"s1": b"new"})


def test_a_late_gateway_does_not_overwrite_the_saved_state(connection: Connection[Any]) -> None:
    late = lease_of(connection)
    with pytest.raises(LeaseLost):
        recovery.save(
            connection,
            late,
            {"s1": b"old"},
            shelves=["s1"],
            load_id=1,
            version=1,
            at=SHOP_AT,
            wall_at=WALL_AT + timedelta(seconds=LEASE_S),
        )
    assert recovery.saved(connection, STORE) == recovery.Saved(load_id=0, shelves={})


def test_quantities_come_back_as_written(connection: Connection[Any]) -> None:
    write(connection, load(lease_of(connection), quantities=[quantity()]))
    assert recovery.quantities(connection, STORE) == {"p1": quantity()}


def test_counting_is_told_the_planogram_the_products_and_the_newest_counts(connection: Connection[Any]) -> None:
    assert evidence.version(connection, STORE) == 0
    assert evidence.read(connection, STORE, at=SHOP_AT).positions == ()
    connection.execute("""
        INSERT INTO store VALUES ('corner-shop', 'Corner shop');
        INSERT INTO evidence_version VALUES ('corner-shop', 7);
        INSERT INTO product (sku, name, unit_weight_g, unit_spread_g) VALUES ('cola', 'Cola', 348, 2.5);
        INSERT INTO product_gtin VALUES ('09520000000011', 'cola', false), ('19520000000018', 'cola', true);
        INSERT INTO planogram (store, valid_from, imported_at) VALUES ('corner-shop', '2026-01-01', '2026-01-01');
        INSERT INTO planogram_position VALUES (1, 'p1', 'cola', 'b1', 's1', '{l1,l2}', '{z1}', 24, 6),
                                              (1, 'display', 'cola', 'b9', 's9', '{}', '{}', 24, 6);
        INSERT INTO manual_count (store, place, position, sku, units, holds_from, counted_by)
        VALUES ('corner-shop', 'shelf', 'p1', 'cola', 9, '2026-01-01', 'eve'),
               ('corner-shop', 'shelf', 'p1', 'cola', 8, '2026-01-01 12:00+00', 'eve'),
               ('corner-shop', 'backroom', '', 'cola', 48, '2026-01-01', 'eve');
    """)
    model = evidence.read(connection, STORE, at=SHOP_AT)
    (place,) = model.positions
    assert model.version == 7
    assert (place.position, place.plates, place.zones, place.capacity) == ("p1", ("l1", "l2"), ("z1",), 24)
    assert (place.unit_weight_g, place.unit_spread_g, place.gtins) == (348, 2.5, ("09520000000011",))
    assert model.counts == (ManualCount(count_id=2, position="p1", sku="cola", units=8, holds_from=SHOP_AT),)  # type: ignore[arg-type] # ids are plain strings here


def test_a_planogram_for_tomorrow_changes_nothing_today(connection: Connection[Any]) -> None:
    connection.execute("""
        INSERT INTO store VALUES ('corner-shop', 'Corner shop');
        INSERT INTO product (sku, name, unit_weight_g) VALUES ('cola', 'Cola', 348), ('tea', 'Tea', 520);
        INSERT INTO planogram (store, valid_from, imported_at) VALUES ('corner-shop', '2026-01-01', '2026-01-01'),
                                                                      ('corner-shop', '2026-01-02', '2026-01-01');
        INSERT INTO planogram_position VALUES (1, 'p1', 'cola', 'b1', 's1', '{l1}', '{}', 24, 6),
                                              (2, 'p1', 'tea', 'b1', 's1', '{l1}', '{}', 20, 5);
    """)
    today, tomorrow = (evidence.read(connection, STORE, at=SHOP_AT + timedelta(days=days)) for days in (0, 1))
    assert [place.sku for place in today.positions] == ["cola"]
    assert [place.sku for place in tomorrow.positions] == ["tea"]
