"""The password of the broker never leaves the device, and comes back untouched with an edited file."""

from __future__ import annotations

import pytest

from edge.commanding.secrets import is_hidden, with_secret, without_secret

FILE = """broker = "mqtts://bay-1:s3:cret@broker.shop:8883"
# before: mqtt://bay-1:old@broker
store = "corner-shop"
"""


def test_whoever_reads_the_file_sees_no_password_not_in_comments_either() -> None:
    shown = without_secret(FILE)
    assert "cret" not in shown
    assert "old" not in shown
    assert 'broker = "mqtts://bay-1:***@broker.shop:8883"' in shown
    assert 'store = "corner-shop"' in shown


def test_a_file_that_comes_back_as_it_was_shown_has_its_password_again() -> None:
    broker = "mqtts://bay-1:s3:cret@broker.shop:8883"
    assert f'broker = "{broker}"' in with_secret(without_secret(FILE), broker)


def test_a_new_password_replaces_the_old_one() -> None:
    text = 'broker = "mqtt://bay-1:new@broker"'
    assert with_secret(text, "mqtt://bay-1:old@broker") == text


@pytest.mark.parametrize(
    "address",
    [
        "mqtts://bay-1:***@broker.evil:8883",
        "mqtts://bay-1:***@broker.shop:8884",
        "mqtts://bay-1:***@broker.shop:88830",
        "mqtts://bay-1:***@broker.shop",
        "mqtts://bay-2:***@broker.shop:8883",
        "mqtt://bay-1:***@broker.shop:8883",
    ],
)
def test_the_password_goes_to_no_other_broker_than_the_one_it_is_for(address: str) -> None:
    broker = "mqtts://bay-1:s3:cret@broker.shop:8883"
    assert with_secret(f'broker = "{address}"\n', broker) == f'broker = "{address}"\n'
    assert is_hidden(address)
    assert not is_hidden(broker)


@pytest.mark.parametrize("text", ['broker = "mqtt://broker:1883"', 'broker = "mqtt://bay-1@broker"', ""])
def test_a_file_without_a_password_is_shown_as_it_is(text: str) -> None:
    assert without_secret(text) == text
    assert with_secret(text, "mqtt://broker") == text
