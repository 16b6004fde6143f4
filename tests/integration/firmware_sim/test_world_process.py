"""The world as a process, with a real socket, a real API server and real signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from contract.clock import ShopClock
from contract.hardware import TagReader
from contract.ids import PlateId, ZoneId
from firmware_sim.__main__ import main
from firmware_sim.scenario.corner_shop import Scenario, write_corner_shop
from firmware_sim.wires import open_bay
from firmware_sim.world.errands import Answer, ApiAway, Errand
from firmware_sim.world.http_api import HttpStoreApi

RATE = 200.0
PATIENCE_S = 120.0


class _Handler(BaseHTTPRequestHandler):
    """Keeps what it is asked and answers with an empty list of everything."""

    protocol_version = "HTTP/1.1"
    timeout = 0.2
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        content = json.dumps({"tasks": [], "orders": []}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def api() -> Iterator[_Server]:
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def files(tmp_path: Path) -> Scenario:
    (tmp_path / "key").write_text("lsk_test\n")
    return write_corner_shop(
        tmp_path, seed=1, broker_url="mqtt://b", socket_path=tmp_path / "world.sock", data_dir=tmp_path
    )


def _command(files: Scenario, api_url: str, truth: str = "truth.jsonl") -> list[str]:
    folder = files.world.parent
    command = [sys.executable, "-m", "firmware_sim", "world", "--config", str(files.world), "--api", api_url]
    return [*command, "--key-file", str(folder / "key"), "--truth", str(folder / truth)]


@contextmanager
def _running(files: Scenario, api_url: str) -> Iterator[subprocess.Popen[str]]:
    clock = ShopClock(origin_unix_s=time.time(), rate=RATE).environment()
    process = subprocess.Popen(
        _command(files, api_url),
        env={**os.environ, **clock},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class _Wires:
    """A client of the world's socket, as an agent's wires are."""

    def __init__(self, files: Scenario, device: str, plates: list[str], zones: list[str]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect(str(files.socket))
        self._socket.sendall(json.dumps({"device": device, "plates": plates, "zones": zones}).encode() + b"\n")
        self._lines = self._socket.makefile("rb")

    def line(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._lines.readline())
        return found

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def _wait_for(fact: Any) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < until_s, "waited too long"
        time.sleep(0.02)


def _truth(files: Scenario) -> list[dict[str, Any]]:
    """Return the truth so far; the line being written just now is left out."""
    lines = (files.world.parent / "truth.jsonl").read_text().split("\n")
    return [json.loads(line) for line in lines[:-1]]


def test_a_world_serves_loads_acts_when_all_bays_are_there_and_closes_when_told(files: Scenario, api: _Server) -> None:
    world = json.loads(files.world.read_text())
    plates = [plate["plate"] for plate in world["plates"]]
    with _running(files, api.url) as process:
        bays = [
            _Wires(files, "bay-1", plates, []),
            _Wires(files, "bay-2", ["b2-s1-l1"], []),
            _Wires(files, "bay-3", [], ["b3-s4-z1"]),
        ]
        first, second, third = (bay.line() for bay in bays)
        assert set(first["loads"]) == set(plates)
        assert set(second["loads"]) == {"b2-s1-l1"}
        assert set(third["tags"]) == {"b3-s4-z1"}
        assert bays[0].line()["loads"]
        _wait_for(lambda: any(line["kind"] == "pick" for line in _truth(files)))
        _wait_for(lambda: any(command == "POST" for command, *_ in api.asked))
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "closed\n"
        assert sum(line["kind"] == "closing" for line in _truth(files)) == len(world["positions"])
        again = _Wires(files, "bay-1", ["b1-s1-l1"], [])
        assert set(again.line()["loads"]) == {"b1-s1-l1"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        for bay in (*bays, again):
            bay.close()
    assert not files.socket.exists()
    paths = {path.split("?")[0] for _, path, _, _ in api.asked}
    assert paths == {"/v1/tasks", "/v1/replenishment-orders", "/v1/till-sales"}
    sales = [(headers, json.loads(body)) for command, _, headers, body in api.asked if command == "POST"]
    assert all(headers["Authorization"] == "Bearer lsk_test" and headers["Idempotency-Key"] for headers, _ in sales)
    assert all(sale["store"] == "corner-shop" and sale["lines"] for _, sale in sales)


def test_the_wires_of_a_bay_come_alive_on_what_the_world_tells(files: Scenario) -> None:
    settings = tomllib.loads(files.edge["bay-3"].read_text())
    plates = [PlateId(plate["plate"]) for plate in settings["plates"]]
    zones = [ZoneId(zone["zone"]) for zone in settings["zones"]]
    clock = ShopClock(origin_unix_s=time.time(), rate=RATE)
    with _running(files, "http://127.0.0.1:9"):
        options = settings["hardware_options"]
        bay = open_bay(device="bay-3", plates=plates, zones=zones, options=options, clock=clock)
        try:
            _wait_for(lambda: all(line.ready() for line in bay.lines.values()))
            seen: set[str] = set()
            _wait_for(lambda: _look(bay.readers, seen) == set(zones))
        finally:
            bay.close()


def _look(readers: Sequence[TagReader], seen: set[str]) -> set[str]:
    """Return the zones in which tags were read, with those seen before."""
    seen.update(sighting.zone for reader in readers for sighting in reader.sightings())
    return seen


def test_the_command_line_writes_a_shop_and_says_in_one_sentence_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corner-shop", str(tmp_path), "--seed", "3"]) == 0
    world = ["world", "--config", str(tmp_path / "world.json"), "--key-file", "key", "--truth", str(tmp_path / "t")]
    assert main([*world, "--api", "ftp://shop"]) == 2
    assert capsys.readouterr().err == "--api: found 'ftp://shop', expected http://HOST:PORT or https://HOST:PORT\n"


def test_a_client_that_talks_nonsense_is_let_go_and_others_are_served(files: Scenario) -> None:
    with _running(files, "http://127.0.0.1:9"):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.settimeout(PATIENCE_S)
            stranger.connect(str(files.socket))
            stranger.sendall(b"hello\n")
            assert stranger.recv(100) == b""
        wires = _Wires(files, "bay-1", ["b1-s1-l1"], [])
        assert set(wires.line()["loads"]) == {"b1-s1-l1"}
        wires.close()


def _command_answer(files: Scenario, command: object) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.settimeout(PATIENCE_S)
        visitor.connect(str(files.socket))
        visitor.sendall(json.dumps({"command": command}).encode() + b"\n")
        with visitor.makefile("rb") as lines:
            found: dict[str, Any] = json.loads(lines.readline())
            assert lines.readline() == b"", "one line, and the visitor is let go"
    return found


def test_a_visitor_commands_and_the_wires_feel_it(files: Scenario) -> None:
    with _running(files, "http://127.0.0.1:9"):
        wires = _Wires(files, "bay-1", ["b1-s1-l1"], [])
        before = wires.line()
        assert before["unplugged"] == []
        told = _command_answer(files, {"do": "pick", "position": "b1-s1-p1", "units": 2})
        assert told == {"ok": True, "said": "pick_began", "facts": {"position": "b1-s1-p1", "units": 2}}
        assert wires.line()["loads"].keys() == {"b1-s1-l1"}
        _wait_for(lambda: any(line["kind"] == "pick" and line["change"] == -2 for line in _truth(files)))
        pulled = _command_answer(files, {"do": "unplug_scale", "plate": "b1-s1-l1", "for_s": 60})
        assert pulled["facts"]["positions"] == ["b1-s1-p1"]
        plugs = iter(wires.line, None)
        assert next(line["unplugged"] for line in plugs if "unplugged" in line) == ["b1-s1-l1"]
        assert next(line["unplugged"] for line in plugs if "unplugged" in line) == []
        wires.close()


def test_a_wrong_command_is_answered_and_the_world_goes_on(files: Scenario) -> None:
    with _running(files, "http://127.0.0.1:9"):
        told = _command_answer(files, {"do": "rush_hour", "minutes": "many"})
        facts = {"field": "minutes", "found": "many", "expected": "a number above 0, at most 120"}
        assert told == {"ok": False, "said": "wrong_command", "facts": facts}
        assert _command_answer(files, {"do": "rush_hour"})["said"] == "rush_hour_began"


def test_a_second_world_on_the_same_socket_is_one_sentence(files: Scenario) -> None:
    with _running(files, "http://127.0.0.1:9"):
        second = subprocess.run(
            _command(files, "http://127.0.0.1:9", truth="other.jsonl"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert second.returncode == 2
    assert "another world serves it already" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_socket_left_by_a_world_that_was_killed_is_taken_over(files: Scenario) -> None:
    with _running(files, "http://127.0.0.1:9"):
        pass
    assert files.socket.is_socket()
    with _running(files, "http://127.0.0.1:9"):
        wires = _Wires(files, "bay-1", ["b1-s1-l1"], [])
        assert wires.line()["loads"]
        wires.close()


def test_a_connection_the_server_closed_meanwhile_is_opened_again(api: _Server, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("lsk_one\n")
    client = HttpStoreApi(api.url, tmp_path / "key")
    poll = Errand(method="GET", path="/v1/tasks", keep=False)
    assert client.ask(poll).ok
    time.sleep(3 * _Handler.timeout)
    assert client.ask(poll).ok
    client.close()


def test_an_api_that_is_away_or_has_no_key_yet_is_no_answer(api: _Server, tmp_path: Path) -> None:
    errand = Errand(method="POST", path="/v1/receipts", body={"order_id": "1", "units": 2}, key="k")
    key_file = tmp_path / "key"
    client = HttpStoreApi(api.url, key_file)
    with pytest.raises(ApiAway, match="No such file"):
        client.ask(errand)
    key_file.write_text("lsk_one\n")
    assert client.ask(errand).ok
    api.status = 401
    key_file.write_text("lsk_two\n")
    assert client.ask(errand) == Answer(401, {"tasks": [], "orders": []})
    assert client.ask(errand).status == 401
    keys = [headers["Authorization"] for _, _, headers, _ in api.asked]
    assert keys == ["Bearer lsk_one", "Bearer lsk_one", "Bearer lsk_two"]
    client.close()
    with pytest.raises(ApiAway, match="refused"):
        HttpStoreApi("http://127.0.0.1:9", key_file).ask(errand)
