"""The worker and the API as processes: woken by the gateway, stopped by a signal, clear about a port in use."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cloud.worker import Worker
from contract.clock import ShopClock
from database.connection import connect
from tests.integration.cloud.shop import Shop

pytestmark = pytest.mark.database

PATIENCE_S = 30.0
CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'liveshelf worker'"""


@contextmanager
def _program(name: str, shop: Shop, **variables: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "LIVESHELF_DATABASE_URL": shop.url, **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "cloud", name],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_worker_is_woken_by_a_load_and_tells_the_number_of_the_change(shop: Shop) -> None:
    """With a sweep of a minute, only the notification can have woken it."""
    with _program("worker", shop, LIVESHELF_SWEEP_S="60") as worker, connect(shop.url, autocommit=True) as ear:
        ear.execute("LISTEN changed")
        first = [note.payload for note in ear.notifies(timeout=PATIENCE_S, stop_after=1)]
        assert first, "the opening counts are numbered when the worker starts"
        time.sleep(0.5)  # it listens before its first step; this is for the step to end
        shop.load("p-tea", "tea", 7)
        (woken,) = [note.payload for note in ear.notifies(timeout=PATIENCE_S, stop_after=1)]
        assert int(woken) > int(first[0])
        worker.send_signal(signal.SIGTERM)


def test_a_worker_sums_up_minutes_and_hours_beside_its_work(shop: Shop) -> None:
    with _program("worker", shop) as worker, connect(shop.url, autocommit=True) as reader:
        deadline_s = time.monotonic() + PATIENCE_S
        refreshed = "SELECT count(*) FROM rollup WHERE refreshed_at IS NOT NULL AND upto > '-infinity'"
        while reader.execute(refreshed).fetchone() != (2,):
            assert time.monotonic() < deadline_s, "nothing was summed up"
            time.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode == 0


def test_a_worker_stops_when_told_to(shop: Shop) -> None:
    with _program("worker", shop) as worker, connect(shop.url, autocommit=True) as ear:
        ear.execute("LISTEN changed")
        assert list(ear.notifies(timeout=PATIENCE_S, stop_after=1))
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode == 0
    assert "cloud.worker: worker started event=worker_started" in said


def test_a_worker_comes_back_after_its_connections_were_cut(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    worker = Worker(shop.settings, ShopClock())
    thread = threading.Thread(target=worker.run, args=(stop,))
    with connect(shop.url, autocommit=True) as ear:
        ear.execute("LISTEN changed")
        thread.start()
        try:
            assert list(ear.notifies(timeout=PATIENCE_S, stop_after=1))
            ear.execute(CUT)
            shop.load("p-tea", "tea", 7)
            assert list(ear.notifies(timeout=PATIENCE_S, stop_after=1))
            deadline = time.monotonic() + PATIENCE_S
            while "database is back" not in caplog.messages and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            stop.set()
            thread.join(PATIENCE_S)
    told = [record.message for record in caplog.records if record.name == "cloud.worker"]
    assert told == ["worker started", "database away", "database is back"]


def test_the_api_answers_as_a_program_and_stops_when_told_to(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _program("api", shop, LIVESHELF_API_PORT=str(port)) as api:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/availability/tea?store=corner", headers={"Authorization": f"Bearer {shop.key}"}
        )
        assert json.loads(_patiently(request))["backroom"] == 6
        api.send_signal(signal.SIGTERM)
        _, said = api.communicate(timeout=PATIENCE_S)
    assert api.returncode == 0
    assert "uvicorn.error: Application startup complete." in said
    assert "color_message" not in said
    assert "/v1/availability" not in said, "requests are counted, not logged"


def _patiently(request: urllib.request.Request) -> bytes:
    """Ask until the program listens."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return bytes(answer.read())
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_the_api_says_in_one_sentence_that_its_port_is_in_use(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _program("api", shop, LIVESHELF_API_PORT=str(port)) as api:
            _, said = api.communicate(timeout=PATIENCE_S)
    assert api.returncode == 2
    assert said.splitlines()[-1].startswith(f"port {port} of 127.0.0.1 is in use")
    assert "Traceback" not in said


def test_a_setting_that_is_wrong_is_named(shop: Shop) -> None:
    with _program("api", shop, LIVESHELF_API_PORT="many") as api:
        _, said = api.communicate(timeout=PATIENCE_S)
    assert api.returncode == 2
    assert "LIVESHELF_API_PORT: found 'many'" in said
