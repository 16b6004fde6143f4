"""Settings of the gateway: what is missing or wrong is said all at once, and passwords are never shown."""

from __future__ import annotations

import pytest

from contract.errors import ConfigurationError
from gateway.settings import settings_from

GOOD = {
    "LIVESHELF_DATABASE_URL": "postgresql://shop@db:5432/liveshelf",
    "LIVESHELF_MQTT_URL": "mqtt://broker:1883",
    "LIVESHELF_STORE": "corner-shop",
}


def test_three_variables_are_enough() -> None:
    settings = settings_from(GOOD)
    assert settings.store == "corner-shop"
    assert settings.clock.rate == 1.0
    assert settings.batch_max > 0


def test_every_missing_variable_is_named_in_one_answer() -> None:
    with pytest.raises(ConfigurationError) as raised:
        settings_from({})
    for name in GOOD:
        assert f"{name}: missing, expected" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("LIVESHELF_DATABASE_URL", "mysql://db"),
        ("LIVESHELF_MQTT_URL", "http://broker"),
        ("LIVESHELF_MQTT_URL", "mqtt://broker:99999"),
        ("LIVESHELF_STORE", "corner/shop"),
        ("LIVESHELF_GATEWAY_BATCH_MAX", "0"),
        ("LIVESHELF_GATEWAY_GATHER_MS", "ten"),
        ("LIVESHELF_GATEWAY_SAVE_S", "inf"),
        ("LIVESHELF_GATEWAY_LOG", "loud"),
        ("LIVESHELF_CLOCK_RATE", "-1"),
    ],
)
def test_a_wrong_variable_is_named_with_what_was_found(name: str, found: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}: found .*{found}.*expected"):
        settings_from({**GOOD, name: found})


def test_a_password_is_never_repeated() -> None:
    with pytest.raises(ConfigurationError) as raised:
        settings_from({**GOOD, "LIVESHELF_MQTT_URL": "http://user:secret@broker"})
    assert "secret" not in str(raised.value)
    assert "broker" in str(raised.value)
