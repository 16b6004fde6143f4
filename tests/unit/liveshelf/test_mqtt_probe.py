"""The CONNECT packet as the standard prints it, and addresses of brokers."""

from __future__ import annotations

import pytest

from contract.errors import ConfigurationError
from liveshelf.mqtt_probe import BrokerAddress, connect_packet, parse_broker_url

HERE = BrokerAddress(host="127.0.0.1", port=1883)


def test_a_connect_packet_is_what_mqtt_3_1_1_says() -> None:
    head, body = bytes([0x10, 15]), b"\x00\x04MQTT\x04\x02\x00\x0a\x00\x03abc"
    assert connect_packet(HERE, client_id="abc") == head + body


def test_user_and_password_set_their_flags_and_come_last() -> None:
    packet = connect_packet(
        BrokerAddress(host="h", port=1, user="till", password="secret"),  # a test
        client_id="abc",
    )
    assert packet[9] == 0xC2
    assert packet.endswith(b"\x00\x03abc\x00\x04till\x00\x06secret")


def test_a_long_name_needs_two_length_bytes() -> None:
    packet = connect_packet(HERE, client_id="x" * 200)
    assert packet[1:3] == bytes([212 % 128 | 0x80, 212 // 128])


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


@pytest.mark.parametrize("url", ["127.0.0.1:1883", "http://h:1883", "mqtt://", "mqtt://h:many", "mqtt://[::1"])
def test_a_wrong_address_says_what_was_found_and_expected(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected mqtt://HOST:PORT") as refused:
        parse_broker_url(url)
    assert repr(url) in str(refused.value)


def test_a_wrong_address_is_told_without_its_password() -> None:
    with pytest.raises(ConfigurationError, match="found 'http://…@h:1'"):
        parse_broker_url("http://till:secret@h:1")
