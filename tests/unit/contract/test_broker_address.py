"""Addresses of brokers."""

from __future__ import annotations

import pytest

from contract.broker_address import BrokerAddress, parse_broker_url
from contract.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker.example", BrokerAddress(host="broker.example", port=1883)),
        ("mqtts://broker.example", BrokerAddress(host="broker.example", port=8883, tls=True)),
        ("mqtt://a:b%40c@[::1]:99", BrokerAddress(host="::1", port=99, user="a", password="b@c")),
    ],
)
def test_an_address_says_where_and_as_whom(url: str, address: BrokerAddress) -> None:
    assert parse_broker_url(url) == address


@pytest.mark.parametrize(
    "url", ["127.0.0.1:1883", "http://h:1883", "mqtt://", "mqtt://h:many", "mqtt://h:0", "mqtt://[::1"]
)
def test_a_wrong_address_says_what_was_found_and_expected(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected mqtt://HOST:PORT") as refused:
        parse_broker_url(url)
    assert repr(url) in str(refused.value)


def test_a_wrong_address_is_told_without_its_password() -> None:
    with pytest.raises(ConfigurationError, match="found 'http://…@h:1'"):
        parse_broker_url("http://till:secret@h:1")
