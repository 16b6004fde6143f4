"""The pages as a program: it ends its streams and itself when it is told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from cloud.shelves import service as shelves
from tests.fakes.event_stream import Page
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.streaming import PATIENCE_S, Stream, log_in, patiently

pytestmark = pytest.mark.database


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_server_that_is_told_to_stop_ends_its_streams_in_order(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "LIVESHELF_DATABASE_URL": shop.url, "LIVESHELF_API_PORT": str(port)}
    program = subprocess.Popen(
        [sys.executable, "-m", "dashboards"], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        patiently(lambda: _listens(port))
        with shop.connection.transaction():
            here = shelves.heads(shop.connection, STORE).to_id()
        token = log_in(shop)
        streams = [Stream(port, token, page=Page(here)) for _ in range(3)]
        for stream in streams:
            stream.until(lambda page: page.down is not None)
        program.send_signal(signal.SIGTERM)
        for stream in streams:
            stream.read_to_the_end()
            assert stream.answer.isclosed(), "the last chunk came: it was ended, not cut"
            stream.close()
        _, said = program.communicate(timeout=PATIENCE_S)
    finally:
        program.kill()
        program.communicate()
    assert program.returncode == 0
    assert "timeout graceful shutdown exceeded" not in said
    assert "Traceback" not in said
