"""Settings of the cloud part: what is missing or wrong is said at once, in plain words, and never with a password."""

from __future__ import annotations

import os

import pytest

from cloud.__main__ import main
from cloud.settings import settings_from_environment
from contract.errors import ConfigurationError
from database.upkeep import Keep

DATABASE = "LIVESHELF_DATABASE_URL"
GOOD = "postgresql://shop@db:5432/liveshelf"


@pytest.fixture(autouse=True)
def no_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of the machine the tests run on get in."""
    for name in os.environ:
        if name.startswith("LIVESHELF_"):
            monkeypatch.delenv(name)


def _refused() -> str:
    with pytest.raises(ConfigurationError) as raised:
        settings_from_environment()
    return str(raised.value)


@pytest.mark.parametrize("address", [GOOD, "host=/run/pg dbname=shop", "postgresql://a:1,b:2/shop", f" {GOOD} "])
def test_a_database_is_enough(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv(DATABASE, address)
    monkeypatch.setenv("LIVESHELF_SWEEP_S", "")
    settings, clock = settings_from_environment()
    assert (settings.database_url, settings.sweep_s, clock.rate) == (address.strip(), 0.25, 1.0)


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_no_database_is_said_in_plain_words(monkeypatch: pytest.MonkeyPatch, blank: str | None) -> None:
    if blank is not None:
        monkeypatch.setenv(DATABASE, blank)
    assert _refused() == (
        "LIVESHELF_DATABASE_URL: missing, expected a PostgreSQL address such as postgresql://user@host:5432/liveshelf"
    )


def test_a_variable_without_our_name_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", GOOD)
    assert _refused().startswith("LIVESHELF_DATABASE_URL: missing")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("LIVESHELF_API_HOST", "my shop"),
        ("LIVESHELF_API_PORT", "many"),
        ("LIVESHELF_API_PORT", "65536"),
        ("LIVESHELF_API_CONNECTIONS_MAX", "0"),
        ("LIVESHELF_SWEEP_S", "0"),
        ("LIVESHELF_SHORTAGE_HOLD_S", "inf"),
        ("LIVESHELF_SHORTAGE_HOLD_S", "nan"),
        ("LIVESHELF_BASKET_HOLD_S", "1e300"),
        ("LIVESHELF_KEEP_READINGS_DAYS", "1.5"),
        ("LIVESHELF_KEEP_READINGS_DAYS", "0"),
        ("LIVESHELF_KEEP_MINUTES_DAYS", "29"),
        ("LIVESHELF_CLOCK_RATE", "fast"),
    ],
)
def test_a_wrong_variable_is_named_with_what_was_found(monkeypatch: pytest.MonkeyPatch, name: str, found: str) -> None:
    monkeypatch.setenv(DATABASE, GOOD)
    monkeypatch.setenv(name, found)
    (problem,) = _refused().splitlines()
    assert problem.startswith(f"{name}: found '{found}', expected a")


def test_all_problems_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVESHELF_API_PORT", "many")
    monkeypatch.setenv("LIVESHELF_CLOCK_RATE", "fast")
    said = [line.split(":")[0] for line in _refused().splitlines()]
    assert said == [DATABASE, "LIVESHELF_API_PORT", "LIVESHELF_CLOCK_RATE"]


BAD_ADDRESSES = [
    "mysql://till:secret@db/shop",
    "postgresql://till:secret@[::1/shop",
    "postgresql://till:secret/shop",
    "postgresql://till@db:port/shop?password=secret",
    "till:secret@db/shop",
    "host=db pasword=secret",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize("name", [DATABASE, "LIVESHELF_API_PORT", "LIVESHELF_API_HOST"])
def test_a_password_is_never_repeated(monkeypatch: pytest.MonkeyPatch, name: str, address: str) -> None:
    monkeypatch.setenv(DATABASE, GOOD)
    monkeypatch.setenv(name, address)
    said = _refused()
    assert said.startswith(f"{name}: found ")
    assert "secret" not in said


@pytest.mark.parametrize("program", ["api", "worker"])
def test_a_program_with_a_wrong_address_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], program: str
) -> None:
    monkeypatch.setenv(DATABASE, BAD_ADDRESSES[1])
    assert main([program]) == 2
    assert capsys.readouterr().err == (
        "LIVESHELF_DATABASE_URL: found 'postgresql://…', "
        "expected a PostgreSQL address such as postgresql://user@host:5432/liveshelf\n"
    )


def test_readings_are_kept_for_a_month_and_minutes_for_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE, GOOD)
    assert settings_from_environment()[0].keep == Keep(readings_days=30, minutes_days=365)


def test_a_retention_shorter_than_what_devices_send_again_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE, GOOD)
    monkeypatch.setenv("LIVESHELF_KEEP_READINGS_DAYS", "1")
    assert _refused() == (
        "LIVESHELF_KEEP_READINGS_DAYS: found '1', expected a whole number of days from 2 to 36500: so long devices hold"
        " what they send again to a restored database"
    )
    monkeypatch.setenv("LIVESHELF_KEEP_READINGS_DAYS", "2")
    assert settings_from_environment()[0].keep.readings_days == 2
