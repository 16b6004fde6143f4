"""What a visitor is told when the demo is ready is true: the page is there, and log-ins and PIN open it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from cloud.access.login.model import ROLES
from tests.integration.liveshelf.running import environment

pytestmark = [pytest.mark.journey, pytest.mark.broker, pytest.mark.database]

WAIT_S = 90.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("welcome")


@pytest.fixture(scope="module")
def told(folder: Path) -> Iterator[str]:
    """What a demo that lets phones in has said once it is ready."""
    said = folder / "said"
    command = [sys.executable, "-m", "liveshelf", "demo", "--lan", "--port", "0", "--data-dir", str(folder / "shop")]
    with said.open("wb") as out:
        # BROWSER is set, so that a page would be opened but for the option.
        settings = environment(TMPDIR=str(folder), COLUMNS="200", BROWSER=f"touch {folder / 'opened'} #%s")
        process = subprocess.Popen(
            [*command, "--no-browser"], env=settings, stdout=out, stderr=out, start_new_session=True
        )
    try:
        deadline_s = time.monotonic() + WAIT_S
        while "Ctrl-C stops it all" not in said.read_text(encoding="utf-8"):
            assert time.monotonic() < deadline_s, said.read_text(encoding="utf-8")
            assert process.poll() is None, said.read_text(encoding="utf-8")
            time.sleep(0.1)
        yield said.read_text(encoding="utf-8")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_S)
    assert process.returncode == 0


def page(told: str) -> str:
    found = re.search(r"^(http://127\.0\.0\.1:\d+)/$", told, re.MULTILINE)
    assert found is not None, told
    return found[1]


def lands(url: str, **fields: str) -> str:
    """Fill in a form as a browser does and return the path it leads to."""
    with httpx2.Client(follow_redirects=True, timeout=30) as browser:
        form = browser.get(url)
        csrf = re.search(r'name="csrf" value="([^"]+)"', form.text)
        assert csrf is not None, form.text
        return browser.post(url, data={"csrf": csrf[1], **fields}).url.path


def test_every_role_has_a_log_in_that_opens_its_page(told: str, folder: Path) -> None:
    rows = re.findall(r"│ ([a-z-]+) +│ ([a-z ]+?) +│ (\S+) +│", told)
    assert [role.replace(" ", "_") for _, role, _ in rows] == list(ROLES)
    for login, _, password in rows:
        assert lands(f"{page(told)}/login", login=login, password=password) != "/login"
    assert lands(f"{page(told)}/login", login="staff", password="staff") == "/login"
    kept = folder / "shop" / "logins.json"
    assert [one["password"] for one in json.loads(kept.read_text(encoding="utf-8"))] == [word for _, _, word in rows]
    assert kept.stat().st_mode & 0o077 == 0


def test_a_phone_finds_the_page_and_the_pin_lets_it_in(told: str) -> None:
    if "this machine is in no network" in told:
        pytest.skip("this machine is in no network")
    found = re.search(r"^(http://[\d.]+:\d+/login/pin) +PIN (\d{6})$", told, re.MULTILINE)
    assert found is not None, told
    assert lands(found[1], pin=found[2]) != "/login/pin"
    assert "█" in told


def test_no_browser_is_opened_when_nobody_wants_one(told: str, folder: Path) -> None:
    assert told
    assert not (folder / "opened").exists()
