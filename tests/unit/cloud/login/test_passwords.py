"""Hashes of passwords and PINs."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from cloud.access.login import passwords


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def test_a_hash_costs_what_rfc_9106_recommends() -> None:
    hashed = passwords.hash_password("a quiet teapot")
    assert extract_parameters(hashed) == RFC_9106_LOW_MEMORY
    assert not passwords.needs_rehash(hashed)
    assert extract_parameters(passwords._stand_in(passwords._hasher)) == RFC_9106_LOW_MEMORY, (
        "an unknown name takes as long"
    )


@pytest.mark.usefixtures("quick_hashes")
def test_a_password_is_known_by_its_hash_alone() -> None:
    hashed = passwords.hash_password("a quiet teapot")
    assert hashed != passwords.hash_password("a quiet teapot"), "each has a salt of its own"
    assert passwords.verify(hashed, "a quiet teapot")
    assert not passwords.verify(hashed, "a quiet teapo")
    assert not passwords.verify(hashed, "")
    assert not passwords.verify("no hash at all", "a quiet teapot")
    assert not passwords.verify(None, "a quiet teapot")


@pytest.mark.usefixtures("quick_hashes")
def test_a_pin_has_one_digest_in_one_installation() -> None:
    assert passwords.pin_digest("123456", salt="a") == passwords.pin_digest("123456", salt="a")
    assert passwords.pin_digest("123456", salt="a") != passwords.pin_digest("123456", salt="b")
    assert passwords.pin_digest("123456", salt="a") != passwords.pin_digest("123457", salt="a")


@pytest.mark.parametrize("limit", ["_turns", "_line"])
@pytest.mark.usefixtures("quick_hashes")
def test_who_finds_too_many_at_the_door_is_sent_away(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(passwords, "TURN_WAIT_S", 0.0)
    monkeypatch.setattr(passwords, limit, threading.BoundedSemaphore(1))
    with passwords._turn(), pytest.raises(passwords.HashingBusy):
        passwords.verify(None, "a quiet teapot")
    assert not passwords.verify(None, "a quiet teapot"), "the door is free again"
