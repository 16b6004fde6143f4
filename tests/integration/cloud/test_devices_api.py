"""Devices as a shop's program sees and asks them: scopes, stores, commands done once, and what stays on record."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.records import Birth, Command, CommandResult
from tests.fakes.asked_device import AskedDevice, plate, sheet
from tests.integration.cloud.shop import STORE, Client, Shop

pytestmark = [pytest.mark.database, pytest.mark.broker]
PATIENCE_S = 30.0


def _birth(device: str, store: str = STORE) -> Birth:
    return Birth(
        device=device, store=store, journal="a" * 32, boot="b", board_serial="10000000a3b1c2d4", agent_version="0.2.0",
        sent_mono_ms=1, plates=[plate("b1-s1-l2", bay="b1", shelf="b1-s1")], zones=[],
    )  # fmt: skip


@pytest.fixture
def asked(shop: Shop, broker_url: str) -> Iterator[Client]:
    """The API with a link to a broker."""
    shop.settings = shop.settings.model_copy(update={"mqtt_url": broker_url})
    with shop.api() as api:
        client = Client(api)
        _until(lambda: bool(client.get("/v1/new-devices")["connected"]))
        yield client


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.02)


def _commands(device: str) -> str:
    return f"/v1/devices/{device}/commands"


def test_a_device_is_told_with_its_parts_and_their_health(shop: Shop, client: Client) -> None:
    shop.hear_device(_birth("bay-1"), lights=["p-gum"])
    shop.hear_health("bay-1", "plate:b1-s1-l2", "noisy", rate_sps=9.8)
    (told,) = client.get("/v1/devices", store=STORE)["devices"]
    assert (told["device"], told["online"], told["lights"]) == ("bay-1", True, ["p-gum"])
    assert client.get("/v1/devices/bay-1") == told
    agent, scale = client.get("/v1/devices/bay-1/health")["parts"]
    assert (agent["subject"], agent["verdict"]) == ("agent", "unheard")
    assert (scale["verdict"], scale["measured"], scale["sku"]) == ("noisy", {"rate_sps": 9.8}, "gum")


def test_a_key_sees_no_device_of_a_store_it_does_not_cover(shop: Shop) -> None:
    shop.hear_device(_birth("bay-1"))
    shop.hear_device(_birth("far-1", "other"))
    with shop.api(shop.new_key(scopes=("devices:read",))) as api:
        assert api.get("/v1/devices", params={"store": "other"}).json()["code"] == "unknown_store"
        for path in ("/v1/devices/far-1", "/v1/devices/far-1/health", _commands("far-1"), "/v1/devices/none"):
            assert (api.get(path).status_code, api.get(path).json()["code"]) == (404, "unknown_device")
        refused = api.post(_commands("bay-1"), json={"op": "ping"}, headers={"Idempotency-Key": "k"})
        assert (refused.status_code, refused.json()["scope"]) == (403, "devices:write")
    with shop.api(shop.new_key(scopes=("tasks:read",))) as api:
        for path in ("/v1/devices?store=corner", "/v1/new-devices", "/v1/calibration-sheets?store=corner"):
            assert api.get(path).status_code == 403


def test_without_a_broker_devices_are_shown_and_the_api_is_ready_but_nothing_can_be_asked(
    shop: Shop, client: Client
) -> None:
    shop.hear_device(_birth("bay-1"))
    told = client.post(_commands("bay-1"), {"op": "restart"}, status=503)
    assert told["code"] == "link_away"
    assert client.get("/v1/new-devices") == {"devices": [], "connected": False}
    assert client.api.get("/readyz").status_code == 200
    assert client.get(_commands("bay-1"))["commands"] == [], "nobody was asked"


@pytest.mark.parametrize(
    "body",
    [
        '{"op": "weigh", "args": {"plate": "a\\u0000b"}}', '{"op": "weigh", "args": {"plate": "\\ud800"}}',
        '{"op": "weigh", "args": {"mass_g": NaN}}', '{"op": "weigh", "args": {"n": 99999999999999999999}}',
        '{"op": "weigh", "args": {"a\\u0000": 1}}', '{"op": "+"}', '{"op": "weigh", "more": 1}',
        '{"op": "weigh", "args": {"a": ' + "[" * 20 + "]" * 20 + "}}",
        '{"op": "configure", "args": {"toml": "' + "x" * 70_000 + '"}}',
    ],
)  # fmt: skip
def test_arguments_no_device_could_be_sent_are_refused(client: Client, body: str) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = client.api.post(_commands("bay-1"), content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_command_is_answered_done_once_and_on_record(shop: Shop, asked: Client, broker_url: str) -> None:
    name = f"d-{secrets.token_hex(4)}"
    shop.hear_device(_birth(name))
    body = {"op": "calibration_zero", "args": {"plate": "b1-s1-l2"}}
    with AskedDevice(broker_url, STORE, name, answer=_zeroed) as device:
        first = asked.post(_commands(name), body, key="k-1")
        again = asked.api.post(_commands(name), json=body, headers={"Idempotency-Key": "k-1"})
        other = asked.post(_commands(name), {"op": "restart"}, status=422, key="k-1")
    assert first["ok"] is True
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first, "true")
    assert other["code"] == "idempotency_key_reused"
    assert len(device.done) == 1
    (logged,) = asked.get(_commands(name))["commands"]
    signed = logged["asked_by"]
    assert (logged["command_id"], logged["op"], logged["ok"]) == (first["command_id"], "calibration_zero", True)
    assert signed.startswith("key ")
    assert signed[4:] in shop.key
    (kept,) = asked.get("/v1/calibration-sheets", store=STORE, device=name)["sheets"]
    assert (kept["plate"], kept["by"], device.done[0].args["by"]) == ("b1-s1-l2", signed, signed)


def _zeroed(command: Command) -> CommandResult:
    facts = sheet(command.args["plate"], 2, at=datetime.now(UTC))
    return CommandResult(id=command.id, ok=True, detail="done\x00", facts={"sheet": facts})


def test_what_a_device_refuses_is_an_answer_too(shop: Shop, asked: Client, broker_url: str) -> None:
    name = f"d-{secrets.token_hex(4)}"
    shop.hear_device(_birth(name))
    with AskedDevice(broker_url, STORE, name):
        told = asked.post(_commands(name), {"op": "dance"})
    assert (told["ok"], told["facts"]) == (False, {"code": "unknown_op"})
    assert asked.get(_commands(name))["commands"] == []


def test_a_new_device_is_adopted_only_into_a_store_the_key_covers(shop: Shop, asked: Client, broker_url: str) -> None:
    name = f"d-{secrets.token_hex(4)}"
    with AskedDevice(broker_url, "_new", name, plates=(plate("l1"),)) as device:
        _until(lambda: name in [one["device"] for one in _new(asked)])
        refused = asked.post(_commands(name), {"op": "adopt", "args": {"store": "other"}}, status=404)
        assert (refused["code"], device.done) == ("unknown_store", [])
        assert asked.post(_commands(name), {"op": "adopt", "args": {"store": STORE}})["ok"] is True
        _until(lambda: name not in [one["device"] for one in _new(asked)])
    shop.hear_device(_birth(name))
    assert [one["op"] for one in asked.get(_commands(name))["commands"]] == ["adopt"]


def _new(client: Client) -> list[dict[str, Any]]:
    return list(client.get("/v1/new-devices")["devices"])


def test_a_key_moves_no_device_into_a_store_it_does_not_cover_by_a_file_either(shop: Shop, asked: Client) -> None:
    shop.hear_device(_birth("bay-1"))
    body = {"op": "configure", "args": {"toml": 'store = "other"\n'}}
    assert asked.post(_commands("bay-1"), body, status=404)["code"] == "unknown_store"
    assert asked.get(_commands("bay-1"))["commands"] == []
