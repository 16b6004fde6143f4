"""How people come into the demo: by a browser that opens, by a code they scan, with a password made for this run."""

from __future__ import annotations

import pytest

from cloud.access.login.model import ROLES, check_login, check_password
from liveshelf.demo.browser import has_browser
from liveshelf.demo.lan import qr_code
from liveshelf.demo.logins import NAMES, make_password


@pytest.mark.parametrize(
    ("environ", "platform", "there"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "w3m"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_a_browser_is_opened_only_where_somebody_sees_it(
    environ: dict[str, str], platform: str, *, there: bool
) -> None:
    assert has_browser(environ, platform=platform) is there


def test_every_role_has_a_person_and_every_password_is_one_the_store_takes() -> None:
    assert set(NAMES) == set(ROLES)
    made = [make_password() for _ in ROLES]
    assert len(set(made)) == len(made)
    for role, password in zip(ROLES, made, strict=True):
        assert check_password(password, login=check_login(role)) == password


def test_a_code_to_scan_is_drawn_square_with_a_quiet_margin() -> None:
    lines = qr_code("http://192.168.1.20:8080/login/pin").splitlines()
    widths = {len(line) for line in lines}
    assert len(widths) == 1
    assert abs(widths.pop() - 2 * len(lines)) <= 1
    assert set(lines[0]) == {"█"}
