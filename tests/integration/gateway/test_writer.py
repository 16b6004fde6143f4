"""A load is rows and a moved watermark, or it is nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from contract.ids import DeviceId, JournalId
from contract.records import Gap, HealthRecord
from database.connection import connect
from gateway.loading import lease as leases
from gateway.loading.current import newest_weights
from gateway.loading.lease import LeaseLost
from gateway.loading.load import DEAD_LETTER_BYTES_MAX, DeviceSeen, PlateWeight
from gateway.loading.writer import Fenced, write
from gateway.receiving.messages import DeadLetter
from tests.integration.gateway.rows import (
    DEVICE,
    EPC,
    JOURNAL,
    SHOP_AT,
    STORE,
    WALL_AT,
    all_of,
    lease_of,
    load,
    one_of,
    one_of_each,
    pick,
    quantity,
    readings,
    weight,
)

pytestmark = pytest.mark.database

WATERMARK = "SELECT seq FROM journal_watermark WHERE device = %s AND journal = %s"


def test_every_kind_of_record_becomes_a_row_and_the_watermark_moves(connection: Connection[Any]) -> None:
    load_id = write(connection, load(lease_of(connection), readings(one_of_each())))
    assert all_of(connection, "SELECT * FROM reading") == [
        (
            SHOP_AT + timedelta(seconds=1), STORE, DEVICE, JOURNAL, 1, 1000, "b1-s1-l1", "heartbeat", 500.0, None,
            0.25, "ok", 0, True, load_id,
        )
    ]  # fmt: skip
    assert all_of(connection, "SELECT seq, zone, epc, gtin, kind, rssi_dbm, reads FROM tag_event") == [
        (2, "b1-z1", EPC, "80614141123458", "arrived", -55.5, 12)
    ]
    assert all_of(
        connection, "SELECT seq, subject, verdict, samples, rejected, queued, measured FROM health_event"
    ) == [(3, "plate:b1-s1-l1", "noisy", 10, {"spike": 2}, 4, {"rate_sps": 9.5, "weight_g": -3})]
    assert all_of(connection, "SELECT seq, wall_at, synchronised, uncertainty_ms FROM clock_event") == [
        (4, datetime(2026, 1, 1, 12, 0, 4, tzinfo=UTC), True, 15)
    ]
    assert one_of(connection, WATERMARK, DEVICE, JOURNAL) == 4


def test_batches_of_several_devices_share_a_load(connection: Connection[Any]) -> None:
    other = JournalId("b" * 32)
    write(
        connection,
        load(
            lease_of(connection),
            readings([(1, weight(1)), (2, weight(2))]),
            readings([(1, weight(1, plate="longer-plate-name"))], device=DeviceId("bay-2"), journal=other),
            readings([(3, weight(3))]),
        ),
    )
    assert one_of(connection, WATERMARK, DEVICE, JOURNAL) == 3
    assert one_of(connection, WATERMARK, "bay-2", other) == 1
    assert all_of(connection, "SELECT device, seq FROM reading ORDER BY 1, 2") == [
        (DEVICE, 1), (DEVICE, 2), (DEVICE, 3), ("bay-2", 1),
    ]  # fmt: skip


def test_a_load_is_announced_by_its_number_alone(connection: Connection[Any], database_url: str) -> None:
    with connect(database_url, autocommit=True) as listener:
        listener.execute("LISTEN loaded")
        load_id = write(connection, load(lease_of(connection), readings([(1, weight(1))]), events=[pick()]))
        (notice,) = listener.notifies(timeout=10, stop_after=1)
    assert notice.payload == str(load_id)
    told = all_of(connection, "SELECT load_id, store, loaded_at, readings, events FROM load")
    assert told == [(load_id, STORE, SHOP_AT, 1, 1)]


def test_a_load_says_which_times_it_touched(connection: Connection[Any]) -> None:
    write(connection, load(lease_of(connection), readings([(1, weight(1000)), (2, weight(9000))]), events=[pick()]))
    first, last = SHOP_AT + timedelta(seconds=1), SHOP_AT + timedelta(seconds=9)
    spans = "SELECT lower(reading_span), upper(reading_span), lower(event_span) FROM load"
    assert all_of(connection, spans) == [(first, last, first)]


@pytest.mark.usefixtures("native_partitions")
def test_a_load_without_weights_makes_no_minute_stale(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    (_, tag), (_, health) = one_of_each()[1:3]
    write(connection, load(lease, readings([(1, tag), (2, health)])))
    assert one_of(connection, "SELECT count(*) FROM rollup_stale") == 0
    write(connection, load(lease, readings([(3, weight(5000))])))
    assert all_of(connection, "SELECT name FROM rollup_stale") == [("plate_minute",)]


def test_a_batch_that_is_in_already_is_fenced_and_leaves_nothing(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    batch = load(lease, readings([(1, weight(1))]), events=[pick()])
    write(connection, batch)
    with pytest.raises(Fenced):
        write(connection, batch)
    assert one_of(connection, "SELECT count(*) FROM reading") == 1
    assert one_of(connection, "SELECT count(*) FROM shelf_event") == 1


def test_a_watermark_another_gateway_moved_fences_the_whole_load(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    write(connection, load(lease, readings([(1, weight(1))])))
    connection.execute("UPDATE journal_watermark SET seq = 5")
    fresh = readings([(1, weight(1))], device=DeviceId("bay-2"), journal=JournalId("b" * 32))
    with pytest.raises(Fenced):
        write(connection, load(lease, fresh, readings([(2, weight(2))])))
    assert one_of(connection, "SELECT count(*) FROM reading") == 1
    assert one_of(connection, "SELECT count(*) FROM journal_watermark") == 1


def test_a_gateway_whose_store_was_taken_writes_nothing(connection: Connection[Any]) -> None:
    late = lease_of(connection, "gateway-a")
    lease_of(connection, "gateway-b", wall_at=WALL_AT + timedelta(seconds=leases.LEASE_S))
    with pytest.raises(LeaseLost):
        write(connection, load(late, readings([(1, weight(1))])))
    assert one_of(connection, "SELECT count(*) FROM reading") == 0


def test_a_takeover_waits_for_the_load_that_is_under_way(connection: Connection[Any], database_url: str) -> None:
    lease = lease_of(connection)
    later = WALL_AT + timedelta(seconds=leases.LEASE_S)
    taken: list[leases.Lease | None] = []

    def take_over() -> None:
        with connect(database_url, autocommit=True) as other:
            taken.append(leases.acquire(other, STORE, "gateway-b", wall_at=later))

    successor = threading.Thread(target=take_over)
    with connection.transaction():
        leases.check(connection, lease, wall_at=WALL_AT)
        successor.start()
        _wait_for_lock(database_url)
        assert not taken
    successor.join(timeout=20)
    assert taken[0] is not None
    assert taken[0].fence == lease.fence + 1


def _wait_for_lock(database_url: str) -> None:
    with connect(database_url, autocommit=True) as watcher:
        while not one_of(watcher, "SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass


def test_gaps_are_rows(connection: Connection[Any]) -> None:
    taken = readings([(3, weight(1))], gaps=(Gap(1, 2, "thinned"), Gap(4, 9, "lost")))
    load_id = write(connection, load(lease_of(connection), taken))
    assert all_of(connection, "SELECT first_seq, last_seq, reason, load_id FROM gap ORDER BY 1") == [
        (1, 2, "thinned", load_id), (4, 9, "lost", load_id),
    ]  # fmt: skip
    assert one_of(connection, "SELECT readings FROM load") == 1
    assert one_of(connection, WATERMARK, DEVICE, JOURNAL) == 9


def test_a_dead_letter_is_kept_once_and_counted(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    dead = DeadLetter(
        topic="liveshelf/v1/x\0y",
        device=DEVICE,
        journal=None,
        first=None,
        last=None,
        reason="unreadable",
        detail="odd \ud800",
        payload=b"\0" * 70_000,
        payload_bytes=70_000,
        payload_hash="f" * 64,
    )
    for _ in range(3):
        write(connection, load(lease, dead=[dead]))
    found = "SELECT times, octet_length(payload), payload_bytes, reason, topic FROM dead_letter"
    assert all_of(connection, found) == [(3, DEAD_LETTER_BYTES_MAX, 70_000, "unreadable", "liveshelf/v1/x�y")]
    assert one_of(connection, "SELECT count(*) FROM load") == 0


def test_a_quantity_that_only_gets_older_keeps_its_load(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    first = write(connection, load(lease, quantities=[quantity()]))
    later = SHOP_AT + timedelta(minutes=1)
    write(connection, load(lease, confirmed={quantity().position: later}))
    found = "SELECT best, pmf, as_of, load_id FROM position_quantity"
    assert all_of(connection, found) == [(5, [0.125, 0.875], later, first)]
    second = write(connection, load(lease, quantities=[quantity(best=4, as_of=later)]))
    assert one_of(connection, "SELECT load_id FROM position_quantity") == second
    assert all_of(connection, "SELECT best FROM quantity_history ORDER BY load_id") == [(5,), (4,)]


def test_late_weights_do_not_replace_newer_ones(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    new, late = readings([(1, weight(9000, weight_g=90.0))]), readings([(2, weight(1000, weight_g=10.0))])
    for taken in (new, late):
        write(connection, load(lease, taken, plates=list(newest_weights([taken]).plates.values())))
    assert all_of(connection, "SELECT weight_g, as_of FROM plate_current") == [(90.0, SHOP_AT + timedelta(seconds=9))]


def test_the_newest_figures_of_a_part_stand_beside_its_verdict(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    for seq, mono_ms, cpu_c in ((1, 9000, 81.0), (2, 1000, 52.0)):
        hot = HealthRecord(mono_ms=mono_ms, subject="agent", verdict="hot", measured={"cpu_c": cpu_c})
        write(connection, load(lease, readings([(seq, hot)])))
    assert all_of(connection, "SELECT subject, verdict, measured FROM health_current") == [
        ("agent", "hot", {"cpu_c": 81})
    ]


def test_a_passing_weight_keeps_the_verdict_of_the_plate(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    stuck = PlateWeight(plate="l1", device=DEVICE, weight_g=10.0, quality="stuck", as_of=SHOP_AT)
    now = PlateWeight(plate="l1", device=DEVICE, weight_g=20.0, quality=None, as_of=SHOP_AT + timedelta(seconds=5))
    for plate in (stuck, now):
        write(connection, load(lease, plates=[plate]))
    assert all_of(connection, "SELECT weight_g, quality FROM plate_current") == [(20.0, "stuck")]


def test_the_will_of_an_older_run_does_not_put_a_device_offline(connection: Connection[Any]) -> None:
    lease = lease_of(connection)
    born = DeviceSeen(device=DEVICE, online=True, journal="new", birth='{"plates": []}')
    write(connection, load(lease, devices=[born, DeviceSeen(device=DEVICE, online=False, journal="old")]))
    assert all_of(connection, "SELECT online, journal, birth FROM device") == [(True, "new", {"plates": []})]
    write(connection, load(lease, devices=[DeviceSeen(device=DEVICE, online=False, journal="new")]))
    assert one_of(connection, "SELECT online FROM device") is False
