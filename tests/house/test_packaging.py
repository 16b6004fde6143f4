"""What a shop installs: the extras pull no more than they need, the lock files name no host, the wheel is whole."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.house.source_tree import PACKAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


def test_an_edge_install_pulls_neither_fastapi_nor_psycopg_nor_numpy() -> None:
    pulled = _names(PROJECT["dependencies"]) | _names(PROJECT["optional-dependencies"]["edge"])
    assert pulled == {"msgspec", "typer", "rich", "paho-mqtt", "tomlkit"}


def test_every_extra_is_known() -> None:
    assert set(PROJECT["optional-dependencies"]) == {"edge", "edge-pi", "edge-rfid", "gateway", "cloud", "web", "demo"}


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_lock_files_pin_hashes_and_name_no_host(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==", text, re.MULTILINE)
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "index" not in text.split("\n", maxsplit=3)[1]


def test_the_wheel_holds_every_package_with_its_data_and_no_test(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    assert {name.split("/")[0] for name in names if not name.startswith("liveshelf-")} == set(PACKAGES)
    assert any(name.endswith("data/share/liveshelf/systemd/liveshelf-edge.service") for name in names)
    for package in PACKAGES:
        ours = {str(path.relative_to(ROOT)) for path in (ROOT / package).rglob("*") if path.is_file()}
        shipped = {name for name in ours if "__pycache__" not in name}
        assert shipped <= names
