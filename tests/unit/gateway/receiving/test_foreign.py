"""Scales of other makers tell a weight and nothing else: what they say becomes records like an agent's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import NumberedRecord, unpack
from contract.errors import BadBody
from contract.ids import DeviceId, StoreId
from contract.records import Birth, HealthRecord, WeightRecord
from gateway.foreign_settings import ForeignSettings, PresenceTopic, WeightTopic
from gateway.loading.watermarks import Watermarks
from gateway.receiving import foreign
from gateway.receiving.acks import AckBook
from gateway.receiving.foreign import Translator
from gateway.receiving.foreign_payload import number_in
from gateway.receiving.intake import Intake
from gateway.receiving.messages import ForeignMessage, ForeignTaken, RawMessage
from gateway.takings import Takings, set_aside

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
STORE = StoreId("shop")
ESPHOME = "cheese-scale/sensor/weight/state"
SETTINGS = ForeignSettings(
    weights=(
        WeightTopic(
            topic=ESPHOME, device="cheese-scale", plate="l1", bay="b4", shelf="s1", unit="kg", capacity_g=10_000.0
        ),
        WeightTopic(
            topic="tele/+/SENSOR", path="HX711.Weight", device="{1}", plate="{1}-l1", bay="b5", shelf="s1", unit="kg"
        ),
        WeightTopic(topic="pair", path="w.0", device="pair", plate="p0", bay="b6", shelf="s1", unit="g"),
        WeightTopic(topic="pair", path="w.1", device="pair", plate="p1", bay="b6", shelf="s1", unit="g"),
    ),
    presence=(
        PresenceTopic(topic="cheese-scale/status", device="cheese-scale"),
        PresenceTopic(topic="tele/+/LWT", device="{1}", online="Online", offline="Offline"),
    ),
)


class _Gateway:
    """Translator, intake and takings as the loader joins them, with nothing written anywhere."""

    def __init__(self, settings: ForeignSettings = SETTINGS) -> None:
        self.translator = Translator(settings, STORE, run="one", now=AT)
        self.intake, self.watermarks = Intake(STORE), Watermarks(lambda _device: {})
        self.seconds = 0
        self.takings = Takings()

    def hears(self, topic: str, *payloads: str, retained: bool = False) -> list[NumberedRecord]:
        """Take in payloads a second apart; return the records they made."""
        self.takings = Takings()
        for payload in payloads:
            self.seconds += 1
            at = AT + timedelta(seconds=self.seconds)
            message = RawMessage(topic=topic, payload=payload.encode(), received_at=at, retained=retained)
            for told in self.translator.translate([message]):
                self.takings.add(self.intake.take_in(told, self.watermarks.of), self.watermarks)
        return [record for readings in self.takings.readings for record in unpack(readings.blocks)]

    def weights(self, topic: str, *payloads: str) -> list[tuple[str, float, float | None]]:
        """Return (kind, weight, weight before) of the weight records some payloads make."""
        found = [record for _, record in self.hears(topic, *payloads) if isinstance(record, WeightRecord)]
        return [(record.kind, record.weight_g, record.before_g) for record in found]


def test_a_weight_is_believed_when_two_messages_in_a_row_tell_it() -> None:
    gateway = _Gateway()
    assert gateway.weights(ESPHOME, "1.500") == []
    assert gateway.weights(ESPHOME, "1.501", "1.500") == [("heartbeat", 1501.0, None), ("heartbeat", 1500.0, None)]


def test_a_change_that_holds_for_two_messages_is_a_step_and_a_hand_is_none() -> None:
    gateway = _Gateway()
    gateway.hears(ESPHOME, "1.500", "1.500")
    assert gateway.weights(ESPHOME, "2.800", "1.152", "1.152", "1.153") == [
        ("step", 1152.0, 1500.0),
        ("heartbeat", 1153.0, None),
    ]
    assert gateway.weights(ESPHOME, "1.900", "1.153") == [("heartbeat", 1153.0, None)]


def test_tasmota_speaks_json_and_names_its_device_in_the_topic() -> None:
    gateway = _Gateway()
    told = '{"Time":"2026-01-01T12:00:00","HX711":{"Weight":0.348,"WeightRaw":349,"AbsRaw":41880}}'
    assert gateway.weights("tele/till-7/SENSOR", told, told) == [("heartbeat", 348.0, None)]
    [readings, *_] = gateway.takings.readings
    assert (readings.device, readings.time_known) == (DeviceId("till-7"), True)


def test_numbers_go_on_from_the_watermark_and_the_same_message_gets_the_same_ones_again() -> None:
    gateway = _Gateway()
    first = [seq for seq, _ in gateway.hears(ESPHOME, "1.5", "1.5", "1.5")]
    assert first == list(range(1, len(first) + 1))
    message = RawMessage(topic=ESPHOME, payload=b"1.5", received_at=AT + timedelta(seconds=9))
    [told] = gateway.translator.translate([message])
    outcomes = [gateway.intake.take_in(told, lambda _device, _journal: 7) for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    assert isinstance(outcomes[0], ForeignTaken)
    assert outcomes[0].readings is not None
    assert outcomes[0].readings.first == 8


def test_every_device_has_a_journal_of_its_own_in_every_run() -> None:
    messages = [RawMessage(topic=f"tele/{name}/LWT", payload=b"Online", received_at=AT) for name in ("a", "b")]
    journals = [
        told.journal
        for run in ("one", "two")
        for told in Translator(SETTINGS, STORE, run=run, now=AT).translate(messages)
        if isinstance(told, ForeignMessage)
    ]
    assert len(set(journals)) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", journal) for journal in journals)


def test_nobody_is_acknowledged() -> None:
    gateway = _Gateway()
    gateway.hears(ESPHOME, "1.5", "1.5", "no number")
    book = AckBook(database_epoch="e", gateway_run="r")
    gateway.takings.tell(book, 0.0)
    assert book.due(float("inf")) == []


def test_two_plates_that_step_in_one_message_are_one_episode() -> None:
    gateway = _Gateway()
    gateway.hears("pair", '{"w":[500,700]}', '{"w":[500,700]}')
    records = [record for _, record in gateway.hears("pair", '{"w":[400,800]}', '{"w":[400,800]}')]
    steps = [record for record in records if isinstance(record, WeightRecord)]
    assert [(step.plate, step.kind, step.remaining) for step in steps] == [("p0", "step", 1), ("p1", "step", 0)]
    assert len({step.mono_ms for step in steps}) == 1


@pytest.mark.parametrize(
    ("payload", "quality", "weight_g"),
    [
        ("nan", "unplugged", 1500.0),
        ("None", "unplugged", 1500.0),
        ("12.0", "saturated", 12_000.0),
        ("-1", "negative", -1000.0),
    ],
)
def test_what_cannot_be_believed_is_told_with_its_quality_and_is_no_step(
    payload: str, quality: str, weight_g: float
) -> None:
    gateway = _Gateway()
    gateway.hears(ESPHOME, "1.5", "1.5")
    records = [record for _, record in gateway.hears(ESPHOME, payload, "1.5")]
    weights = [record for record in records if isinstance(record, WeightRecord)]
    assert [(one.kind, one.quality, one.weight_g) for one in weights] == [
        ("heartbeat", quality, weight_g),
        ("heartbeat", "ok", 1500.0),
    ]
    verdicts = [one.verdict for one in records if isinstance(one, HealthRecord) and one.subject == "plate:l1"]
    assert verdicts == [quality, "ok"]


def test_a_scale_on_trial_is_kept_and_shown_and_never_counted() -> None:
    row = msgspec.structs.replace(SETTINGS.weights[0], quality="noisy")
    gateway = _Gateway(ForeignSettings(weights=(row,)))
    records = [record for _, record in gateway.hears(ESPHOME, "1.5", "0.5")]
    assert [one.quality for one in records if isinstance(one, WeightRecord)] == ["noisy", "noisy"]


@pytest.mark.parametrize(
    ("topic", "payload", "said"),
    [
        (ESPHOME, "heavy", "payload: found 'heavy', expected a number"),
        (ESPHOME, "inf", "payload: found 'inf', expected a number"),
        (ESPHOME, "1e9", "payload: found 1e+12 g, expected at most 1e+07"),
        ("tele/a/SENSOR", "1.5", "HX711.Weight: found no HX711, only float"),
        ("tele/a/SENSOR", '{"HX711":{"Gewicht":1}}', "HX711.Weight: found no Weight, only Gewicht"),
        ("tele/a/SENSOR", '{"HX711":{"Weight":true}}', "HX711.Weight: found 'True', expected a number"),
        ("tele/a b/SENSOR", "{}", "topic: found 'a b', expected the name of a device"),
        ("cheese-scale/status", "asleep", "payload: found 'asleep', expected 'online' or 'offline'"),
    ],
)
def test_a_payload_of_no_use_is_kept_with_its_reason(topic: str, payload: str, said: str) -> None:
    gateway = _Gateway()
    assert [record for _, record in gateway.hears(topic, payload) if isinstance(record, WeightRecord)] == []
    [letter] = gateway.takings.dead
    assert (letter.reason, letter.topic) == ("foreign_payload", topic)
    assert letter.detail == said
    assert letter.payload == payload.encode()


def test_of_two_plates_in_one_message_the_good_one_is_taken() -> None:
    gateway = _Gateway()
    assert gateway.weights("pair", '{"w":[500]}', '{"w":[500]}') == [("heartbeat", 500.0, None)]
    assert [letter.detail for letter in gateway.takings.dead] == ["w.1: found no 1, only list"] * 2


def test_a_device_is_marked_as_one_that_tells_at_least_once() -> None:
    gateway = _Gateway()
    records = [record for _, record in gateway.hears(ESPHOME, "1.5", "1.5")]
    [seen] = gateway.takings.devices
    assert seen.birth is not None
    assert msgspec.json.decode(seen.birth)["delivery"] == foreign.AT_LEAST_ONCE
    born = msgspec.json.decode(seen.birth, type=Birth)
    assert (seen.online, born.journal) == (True, gateway.takings.readings[0].journal)
    assert [(plate.plate, plate.bay, plate.shelf) for plate in born.plates] == [("l1", "b4", "s1")]
    agent = next(one for one in records if isinstance(one, HealthRecord) and one.subject == "agent")
    assert agent.measured == {foreign.AT_LEAST_ONCE: 1.0}


def test_its_health_says_once_a_minute_what_was_taken_and_what_was_not() -> None:
    gateway = _Gateway()
    gateway.hears(ESPHOME, "1.5")
    records = [record for _, record in gateway.hears(ESPHOME, *["1.5"] * 57, "9.9", "what", "1.5", "1.5")]
    told = [one for one in records if isinstance(one, HealthRecord) and one.subject == "plate:l1"]
    [one] = told
    assert (one.samples, one.rejected) == (59, {}), "what an agent rejects is of a converter"
    assert one.measured == {"messages_moving": 1.0, "messages_unusable": 1.0, "weight_g": 1500.0}


def test_a_last_will_puts_a_device_offline_and_a_weight_back_online() -> None:
    gateway = _Gateway()
    gateway.hears("cheese-scale/status", "online", retained=True)
    assert [seen.online for seen in gateway.takings.devices] == [True]
    gateway.hears("cheese-scale/status", "offline")
    assert [seen.online for seen in gateway.takings.devices] == [False]
    gateway.hears(ESPHOME, "1.5")
    assert [seen.online for seen in gateway.takings.devices] == [True]


def test_a_retained_weight_is_not_taken_for_one_of_now() -> None:
    gateway = _Gateway()
    assert gateway.hears(ESPHOME, "1.5", "1.5", retained=True) == []


def test_time_never_steps_back_when_the_clock_of_the_gateway_does() -> None:
    gateway = _Gateway()
    gateway.hears(ESPHOME, "1.5", "1.5")
    gateway.seconds -= 3600
    [(_, record)] = gateway.hears(ESPHOME, "1.5")
    assert record.mono_ms == 2000


def test_what_the_database_refuses_is_set_aside_under_its_device() -> None:
    gateway = _Gateway()
    message = RawMessage(topic=ESPHOME, payload=b"1.5", received_at=AT)
    [told] = gateway.translator.translate([message])
    refused = set_aside(gateway.intake.take_in(told, gateway.watermarks.of), told, "no room")
    gateway.takings.add(refused, gateway.watermarks)
    assert [(letter.device, letter.reason) for letter in gateway.takings.dead] == [
        ("cheese-scale", "refused_by_database")
    ]


def test_names_without_end_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "DEVICES_MAX", 3)
    gateway = _Gateway()
    for number in range(5):
        gateway.hears(f"tele/d{number}/LWT", "Online")
    assert [letter.detail for letter in gateway.takings.dead] == ["device: found more than 3, expected no more"]


def test_own_topics_and_foreign_ones_nobody_maps_pass_as_they_are() -> None:
    gateway = _Gateway()
    messages = [RawMessage(topic=topic, payload=b"1", received_at=AT) for topic in ("liveshelf/v1/a/b/state", "x")]
    assert gateway.translator.translate(messages) == messages


@given(payload=st.binary(max_size=200), path=st.sampled_from(["", "a", "a.b", "0"]))
def test_whatever_bytes_come_a_number_or_a_reason_comes_out(payload: bytes, path: str) -> None:
    try:
        found = number_in(payload, path)
    except BadBody as error:
        assert str(error)
    else:
        assert found is None or isinstance(found, float)


def test_a_payload_nested_without_end_is_a_reason_too() -> None:
    with pytest.raises(BadBody, match="no JSON"):
        number_in(b"[" * 60_000, "a")
