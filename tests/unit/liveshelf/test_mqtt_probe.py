"""The CONNECT packet as the standard prints it."""

from __future__ import annotations

from contract.broker_address import BrokerAddress
from liveshelf.mqtt_probe import connect_packet

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
