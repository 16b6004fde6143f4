"""The gateway's view of the watermarks follows the load that is open, and forgets it when it comes to nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from contract.ids import DeviceId, JournalId, StoreId
from contract.records import Blocks
from gateway.loading.lease import Lease
from gateway.loading.load import Load, Move
from gateway.loading.watermarks import Watermarks
from gateway.model import Readings

DEVICE, JOURNAL = DeviceId("bay-1"), JournalId("a" * 32)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def _readings(first: int, last: int, *, device: DeviceId = DEVICE) -> Readings:
    return Readings(
        store=StoreId("shop"),
        device=device,
        journal=JOURNAL,
        boot="",
        first=first,
        last=last,
        mono_zero_at=AT,
        time_known=True,
        blocks=Blocks(),
    )


def test_a_device_is_read_once_and_an_unknown_journal_stands_at_zero() -> None:
    asked: list[DeviceId] = []

    def read(device: DeviceId) -> dict[tuple[DeviceId, JournalId], int]:
        asked.append(device)
        return {(device, JOURNAL): 7}

    watermarks = Watermarks(read)
    assert watermarks.of(DEVICE, JOURNAL) == 7
    assert watermarks.of(DEVICE, JournalId("b" * 32)) == 0
    assert asked == [DEVICE]


def test_the_open_load_counts_until_it_is_rolled_back() -> None:
    watermarks = Watermarks(lambda _device: {})
    watermarks.take(_readings(1, 5))
    assert watermarks.of(DEVICE, JOURNAL) == 5
    watermarks.roll_back()
    assert watermarks.of(DEVICE, JOURNAL) == 0


def test_what_is_committed_stays_when_a_later_load_is_rolled_back() -> None:
    watermarks = Watermarks(lambda _device: {})
    watermarks.take(_readings(1, 5))
    watermarks.commit()
    watermarks.take(_readings(6, 9))
    watermarks.roll_back()
    assert watermarks.of(DEVICE, JOURNAL) == 5


def test_what_is_in_doubt_is_read_again() -> None:
    found = {(DEVICE, JOURNAL): 3}
    watermarks = Watermarks(lambda _device: found)
    assert watermarks.of(DEVICE, JOURNAL) == 3
    found[DEVICE, JOURNAL] = 9
    assert watermarks.of(DEVICE, JOURNAL) == 3
    watermarks.forget()
    assert watermarks.of(DEVICE, JOURNAL) == 9


def test_batches_of_one_journal_move_its_watermark_once_and_in_key_order() -> None:
    load = Load(
        store=StoreId("shop"),
        lease=Lease(store=StoreId("shop"), owner="a", fence=1),
        loaded_at=AT,
        wall_at=AT,
        readings=[_readings(4, 6, device=DeviceId("bay-2")), _readings(1, 5), _readings(6, 9)],
    )
    assert load.moves == [
        Move(device=DEVICE, journal=JOURNAL, base=0, last=9),
        Move(device=DeviceId("bay-2"), journal=JOURNAL, base=3, last=6),
    ]
