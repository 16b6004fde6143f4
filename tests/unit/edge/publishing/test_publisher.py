"""What a device says on the wire, and when."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest

from contract.clock import ManualClock
from contract.codec import NumberedRecord, decode, decode_body, decode_envelope, encode, unpack
from contract.errors import ConfigurationError
from contract.records import (
    PAYLOAD_BYTES_MAX,
    Ack,
    Birth,
    BirthPlate,
    CommandResult,
    Gap,
    HealthRecord,
    HeldJournal,
    Now,
    Record,
    State,
    WeightRecord,
)
from edge.publishing.link import Arrived, Call, Connected, Event, Lost, MqttLink, Took
from edge.publishing.publisher import Publisher
from edge.publishing.window import BROKER_REFUSALS_MIN

JOURNAL = "a" * 32
ROOT = "liveshelf/v1/corner-shop/bay-1"
BIRTH = Birth(
    device="bay-1",
    store="corner-shop",
    journal=JOURNAL,
    boot="boot-1",
    board_serial="s-1",
    agent_version="1.2",
    sent_mono_ms=0,
    plates=[],
    zones=[],
)


@dataclass
class Kept:
    """A reserve of one journal."""

    records: dict[int, Record] = field(default_factory=dict)
    last: int = 0
    epoch: str = ""
    marks: dict[str, int] = field(default_factory=dict)

    def add(self, *records: Record) -> None:
        for record in records:
            self.last += 1
            self.records[self.last] = record

    @property
    def journal(self) -> str:
        return JOURNAL

    def watermarks(self) -> dict[str, int]:
        return dict(self.marks)

    def held(self) -> list[HeldJournal]:
        return [HeldJournal(JOURNAL, 1, self.last)] if self.last else []

    def boot_of(self, journal: str) -> str:
        return "boot-1" if journal == JOURNAL else ""

    def read(self, journal: str, first: int, count_max: int) -> list[NumberedRecord]:
        assert journal == JOURNAL
        return [(seq, record) for seq, record in self.records.items() if seq >= first][:count_max]

    def gaps(self, journal: str, first: int, last: int) -> list[Gap]:
        assert journal == JOURNAL
        return [Gap(seq, seq, "rejected") for seq in range(first, last + 1) if seq not in self.records]

    def set_aside(self, journal: str, seq: int) -> None:
        assert journal == JOURNAL
        del self.records[seq]

    def committed(self, epoch: str, watermarks: dict[str, int]) -> None:
        self.epoch, self.marks = epoch, watermarks


@dataclass
class Wire:
    """Every link dialled, and what was said on it."""

    links: list[Wire.Link] = field(default_factory=list)

    @dataclass
    class Link:
        call: Call
        waiting: list[Event] = field(default_factory=list)
        said: list[tuple[str, bytes, bool]] = field(default_factory=list)
        topics: list[str] = field(default_factory=list)
        closed: bool = False

        def events(self) -> list[Event]:
            events, self.waiting = self.waiting, []
            return events

        def subscribe(self, topics: Sequence[str]) -> None:
            self.topics.extend(topics)

        def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
            self.said.append((topic.removeprefix(ROOT + "/"), payload, retain))
            return len(self.said)

        def close(self) -> None:
            self.closed = True

    def dial(self, call: Call) -> Wire.Link:
        self.links.append(self.Link(call))
        return self.links[-1]

    @property
    def link(self) -> Wire.Link:
        return self.links[-1]

    def payloads(self, channel: str) -> list[bytes]:
        return [payload for said, payload, _ in self.link.said if said == channel]


class Shop:
    """A publisher with everything around it."""

    def __init__(self, birth: Birth = BIRTH) -> None:
        self.wall_s = 100.0
        self.asked: list[tuple[bytes, Callable[[CommandResult], None]]] = []
        self.clock, self.kept, self.wire = ManualClock(), Kept(), Wire()
        self.publisher = Publisher(
            broker="mqtt://broker",
            birth=birth,
            outbox=self.kept,
            clock=self.clock,
            dial=self.wire.dial,
            wall_s=lambda: self.wall_s,
            ask=lambda payload, answer: self.asked.append((payload, answer)),
        )

    def hear(self, *events: Event) -> None:
        self.publisher.pump()
        self.wire.link.waiting.extend(events)
        self.publisher.pump()

    def wait(self, seconds: float) -> None:
        self.wall_s += seconds
        self.clock.advance(seconds)
        self.publisher.pump()


def weight(mono_ms: int, grams: float = 1.0) -> WeightRecord:
    return WeightRecord(mono_ms=mono_ms, plate="p1", kind="step", weight_g=grams)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_connect_begins_with_birth_and_state_retained_and_a_last_will(shop: Shop) -> None:
    shop.kept.add(weight(1))
    shop.clock.advance(7)
    shop.hear(Connected())
    (_, birth, birth_retained), (_, state, state_retained), *_ = shop.wire.link.said
    assert birth_retained
    assert state_retained
    said = decode(birth, Birth)
    assert (said.sent_mono_ms, said.journals_held) == (7000, [HeldJournal(JOURNAL, 1, 1)])
    assert decode(state, State).online
    call = shop.wire.link.call
    assert call.will_topic == f"{ROOT}/state"
    assert not decode(call.will_payload, State).online
    assert shop.wire.link.topics == [f"{ROOT}/ack", f"{ROOT}/cmd"]


def test_plates_that_changed_are_told_by_a_birth_without_a_new_connection(shop: Shop) -> None:
    plate = BirthPlate(
        plate="p1",
        bay="b1",
        shelf="s1",
        zero_count=1.0,
        counts_per_g=2.0,
        capacity_g=3.0,
        rate_sps=10.0,
        calibration_version=2,
    )
    shop.publisher.tell_plates([])
    shop.hear(Connected())
    shop.clock.advance(9)
    shop.publisher.tell_plates([plate])
    births = [decode(payload, Birth) for payload in shop.wire.payloads("birth")]
    assert [birth.plates for birth in births] == [[], [plate]]
    assert births[1].sent_mono_ms == births[0].sent_mono_ms + 9_000
    assert len(shop.wire.payloads("state")) == len(shop.wire.links) == 1
    shop.hear(Lost("away"))
    shop.wait(30.0)
    shop.hear(Connected())
    assert decode(shop.wire.payloads("birth")[0], Birth).plates == [plate]


def test_batches_cover_their_numbers_exactly_and_need_no_word_from_the_broker(shop: Shop) -> None:
    shop.kept.add(*(weight(number) for number in range(600)))
    del shop.kept.records[2], shop.kept.records[300]
    shop.hear(Connected())
    batches = [decode_body(decode_envelope(payload)) for payload in shop.wire.payloads("readings")]
    assert next(batch.first for batch in batches) == 1
    assert batches[-1].last == 600
    assert all(after.first == before.last + 1 for before, after in itertools.pairwise(batches))
    seqs = [seq for batch in batches for seq, _ in unpack(batch.blocks)]
    assert seqs == sorted(shop.kept.records)
    assert {batch.boot for batch in batches} == {"boot-1"}


def test_records_too_large_for_one_message_travel_in_several(shop: Shop) -> None:
    large = HealthRecord(mono_ms=1, subject="agent", verdict="x" * 20_000)
    shop.kept.add(*[large] * 7)
    shop.hear(Connected())
    payloads = shop.wire.payloads("readings")
    assert max(map(len, payloads)) <= PAYLOAD_BYTES_MAX
    assert decode_envelope(payloads[-1]).last == 7


def test_a_record_larger_than_a_message_is_set_aside(shop: Shop) -> None:
    shop.kept.add(weight(1), HealthRecord(mono_ms=1, subject="agent", verdict="x" * 70_000), weight(3))
    shop.hear(Connected())
    batches = [decode_body(decode_envelope(payload)) for payload in shop.wire.payloads("readings")]
    assert [seq for batch in batches for seq, _ in unpack(batch.blocks)] == [1, 3]
    assert [gap for batch in batches for gap in batch.gaps] == [Gap(2, 2, "rejected")]


def test_an_acknowledgement_is_remembered_by_the_outbox(shop: Shop) -> None:
    shop.kept.add(weight(1), weight(2))
    shop.hear(Connected())
    ack = Ack(database_epoch="e1", gateway_run="r1", ack_no=1, journals={JOURNAL: 2})
    shop.hear(Arrived(f"{ROOT}/ack", encode(ack)))
    assert (shop.kept.epoch, shop.kept.marks) == ("e1", {JOURNAL: 2})
    assert shop.publisher.drained


def test_garbage_on_the_ack_topic_is_passed_over(shop: Shop) -> None:
    shop.hear(Connected())
    shop.hear(Arrived(f"{ROOT}/ack", b"\xff{"), Arrived("elsewhere", b""))
    assert shop.publisher.connected


def test_a_command_is_handed_over_as_it_came_and_its_result_goes_out_when_it_is_there(shop: Shop) -> None:
    shop.hear(Connected())
    shop.hear(Arrived(f"{ROOT}/cmd", b"anything"))
    ((payload, answer),) = shop.asked
    assert payload == b"anything"
    assert not shop.wire.payloads("cmd/result")
    answer(CommandResult(id="7", ok=True, detail="done"))
    shop.publisher.pump()
    assert decode(shop.wire.payloads("cmd/result")[0], CommandResult).detail == "done"


def test_a_result_waits_for_the_connection_that_broke_meanwhile(shop: Shop) -> None:
    shop.hear(Connected())
    shop.hear(Arrived(f"{ROOT}/cmd", b"anything"), Lost("gone"))
    shop.asked[0][1](CommandResult(id="7", ok=True))
    shop.wait(1.1)
    assert not shop.wire.payloads("cmd/result")
    shop.hear(Connected())
    assert decode(shop.wire.payloads("cmd/result")[0], CommandResult).id == "7"


def test_an_answer_too_long_for_the_wire_says_so(shop: Shop) -> None:
    shop.hear(Connected())
    shop.hear(Arrived(f"{ROOT}/cmd", b"anything"))
    shop.asked[0][1](CommandResult(id="7", ok=True, detail="x" * PAYLOAD_BYTES_MAX))
    shop.publisher.pump()
    result = decode(shop.wire.payloads("cmd/result")[0], CommandResult)
    assert not result.ok
    assert "expected at most" in result.detail


def test_a_lost_connection_is_dialled_again_after_a_while_and_everything_sent_again(shop: Shop) -> None:
    shop.kept.add(weight(1))
    shop.hear(Connected())
    shop.hear(Took(3), Lost("gone"))
    assert not shop.publisher.connected
    assert shop.wire.links[0].closed
    shop.wait(0.4)
    assert len(shop.wire.links) == 1
    shop.wait(0.7)
    shop.hear(Connected())
    assert len(shop.wire.links) == 2
    assert len(shop.wire.payloads("readings")) == 1


BIRTH_TAKEN = Took(1)
"""The broker has the first message of a connection."""

PROBE_TAKEN = Took(3)
"""The broker has an empty message of readings, which follows birth and state where a connection broke before."""


def break_while_a_batch_is_on_the_way(shop: Shop, *answers: Event) -> None:
    shop.hear(Connected(), *answers)
    assert shop.publisher.connected
    shop.hear(Lost("gone"))
    shop.wait(31)


def test_connections_that_break_before_the_broker_answers_anything_cost_no_record(shop: Shop) -> None:
    shop.kept.add(weight(1))
    for _ in range(20):
        break_while_a_batch_is_on_the_way(shop)
    assert 1 in shop.kept.records


def test_a_record_the_broker_breaks_the_connection_over_again_and_again_is_set_aside(shop: Shop) -> None:
    shop.kept.add(weight(1))
    break_while_a_batch_is_on_the_way(shop, BIRTH_TAKEN)
    for _ in range(BROKER_REFUSALS_MIN):
        assert 1 in shop.kept.records
        break_while_a_batch_is_on_the_way(shop, BIRTH_TAKEN, PROBE_TAKEN)
    assert 1 not in shop.kept.records


def test_a_broker_that_takes_no_readings_of_us_costs_no_record_and_is_told(shop: Shop) -> None:
    shop.kept.add(weight(1))
    for _ in range(20):
        break_while_a_batch_is_on_the_way(shop, BIRTH_TAKEN)
    assert 1 in shop.kept.records
    assert shop.publisher.refused
    shop.hear(Connected(), BIRTH_TAKEN, PROBE_TAKEN)
    assert not shop.publisher.refused
    assert len(shop.wire.payloads("readings")) == 2, "the empty message, and then the batch"


def test_a_connection_that_broke_before_the_broker_took_readings_is_no_refusal_of_the_batch(shop: Shop) -> None:
    shop.kept.add(weight(1))
    for _ in range(3):
        break_while_a_batch_is_on_the_way(shop, BIRTH_TAKEN)
    for _ in range(BROKER_REFUSALS_MIN - 1):
        break_while_a_batch_is_on_the_way(shop, BIRTH_TAKEN, PROBE_TAKEN)
    assert 1 in shop.kept.records


def test_after_a_connection_broke_over_a_batch_the_next_one_sends_one_at_a_time_and_first_an_empty_one(
    shop: Shop,
) -> None:
    shop.kept.add(*(weight(number) for number in range(600)))
    break_while_a_batch_is_on_the_way(shop)
    shop.hear(Connected(), BIRTH_TAKEN)
    assert shop.wire.payloads("readings") == [b""]
    shop.hear(PROBE_TAKEN)
    assert len(shop.wire.payloads("readings")) == 2
    shop.hear(Took(len(shop.wire.link.said)))
    assert len(shop.wire.payloads("readings")) > 3, "the broker took one: all that may be on the way goes out"


def test_a_result_that_may_not_have_arrived_is_told_again_on_the_next_connection_and_then_no_more(shop: Shop) -> None:
    shop.hear(Connected())
    shop.hear(Arrived(f"{ROOT}/cmd", b"anything"))
    shop.asked[0][1](CommandResult(id="7", ok=True))
    shop.publisher.pump()
    assert shop.publisher.owes_answers
    told = []
    for _ in range(3):
        shop.hear(Lost("gone"))
        shop.wait(31)
        shop.hear(Connected())
        told.append(len(shop.wire.payloads("cmd/result")))
    assert told == [1, 0, 0]
    assert not shop.publisher.owes_answers


def test_nothing_of_a_device_stays_in_the_store_it_leaves_and_it_goes_once_the_broker_has_that(shop: Shop) -> None:
    shop.hear(Connected())
    assert not shop.publisher.leave()
    link = shop.wire.link
    assert link.said[-2:] == [("birth", b"", True), ("state", b"", True)]
    link.waiting.append(Took(len(link.said) - 1))
    assert not shop.publisher.leave()
    link.waiting.append(Took(len(link.said)))
    assert shop.publisher.leave()
    shop.publisher.close()
    assert link.said[-2:] == [("birth", b"", True), ("state", b"", True)], "no state comes after it"


def test_a_device_leaves_without_a_word_where_no_broker_hears_it(shop: Shop) -> None:
    assert shop.publisher.leave()
    shop.hear(Connected())
    assert not shop.publisher.leave()
    shop.wire.link.waiting.append(Lost("gone"))
    assert shop.publisher.leave()


def test_patience_with_a_broker_that_is_away_grows_to_half_a_minute(shop: Shop) -> None:
    for _ in range(200):
        shop.hear(Lost("refused")) if not shop.wire.links or not shop.wire.link.closed else shop.wait(1.0)
    assert 10 <= len(shop.wire.links) <= 30


def test_a_broker_that_never_answers_is_dialled_again(shop: Shop) -> None:
    shop.publisher.pump()
    shop.wait(16)
    shop.wait(2)
    assert len(shop.wire.links) == 2


def test_newest_weights_overtake_a_backlog_older_than_two_seconds(shop: Shop) -> None:
    shop.kept.add(*(weight(number) for number in range(5000)))
    shop.clock.advance(3600)
    shop.publisher.newest([weight(3_599_000, grams=42.0), HealthRecord(mono_ms=1, subject="agent", verdict="ok")])
    shop.hear(Connected())
    (payload,) = shop.wire.payloads("now")
    now = decode(payload, Now)
    assert (now.plate, now.weight_g, now.mono_ms) == (["p1"], [42.0], [3_599_000])
    shop.publisher.newest([weight(3_600_000)])
    shop.publisher.pump()
    assert len(shop.wire.payloads("now")) == 1, "not more than one a second"
    shop.wait(1.0)
    assert len(shop.wire.payloads("now")) == 2


def test_without_a_backlog_nothing_overtakes(shop: Shop) -> None:
    shop.hear(Connected())
    shop.kept.add(weight(1))
    shop.publisher.newest([weight(1)])
    shop.publisher.pump()
    shop.wait(1.0)
    assert shop.wire.payloads("now") == []


def test_a_device_without_a_store_sends_no_readings() -> None:
    shop = Shop(msgspec.structs.replace(BIRTH, store="_new"))
    shop.kept.add(weight(1))
    shop.publisher.newest([weight(1)])
    shop.hear(Connected())
    shop.wait(10)
    assert {topic.rpartition("/")[2] for topic, _, _ in shop.wire.link.said} == {"birth", "state"}


def test_closing_says_goodbye(shop: Shop) -> None:
    shop.hear(Connected())
    shop.publisher.close()
    assert not decode(shop.wire.payloads("state")[-1], State).online
    assert shop.wire.link.closed
    shop.publisher.close()


def test_a_pump_with_nothing_to_do_says_nothing(shop: Shop) -> None:
    shop.hear(Connected())
    said = len(shop.wire.link.said)
    assert not shop.publisher.pump()
    assert len(shop.wire.link.said) == said


def test_a_broker_that_is_no_mqtt_url_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="expected mqtt://host:port"):
        MqttLink(Call(broker="http://x", client_id="c", will_topic="t", will_payload=b""))
