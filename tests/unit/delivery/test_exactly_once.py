"""Whatever broker, gateway, database and power do: everything numbered is loaded once, in order, or is in a gap."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract.clock import ManualClock
from contract.records import Record
from edge.publishing.link import Arrived
from tests.unit.delivery.broker import ROOT, Broker
from tests.unit.delivery.reserves import FileReserve, KeptReserve, MemoryReserve
from tests.unit.delivery.shop import POISON, Database, Gateway, publisher_of, record_of

DRAIN_STEPS_MAX = 600
NAMES = ("left", "right")


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """What the publisher says thousands of times buries the one thing a failing machine has to tell."""
    publisher = logging.getLogger("edge.publishing.publisher")
    level = publisher.level
    publisher.setLevel(logging.CRITICAL)
    yield
    publisher.setLevel(level)


class Delivery(RuleBasedStateMachine):
    """One device of one shop, and everything that can happen on the way to its database."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.wall_s = 0.0
        self.broker = Broker()
        self.database = Database()
        self.copies: list[Database] = []
        self.runs = 0
        self.numbered: dict[tuple[str, int], Record] = {}
        self.ever_committed: set[tuple[str, int]] = set()
        self.reserve = self.new_reserve()
        self.start_agent()
        self.gateways: dict[str, Gateway] = {}

    def new_reserve(self) -> KeptReserve:
        return MemoryReserve()

    def start_agent(self) -> None:
        self.publisher = publisher_of(self.reserve, self.reserve.journal, self.broker, self.clock, lambda: self.wall_s)

    @initialize()
    def the_shop_opens(self) -> None:
        self.start_gateway("left")

    # What the shop does.

    @rule(count=st.integers(1, 9), poison=st.sampled_from([False] * 9 + [True]))
    def a_shelf_is_touched(self, count: int, poison: bool) -> None:
        base = len(self.numbered)
        records = [record_of(base + i, poison=poison and i == 0) for i in range(count)]
        first, _ = self.reserve.append(records)
        self.numbered.update({(self.reserve.journal, first + i): record for i, record in enumerate(records)})

    @rule()
    def the_agent_works(self) -> None:
        self.publisher.pump()

    @rule(seconds=st.sampled_from([0.2, 1.5, 7.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.wall_s += seconds
        self.clock.advance(seconds)

    @rule(name=st.sampled_from(NAMES), count=st.integers(1, 12))
    def a_gateway_loads(self, name: str, count: int) -> None:
        if name in self.gateways:
            self.gateways[name].step(count, self.wall_s)

    @rule(rounds=st.integers(1, 5), count=st.integers(1, 9), batch=st.integers(1, 30))
    def an_ordinary_minute(self, rounds: int, count: int, batch: int) -> None:
        if not self.gateways:
            self.start_gateway("left")
        for _ in range(rounds):
            self.a_shelf_is_touched(count, poison=False)
            self.publisher.pump()
            for gateway in self.gateways.values():
                gateway.step(batch, self.wall_s)
            self.publisher.pump()
            self.time_passes(1.1)

    # What goes wrong.

    @rule(name=st.sampled_from(NAMES), at=st.integers(0, 20), how=st.sampled_from(["lose", "repeat", "late", "cut"]))
    def a_message_goes_astray(self, name: str, at: int, how: str) -> None:
        line = self.broker.lines.get(name, [])
        if at < len(line):
            message = line[at]
            if how != "repeat":
                del line[at]
            if how == "cut":
                line.insert(at, (message[0], message[1][:-1]))
            elif how != "lose":
                line.append(message)

    @rule(name=st.sampled_from(NAMES))
    def all_messages_are_lost(self, name: str) -> None:
        self.broker.lines.get(name, []).clear()

    @precondition(lambda self: self.broker.link and self.broker.link.waiting)
    @rule(how=st.sampled_from(["lose", "repeat", "reverse"]))
    def an_acknowledgement_goes_astray(self, how: str) -> None:
        assert self.broker.link
        waiting = self.broker.link.waiting
        acks = [event for event in waiting if isinstance(event, Arrived)]
        others = [event for event in waiting if not isinstance(event, Arrived)]
        changed = {"lose": [], "repeat": acks + acks, "reverse": acks[::-1]}[how]
        self.broker.link.waiting = others + changed

    @rule()
    def the_connection_breaks(self) -> None:
        link = self.broker.link
        self.broker.cut()
        if link:
            self.publisher.pump()

    @rule()
    def the_broker_loses_its_disk(self) -> None:
        self.broker.wipe()
        self.publisher.pump()

    @precondition(lambda self: self.broker.acks_ever)
    @rule(data=st.data())
    def an_old_acknowledgement_returns(self, data: st.DataObject) -> None:
        stale = data.draw(st.sampled_from(self.broker.acks_ever))
        self.broker.retained_ack = stale
        if self.broker.link and self.broker.link.subscribed:
            self.broker.link.waiting.append(Arrived(f"{ROOT}/ack", stale))

    @rule()
    def the_agent_is_killed(self) -> None:
        self.broker.cut()
        self.reserve.restart()
        self.start_agent()

    @rule()
    def the_reserve_grows_old(self) -> None:
        self.reserve.age()

    @rule(name=st.sampled_from(NAMES))
    def a_gateway_starts(self, name: str) -> None:
        self.start_gateway(name)

    @rule(
        name=st.sampled_from(NAMES), count=st.integers(1, 12), moment=st.sampled_from(["before commit", "after commit"])
    )
    def a_gateway_is_killed(self, name: str, count: int, moment: str) -> None:
        if name in self.gateways:
            self.gateways[name].step(count, self.wall_s, dies=moment)
            self.stop_gateway(name)

    @rule()
    def the_database_is_copied(self) -> None:
        self.copies.append(self.database.restored(self.database))

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def an_older_database_is_restored(self, data: st.DataObject) -> None:
        older = data.draw(st.sampled_from(self.copies))
        self.database = self.database.restored(older)
        for name in list(self.gateways):
            self.start_gateway(name)

    @rule()
    def the_database_is_replaced(self) -> None:
        self.database = self.database.restored(Database())
        for name in list(self.gateways):
            self.start_gateway(name)

    # What must hold.

    @invariant()
    def what_is_loaded_is_what_was_numbered(self) -> None:
        for key, record in self.database.rows.items():
            assert self.numbered[key] == record
        for journal, seq in [*self.database.rows, *self.database.gaps]:
            assert seq <= self.database.watermarks[journal], "no row above the watermark"
        self.ever_committed.update(self.database.rows)

    @invariant()
    def the_device_forgets_only_what_was_committed(self) -> None:
        for held in self.reserve.held():
            kept = {seq for seq, _ in self.reserve.read(held.journal, 1, 100_000)}
            for seq in set(range(1, held.last + 1)) - kept:
                record = self.numbered[held.journal, seq]
                assert (held.journal, seq) in self.ever_committed or is_poison(record)

    @invariant()
    def only_the_poisonous_and_the_forgotten_are_gaps(self) -> None:
        for key, reason in self.database.gaps.items():
            if reason == "rejected":
                assert is_poison(self.numbered[key])
            else:
                assert reason == "dropped"
                assert key in self.ever_committed or is_poison(self.numbered[key])

    def teardown(self) -> None:
        try:
            self.drain()
        finally:
            self.reserve.close()

    def drain(self) -> None:
        """Once more all that is on the way is lost; everything behaves from then on, and the rest must arrive."""
        self.publisher.pump()
        self.broker.lines = {name: [] for name in self.broker.lines}
        if len(self.gateways) != 1:
            self.stop_gateway("right")
            self.start_gateway("left")
        (gateway,) = self.gateways.values()
        # A shelf always has something to say, and a replaced database learns of a device by that.
        self.a_shelf_is_touched(1, poison=False)
        for _ in range(DRAIN_STEPS_MAX):
            if all(self.arrived(key) for key in self.numbered):
                break
            self.publisher.pump()
            gateway.step(100, self.wall_s)
            self.time_passes(1.1)
        self.what_is_loaded_is_what_was_numbered()
        self.only_the_poisonous_and_the_forgotten_are_gaps()
        missing = [key for key in self.numbered if not self.arrived(key)]
        assert not missing

    def arrived(self, key: tuple[str, int]) -> bool:
        return (key in self.database.rows) != (key in self.database.gaps)

    def start_gateway(self, name: str) -> None:
        self.runs += 1
        self.gateways[name] = Gateway(name, f"run-{self.runs}", self.broker, lambda: self.database, self.clock)

    def stop_gateway(self, name: str) -> None:
        self.gateways.pop(name, None)
        self.broker.lines.pop(name, None)


class DeliveryFromAFile(Delivery):
    """The same with the real outbox."""

    def new_reserve(self) -> KeptReserve:
        self.folder = tempfile.TemporaryDirectory()
        return FileReserve(Path(self.folder.name) / "outbox.sqlite")  # type: ignore[return-value]  # hands on by name

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.folder.cleanup()


def test_a_refusal_told_to_a_killed_run_costs_the_next_run_no_good_record_of_the_same_numbers() -> None:
    shop = Delivery()
    shop.the_shop_opens()
    shop.a_shelf_is_touched(2, poison=True)
    old, gateway = shop.reserve.journal, shop.gateways["left"]
    for _ in range(20):
        if shop.reserve.gaps(old, 1, 1):
            break
        shop.publisher.pump()
        gateway.step(9, shop.wall_s)
        shop.time_passes(1.1)
    shop.the_agent_is_killed()
    shop.broker.retained_ack = next(ack for ack in shop.broker.acks_ever if b'"unreadable"' in ack)
    for _ in range(4):
        shop.publisher.pump()
    assert [seq for seq, _ in shop.reserve.read(old, 1, 9)] == [2]
    shop.teardown()


def is_poison(record: Record) -> bool:
    return getattr(record, "verdict", "") == POISON


PROFILE = settings()
"""The profile of the run: a nightly one asks for many more examples."""

TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=4 * PROFILE.max_examples, stateful_step_count=50, deadline=None)
TestDeliveryFromAFile = DeliveryFromAFile.TestCase
TestDeliveryFromAFile.settings = settings(
    max_examples=max(1, PROFILE.max_examples // 3),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # files are slow on a loaded machine; that says nothing of the code
)
