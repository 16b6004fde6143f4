"""A world of one hand: a real socket server that lays loads on plates when a test says so."""

from __future__ import annotations

import json
import socketserver
import threading
from pathlib import Path
from types import TracebackType
from typing import Self


class WorldSocket:
    """Serves the world socket's protocol: a snapshot to whoever connects, then every change."""

    def __init__(self, path: Path, loads: dict[str, float]) -> None:
        self._loads = dict(loads)
        self._unplugged: set[str] = set()
        self._clients: list[_Handler] = []
        self._lock = threading.Lock()
        world = self

        class Handler(_Handler):
            def handle(self) -> None:
                self.rfile.readline()
                with world._lock:
                    self.tell(world._loads, world._unplugged)
                    world._clients.append(self)
                self.rfile.read()

        self._server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def lay(self, **loads: float) -> None:
        """Change what lies on plates, in grams; an underscore in a plate's name stands for a hyphen."""
        changed = {plate.replace("_", "-"): grams for plate, grams in loads.items()}
        with self._lock:
            self._loads.update(changed)
            for client in self._clients:
                client.tell(changed, self._unplugged)

    def pull_plug(self, plate: str) -> None:
        """Take the plug of a scale out: its line is dead, whatever lies on it."""
        self._unplugged.add(plate)
        self.lay()

    def put_plug_back(self, plate: str) -> None:
        """Put the plug of a scale back."""
        self._unplugged.discard(plate)
        self.lay()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(socketserver.StreamRequestHandler):
    def tell(self, loads: dict[str, float], unplugged: set[str]) -> None:
        """Send loads and the plugs that are pulled as one line."""
        line = {"loads": loads, "tags": {}, "unplugged": sorted(unplugged)}
        self.wfile.write(json.dumps(line).encode() + b"\n")
        self.wfile.flush()
