"""The way in: whoever is logged in is led to the first page of the role."""

from __future__ import annotations

import pytest

from cloud.access.login.model import Role
from tests.integration.dashboards.visitor import PATH, LogIn, Visitor


@pytest.mark.parametrize(
    ("role", "page"), [("staff", "restock"), ("installer", "system"), ("developer", "availability"), ("manager", "map")]
)
def test_each_role_begins_at_its_own_page(log_in: LogIn, role: Role, page: str) -> None:
    assert log_in(role).ask("/", status=303).headers["location"] == f"{PATH}/{page}"


def test_a_form_without_the_token_of_the_log_in_does_nothing(site: Visitor) -> None:
    answer = site.client.post("/language", data={"language": "zh-Hans"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_chosen_language_stays_on_other_pages(site: Visitor) -> None:
    site.post("/language", language="zh-Hans", next="/")
    assert '<html lang="zh-Hans">' in site.get("/no-such-page", status=404)
