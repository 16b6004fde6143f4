"""The story of the gateway: receive, take in, count on a scratch copy, write, swap the state, acknowledge.

One thread tells it. Whatever goes wrong with the database ends in `_recover`: what is in doubt is forgotten and read
again, and the same messages are taken in once more. Nothing is acknowledged that is not committed.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Sequence

from gateway.counters import Counters
from gateway.loading.broker_link import BrokerLink
from gateway.loading.current import Newest
from gateway.loading.lease import LeaseLost
from gateway.loading.load import Load
from gateway.loading.session import DATABASE_AWAY, REFUSED_BY_DATABASE, Session, wall_now
from gateway.loading.watermarks import Watermarks
from gateway.loading.writer import Fenced, write
from gateway.pace import Pace
from gateway.receiving.acks import AckBook
from gateway.receiving.foreign import Translator
from gateway.receiving.intake import Intake
from gateway.receiving.messages import RawMessage
from gateway.receiving.subscription import Subscription
from gateway.settings import GatewaySettings
from gateway.takings import Takings, set_aside
from gateway.tally import Counts, Tally

IDLE_S = 0.25
"""So long (wall time) the story waits for a message before it looks after lease, evidence and acknowledgements."""

TEND_S = 1.0
"""Evidence is polled, and newest weights are written, this often at most (wall time)."""

logger = logging.getLogger(__name__)


class Loader:
    """One tenure of a store: from taking it to losing it or being told to stop."""

    def __init__(
        self, settings: GatewaySettings, session: Session, subscription: Subscription, counters: Counters
    ) -> None:
        self._settings = settings
        self._session = session
        self._subscription = subscription
        self._counters = counters
        self._intake = Intake(settings.store, rate=settings.clock.rate)
        self._foreign = Translator(
            settings.foreign, settings.store, run=secrets.token_hex(16), now=settings.clock.now()
        )
        self._watermarks = Watermarks(lambda device: self._session.watermarks([device]))
        self._tally = self._recalled()
        self._book = self._new_book()
        self._broker_link = BrokerLink()
        self._failures = 0
        self._pace = Pace(settings.batch_max)
        self._tended_at_s = self._saved_at_s = self._newest_at_s = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Tell the story until told to stop. Raises LeaseLost, DatabaseReplaced or Stopped when the tenure is over."""
        self._counters.turned()
        self._counters.ready = True
        while not stop.is_set():
            self._load(self._receive())
            self._acknowledge(time.monotonic())
            self._tend()
            self._counters.turned()
        self._load(self._foreign.translate(self._subscription.take(self._pace.messages, 0.0)))
        self._acknowledge(float("inf"))
        self._tally.save(self._session.connection, at=self._settings.clock.now(), wall_at=wall_now())

    def _receive(self) -> list[RawMessage]:
        """Wait for a message, and a moment longer for those that come with it."""
        count_max = self._pace.messages
        messages = self._subscription.take(count_max, IDLE_S)
        if messages and len(messages) < count_max:
            time.sleep(self._settings.gather_ms / 1000)
            messages += self._subscription.take(count_max - len(messages), 0.0)
        self._counters.messages += len(messages)
        return self._foreign.translate(messages)

    def _load(self, messages: Sequence[RawMessage], *, refused: str = "") -> None:
        """Bring messages into the database, however often that has to be tried; set them aside if it `refused` them."""
        while messages:
            began_s = time.monotonic()
            try:
                takings = self._take_in(messages, refused)
                counts = self._tally.count(takings.in_order, takings.passing)
                self._session.tend()
                self._write(takings, counts)
            except (Fenced, LeaseLost, *DATABASE_AWAY) as error:
                self._recover(error)
            except REFUSED_BY_DATABASE as error:
                self._watermarks.roll_back()
                self._load_apart(messages, str(error))
                return
            else:
                return
            finally:
                self._pace.done(len(messages), time.monotonic() - began_s)

    def _load_apart(self, messages: Sequence[RawMessage], refused: str) -> None:
        """Find the message the database refused: each is loaded alone, and the one that fails alone is set aside."""
        if len(messages) > 1:
            for message in messages:
                self._load([message])
            return
        logger.error("message set aside", extra={"event": "set_aside", "topic": messages[0].topic, "reason": refused})
        self._counters.set_aside += 1
        self._load(messages, refused=refused)

    def _take_in(self, messages: Sequence[RawMessage], refused: str) -> Takings:
        takings = Takings()
        for message in messages:
            outcome = self._intake.take_in(message, self._watermarks.of)
            takings.add(set_aside(outcome, message, refused) if refused else outcome, self._watermarks)
        return takings

    def _write(self, takings: Takings, counts: Counts) -> None:
        """Write one load; when that is committed, and only then, believe in it."""
        newest_is_due = time.monotonic() - self._newest_at_s >= TEND_S
        load = self._as_load(takings, counts, with_newest=newest_is_due)
        began_s = time.monotonic()
        load_id = write(self._session.connection, load) if load.is_something else None
        self._tally.keep(counts, load_id, newest_written=newest_is_due)
        self._watermarks.commit()
        self._counters.loaded(load, dropped=self._subscription.dropped, took_s=time.monotonic() - began_s)
        takings.count(self._counters)
        self._failures = 0
        if newest_is_due:
            self._newest_at_s = time.monotonic()
        takings.tell(self._book, time.monotonic())

    def _as_load(self, takings: Takings, counts: Counts, *, with_newest: bool) -> Load:
        newest = self._tally.newest(counts) if with_newest else Newest()
        return Load(
            store=self._settings.store,
            lease=self._session.lease,
            loaded_at=self._settings.clock.now(),
            wall_at=wall_now(),
            readings=takings.in_order,
            quantities=counts.quantities,
            confirmed=newest.confirmed,
            events=counts.events,
            plates=list(newest.plates.values()),
            devices=takings.devices,
            dead=takings.dead,
        )

    def _acknowledge(self, now_s: float) -> None:
        for device, ack in self._book.due(now_s):
            self._subscription.publish_ack(device, ack)
            self._counters.acks += 1

    def _tend(self) -> None:
        """Look after what has its own time: lease, broker, evidence, newest weights, saved state."""
        now_s = time.monotonic()
        try:
            self._session.tend()
            self._tell_broker_link()
            if now_s - self._tended_at_s >= TEND_S:
                self._tended_at_s = now_s
                self._tally.refresh(self._session.connection, at=self._settings.clock.now(), wall_at=wall_now())
                if self._tally.waiting:
                    self._write(Takings(), self._tally.count([]))
            if now_s - self._saved_at_s >= self._settings.save_s:
                self._saved_at_s = now_s
                self._tally.save(self._session.connection, at=self._settings.clock.now(), wall_at=wall_now())
                logger.debug("counters", extra={"event": "counters", **self._counters.facts()})
        except (LeaseLost, *DATABASE_AWAY) as error:
            self._recover(error)

    def _tell_broker_link(self) -> None:
        connected, at = self._subscription.connected, self._settings.clock.now()
        self._broker_link.tell(self._session.connection, self._session.lease, connected=connected, at=at)

    def _recover(self, error: Exception) -> None:
        """Forget what is in doubt and read it again, as soon as the database lets us.

        Raises LeaseLost or DatabaseReplaced when the tenure is over, Stopped when told to stop meanwhile.
        """
        logger.warning("load rolled back", extra={"event": "load_rolled_back", "reason": str(error)})
        self._counters.ready = False
        self._counters.recoveries += 1
        self._counters.fence_losses += isinstance(error, Fenced | LeaseLost)
        while True:
            try:
                self._session.restore(failures=self._failures)
                self._failures += 1
                self._watermarks.forget()
                self._tally = self._recalled()
                break
            except DATABASE_AWAY as again:
                logger.warning("database away again", extra={"event": "database_away", "reason": str(again)})
        self._book = self._new_book()
        self._broker_link = BrokerLink()
        self._counters.turned()
        self._counters.ready = True

    def _recalled(self) -> Tally:
        session = self._session
        return Tally(session.connection, session.lease, at=self._settings.clock.now(), tend=session.tend)

    def _new_book(self) -> AckBook:
        return AckBook(database_epoch=self._session.epoch, gateway_run=secrets.token_hex(16))
