"""What the doctor says of a machine."""

from __future__ import annotations

import re
import socket
import tomllib
from datetime import UTC, datetime
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from liveshelf.checks import machine
from liveshelf.checks.machine import (
    check_clock,
    check_disk,
    check_packages,
    check_ports,
    check_python,
)
from liveshelf.extras import MODULES

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!;, ]", requirement)[0].lower().replace("_", "-") for requirement in requirements} - {
        "liveshelf"
    }


@pytest.mark.parametrize("extra", sorted(MODULES))
def test_the_doctor_knows_what_each_extra_brings(extra: str) -> None:
    pyproject = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    promised = names_of(pyproject["project"]["optional-dependencies"][extra])
    distributions = packages_distributions()
    looked_at = names_of([distributions[module][0] for module in MODULES[extra]])
    assert looked_at - {"psycopg-pool"} == promised


def test_an_old_python_fails() -> None:
    assert check_python((3, 11)).verdict == "ok"
    assert check_python((3, 10)).verdict == "fail"


def test_a_missing_package_is_named_with_what_installs_it() -> None:
    found = {finding.subject: finding for finding in check_packages(lambda module: module != "numpy")}
    assert found["extra edge"].verdict == "ok"
    assert found["extra gateway"].verdict == "warn"
    assert found["extra gateway"].said == "without numpy"
    assert "liveshelf[gateway]" in found["extra gateway"].hint


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        environ = {"LIVESHELF_MQTT_URL": "mqtt://elsewhere", "LIVESHELF_API_PORT": str(port)}
        assert [(finding.verdict, finding.said) for finding in check_ports(environ)] == [("warn", f"{port} is in use")]


def test_a_port_that_is_no_number_fails_naming_the_variable() -> None:
    *_, found = check_ports({"LIVESHELF_API_PORT": "http"})
    assert found.verdict == "fail"
    assert found.said == "LIVESHELF_API_PORT: found 'http', expected a number"


def test_a_disk_is_judged_where_the_folder_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(tmp_path) in check_disk(tmp_path / "not" / "yet").said
    monkeypatch.setattr(machine, "DISK_WARN_BYTES", 1 << 62)
    assert check_disk(tmp_path).verdict == "warn"
    monkeypatch.setattr(machine, "DISK_FAIL_BYTES", 1 << 61)
    assert check_disk(tmp_path).verdict == "fail"


def test_a_clock_kept_by_a_server_is_well() -> None:
    found = check_clock({}, wall=NOON, synchronised=True)
    assert (found.verdict, found.said) == ("ok", "2026-11-23 12:00:00 UTC, synchronised")


def test_a_clock_nobody_keeps_is_a_warning() -> None:
    assert check_clock({}, wall=NOON, synchronised=False).verdict == "warn"


def test_a_board_that_woke_up_in_1970_fails() -> None:
    assert check_clock({}, wall=datetime(1970, 1, 1, tzinfo=UTC), synchronised=False).verdict == "fail"


def test_a_wrong_rate_of_the_shop_clock_fails_naming_the_variable() -> None:
    found = check_clock({"LIVESHELF_CLOCK_RATE": "fast"}, wall=NOON, synchronised=True)
    assert found.verdict == "fail"
    assert found.said.startswith("LIVESHELF_CLOCK_RATE: found 'fast'")
