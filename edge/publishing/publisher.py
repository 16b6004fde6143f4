"""The sender: keeps a connection, sends what the window allows, hears acknowledgements and commands.

`pump` is called often, by one thread, and never waits for the network. What to send is decided in `window.py`.
"""

from __future__ import annotations

import logging
import queue
import random
import time
from collections.abc import Callable, Iterable

import msgspec

from contract.clock import Clock
from contract.codec import decode, encode, payload_hash
from contract.errors import PayloadError
from contract.ids import NEW_DEVICE_STORE, DeviceId, StoreId
from contract.records import Ack, Birth, BirthPlate, CommandResult, Record, State
from contract.topics import Channel, Topic
from edge.publishing.batch import Composed, Reserve, compose
from edge.publishing.freshness import NewestWeights
from edge.publishing.link import Arrived, Call, Connected, Dial, Event, Link, Lost, MqttLink, Took
from edge.publishing.window import BROKER_REFUSALS_MIN, GivenUp, Window, WindowRule

RECONNECT_MIN_S = 1.0
RECONNECT_MAX_S = 30.0
ANSWER_MAX_S = 15.0
"""A broker that has not accepted us after so long is dialled again."""

PROBE = b""
"""A message of readings that says nothing: whoever may publish readings may publish this, and gateways pass it over."""

JOURNALS_IN_BIRTH_MAX = 256
"""A birth names so many journals at most: it has to fit 64 KiB."""

Ask = Callable[[bytes, Callable[[CommandResult], None]], None]
"""Hands a command over as it came and calls back, from any thread and at any time, with its result."""

logger = logging.getLogger(__name__)


class Publisher:
    """Sends an outbox to the gateway, exactly by the wire rules.

    `birth` says what the device is; what changes in it (journal, time, journals held) is filled in at each connect.
    `ask` does what a command asks. `wall_s` is a wall clock that never steps back: timers of transport do not run on
    shop time.
    """

    def __init__(
        self,
        *,
        broker: str,
        birth: Birth,
        outbox: Reserve,
        clock: Clock,
        ask: Ask,
        rule: WindowRule | None = None,
        dial: Dial = MqttLink,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._birth = birth
        self._outbox = outbox
        self._clock = clock
        self._ask = ask
        self._results: queue.SimpleQueue[CommandResult] = queue.SimpleQueue()
        self._dial = dial
        self._wall_s = wall_s
        self._window = Window(rule or WindowRule(), outbox.epoch, outbox.watermarks())
        self._newest = NewestWeights(device=birth.device, clock=clock)
        self._link: Link | None = None
        self._connected = False
        self._dial_at_s = 0.0
        self._dialled_at_s = 0.0
        self._attempts = 0
        self._unanswered: set[int] = set()
        self._told: dict[int, CommandResult] = {}
        self._told_twice: set[str] = set()
        self._greeting: int | None = None
        self._wary = False
        self._probes_lost = 0
        self._leaving: set[int] | None = None

    @property
    def connected(self) -> bool:
        """Tell whether the broker accepted us and the connection still stands."""
        return self._connected

    @property
    def welcome(self) -> bool:
        """Tell whether the broker took what we said first on the connection that stands."""
        return self._connected and self._greeting is None

    @property
    def refused(self) -> bool:
        """Tell whether the broker lets us publish no readings at all, whatever they are."""
        return self._probes_lost >= BROKER_REFUSALS_MIN

    @property
    def drained(self) -> bool:
        """Tell whether the gateway has committed everything the outbox held at the last `pump`."""
        return self._window.drained

    @property
    def acks_ignored(self) -> int:
        """How many acknowledgements were of no use since the start: stale, or lower than one before."""
        return self._window.acks_ignored

    @property
    def owes_answers(self) -> bool:
        """Tell whether results of commands are not with the broker yet."""
        return bool(self._told) or not self._results.empty()

    def newest(self, records: Iterable[Record]) -> None:
        """Note the newest weight of each plate, to be told ahead of a backlog (rule 9); other records are passed."""
        self._newest.note(records)

    def tell_plates(self, plates: list[BirthPlate]) -> None:
        """Say that the plates are these now: at once when connected, else with the next birth."""
        self._birth = msgspec.structs.replace(self._birth, plates=plates)
        if self._connected:
            self._tell_birth()

    def pump(self) -> bool:
        """Handle what the broker said and send what may be sent; return whether anything happened. Never waits."""
        self._keep_a_link()
        events = self._link.events() if self._link else []
        for event in events:
            self._handle(event)
        sent = self._send_batches() if self._connected else 0
        if self._connected:
            self._send_newest()
            sent += self._send_results()
        return bool(events or sent)

    def leave(self) -> bool:
        """Clear birth and state, so that nothing of the device stays in a store it leaves; `close` comes next.

        Call until it returns that the broker has taken that, or is gone. A connection that is closed while answers are
        on the way ends in a reset, for which the broker forgets what it has not read and speaks our will.
        """
        if self._link is None or not self._connected:
            return True
        if self._leaving is None:
            self._leaving = {self._publish(channel, b"", retain=True) for channel in ("birth", "state")}
        for event in self._link.events():
            match event:
                case Took(message=message):
                    self._leaving.discard(message)
                case Lost():
                    self._leaving.clear()
                case _:
                    pass
        return not self._leaving

    def close(self) -> None:
        """Say that the device goes offline, unless it left, and close the connection."""
        if self._link is None:
            return
        if self._connected and self._leaving is None:
            self._publish("state", encode(self._state(online=False)), retain=True)
        self._link.close()
        self._link, self._connected = None, False

    def _keep_a_link(self) -> None:
        now_s = self._wall_s()
        if self._link and not self._connected and now_s - self._dialled_at_s > ANSWER_MAX_S:
            self._lose("no answer")
        if self._link is None and now_s >= self._dial_at_s:
            self._dialled_at_s = now_s
            self._link = self._dial(
                Call(
                    broker=self._broker,
                    client_id=f"liveshelf-{self._birth.device}",
                    will_topic=self._topic("state"),
                    will_payload=encode(self._state(online=False)),
                )
            )

    def _handle(self, event: Event) -> None:
        match event:
            case Connected():
                self._greet()
            case Lost(reason=reason):
                self._lose(reason)
            case Took(message=message) if message == self._greeting:
                self._greeting, self._attempts, self._probes_lost = None, 0, 0
            case Took(message=message) if message in self._told:
                del self._told[message]
            case Took(message=message) if message in self._unanswered:
                self._unanswered.clear()
                self._wary = False
                self._window.broker_took()
            case Arrived(topic=topic, payload=payload) if topic == self._topic("ack"):
                self._acknowledged(payload)
            case Arrived(topic=topic, payload=payload) if topic == self._topic("cmd"):
                self._ask(payload, self._results.put)
            case _:
                pass

    def _greet(self) -> None:
        assert self._link is not None
        self._connected = True
        self._unanswered.clear()
        self._link.subscribe([self._topic("ack"), self._topic("cmd")])
        self._greeting = self._tell_birth()
        self._publish("state", encode(self._state(online=True)), retain=True)
        if self._wary:
            self._greeting = self._publish("readings", PROBE)
        self._window.reconnected()
        logger.info("connected to the broker", extra={"event": "broker_connected", "broker": _host(self._broker)})

    def _tell_birth(self) -> int:
        held = [journal for journal in self._outbox.held() if journal.first <= journal.last]
        birth = msgspec.structs.replace(
            self._birth,
            journal=self._outbox.journal,
            sent_mono_ms=self._clock.mono_ms(),
            journals_held=held[-JOURNALS_IN_BIRTH_MAX:],
        )
        return self._publish("birth", encode(birth), retain=True)

    def _lose(self, reason: str) -> None:
        if self._link is None:
            return
        if self._unanswered or (self._wary and self._connected):
            self._blame_the_broker()
        if self._connected or self._attempts == 0:
            logger.warning(
                "no connection to the broker",
                extra={"event": "broker_lost", "broker": _host(self._broker), "reason": reason},
            )
        self._link.close()
        self._link, self._connected = None, False
        self._unanswered.clear()
        self._tell_again()
        delay_s = min(RECONNECT_MIN_S * 2**self._attempts, RECONNECT_MAX_S)
        # Half of it at random: a shop of agents must not knock at a restarted broker at the same instant.
        self._dial_at_s = self._wall_s() + delay_s * random.uniform(0.5, 1.0)
        self._attempts = min(self._attempts + 1, 16)

    def _tell_again(self) -> None:
        """Whoever asked may still wait; but a result that breaks every connection must not go with each."""
        for result in self._told.values():
            if result.id not in self._told_twice:
                self._results.put(result)
        self._told_twice = {result.id for result in self._told.values()}
        self._told.clear()

    def _blame_the_broker(self) -> None:
        """Judge a connection that broke while something was on the way.

        A connection may just break, or a broker may close it because we may not publish readings. Only one that took
        our birth and an empty message of readings, and then not a batch, dislikes the batch. So the next connection
        sends that message first and one batch at a time, until the broker takes one.
        """
        if not self._wary:
            self._wary = True
        elif self._greeting is not None:
            self._probes_lost += 1
            if self._probes_lost == BROKER_REFUSALS_MIN:
                logger.error(
                    "the broker closes the connection when readings are published",
                    extra={"event": "publishing_refused"},
                )
        elif self._unanswered and (given := self._window.broker_refused()):
            self._give_up(given)

    def _acknowledged(self, payload: bytes) -> None:
        try:
            ack = decode(payload, Ack)
        except PayloadError as error:
            logger.warning("acknowledgement not readable", extra={"event": "ack_unreadable", "detail": str(error)})
            return
        self._window.hold(self._outbox.held())
        heard = self._window.acknowledged(ack, self._wall_s())
        if heard.watermarks is not None:
            self._outbox.committed(heard.epoch, dict(heard.watermarks))
        for given in heard.given_up:
            self._give_up(given)

    def _give_up(self, given: GivenUp) -> None:
        self._outbox.set_aside(given.journal, given.seq)
        logger.error(
            "a record cannot be delivered and was set aside",
            extra={"event": "record_set_aside", "journal": given.journal, "seq": given.seq},
        )

    def _send_batches(self) -> int:
        if self._birth.store == NEW_DEVICE_STORE or (self._wary and (self._greeting is not None or self._unanswered)):
            return 0
        self._window.hold(self._outbox.held())
        sent = 0
        while span := self._window.next_span(self._wall_s()):
            batch = compose(self._birth.device, span, self._outbox, self._clock)
            if isinstance(batch, GivenUp):
                self._give_up(batch)
                continue
            if not isinstance(batch, Composed):
                break
            self._unanswered.add(self._publish("readings", batch.payload))
            self._newest.sent(span.journal, batch.mono_ms)
            self._window.sent(
                span,
                last=batch.last,
                records=batch.records,
                payload_bytes=len(batch.payload),
                payload_hash=payload_hash(batch.payload),
                now_s=self._wall_s(),
            )
            sent += 1
            if self._wary:
                break
        return sent

    def _send_newest(self) -> None:
        message = self._newest.message(
            self._outbox.journal,
            now_s=self._wall_s(),
            backlog=self._window.backlog,
            waiting_since_s=self._window.waiting_since_s,
        )
        if message is not None and self._birth.store != NEW_DEVICE_STORE and not self._wary:
            self._publish("now", encode(message))

    def _send_results(self) -> int:
        sent = 0
        while not self._results.empty():
            result = self._results.get()
            self._told[self._publish("cmd/result", _result_payload(result))] = result
            sent += 1
        return sent

    def _publish(self, channel: Channel, payload: bytes, *, retain: bool = False) -> int:
        assert self._link is not None
        return self._link.publish(self._topic(channel), payload, retain=retain)

    def _topic(self, channel: Channel) -> str:
        return str(Topic(StoreId(self._birth.store), DeviceId(self._birth.device), channel))

    def _state(self, *, online: bool) -> State:
        return State(device=self._birth.device, online=online, journal=self._outbox.journal)


def _result_payload(result: CommandResult) -> bytes:
    try:
        return encode(result)
    except ValueError as error:
        return encode(CommandResult(id=result.id, ok=False, detail=f"the answer: {error}", facts={"code": "refused"}))


def _host(broker: str) -> str:
    # A URL may carry a password; a log may not.
    return broker.rpartition("@")[2].removeprefix("mqtt://").removeprefix("mqtts://")
