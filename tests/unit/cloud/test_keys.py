"""API keys, Idempotency-Keys and ETags, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cloud.access.model import Caller, digest_of, make_key, prefix_of
from cloud.availability.model import StockRow
from cloud.availability.service import matches, tag_of
from cloud.errors import IdempotencyKeyMissing
from cloud.idempotency.service import check_key, hash_of

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _row(on_hand: int = 8, reserved: int = 0, change: int = 1, as_of: datetime = AT) -> StockRow:
    return StockRow(
        sku="tea", store="s", on_shelf=8, unsensed=0, backroom=0, incoming=0, on_hand=on_hand, reserved=reserved,
        confidence=0.99, basis=("weight",), as_of=as_of, change=change,
    )  # fmt: skip


def test_a_key_is_found_by_its_prefix_and_known_by_its_hash() -> None:
    key, other = make_key(), make_key()
    assert prefix_of(key.text) == key.prefix
    assert key.digest == digest_of(key.text) != other.digest
    assert len(key.text) == len("lsk_") + 12 + 1 + 43, "256 bits in base64"


@pytest.mark.parametrize(
    "text", ["", "lsk_", "lsk_abc_def", "xyz_0123456789ab_" + "A" * 43, "lsk_0123456789AB_" + "A" * 43]
)
def test_what_is_no_key_has_no_prefix(text: str) -> None:
    assert prefix_of(text) is None


def test_a_key_for_all_stores_knows_every_store() -> None:
    everywhere = Caller(prefix="p", scopes=frozenset(), stores=frozenset({"*"}), expires_at=None)
    one = Caller(prefix="p", scopes=frozenset({"tasks:read"}), stores=frozenset({"a"}), expires_at=AT)
    assert everywhere.knows("b")
    assert not one.knows("b")
    assert one.expired(AT)
    assert not everywhere.expired(AT)


@pytest.mark.parametrize("key", [None, "", "k" * 256, "schlüssel"])
def test_an_idempotency_key_must_say_something(key: str | None) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        check_key(key)


def test_another_path_or_body_is_another_request() -> None:
    assert len({hash_of("POST", "/a", b"x"), hash_of("POST", "/b", b"x"), hash_of("POST", "/a", b"y")}) == 3


@pytest.mark.parametrize(
    ("on_hand", "reserved", "sellable", "status"),
    [
        (8, 0, 8, "in_stock"),
        (8, 5, 3, "in_stock"),
        (8, 6, 2, "limited"),
        (8, 8, 0, "out_of_stock"),
        (8, 9, 0, "out_of_stock"),
    ],
)
def test_what_can_be_sold_is_what_is_not_promised(on_hand: int, reserved: int, sellable: int, status: str) -> None:
    row = _row(on_hand, reserved)
    assert (row.sellable, row.status) == (sellable, status)


def test_a_tag_follows_the_answer_not_its_age() -> None:
    later = _row(change=9, as_of=datetime(2026, 1, 2, tzinfo=UTC))
    assert tag_of(_row()) == tag_of(later) != tag_of(_row(on_hand=7))
    assert matches(tag_of(_row()), f'"other", {tag_of(later)}')
    assert matches(tag_of(_row()), "*")
    assert not matches(tag_of(_row()), None)


def test_an_answer_from_a_sensor_ahead_of_the_clock_is_not_older_than_new() -> None:
    assert _row(as_of=datetime(2026, 1, 2, tzinfo=UTC)).age_s(AT) == 0
