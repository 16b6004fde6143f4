"""A bay in the agent's hands: lines and readers played by a script, time moved by hand."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest
from msgspec import structs

from contract.clock import ManualClock, ShopClock
from contract.codec import encode
from contract.errors import ConfigurationError, HardwareError
from contract.hardware import LoadCellLine, TagReader, TagSighting
from contract.ids import Epc, PlateId, ZoneId
from contract.records import ClockRecord, Command, CommandResult, HealthRecord, Record, TagRecord, WeightRecord
from edge.agent import Bay, clock_synchronised, open_hardware
from edge.commanding.desk import Desk
from edge.commanding.diagnose import looking_operations
from edge.commanding.weigh import weigh_operation
from edge.handover import Handover
from edge.outbox.gaps import Loss
from edge.settings import AgentSettings, PlateSettings, ZoneSettings
from tests.fakes.load_cell_line import ScriptedLine

PLATES = (PlateId("b1-s1-l1"), PlateId("b1-s1-l2"))
ZONE = ZoneId("b1-s1-z1")
COAT = Epc("3034257BF7194E4000001A85")
COUNTS_PER_G = 200.0
ZERO_COUNT = 84_000


class ScriptedReader:
    """Reads what lies in `tags` at each question; away while `away`."""

    def __init__(self, clock: ManualClock) -> None:
        self.tags: list[Epc] = []
        self.away = False
        self._clock = clock

    def sightings(self) -> Sequence[TagSighting]:
        if self.away:
            raise HardwareError("no answer")
        now_ms = self._clock.mono_ms()
        return [TagSighting(zone=ZONE, epc=epc, rssi_dbm=-60.0, mono_ms=now_ms) for epc in self.tags]


class ScriptedBay:
    """Implements `BayHardware` with a clock moved by hand: every 100 ms a conversion waits on each line."""

    def __init__(self, plates: Sequence[PlateId] = PLATES) -> None:
        self.clock = ManualClock()
        self.loads = dict.fromkeys(plates, 1_000.0)
        self.scripted = {plate: ScriptedLine() for plate in plates}
        self.reader = ScriptedReader(self.clock)
        self.handover = Handover()
        self._rng = random.Random(1)

    @property
    def lines(self) -> Mapping[PlateId, LoadCellLine]:
        return self.scripted

    @property
    def readers(self) -> Sequence[TagReader]:
        return [self.reader]

    @property
    def board(self) -> None:
        return None

    def close(self) -> None:
        """Nothing to let go of."""

    def run(self, bay: Bay, seconds: float) -> list[Record]:
        """Let the bay look every 100 ms, and return what it handed over."""
        records: list[Record] = []
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            for plate, line in self.scripted.items():
                line.append(ZERO_COUNT + round(COUNTS_PER_G * self.loads[plate] + self._rng.gauss(0.0, 60.0)))
            bay.look()
            records += [record for record in self.handover.take(0.0) if not isinstance(record, Loss)]
        return records


def _settings(plates: Sequence[PlateId] = PLATES) -> AgentSettings:
    return AgentSettings(
        store="corner-shop",
        device="bay-1",
        hardware="tests.nowhere:open_bay",
        data_dir="unused",
        broker="mqtt://127.0.0.1:1883",
        health_s=10.0,
        plates=tuple(
            PlateSettings(plate=plate, bay="b1", shelf="b1-s1", zero_count=ZERO_COUNT, counts_per_g=COUNTS_PER_G)
            for plate in plates
        ),
        zones=(ZoneSettings(zone=ZONE, bay="b1", shelf="b1-s1"),),
    )


@pytest.fixture
def wires() -> ScriptedBay:
    return ScriptedBay()


@pytest.fixture
def bay(wires: ScriptedBay) -> Bay:
    return Bay(_settings(), wires, wires.clock, wires.handover, wall_ns=lambda: 0)


def test_bits_on_the_wires_become_a_step_in_grams(wires: ScriptedBay, bay: Bay) -> None:
    wires.run(bay, 10.0)
    wires.loads[PLATES[0]] = 900.0
    steps = [record for record in wires.run(bay, 5.0) if isinstance(record, WeightRecord) and record.kind == "step"]
    assert [step.plate for step in steps] == list(PLATES)
    assert steps[0].before_g == pytest.approx(1_000.0, abs=1.0)
    assert steps[0].weight_g == pytest.approx(900.0, abs=1.0)


def test_a_tag_before_the_antenna_becomes_a_record(wires: ScriptedBay, bay: Bay) -> None:
    wires.reader.tags = [COAT]
    [arrived] = [record for record in wires.run(bay, 5.0) if isinstance(record, TagRecord)]
    assert (arrived.kind, arrived.zone, arrived.epc) == ("arrived", ZONE, COAT)


def test_the_clock_is_told_first_and_with_every_health_record(wires: ScriptedBay, bay: Bay) -> None:
    [first] = wires.handover.take(0.0)
    assert isinstance(first, ClockRecord)
    clocks = [record for record in wires.run(bay, 20.5) if isinstance(record, ClockRecord)]
    assert [record.mono_ms for record in clocks] == [10_000, 20_000]
    assert clocks[0].wall_ms - first.wall_ms == 10_000


def test_health_counts_what_each_part_did(wires: ScriptedBay, bay: Bay) -> None:
    wires.scripted[PLATES[1]].append(-1)
    wires.reader.tags = [COAT]
    told = [record for record in wires.run(bay, 10.5) if isinstance(record, HealthRecord)]
    health = {record.subject: record for record in told}
    assert set(health) == {"plate:b1-s1-l1", "plate:b1-s1-l2", "zone:b1-s1-z1", "agent"}
    assert health["plate:b1-s1-l1"].verdict == "ok"
    assert sum(record.samples for record in told if record.subject == "plate:b1-s1-l1") > 90
    assert health["plate:b1-s1-l1"].noise_g == pytest.approx(0.3, abs=0.2)
    rejected = [record.rejected for record in told if record.subject == "plate:b1-s1-l2"]
    assert {"settling"} <= {reason for record in rejected for reason in record}
    assert health["zone:b1-s1-z1"].samples > 30
    assert health["agent"].verdict == "ok"


def test_a_plate_tells_its_figures_and_the_agent_those_of_its_board(wires: ScriptedBay) -> None:
    figures = {"cpu_c": 84.0, "queue_rows": 12.0}
    bay = Bay(_settings(), wires, wires.clock, wires.handover, wall_ns=lambda: 0, measure=lambda: figures)
    wires.run(bay, 60.5)
    health = {record.subject: record for record in bay.health}
    plate = health["plate:b1-s1-l1"].measured
    assert plate["rate_sps"] == pytest.approx(10.0, abs=0.1)
    assert plate["weight_g"] == pytest.approx(1_000.0, abs=1.0)
    assert (health["agent"].verdict, health["agent"].measured) == ("hot", figures)


def test_a_converter_at_half_its_rate_is_told_as_slow_and_still_weighed(wires: ScriptedBay, bay: Bay) -> None:
    wires.run(bay, 30.0)
    lame = wires.scripted[PLATES[0]]
    records: list[Record] = []
    for _ in range(600):
        wires.scripted.pop(PLATES[0], None)
        records += wires.run(bay, 0.1)
        wires.scripted[PLATES[0]] = lame
        records += wires.run(bay, 0.1)
    verdicts = [
        record.verdict for record in records if isinstance(record, HealthRecord) and record.subject.endswith("l1")
    ]
    assert verdicts[-1] == "slow"
    weights = [record for record in records if isinstance(record, WeightRecord) and record.plate == PLATES[0]]
    assert {record.quality for record in weights} == {"ok"}


def test_a_plate_whose_cable_is_pulled_is_told_within_seconds_and_again_when_it_is_back(
    wires: ScriptedBay, bay: Bay
) -> None:
    subject = f"plate:{PLATES[0]}"

    def told(records: Sequence[Record]) -> list[tuple[str, int]]:
        health = [record for record in records if isinstance(record, HealthRecord) and record.subject == subject]
        return [(record.verdict, record.mono_ms) for record in health]

    assert told(wires.run(bay, 9.0))[0] <= ("ok", 4_000)
    line = wires.scripted.pop(PLATES[0])
    [(verdict, mono_ms)] = [one for one in told(wires.run(bay, 5.5)) if one[0] != "ok"]
    assert verdict == "unplugged"
    assert mono_ms <= 9_000 + 5_000
    wires.scripted[PLATES[0]] = line
    [(verdict, _)] = told(wires.run(bay, 3.0))
    assert verdict == "ok"


def test_a_reader_that_is_away_is_told_and_no_tag_departs(wires: ScriptedBay, bay: Bay) -> None:
    wires.reader.tags = [COAT]
    wires.run(bay, 30.0)
    wires.reader.away = True
    records = wires.run(bay, 120.0)
    assert [record for record in records if isinstance(record, TagRecord)] == []
    zones = [record for record in records if isinstance(record, HealthRecord) and record.subject.startswith("zone:")]
    assert {record.verdict for record in zones} == {"away"}


def test_a_plate_at_its_rail_is_told_as_saturated(wires: ScriptedBay, bay: Bay) -> None:
    wires.run(bay, 10.0)
    wires.loads[PLATES[0]] = 1e6
    wires.scripted[PLATES[0]]._codes.clear()
    records: list[Record] = []
    for _ in range(20):
        wires.clock.advance(0.1)
        wires.scripted[PLATES[0]].append(0x7FFFFF)
        bay.look()
        records += [record for record in wires.handover.take(0.0) if not isinstance(record, Loss)]
    told = [record for record in records if isinstance(record, WeightRecord) and record.plate == PLATES[0]]
    assert told[-1].quality == "saturated"
    assert told[-1].weight_g == pytest.approx(1_000.0, abs=1.0)


def test_single_samples_at_the_rail_are_lost_bits_and_no_overload(wires: ScriptedBay, bay: Bay) -> None:
    records = wires.run(bay, 10.0)
    for code in (0x7FFFFF, -0x800000, 0x7FFFFF):
        wires.scripted[PLATES[0]].append(code)
        records += wires.run(bay, 1.5)
    told = [record for record in records if isinstance(record, HealthRecord) and record.subject == f"plate:{PLATES[0]}"]
    assert "saturated" not in {record.verdict for record in told}


def test_a_bay_looks_four_times_a_conversion_and_seldom_without_plates(wires: ScriptedBay, bay: Bay) -> None:
    assert bay.poll_s == pytest.approx(0.025)
    assert Bay(_settings([]), wires, wires.clock, wires.handover).poll_s == pytest.approx(0.25)


def test_a_plate_without_a_line_is_refused(wires: ScriptedBay) -> None:
    with pytest.raises(ConfigurationError, match="plates: found 'b9-s9-l9', for which the hardware has no line"):
        Bay(_settings([*PLATES, PlateId("b9-s9-l9")]), wires, wires.clock, wires.handover)


def test_hardware_that_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(ConfigurationError, match=r"hardware: found 'tests\.nowhere:open_bay', which cannot be loaded"):
        open_hardware(_settings(), ManualClock())


def test_a_clock_the_shop_was_given_counts_as_synchronised() -> None:
    assert clock_synchronised(ShopClock(origin_unix_s=1_790_000_000.0, rate=20.0))


def asked(wires: ScriptedBay, bay: Bay, desk: Desk, op: str, **arguments: object) -> CommandResult:
    """Let the bay go on until the command is answered."""
    answers: list[CommandResult] = []
    desk.ask(encode(Command(id="", op=op, args=arguments)), answers.append)
    for _ in range(100):
        desk.work(wires.clock.mono_ms())
        if answers:
            return answers[0]
        wires.run(bay, 0.1)
    raise AssertionError(f"{op} was not answered within 10 s")


def test_a_scale_tells_counts_and_grams_of_now_to_whoever_fits_it(wires: ScriptedBay, bay: Bay) -> None:
    desk = Desk({"weigh": weigh_operation(bay)})
    wires.run(bay, 10.0)
    wires.loads[PLATES[0]] = 1_500.0
    told = asked(wires, bay, desk, "weigh", plates=list(PLATES)).facts["plates"]
    assert told[PLATES[0]]["count"] == pytest.approx(ZERO_COUNT + COUNTS_PER_G * 1_500, abs=100)
    assert told[PLATES[0]]["weight_g"] == pytest.approx(1_500, abs=0.5)
    assert told[PLATES[1]]["rate_sps"] == pytest.approx(10, abs=1)
    wires.run(bay, 5.0)
    assert asked(wires, bay, desk, "weigh", plate=PLATES[0]).facts["plates"][PLATES[0]]["resting"]


def test_a_scale_that_says_nothing_is_told_as_one(wires: ScriptedBay, bay: Bay) -> None:
    desk = Desk({"weigh": weigh_operation(bay)})
    wires.run(bay, 1.0)
    del wires.scripted[PLATES[0]]  # nothing is appended to its line any more
    wires.run(bay, 4.0)
    told = asked(wires, bay, desk, "weigh", plate=PLATES[0]).facts["plates"][PLATES[0]]
    assert (told["count"], told["weight_g"], told["rate_sps"], told["quality"]) == (None, None, 0.0, "unplugged")


def test_a_plate_the_bay_does_not_have_is_refused_by_its_name(wires: ScriptedBay, bay: Bay) -> None:
    answer = asked(wires, bay, Desk({"weigh": weigh_operation(bay)}), "weigh", plate="b9")
    assert (answer.ok, answer.facts["code"], answer.facts["found"]) == (False, "unknown_plate", "b9")


def test_a_diagnosis_says_of_every_part_what_is_measured_wrong_and_to_do(wires: ScriptedBay) -> None:
    figures = {"cpu_c": 84.0}
    bay = Bay(_settings(), wires, wires.clock, wires.handover, wall_ns=lambda: 0, measure=lambda: figures)
    wires.run(bay, 12.0)
    wires.reader.away = True
    del wires.scripted[PLATES[1]]
    wires.run(bay, 5.0)
    wires.loads[PLATES[0]] = 1_250.0
    wires.run(bay, 3.0)
    facts = asked(wires, bay, Desk(looking_operations(_settings(), bay, list)), "diagnose").facts
    well, dead, zone = facts["sensors"]
    assert [one["subject"] for one in facts["sensors"]] == ["plate:b1-s1-l1", "plate:b1-s1-l2", "zone:b1-s1-z1"]
    assert [one["verdict"] for one in facts["sensors"]] == ["ok", "unplugged", "away"]
    assert well["measured"]["weight_g"] == pytest.approx(1_250.0, abs=1.0)
    assert well["measured"]["rate_sps"] == pytest.approx(10.0, abs=0.6)
    assert not well["wrong"]
    assert (dead["measured"]["weight_g"], dead["measured"]["rate_sps"]) == (None, 0.0)
    assert "no sample for 3 s" in dead["wrong"]
    assert dead["todo"]
    assert zone["todo"].startswith("check power, network")
    assert (facts["agent"]["verdict"], facts["agent"]["measured"], facts["agent"]["device"]) == (
        "hot",
        figures,
        "bay-1",
    )


def test_who_diagnoses_takes_nothing_from_the_next_health_record(wires: ScriptedBay, bay: Bay) -> None:
    wires.run(bay, 10.05)
    desk = Desk(looking_operations(_settings(), bay, list))
    for _ in range(3):
        assert asked(wires, bay, desk, "diagnose").ok
    wires.run(bay, 5.0)
    taken = {record.subject: record.samples for record in bay.health}
    assert taken[f"plate:{PLATES[0]}"] == pytest.approx(100, abs=3)


def test_the_wave_of_a_plate_shows_the_last_seconds_and_the_last_step(wires: ScriptedBay, bay: Bay) -> None:
    wires.run(bay, 12.0)
    desk = Desk(looking_operations(_settings(), bay, list))
    assert asked(wires, bay, desk, "waveform", plate=PLATES[0]).facts["step"] is None
    wires.loads[PLATES[0]] = 500.0
    wires.run(bay, 20.0)
    facts = asked(wires, bay, desk, "waveform", plate=PLATES[0]).facts
    assert (facts["plate"], facts["bin_ms"], len(facts["weights_g"])) == (PLATES[0], 100, 100)
    assert facts["weights_g"][0] == pytest.approx(500.0, abs=2.0)
    assert facts["step"]["weights_g"][0] == pytest.approx(1_000.0, abs=2.0)
    assert facts["step"]["weights_g"][-1] == pytest.approx(500.0, abs=2.0)
    assert facts["step"]["end_mono_ms"] < facts["end_mono_ms"]
    assert asked(wires, bay, desk, "waveform", plate="b9").facts["code"] == "unknown_plate"


def test_a_device_without_a_store_weighs_and_records_nothing(wires: ScriptedBay) -> None:
    settings = structs.replace(_settings(), store="_new")
    bay = Bay(settings, wires, wires.clock, wires.handover, wall_ns=lambda: 0)
    assert wires.run(bay, 30.0) == []
    assert bay.resting(PLATES[0])
