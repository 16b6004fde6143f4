"""The gateway's settings: one frozen value from the environment, every problem said at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from contract.clock import ShopClock, clock_from_environment
from contract.errors import ConfigurationError, without_secret
from contract.ids import StoreId, is_name
from database.connection import check_address
from gateway.foreign_settings import NO_FOREIGN, ForeignSettings

DATABASE_VARIABLE = "LIVESHELF_DATABASE_URL"
BROKER_VARIABLE = "LIVESHELF_MQTT_URL"
STORE_VARIABLE = "LIVESHELF_STORE"
BATCH_VARIABLE = "LIVESHELF_GATEWAY_BATCH_MAX"
GATHER_VARIABLE = "LIVESHELF_GATEWAY_GATHER_MS"
SAVE_VARIABLE = "LIVESHELF_GATEWAY_SAVE_S"
LOG_VARIABLE = "LIVESHELF_GATEWAY_LOG"
FOREIGN_VARIABLE = "LIVESHELF_FOREIGN_FILE"
METRICS_HOST_VARIABLE = "LIVESHELF_GATEWAY_METRICS_HOST"
METRICS_PORT_VARIABLE = "LIVESHELF_GATEWAY_METRICS_PORT"
PORT_MAX = 65_535

EXPECTED = {
    DATABASE_VARIABLE: "a PostgreSQL address such as postgresql://user@host:5432/liveshelf",
    BROKER_VARIABLE: "a broker address such as mqtt://host:1883",
    STORE_VARIABLE: "the name of a store: letters, digits, dot, dash, underscore, at most 64",
    BATCH_VARIABLE: "a whole number above 0",
    GATHER_VARIABLE: "a whole number above 0",
    SAVE_VARIABLE: "a number of seconds above 0",
    METRICS_PORT_VARIABLE: f"a whole number from 1 to {PORT_MAX}",
    LOG_VARIABLE: "one of debug, info, warning, error",
}

V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """What a gateway is told: where its database and broker are, and which store it serves.

    A load takes at most `batch_max` messages and waits at most `gather_ms` (wall time) for more to come after the
    first. Counting state is saved every `save_s` wall seconds. `foreign_file` says which topics of other devices are
    weights, and `foreign` is what it says, once it was read. Metrics are served where a port is named.
    """

    database_url: str
    broker_url: str
    store: StoreId
    clock: ShopClock
    batch_max: int
    gather_ms: int
    save_s: float
    log_level: str
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    foreign_file: Path | None = None
    foreign: ForeignSettings = NO_FOREIGN


def settings_from(environ: Mapping[str, str]) -> GatewaySettings:
    """Return the settings. Raises ConfigurationError with one line for every variable that is missing or wrong."""
    problems: list[str] = []

    def read(name: str, reader: Callable[[str], V], default: str = "") -> V | None:
        found = environ.get(name, "").strip() or default
        try:
            return reader(found)
        except ValueError:
            problem = f"found {without_secret(found)!r}" if found else "missing"
            problems.append(f"{name}: {problem}, expected {EXPECTED[name]}")
            return None

    clock = _clock(environ, problems)
    database_url, broker_url = read(DATABASE_VARIABLE, _database_url), read(BROKER_VARIABLE, _broker_url)
    store, log_level = read(STORE_VARIABLE, _store), read(LOG_VARIABLE, _log_level, "info")
    batch_max, gather_ms = read(BATCH_VARIABLE, _count, "1000"), read(GATHER_VARIABLE, _count, "10")
    save_s = read(SAVE_VARIABLE, _seconds, "5")
    metrics_port = read(METRICS_PORT_VARIABLE, _port) if environ.get(METRICS_PORT_VARIABLE, "").strip() else None
    foreign_file = environ.get(FOREIGN_VARIABLE, "").strip()
    if problems or not (database_url and broker_url and store and log_level and batch_max and gather_ms and save_s):
        raise ConfigurationError("\n".join(problems))
    return GatewaySettings(
        database_url=database_url,
        broker_url=broker_url,
        store=store,
        clock=clock,
        batch_max=batch_max,
        gather_ms=gather_ms,
        save_s=save_s,
        log_level=log_level,
        metrics_host=environ.get(METRICS_HOST_VARIABLE, "").strip() or "127.0.0.1",
        metrics_port=metrics_port,
        foreign_file=Path(foreign_file) if foreign_file else None,
    )


def _clock(environ: Mapping[str, str], problems: list[str]) -> ShopClock:
    try:
        return clock_from_environment(environ)
    except ConfigurationError as error:
        problems.append(str(error))
        return ShopClock()


def _database_url(text: str) -> str:
    try:
        check_address(text)
    except ConfigurationError:
        raise ValueError from None
    return text


def _broker_url(text: str) -> str:
    parts = urlsplit(text)
    # `port` raises ValueError itself when it is not a number up to 65535.
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or parts.port == 0:
        raise ValueError
    return text


def _store(text: str) -> StoreId:
    if not is_name(text):
        raise ValueError
    return StoreId(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError
    return int(text)


def _port(text: str) -> int:
    port = _count(text)
    if port > PORT_MAX:
        raise ValueError
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.0 < seconds < float("inf"):
        raise ValueError
    return seconds


def _log_level(text: str) -> str:
    if text.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError
    return text.lower()
