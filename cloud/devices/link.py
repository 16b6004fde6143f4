"""The connection by which devices are asked: one to the broker, back by itself, for as many as ask at once.

It hears three things: answers to commands, whether devices are there, and births below the store `_new`. All of it is
MQTT 3.1.1 with clean sessions at QoS 1; nothing is kept by the broker for us but what devices retained.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import aiomqtt

from cloud.devices.model import NewDevice
from cloud.devices.newcomers import Newcomers
from cloud.errors import CommandTooLarge, DeviceSilent, LinkAway, UnknownDevice
from contract.broker_address import parse_broker_url
from contract.codec import decode, encode
from contract.errors import PayloadError
from contract.ids import NEW_DEVICE_STORE, DeviceId, StoreId, is_name
from contract.records import PAYLOAD_BYTES_MAX, Birth, Command, CommandResult, State
from contract.topics import TOPIC_ROOT, Channel, Topic, parse_topic

T = TypeVar("T")

SUBSCRIPTIONS = (
    f"{TOPIC_ROOT}/+/+/cmd/result",
    f"{TOPIC_ROOT}/+/+/state",
    f"{TOPIC_ROOT}/{NEW_DEVICE_STORE}/+/birth",
)

REFUSED = 0x80
"""A broker's answer to a subscription it does not allow: MQTT 3.1.1, section 3.9.3."""

KEEPALIVE_S = 15
"""Wall seconds after which a silent broker is asked whether it lives; half as much again, and it is away."""

BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Wall seconds between tries to reach the broker; the last one again and again."""

WAITING_MAX = 10_000
"""Messages not looked at yet; beyond them they are dropped: an answer that is among them counts as silence."""

ASKING_MAX = 1_000
"""Commands that wait for an answer at once."""

SENDS_MAX = 5
"""So often one command goes out at most, whatever goes and comes back meanwhile."""

NOT_CONFIGURED = "no broker is configured: LIVESHELF_MQTT_URL is not set, so devices cannot be asked"
NOT_CONNECTED = "the broker does not answer, so devices cannot be asked now"

logger = logging.getLogger(__name__)

StateHeard = Callable[[StoreId, DeviceId, bool], None]
"""Told by the link's loop of every word on whether a device is there."""


@dataclass(slots=True)
class _Asking:
    """A command on its way, and who waits for its answer."""

    topic: Topic
    payload: bytes
    answer: asyncio.Future[CommandResult] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    sent: int = 0
    waiting: int = 0


class DeviceLink:
    """Asks devices. Run it with `async with link.running()`; `ask` is for the same loop, `ask_sync` for other threads.

    Without an address it is never connected and says so whenever it is asked. `now` tells the shop time.
    """

    def __init__(self, url: str | None, *, now: Callable[[], datetime], on_state: StateHeard = lambda *_: None) -> None:
        self._address = parse_broker_url(url) if url else None
        self._on_state = on_state
        self._newcomers = Newcomers(now)
        self._asking: dict[str, _Asking] = {}
        self._client: aiomqtt.Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def configured(self) -> bool:
        """Whether there is a broker to connect to."""
        return self._address is not None

    @property
    def connected(self) -> bool:
        """Whether devices can be asked now."""
        return self._client is not None

    def check(self, store: str, device: str) -> None:
        """Raise LinkAway when nothing can be asked now, UnknownDevice when these can be no names of a device."""
        if self._client is None:
            raise LinkAway(NOT_CONNECTED if self.configured else NOT_CONFIGURED)
        if not is_name(device) or not (is_name(store) or store == NEW_DEVICE_STORE):
            raise UnknownDevice(f"no device {device[:64]!r} in the store {store[:64]!r}")

    def new_devices(self) -> tuple[NewDevice, ...]:
        """Return the devices that belong to no store yet, by name. For any thread."""
        return self._newcomers.devices

    async def ask(
        self, store: str, device: str, op: str, args: Mapping[str, Any], *, timeout_s: float,
        command_id: str | None = None,
    ) -> CommandResult:  # fmt: skip
        """Return a device's answer to a command; `store` is below which it speaks.

        The command goes out again when the device says meanwhile that it is there, after it or the broker was away; a
        device does one id once. Asked for an id that is under way already, this waits for the same answer. Raises
        LinkAway when there is no connection, UnknownDevice, CommandTooLarge, and DeviceSilent when nothing came within
        `timeout_s` wall seconds.
        """
        self.check(store, device)
        command = Command(id=command_id or secrets.token_hex(8), op=op, args=dict(args))
        topic = Topic(StoreId(store), DeviceId(device), "cmd")
        try:
            async with asyncio.timeout(timeout_s):
                result = await self._answer(command, topic)
        except TimeoutError:
            silence = f"{device} did not answer {op} within {timeout_s:g} s"
            raise DeviceSilent(
                silence if self.connected else f"{silence}: the connection to the broker broke"
            ) from None
        if result.ok and op == "adopt" and store == NEW_DEVICE_STORE:
            self._newcomers.adopted(DeviceId(device))
            await self._clear_stale()
        return result

    def ask_sync(
        self, store: str, device: str, op: str, args: Mapping[str, Any], *, timeout_s: float,
        command_id: str | None = None,
    ) -> CommandResult:  # fmt: skip
        """Do what `ask` does, from another thread than the link's."""
        return self.run(self.ask(store, device, op, args, timeout_s=timeout_s, command_id=command_id))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what some work on the link's loop comes to, from another thread. Raises LinkAway when it stopped."""
        loop = self._loop
        if loop is None or loop.is_closed():
            work.close()
            raise LinkAway(NOT_CONFIGURED if not self.configured else NOT_CONNECTED)
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the connection until the end of the block; who still waits then is told that the link is away."""
        self._loop = asyncio.get_running_loop()
        task = asyncio.create_task(self._stay_connected(), name="device link")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self._loop = None
            for asking in self._asking.values():
                if not asking.answer.done():
                    asking.answer.set_exception(LinkAway(NOT_CONNECTED))

    async def _answer(self, command: Command, topic: Topic) -> CommandResult:
        asking = self._asking.get(command.id)
        if asking is None:
            if len(self._asking) >= ASKING_MAX:
                raise LinkAway(f"{ASKING_MAX} commands wait for their answers already")
            asking = self._asking[command.id] = _Asking(topic, _payload(command))
        first = asking.waiting == 0
        asking.waiting += 1
        try:
            if first:
                await self._send(asking)
            return await asyncio.shield(asking.answer)
        finally:
            asking.waiting -= 1
            if asking.waiting == 0:
                del self._asking[command.id]
                asking.answer.cancel()

    async def _send(self, asking: _Asking) -> None:
        """Publish a command; whether it got through, its answer tells."""
        client = self._client
        if client is None or asking.sent >= SENDS_MAX:
            return
        asking.sent += 1
        try:
            await client.publish(str(asking.topic), asking.payload, qos=1)
        except aiomqtt.MqttError as error:
            logger.debug("command not taken", extra={"event": "command_not_taken", "reason": str(error)})

    async def _stay_connected(self) -> None:
        address = self._address
        tries, said = 0, False
        while address is not None:
            try:
                async with aiomqtt.Client(
                    address.host, address.port, username=address.user, password=address.password,
                    identifier=f"liveshelf-cloud-{secrets.token_hex(6)}", clean_session=True, keepalive=KEEPALIVE_S,
                    max_queued_incoming_messages=WAITING_MAX,
                    tls_context=ssl.create_default_context() if address.tls else None,
                ) as client:  # fmt: skip
                    tries, said = 0, False
                    await self._listen(client)
            except (aiomqtt.MqttError, OSError, ValueError) as error:
                if not said:
                    logger.warning("broker away", extra={"event": "broker_away", "reason": str(error)})
                    said = True
            finally:
                self._client = None
            await asyncio.sleep(BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)])
            tries += 1

    async def _listen(self, client: aiomqtt.Client) -> None:
        """Hear what devices say until the connection ends. Raises MqttError then."""
        self._newcomers.forget()
        granted = await client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])
        if any((code if isinstance(code, int) else code.value) >= REFUSED for code in granted):
            raise aiomqtt.MqttError("it does not let us hear what devices say")
        self._client = client
        logger.info("broker connected", extra={"event": "broker_connected"})
        async for message in client.messages:
            there = self._hear(str(message.topic), message.payload)
            if there is not None:
                await self._send_again(there)
            await self._clear_stale()

    async def _send_again(self, there: Topic) -> None:
        for asking in tuple(self._asking.values()):
            if (asking.topic.store, asking.topic.device) == (there.store, there.device):
                await self._send(asking)

    def _hear(self, topic_text: str, payload: object) -> Topic | None:
        """Take one message; return its topic when a device says by it that it is there.

        What cannot be read is nothing to us: any device may say it.
        """
        if not isinstance(payload, bytes | bytearray) or len(payload) > PAYLOAD_BYTES_MAX:
            return None
        try:
            topic = parse_topic(topic_text)
            return topic if self._take(topic, bytes(payload)) else None
        except (PayloadError, RecursionError) as error:
            logger.debug(
                "message not readable",
                extra={"event": "message_not_readable", "topic": topic_text, "reason": str(error)},
            )
            return None

    def _take(self, topic: Topic, payload: bytes) -> bool:
        if topic.channel == "cmd/result":
            self._answered(topic, decode(payload, CommandResult))
        elif topic.channel == "birth":
            self._newcomers.born(topic.device, decode(payload, Birth) if payload else None)
        elif topic.channel == "state":
            online = decode(payload, State).online if payload else None
            self._newcomers.state(topic.store, topic.device, online=online)
            self._on_state(topic.store, topic.device, bool(online))
            return bool(online)
        return False

    def _answered(self, topic: Topic, result: CommandResult) -> None:
        """Hand an answer to whoever waits for it; only the device that was asked can give it."""
        asking = self._asking.get(result.id)
        if asking is None or (asking.topic.store, asking.topic.device) != (topic.store, topic.device):
            return
        if not asking.answer.done():
            asking.answer.set_result(result)

    async def _clear_stale(self) -> None:
        """Take away what the broker still holds below `_new` of devices that are in a store by now."""
        client = self._client
        if client is None:
            return
        for device in self._newcomers.stale():
            channels: tuple[Channel, ...] = ("birth", "state")
            for channel in channels:
                try:
                    await client.publish(str(Topic(NEW_DEVICE_STORE, device, channel)), b"", qos=1, retain=True)
                except aiomqtt.MqttError:
                    return
            self._newcomers.cleared(device)


def _payload(command: Command) -> bytes:
    try:
        return encode(command)
    except ValueError as error:
        raise CommandTooLarge(f"{command.op}: {error}") from error
