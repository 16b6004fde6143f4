"""A page with the real scripts and a stream that says what a test wants it to say."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dashboards.web.rendering import STATIC_FOLDER

PAGE = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>stage</title>
<link rel="icon" href="data:,"><script type="module" src="/js/live.js"></script></head>
<body data-live="/live?lang={language}" data-live-after="e.1.1" data-shop-ms="1767225600000" data-shop-rate="1">
<span data-connection data-state="connecting"></span><div data-down></div>
<svg width="100" height="100"><g data-part="tile:p1"><text>8</text></g></svg>
<div data-part="card:p1">8 left <button>Take</button><input name="units"></div>
<ol data-now><li data-empty>Nothing yet</li></ol>
<time data-relative datetime="2025-12-31T23:57:00Z">23:57:00</time>
</body></html>"""


class Stage:
    """Serves the page. `say` puts bytes on the newest stream, `cut` ends it; new ones are answered status `refuse`.

    What is said while none is open waits for the next one, which ends one that is left. `asked` are the queries the
    stream was asked with.
    """

    def __init__(self) -> None:
        self.language = "en"
        self.asked: list[dict[str, str]] = []
        self.refuse: int | None = None
        self.said: queue.Queue[bytes | None] = queue.Queue()
        self._is_heard = False
        self._turn = threading.Lock()
        self.opened = threading.Semaphore(0)

    def say(self, frame: dict[str, Any], frame_id: str = "") -> None:
        """Send a frame."""
        id_line = f"id: {frame_id}\n" if frame_id else ""
        self.said.put(f"{id_line}event: frame\ndata: {json.dumps(frame)}\n\n".encode())

    def say_reload(self) -> None:
        """Tell the page to load anew."""
        self.said.put(b"event: reload\ndata: 1\n\n")

    def cut(self) -> None:
        """End the stream."""
        with self._turn:
            self._end()

    def listen(self) -> queue.Queue[bytes | None]:
        """Return what the newest stream says: this one, from now on."""
        with self._turn:
            if self._is_heard:
                self._end()
            self._is_heard = True
            return self.said

    def _end(self) -> None:
        self.said.put(None)
        self.said = queue.Queue()
        self._is_heard = False


@contextmanager
def staged(stage: Stage) -> Iterator[str]:
    """Serve a stage; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(address.query).items()}
            if address.path == "/live":
                self._live(query)
            elif address.path.startswith("/js/"):
                self._answer((STATIC_FOLDER / address.path[1:]).read_bytes(), "text/javascript")
            elif address.path == "/login":
                self._answer(b"<!doctype html><title>log in</title>", "text/html")
            else:
                self._answer(PAGE.format(language=stage.language).encode(), "text/html")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _live(self, query: dict[str, str]) -> None:
            if stage.refuse is not None or "probe" in query:
                self.send_response(stage.refuse or 204)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            stage.asked.append(query)
            said = stage.listen()
            stage.opened.release()
            while (chunk := said.get()) is not None:
                self.wfile.write(chunk)
                self.wfile.flush()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        stage.cut()
        server.shutdown()
        thread.join()
        server.server_close()
