"""Addresses: what a session always gets, what wins, and what a message may say."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict

from contract.errors import ConfigurationError
from database.connection import place_of, session_conninfo


def test_every_session_runs_in_utc_with_limits_on_waiting() -> None:
    options = str(conninfo_to_dict(session_conninfo("postgresql://h/d", "gateway"))["options"])
    assert "-c timezone=UTC" in options
    assert "-c lock_timeout=5s" in options
    assert "-c statement_timeout=60s" in options


def test_what_an_address_says_itself_wins() -> None:
    url = "postgresql://h/d?application_name=mine&connect_timeout=3&options=-c%20lock_timeout%3D1s"
    given = conninfo_to_dict(session_conninfo(url, "gateway"))
    assert given["application_name"] == "mine"
    assert given["connect_timeout"] == "3"
    assert str(given["options"]).endswith("-c lock_timeout=1s")


def test_a_place_names_no_user_and_no_password() -> None:
    assert place_of("postgresql://till:secret@db.example:5433/shop") == "db.example:5433/shop"
    assert place_of("host=/run/pg dbname=shop password=secret") == "/run/pg:5432/shop"


@pytest.mark.parametrize(
    "url",
    [
        "shop",
        "http://till:secret@db.example/shop",
        "postgresql://till:secret@[::1/shop",
        "postgresql://till:secret/shop",
    ],
)
def test_what_is_no_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected one such as postgresql://") as refused:
        session_conninfo(url, "gateway")
    assert "secret" not in str(refused.value)
