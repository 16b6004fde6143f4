"""The address a server listens on, and who is let go who takes nothing."""

from __future__ import annotations

import socket

import pytest

from cloud.serving import listen


def test_whoever_takes_nothing_for_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.serving.UNREAD_MS", 500)
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        asleep, _ = listener.accept()
        with asleep, pytest.raises(TimeoutError):
            asleep.sendall(bytes(64_000_000))
