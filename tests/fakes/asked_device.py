"""A device as far as commands go, by docs/reference/commands.md: birth, state, last will, and answers, each id once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from contract.codec import decode, encode
from contract.ids import NEW_DEVICE_STORE, DeviceId, StoreId
from contract.records import Birth, BirthPlate, Command, CommandResult, State
from contract.topics import Topic

Answer = Callable[[Command], CommandResult | None]

CAPACITY_G = 5_000.0


def plate(name: str, *, bay: str = "b9", shelf: str = "b9-s1", version: int = 1, gain: float = 400.0) -> BirthPlate:
    return BirthPlate(
        plate=name, bay=bay, shelf=shelf, zero_count=1_000.0, counts_per_g=gain, capacity_g=CAPACITY_G, rate_sps=10.0,
        calibration_version=version,
    )  # fmt: skip


def sheet(name: str, version: int, *, at: datetime, by: str = "mei", **more: Any) -> dict[str, Any]:
    return {
        "plate": name, "version": version, "at": at.isoformat(), "by": by, "reason": "new", "zero_count": 1_000.0,
        "counts_per_g": 400.0, "capacity_g": CAPACITY_G, "points": [{"mass_g": 2000.0, "count": 801_000.0}],
        "check": None, "noise_g": 0.2, "uncertainty_share": None, "goods_g": 0.0, "passed": False,
        "remarks": ["not_checked"], **more,
    }  # fmt: skip


class AskedDevice:
    """Speaks below `store`; `answer` says what to a command, None says nothing. `done` are the commands it did."""

    def __init__(
        self, broker_url: str, store: str, device: str, *, plates: tuple[BirthPlate, ...] = (),
        answer: Answer | None = None, lights: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.store, self.device, self.plates, self.lights = store, device, plates, lights
        self.done: list[Command] = []
        self.heard = threading.Event()
        self._answer = answer or self._by_the_book
        self._told: dict[str, CommandResult] = {}
        self._url = urlsplit(broker_url)
        self._client: mqtt.Client | None = None
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def ops(self, op: str) -> list[Mapping[str, Any]]:
        return [command.args for command in self.done if command.op == op]

    def birth(self) -> Birth:
        return Birth(
            device=DeviceId(self.device), store=self.store, journal="0" * 32, boot="boot", agent_version="9.9",
            board_serial=f"serial-{self.device}", sent_mono_ms=1, plates=list(self.plates), zones=[],
        )  # fmt: skip

    def restart(self) -> None:
        self._leave()
        self._connect()

    def _connect(self) -> None:
        self._ready.clear()
        self._client = client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"asked-{self.device}-{self.store}")
        client.will_set(self._topic("state"), self._state(online=False), qos=1, retain=True)
        client.on_connect = self._connected
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = self._asked
        client.connect(self._url.hostname or "", self._url.port or 1883)
        client.loop_start()
        assert self._ready.wait(20), f"{self.device}: the broker does not answer"

    def _connected(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe(self._topic("cmd"), qos=1)
        client.publish(self._topic("birth"), encode(self.birth()), qos=1, retain=True)
        client.publish(self._topic("state"), self._state(online=True), qos=1, retain=True)

    def _leave(self) -> None:
        client = self._client
        if client is not None:
            client.publish(self._topic("state"), self._state(online=False), qos=1, retain=True).wait_for_publish(5)
            client.disconnect()
            client.loop_stop()
            self._client = None

    def _asked(self, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        command = decode(bytes(message.payload), Command)
        self.heard.set()
        if command.id not in self._told:
            self.done.append(command)
            said = self._answer(command)
            if said is None:
                return
            self._told[command.id] = said
        client.publish(self._topic("cmd/result"), encode(self._told[command.id]), qos=1)
        if command.op == "adopt" and self.store == NEW_DEVICE_STORE:
            threading.Thread(target=self._move, args=(str(command.args["store"]),)).start()

    def _move(self, store: str) -> None:
        self._leave()
        self.store = store
        self._connect()

    def _by_the_book(self, command: Command) -> CommandResult:
        match command.op:
            case "ping":
                return CommandResult(id=command.id, ok=True, detail="pong")
            case "adopt":
                return CommandResult(id=command.id, ok=True, facts={"store": command.args["store"]})
            case "light":
                return CommandResult(id=command.id, ok=True, facts={"lit": sorted(command.args["positions"])})
            case "calibration_restore":
                return self._restored(command)
        return CommandResult(id=command.id, ok=False, detail="no such op", facts={"code": "unknown_op"})

    def _restored(self, command: Command) -> CommandResult:
        line = {name: command.args[name] for name in ("zero_count", "counts_per_g")}
        facts = sheet(
            command.args["plate"], 2, at=datetime.now(UTC), by=command.args["by"], reason="restore", passed=True,
            remarks=["restored"], **line,
        )  # fmt: skip
        return CommandResult(id=command.id, ok=True, facts={"sheet": facts})

    def _state(self, *, online: bool) -> bytes:
        return encode(State(device=DeviceId(self.device), online=online, journal="0" * 32))

    def _topic(self, channel: Any) -> str:
        return str(Topic(StoreId(self.store), DeviceId(self.device), channel))
