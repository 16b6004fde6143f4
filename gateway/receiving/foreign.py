"""Let devices with topics of their own be heard: their messages come in, records like an agent's go out.

Every message passes here once, when it arrives; its numbers it gets from `take_foreign` in the load, so that a load
that is tried again gives the same ones. Nobody is acknowledged: such a device keeps nothing it could send again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from contract.codec import pack
from contract.errors import BadBody
from contract.ids import DeviceId, JournalId, StoreId, is_name
from contract.records import Birth, HealthRecord, Record, WeightRecord
from contract.topics import TOPIC_ROOT
from gateway.foreign_settings import ForeignSettings, PresenceTopic, WeightTopic, filled, matched
from gateway.model import Readings
from gateway.receiving.foreign_plate import ForeignPlate, as_one_episode, check_names
from gateway.receiving.letters import dead_letter
from gateway.receiving.messages import ForeignMessage, ForeignTaken, RawMessage

HEALTH_EVERY = timedelta(seconds=60)
"""Shop time between two health records of a device, as an agent's `health_s`."""

DEVICES_MAX = 1000
"""So many devices a `+` may bring; who publishes under ever new names fills no memory."""

ROUTES_MAX = 4096
JOURNAL_CHARACTERS = 32
"""Of a journal's name (`contract.records.JournalName`)."""

AT_LEAST_ONCE = "at_least_once"
"""The word in a birth that tells such a device from an agent, whose birth has no `delivery`."""


@dataclass(slots=True)
class _Device:
    """What is known of one device in this run of the gateway."""

    plates: dict[str, ForeignPlate] = field(default_factory=dict)
    online: bool | None = None
    born_with: int = -1
    health_at: datetime | None = None
    told: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Route:
    """What a topic means: the scales of one device, or its presence."""

    device: str
    weights: tuple[tuple[WeightTopic, str, str, str], ...] = ()
    presence: tuple[PresenceTopic, ...] = ()


class Translator:
    """Turns messages of foreign topics into what their devices told, for one tenure of a gateway.

    `run` differs from every other tenure's: each device has a journal of its own in it. `now` is the shop time their
    clock begins at.
    """

    def __init__(self, settings: ForeignSettings, store: StoreId, *, run: str, now: datetime) -> None:
        self._settings = settings.of_store(store)
        self._store = store
        self._run = run
        self._zero_at = now
        self._newest_ms = 0
        self._devices: dict[str, _Device] = {}
        self._routes: dict[str, tuple[_Route, ...]] = {}

    def translate(self, messages: Sequence[RawMessage]) -> list[RawMessage]:
        """Return the messages, each of a foreign topic replaced by what it tells of each device it means."""
        if not self._settings.weights:
            return list(messages)
        return [told for message in messages for told in self._one(message)]

    def _one(self, message: RawMessage) -> Iterable[RawMessage]:
        if message.topic.startswith(f"{TOPIC_ROOT}/"):
            return (message,)
        routes = self._routes_of(message.topic)
        if not routes:
            return (message,)
        return tuple(told for route in routes for told in self._told(message, route))

    def _told(self, message: RawMessage, route: _Route) -> Iterator[ForeignMessage]:
        if not message.payload:
            return  # it clears a retained one
        if not is_name(route.device):
            yield self._foreign(message, "", wrong=f"topic: found {route.device!r}, expected the name of a device")
        elif route.device not in self._devices and len(self._devices) >= DEVICES_MAX:
            yield self._foreign(message, route.device, wrong=f"device: found more than {DEVICES_MAX}, expected no more")
        elif route.presence:
            yield self._presence(message, route)
        elif not message.retained:  # of a retained weight nobody knows when it was weighed
            yield self._weights(message, route)

    def _presence(self, message: RawMessage, route: _Route) -> ForeignMessage:
        word, [row, *_] = message.payload.decode(errors="replace").strip(), route.presence
        if word not in {row.online, row.offline}:
            wrong = f"payload: found {word[:64]!r}, expected {row.online!r} or {row.offline!r}"
            return self._foreign(message, route.device, wrong=wrong)
        known = self._devices.setdefault(route.device, _Device())
        known.online = word == row.online
        return self._foreign(message, route.device, online=known.online, birth=self._birth(route.device, known))

    def _weights(self, message: RawMessage, route: _Route) -> ForeignMessage:
        known, mono_ms = self._devices.setdefault(route.device, _Device()), self._mono_ms(message.received_at)
        wrong: list[str] = []
        records: list[WeightRecord] = []
        for row, plate, bay, shelf in route.weights:
            try:
                check_names(plate, bay, shelf)
                held = known.plates.setdefault(plate, ForeignPlate(row, plate, bay, shelf))
                records.extend(held.weighed(message.payload, mono_ms))
            except BadBody as error:
                wrong.append(str(error))
                if plate in known.plates:
                    known.plates[plate].passed["messages_unusable"] += 1
        news = True if known.online is not True and known.plates else None
        known.online = known.online or news
        return self._foreign(
            message,
            route.device,
            records=(*as_one_episode(records), *self._health(known, message.received_at, mono_ms)),
            online=news,
            birth=self._birth(route.device, known) if known.plates else None,
            wrong="; ".join(wrong),
        )

    def _foreign(
        self,
        message: RawMessage,
        device: str,
        *,
        records: tuple[Record, ...] = (),
        online: bool | None = None,
        birth: bytes | None = None,
        wrong: str = "",
    ) -> ForeignMessage:
        return ForeignMessage(
            topic=message.topic,
            payload=message.payload,
            received_at=message.received_at,
            device=DeviceId(device),
            journal=self._journal_of(device),
            zero_at=self._zero_at,
            records=records,
            online=online,
            birth=birth,
            wrong=wrong,
        )

    def _health(self, known: _Device, at: datetime, mono_ms: int) -> tuple[HealthRecord, ...]:
        """Return how the device and its plates are, every minute and when that changes."""
        verdicts = {name: plate.verdict for name, plate in known.plates.items()}
        if not verdicts or (
            known.health_at is not None and at - known.health_at < HEALTH_EVERY and verdicts == known.told
        ):
            return ()
        known.health_at, known.told = at, dict(verdicts)
        agent = HealthRecord(mono_ms=mono_ms, subject="agent", verdict="ok", measured={AT_LEAST_ONCE: 1.0})
        return (agent, *(plate.health(mono_ms) for plate in known.plates.values()))

    def _birth(self, device: str, known: _Device) -> bytes | None:
        """Return what a device is, when that is new, in the form of an agent's birth and marked as none."""
        if len(known.plates) == known.born_with:
            return None
        known.born_with = len(known.plates)
        birth = Birth(
            device=device,
            store=self._store,
            journal=self._journal_of(device),
            boot="",
            board_serial="",
            agent_version="",
            sent_mono_ms=self._newest_ms,
            plates=[plate.birth() for plate in known.plates.values()],
            zones=[],
        )
        return msgspec.json.encode({**msgspec.to_builtins(birth), "delivery": AT_LEAST_ONCE})

    def _journal_of(self, device: str) -> JournalId:
        """Return the journal of a device: counting tells records apart by journal and number alone."""
        return JournalId(hashlib.sha256(f"{self._run}/{device}".encode()).hexdigest()[:JOURNAL_CHARACTERS])

    def _mono_ms(self, at: datetime) -> int:
        """Return the time since this tenure began; it never steps back, whatever the gateway's clock does."""
        self._newest_ms = max(self._newest_ms, (at - self._zero_at) // timedelta(milliseconds=1))
        return self._newest_ms

    def _routes_of(self, topic: str) -> tuple[_Route, ...]:
        if topic not in self._routes:
            if len(self._routes) >= ROUTES_MAX:
                self._routes.clear()
            self._routes[topic] = tuple(_routes(self._settings, topic))
        return self._routes[topic]


def take_foreign(message: ForeignMessage, store: StoreId, watermark: int) -> ForeignTaken:
    """Return what becomes of a foreign message: its records numbered from above the watermark, its letter if any."""
    first = watermark + 1
    readings = None
    if message.records:
        readings = Readings(
            store=store,
            device=message.device,
            journal=message.journal,
            boot="",
            first=first,
            last=watermark + len(message.records),
            mono_zero_at=message.zero_at,
            time_known=True,
            blocks=pack(list(enumerate(message.records, start=first))),
        )
    return ForeignTaken(
        device=message.device,
        journal=message.journal,
        readings=readings,
        birth=message.birth,
        online=message.online,
        letter=dead_letter(message, message.device, "foreign_payload", message.wrong) if message.wrong else None,
    )


def _routes(settings: ForeignSettings, topic: str) -> Iterator[_Route]:
    by_device: dict[str, list[tuple[WeightTopic, str, str, str]]] = {}
    for row in settings.weights:
        captured = matched(row.topic, topic)
        if captured is not None:
            plate, bay, shelf = (filled(name, captured) for name in (row.plate, row.bay, row.shelf))
            by_device.setdefault(filled(row.device, captured), []).append((row, plate, bay, shelf))
    for device, weights in by_device.items():
        yield _Route(device, weights=tuple(weights))
    for there in settings.presence:
        captured = matched(there.topic, topic)
        if captured is not None:
            yield _Route(filled(there.device, captured), presence=(there,))
