"""Devices are asked over a real broker: answers, silence, a broker that goes and comes back, and new devices."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cloud.devices.link import DeviceLink
from cloud.errors import CommandTooLarge, DeviceSilent, LinkAway, UnknownDevice
from contract.records import Command, CommandResult
from liveshelf.broker import Broker
from tests.fakes.asked_device import AskedDevice, plate

pytestmark = [pytest.mark.broker, pytest.mark.anyio]
PATIENCE_S = 30.0
STORE = "shop"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _now() -> datetime:
    return datetime.now(UTC)


def _name() -> str:
    """A device of its own for each test: the broker keeps what earlier ones retained."""
    return f"d-{secrets.token_hex(4)}"


async def _until(true: Callable[[], bool], what: str) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not true():
        assert asyncio.get_running_loop().time() < deadline, what
        await asyncio.sleep(0.02)


async def _connected(link: DeviceLink) -> None:
    await _until(lambda: link.connected, "the link does not connect")


def _newcomer(link: DeviceLink, name: str) -> list[bool]:
    return [one.online for one in link.new_devices() if one.device == name]


async def test_a_device_answers_who_asked_it(each_broker: Broker) -> None:
    link = DeviceLink(each_broker.url, now=_now)
    with AskedDevice(each_broker.url, STORE, "d1"), AskedDevice(each_broker.url, STORE, "d2", answer=_echo):
        async with link.running():
            await _connected(link)
            asked = [link.ask(STORE, "d2", "weigh", {"plate": f"p{n}"}, timeout_s=PATIENCE_S) for n in range(20)]
            pong = await link.ask(STORE, "d1", "ping", {}, timeout_s=PATIENCE_S)
            answers = await asyncio.gather(*asked)
    assert pong.detail == "pong"
    assert [answer.facts["plate"] for answer in answers] == [f"p{n}" for n in range(20)]
    assert link._asking == {}
    assert not link.connected


def _echo(command: Command) -> CommandResult:
    return CommandResult(id=command.id, ok=True, facts=dict(command.args))


async def test_silence_is_told_and_leaves_nothing_behind(broker_url: str) -> None:
    link = DeviceLink(broker_url, now=_now)
    async with link.running():
        await _connected(link)
        with pytest.raises(DeviceSilent, match="did not answer ping within"):
            await link.ask(STORE, _name(), "ping", {}, timeout_s=0.1)
        with pytest.raises(UnknownDevice):
            await link.ask(STORE, "+", "ping", {}, timeout_s=0.1)
        with pytest.raises(CommandTooLarge, match="65536"):
            await link.ask(STORE, "d", "configure", {"toml": "x" * 70_000}, timeout_s=0.1)
    assert link._asking == {}


async def test_another_device_cannot_answer_for_the_one_asked(broker_url: str) -> None:
    name, liar = _name(), _name()
    link = DeviceLink(broker_url, now=_now)
    with (
        AskedDevice(broker_url, STORE, name, answer=lambda _: None) as asked,
        AskedDevice(broker_url, STORE, liar) as lie,
    ):
        async with link.running():
            await _connected(link)
            ask = asyncio.create_task(link.ask(STORE, name, "ping", {}, timeout_s=1.0, command_id="c-1"))
            await _until(asked.heard.is_set, "the device hears nothing")
            await link.ask(STORE, liar, "ping", {}, timeout_s=PATIENCE_S)
            assert lie._client is not None
            for topic in (lie._topic("cmd/result"), lie._topic("cmd/result").replace(STORE, "other", 1)):
                lie._client.publish(topic, b'{"v":1,"id":"c-1","ok":true}', qos=1)
                lie._client.publish(topic, b"\xff\x00" + b"[" * 5_000, qos=1)
            with pytest.raises(DeviceSilent):
                await ask


async def test_who_asks_the_same_twice_waits_for_one_answer(broker_url: str) -> None:
    name = _name()
    link = DeviceLink(broker_url, now=_now)
    with AskedDevice(broker_url, STORE, name) as device:
        async with link.running():
            await _connected(link)
            ask = [link.ask(STORE, name, "ping", {}, timeout_s=PATIENCE_S, command_id="same") for _ in range(3)]
            assert [answer.ok for answer in await asyncio.gather(*ask)] == [True, True, True]
    assert len(device.done) == 1


async def test_a_broker_that_was_away_is_found_again_and_the_command_goes_out_anew(each_broker: Broker) -> None:
    link = DeviceLink(each_broker.url, now=_now)
    tries: list[str] = []

    def silent_at_first(command: Command) -> CommandResult | None:
        tries.append(command.id)
        return CommandResult(id=command.id, ok=True, detail="pong") if len(tries) > 1 else None

    async with link.running():
        await _connected(link)
        with AskedDevice(each_broker.url, STORE, "d1", answer=silent_at_first) as device:
            ask = asyncio.create_task(link.ask(STORE, "d1", "ping", {}, timeout_s=PATIENCE_S))
            await _until(device.heard.is_set, "the device hears nothing")
            await asyncio.to_thread(each_broker.stop)
            await _until(lambda: not link.connected, "the link does not see that the broker went")
            with pytest.raises(LinkAway, match="does not answer"):
                await link.ask(STORE, "d1", "ping", {}, timeout_s=PATIENCE_S)
            await asyncio.to_thread(each_broker.start)
            assert (await ask).detail == "pong", "the command went out again when the device was there again"
            assert len(tries) == 2
            assert len(set(tries)) == 1, "and as the same"
            assert (await link.ask(STORE, "d1", "ping", {}, timeout_s=PATIENCE_S)).ok


async def test_no_broker_is_said_where_a_device_is_asked() -> None:
    link = DeviceLink(None, now=_now)
    async with link.running():
        assert not link.connected
        assert link.new_devices() == ()
        with pytest.raises(LinkAway, match="LIVESHELF_MQTT_URL is not set"):
            await link.ask(STORE, "d1", "ping", {}, timeout_s=1)


async def test_who_waits_when_the_program_stops_is_told(broker_url: str) -> None:
    name = _name()
    link = DeviceLink(broker_url, now=_now)
    with AskedDevice(broker_url, STORE, name, answer=lambda _: None) as device:
        async with link.running():
            await _connected(link)
            ask = asyncio.create_task(link.ask(STORE, name, "ping", {}, timeout_s=PATIENCE_S))
            await _until(device.heard.is_set, "the device hears nothing")
        with pytest.raises(LinkAway):
            await ask


async def test_a_thread_may_ask_too(broker_url: str) -> None:
    name = _name()
    link = DeviceLink(broker_url, now=_now)
    with AskedDevice(broker_url, STORE, name):
        async with link.running():
            await _connected(link)
            answer = await asyncio.to_thread(link.ask_sync, STORE, name, "ping", {}, timeout_s=PATIENCE_S)
            assert answer.ok
    with pytest.raises(LinkAway):
        link.ask_sync(STORE, name, "ping", {}, timeout_s=1)


async def test_a_new_device_appears_is_adopted_and_leaves_nothing_below_new(each_broker: Broker) -> None:
    link = DeviceLink(each_broker.url, now=_now)
    async with link.running():
        await _connected(link)
        with AskedDevice(each_broker.url, "_new", "pi", plates=(plate("p1"), plate("p2"))) as device:
            await _until(lambda: _newcomer(link, "pi") == [True], "the device does not appear")
            (seen,) = link.new_devices()
            assert (seen.board_serial, seen.agent_version, seen.plates) == ("serial-pi", "9.9", ("p1", "p2"))
            assert (await link.ask("_new", "pi", "adopt", {"store": STORE}, timeout_s=PATIENCE_S)).ok
            assert link.new_devices() == ()
            await _until(lambda: device.store == STORE, "the device does not move")
            assert (await link.ask(STORE, "pi", "ping", {}, timeout_s=PATIENCE_S)).ok
            await _until(lambda: link._newcomers.stale() == (), "its remains are not cleared")
    later = DeviceLink(each_broker.url, now=_now)
    async with later.running():
        await _connected(later)
        await _until(lambda: "pi" in later._newcomers._elsewhere or later.connected, "nothing is heard")
        await asyncio.sleep(0.2)
        assert later.new_devices() == ()
        assert later._newcomers._online == {}


async def test_a_device_adopted_behind_our_back_is_cleared_and_one_that_waits_is_kept(each_broker: Broker) -> None:
    link = DeviceLink(each_broker.url, now=_now)
    with AskedDevice(each_broker.url, "_new", "waits"), AskedDevice(each_broker.url, "_new", "pi") as device:
        async with link.running():
            await _until(lambda: len(link.new_devices()) == 2, "the devices do not appear")
            await asyncio.to_thread(device._move, STORE)
            await _until(lambda: [one.device for one in link.new_devices()] == ["waits"], "it stays on the list")
        again = DeviceLink(each_broker.url, now=_now)
        async with again.running():
            await _until(lambda: _newcomer(again, "waits") == [True], "the one that waits was cleared")


async def test_a_device_that_lost_its_store_is_new_again(broker_url: str) -> None:
    name = _name()
    link = DeviceLink(broker_url, now=_now)
    async with link.running():
        await _connected(link)
        with AskedDevice(broker_url, "_new", name) as device:
            await _until(lambda: _newcomer(link, name) == [True], "the device does not appear")
            await link.ask("_new", name, "adopt", {"store": STORE}, timeout_s=PATIENCE_S)
            await _until(lambda: device.store == STORE, "the device does not move")
            await asyncio.to_thread(device._move, "_new")
            await _until(lambda: _newcomer(link, name) == [True], "it does not come back")
