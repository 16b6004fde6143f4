"""What is written for people with Docker, checked as far as it can be without: every name in it exists."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from liveshelf.broker_configuration import mosquitto_configuration
from tests.house.source_tree import ROOT, product_modules

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"migrate", "grants", "broker-login"}
"""They do their work and end."""

PINNED = re.compile(r"^[a-z0-9./-]+:\d+\.\d+(\.\d+)?(-[a-z0-9]+)*$")
REQUIRED = re.compile(r"\$\{([A-Z_]+):\?[^}]+\}")
ANY_VARIABLE = re.compile(r"(?<!\$)\$\{?([A-Z_]+)")
ROOT_USERS = {"", "0", "root"}
ACCESS = {"listener", "allow_anonymous", "password_file", "acl_file"}
"""What a broker for others has of its own: where it listens and who may do what."""


def test_every_yaml_file_can_be_read() -> None:
    files = [*DEPLOY.rglob("*.yaml"), *DEPLOY.rglob("*.yml")]
    assert len(files) >= 3
    assert all(isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict) for file in files)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_pinned_and_no_root_and_may_little(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.match(service["image"]), service["image"]
    assert service["user"].split(":")[0] not in ROOT_USERS
    assert service["cap_drop"] == ["ALL"] or name == "grafana"
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] == ("on-failure" if name in ONCE else "unless-stopped")
    assert ("healthcheck" in service) == (name not in ONCE)


def test_who_is_waited_for_has_something_to_wait_for() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how == {"condition": expected}, (name, other)


def test_no_secret_has_a_default_and_every_one_is_asked_for() -> None:
    text = "\n".join(
        line for line in (DEPLOY / "compose.yaml").read_text(encoding="utf-8").splitlines() if line.lstrip()[:1] != "#"
    )
    asked = set(REQUIRED.findall(text))
    assert set(ANY_VARIABLE.findall(text)) == asked
    example = (DEPLOY / "env.example").read_text(encoding="utf-8")
    lines = [line for line in example.splitlines() if line and not line.startswith("#")]
    assert lines == [f"{line.split('=')[0]}=" for line in lines], "nothing stands behind the sign"
    assert {line[:-1] for line in lines} == asked
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            assert "PASSWORD" not in key or REQUIRED.fullmatch(value), key


def test_every_setting_named_is_read_by_a_program() -> None:
    read = {name for module in product_modules() for name in re.findall(r"\bLIVESHELF_[A-Z0-9_]+\b", module.text)}
    cloud = {"LIVESHELF_DATABASE_URL", "LIVESHELF_MQTT_URL", "LIVESHELF_API_HOST", "LIVESHELF_API_PORT"}
    named = {key for service in SERVICES.values() for key in service.get("environment", {}) if "LIVESHELF" in key}
    units = "".join(unit.read_text(encoding="utf-8") for unit in (DEPLOY / "systemd").glob("*.service"))
    assert named >= cloud
    assert (named | set(re.findall(r"\bLIVESHELF_[A-Z0-9_]+\b", units))) - read == set()


def test_every_file_that_is_mounted_or_copied_is_there() -> None:
    mounted = [
        mount.split(":")[0]
        for service in SERVICES.values()
        for mount in service.get("volumes", ())
        if mount.startswith(".")
    ]
    assert mounted
    assert [path for path in mounted if not (DEPLOY / path).resolve().exists()] == []
    named = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())}
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])
    assert [path for path in _copied() if not (ROOT / path).exists()] == []
    assert (ROOT / SERVICES["gateway"]["build"]["dockerfile"]).exists()


def test_what_the_image_is_made_of_is_not_kept_from_it() -> None:
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    assert {path for path in _copied() if path not in let_in and str(Path(path).parent) not in let_in} == set()


def test_the_image_is_pinned_and_runs_as_nobody_special() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases
    assert all(PINNED.match(base) for base in bases)
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["10001:10001"]
    assert SERVICES["gateway"]["user"] == "10001:10001"


def test_every_program_there_is_a_container_for_exists() -> None:
    for name in ("gateway", "worker", "pages"):
        python, flag, module, *_ = SERVICES[name]["command"]
        assert (python, flag) == ("python", "-m")
        assert importlib.util.find_spec(f"{module}.__main__") is not None


def test_every_health_check_written_in_python_is_python() -> None:
    checks = [service["healthcheck"]["test"] for service in SERVICES.values() if "healthcheck" in service]
    snippets = [test[3] for test in checks if test[:3] == ["CMD", "python", "-c"]]
    assert len(snippets) == 3
    for snippet in snippets:
        compile(snippet, "healthcheck", "exec")


def test_the_broker_of_a_server_is_bounded_as_the_one_we_start() -> None:
    theirs = _settings((DEPLOY / "mosquitto/mosquitto.conf").read_text(encoding="utf-8"))
    ours = _settings(mosquitto_configuration(1883))
    assert {key: value for key, value in theirs.items() if key not in ACCESS} == {
        key: value for key, value in ours.items() if key not in ACCESS
    }
    assert theirs["allow_anonymous"] == ["false"]
    assert theirs["listener"] == ["1883"]


def test_grafana_finds_the_dashboard_and_its_data() -> None:
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/liveshelf.yaml").read_text(encoding="utf-8"))
    mounts = dict(mount.split(":")[:2] for mount in SERVICES["grafana"]["volumes"])
    assert provider["providers"][0]["options"]["path"] == mounts["../dashboards/grafana"]
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/liveshelf.yaml").read_text(encoding="utf-8"))
    [source] = sources["datasources"]
    board = json.loads((ROOT / "dashboards/grafana/store.json").read_text(encoding="utf-8"))
    named = {panel["datasource"]["uid"] for panel in board["panels"]} | {
        target["datasource"]["uid"] for panel in board["panels"] for target in panel["targets"]
    }
    assert named == {source["uid"]}
    assert source["secureJsonData"]["password"] == "$READER_PASSWORD"
    assert "READER_PASSWORD" in SERVICES["grafana"]["environment"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def _copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def _settings(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in _lines(text):
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value)
    return found


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line and not line.startswith("#"))
