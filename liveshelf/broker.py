"""The MQTT broker of a store that has none: mosquitto if it is installed, else the one in the iotcore wheel.

`python -m liveshelf.broker --port N` runs one in the foreground, prints `ready` and stops on SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from contract.broker_address import BrokerAddress
from contract.errors import LiveShelfError
from liveshelf.broker_configuration import HOST, KEPT_FOLDER, iotcore_configuration, mosquitto_configuration
from liveshelf.mqtt_probe import BrokerUnreachable, probe_broker

BROKER_URL_VARIABLE = "LIVESHELF_MQTT_URL"
PORT_DEFAULT = 1883
START_S_MAX = 20.0
STOP_S_MAX = 5.0
POLL_S = 0.05
WATCH_S = 0.5
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
"""Where packages put mosquitto although an ordinary user's PATH does not look there."""

BrokerKind = Literal["mosquitto", "iotcore"]


class BrokerError(LiveShelfError):
    """The MQTT broker cannot be started."""


class PortInUse(BrokerError):
    """Another program listens on the port."""


class BrokerMissing(BrokerError):
    """No MQTT broker is installed: install mosquitto or `liveshelf[demo]`, or set LIVESHELF_MQTT_URL."""


def broker_url(environ: Mapping[str, str]) -> str | None:
    """Return the address of the broker of one's own (`LIVESHELF_MQTT_URL`), or None to start a private one."""
    return environ.get(BROKER_URL_VARIABLE) or None


def find_mosquitto() -> str | None:
    """Return the path of mosquitto, looking in the folders for system programs too, or None."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    return shutil.which("mosquitto", path=path)


def available_brokers() -> tuple[BrokerKind, ...]:
    """Return the brokers that can be started here, the better one first."""
    found: list[BrokerKind] = []
    if find_mosquitto():
        found.append("mosquitto")
    if find_spec("iotcore"):
        found.append("iotcore")
    return tuple(found)


def free_port() -> int:
    """Return a loopback port nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
    return port


class Broker:
    """A private broker on a loopback port (0: any free one), of the best kind there is or of the one asked for.

    However this process ends, the broker ends with it; on Linux also with the thread that called `start`. Configuration
    and log go to `folder`, which is kept, or to a temporary one. A mosquitto that `keeps` has its retained messages on
    disk there; our own programs need no such broker, so it is for tests of those of others.
    """

    def __init__(
        self,
        *,
        port: int = PORT_DEFAULT,
        kind: BrokerKind | None = None,
        folder: Path | None = None,
        keeps: bool = False,
    ) -> None:
        self.port = port or free_port()
        self.kind = kind
        self._keeps = keeps
        self._kept_folder = folder
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address clients connect to."""
        return f"mqtt://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process number of the broker, or None when it was not started."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the broker has ended by itself, or None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    def start(self) -> str:
        """Start the broker if it does not run and return its address once it takes connections.

        Raises PortInUse naming the port, BrokerMissing, or BrokerError with what the broker said.
        """
        if self._process is not None and self._process.poll() is None:
            return self.url
        self.stop()
        check_port_free(self.port)
        folder = self._make_folder()
        try:
            self._launch(folder)
            self._wait_until_ready(folder)
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the broker; without effect when it does not run."""
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _make_folder(self) -> Path:
        if self._kept_folder is not None:
            self._kept_folder.mkdir(parents=True, exist_ok=True)
            return self._kept_folder
        self._folder = tempfile.TemporaryDirectory(prefix="liveshelf-broker-")
        return Path(self._folder.name)

    def _launch(self, folder: Path) -> None:
        self.kind = self.kind or next(iter(available_brokers()), None)
        with (folder / "broker.log").open("wb") as log:
            self._process = subprocess.Popen(
                _command(self.kind, folder, self.port, keeps=self._keeps),
                cwd=folder,
                stdin=subprocess.PIPE,  # closes when we are gone; the iotcore process then ends too
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the programs; they stop the broker after they are done
            )

    def _wait_until_ready(self, folder: Path) -> None:
        deadline_s = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline_s:
            if self.exit_code is not None:
                check_port_free(self.port)
                raise BrokerError(f"{self.kind} ended at once: {_last_line(folder / 'broker.log')}")
            try:
                probe_broker(BrokerAddress(host=HOST, port=self.port))
            except BrokerUnreachable:
                time.sleep(POLL_S)
            else:
                return
        raise BrokerError(f"{self.kind} did not take connections on port {self.port} within {START_S_MAX:.0f} s")


def check_port_free(port: int) -> None:
    """Raise PortInUse when another program listens on this loopback port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise PortInUse(
                f"port {port} on {HOST} cannot be used ({error.strerror}): stop the program that listens there,"
                f" choose another port, or set {BROKER_URL_VARIABLE}"
            ) from error


def _command(kind: BrokerKind | None, folder: Path, port: int, *, keeps: bool) -> list[str]:
    mosquitto = find_mosquitto()
    if kind == "mosquitto" and mosquitto:
        config = _written(folder / "mosquitto.conf", mosquitto_configuration(port, keeps=keeps))
        if keeps:
            kept = folder / KEPT_FOLDER
            kept.mkdir(exist_ok=True)
            kept.chmod(0o777)  # whom mosquitto becomes is known only where it starts
        # It reads the file as an ordinary user, who may not be let through the folders above: so by its name alone.
        folder.chmod(0o711)
        config.chmod(0o644)
        child = Path(__file__).with_name("mosquitto_child.py")
        return [sys.executable, "-I", str(child), str(os.getpid()), mosquitto, "-c", config.name]
    if kind == "iotcore" and find_spec("iotcore"):
        child = Path(__file__).with_name("iotcore_child.py")
        config = _written(folder / "rumqttd.toml", iotcore_configuration(port))
        return [sys.executable, "-P", str(child), str(config)]
    raise BrokerMissing


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(arguments: list[str] | None = None) -> int:
    """Run a broker in the foreground; return the exit code of the process."""
    parser = argparse.ArgumentParser(prog="python -m liveshelf.broker", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--port", type=int, default=PORT_DEFAULT, help="loopback port; 0: any free one")
    parser.add_argument("--kind", choices=["mosquitto", "iotcore"], help="default: mosquitto if installed")
    parser.add_argument("--folder", type=Path, help="keep configuration and log here; default: a temporary folder")
    given = parser.parse_args(arguments)
    try:
        _run(Broker(port=given.port, kind=given.kind, folder=given.folder))
    except BrokerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(broker: Broker) -> None:
    """Run it until SIGTERM or SIGINT. Raises BrokerError when it cannot start or ends by itself."""
    asked_to_stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: asked_to_stop.set())
    with broker:
        print(f"{broker.kind} {broker.url}\nready", flush=True)
        while not asked_to_stop.wait(WATCH_S):
            if broker.exit_code is not None:
                raise BrokerError(f"{broker.kind} ended by itself with exit code {broker.exit_code}")


if __name__ == "__main__":
    sys.exit(main())
