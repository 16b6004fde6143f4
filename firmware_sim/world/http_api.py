"""The store's API over HTTP: one errand in, one answer out, over a connection that is kept while it works."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract.errors import ConfigurationError
from firmware_sim.world.errands import Answer, ApiAway, Errand

TIMEOUT_S = 5.0
"""Longer than any honest answer takes; an API that says nothing for so long is away."""


class HttpStoreApi:
    """A client of the cloud's HTTP API. Used by one thread.

    The key is read from its file when it is first needed, and again after a refusal: it may not be there yet.
    """

    def __init__(self, url: str, key_file: Path) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(f"--api: found {url!r}, expected http://HOST:PORT or https://HOST:PORT")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
        self._base = parts.path.rstrip("/")
        self._key_file = key_file
        self._key = ""

    def ask(self, errand: Errand) -> Answer:
        """Return the answer to one attempt. Raises ApiAway when there is none."""
        headers = self._headers(errand)
        body = json.dumps(errand.body).encode() if errand.method == "POST" else None
        try:
            answer = self._over_kept_connection(errand, body, headers) or self._exchange(errand, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ApiAway(f"{errand.method} {errand.path}: {error!r}") from error
        if answer.status in (401, 403):
            self._key = ""
        return answer

    def _over_kept_connection(self, errand: Errand, body: bytes | None, headers: Mapping[str, str]) -> Answer | None:
        """Ask over the connection of last time; None when there is none any more.

        Servers close idle connections (uvicorn after 5 s), which is seen only on the next request. Asking again is
        safe: reads change nothing, and writes carry their idempotency key.
        """
        if self._connection.sock is None:
            return None
        try:
            return self._exchange(errand, body, headers)
        except (ConnectionError, http.client.HTTPException):
            self._connection.close()
            return None

    def _exchange(self, errand: Errand, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        self._connection.request(errand.method, self._base + errand.path, body, headers)
        response = self._connection.getresponse()
        return Answer(response.status, _object(response.read()))

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _headers(self, errand: Errand) -> dict[str, str]:
        try:
            self._key = self._key or self._key_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ApiAway(f"{self._key_file}: {error.strerror}") from error
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if errand.method == "POST":
            headers |= {"Content-Type": "application/json", "Idempotency-Key": errand.key}
        return headers


def _object(content: bytes) -> Mapping[str, Any]:
    """Return the JSON object of an answer; an answer that is none says nothing."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
