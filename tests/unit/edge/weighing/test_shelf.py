"""What a shelf tells of itself, sample by sample."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest

from contract.ids import PlateId, ShelfId
from contract.records import WeightRecord
from edge.weighing.shelf import ShelfWeigher

LEFT, MIDDLE, RIGHT = PlateId("left"), PlateId("middle"), PlateId("right")
PLATES = (LEFT, MIDDLE, RIGHT)
LOADS = {LEFT: 2_000.0, MIDDLE: 1_500.0, RIGHT: 800.0}

Grams = Callable[[float], float]
"""The load of a plate at a time in seconds."""


class Bench:
    """A shelf on a bench: plates with loads that follow functions of time, and half a gram of noise."""

    def __init__(self, *, rate_sps: float = 10.0, heartbeat_s: float = 30.0, lost: float = 0.0) -> None:
        self.weigher = ShelfWeigher(ShelfId("s"), PLATES, heartbeat_s=heartbeat_s)
        self.loads: dict[PlateId, Grams] = {plate: _always(load_g) for plate, load_g in LOADS.items()}
        self.records: list[WeightRecord] = []
        self.noise_g = 0.5
        self.silent: set[PlateId] = set()
        self._rng = random.Random(1)
        self._rate_sps = rate_sps
        self._lost = lost
        self._samples = 0

    @property
    def now_s(self) -> float:
        return self._samples / self._rate_sps

    @property
    def steps(self) -> list[WeightRecord]:
        return [record for record in self.records if record.kind == "step"]

    @property
    def heartbeats(self) -> list[WeightRecord]:
        return [record for record in self.records if record.kind == "heartbeat"]

    def run(self, seconds: float, loads: Mapping[PlateId, Grams] | None = None) -> None:
        self.loads.update(loads or {})
        for _ in range(round(seconds * self._rate_sps)):
            mono_ms = round(self.now_s * 1000)
            for plate in PLATES:
                if plate not in self.silent and self._rng.random() >= self._lost:
                    weight_g = self.loads[plate](self.now_s) + self._rng.gauss(0.0, self.noise_g)
                    self.weigher.add(plate, mono_ms, weight_g)
            self.records += self.weigher.tick(mono_ms)
            self._samples += 1

    def lay(self, plate: PlateId, load_g: float, seconds: float) -> None:
        self.run(seconds, {plate: _always(load_g)})


def _always(load_g: float) -> Grams:
    return lambda _at_s: load_g


def _tremor(load_g: float, spread_g: float) -> Grams:
    rng = random.Random(2)
    return lambda _at_s: load_g + rng.gauss(0.0, spread_g)


@pytest.mark.parametrize("rate_sps", [10.0, 60.0, 80.0])
@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_a_pick_is_one_episode_of_all_plates(rate_sps: float, lost: float) -> None:
    bench = Bench(rate_sps=rate_sps, lost=lost)
    bench.run(10.0)
    bench.lay(MIDDLE, 1_400.0, 10.0)
    assert [(step.plate, step.remaining) for step in bench.steps] == [(LEFT, 2), (MIDDLE, 1), (RIGHT, 0)]
    assert len({step.mono_ms for step in bench.steps}) == 1
    changes = {step.plate: step.weight_g - (step.before_g or 0.0) for step in bench.steps}
    assert changes == {
        LEFT: pytest.approx(0.0, abs=1.5),
        MIDDLE: pytest.approx(-100.0, abs=1.5),
        RIGHT: pytest.approx(0.0, abs=1.5),
    }


def test_rest_is_declared_within_two_seconds_of_the_pick() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.lay(MIDDLE, 1_400.0, 10.0)
    assert 10_500 <= bench.steps[0].mono_ms <= 12_000


def test_a_hand_on_the_shelf_makes_no_reading_until_it_leaves() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.run(30.0, {MIDDLE: _tremor(1_900.0, 40.0)})
    assert bench.steps == []
    bench.lay(MIDDLE, 1_400.0, 5.0)
    [step] = [step for step in bench.steps if step.plate == MIDDLE]
    assert step.before_g == pytest.approx(1_500.0, abs=1.5)
    assert step.weight_g == pytest.approx(1_400.0, abs=1.5)


@pytest.mark.parametrize("tenths", range(10))
def test_the_noise_of_a_rest_is_of_the_rest_and_not_of_the_hand_before_it(tenths: int) -> None:
    bench = Bench()
    bench.run(20.0)
    leaves_s = bench.now_s + 3.0 + tenths / 10
    bench.run(10.0, {LEFT: lambda now_s: 2_100.0 if now_s >= leaves_s else 2_400.0 + 200.0 * (-1) ** int(now_s * 5)})
    assert [record.noise_g < 2.0 for record in bench.steps if record.plate == LEFT] == [True]


def test_goods_taken_and_put_back_at_once_make_no_step() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.lay(MIDDLE, 1_400.0, 0.6)
    bench.lay(MIDDLE, 1_500.0, 10.0)
    assert bench.steps == []
    assert not bench.weigher.active


def test_someone_walking_by_makes_no_step() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.run(2.0, {plate: _tremor(load_g, 8.0) for plate, load_g in LOADS.items()})
    bench.run(10.0, {plate: _always(load_g) for plate, load_g in LOADS.items()})
    assert bench.steps == []


def test_two_picks_far_apart_are_two_episodes_and_the_second_starts_where_the_first_ended() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.lay(MIDDLE, 1_400.0, 4.0)
    bench.lay(MIDDLE, 1_300.0, 4.0)
    first, second = [step for step in bench.steps if step.plate == MIDDLE]
    assert second.before_g == pytest.approx(first.weight_g, abs=1.5)
    assert second.weight_g == pytest.approx(1_300.0, abs=1.5)


def test_a_pick_right_after_rest_starts_from_the_weight_that_rest_told() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.run(0.1, {MIDDLE: _always(1_400.0)})
    while not bench.steps:
        bench.run(0.1)
    bench.lay(MIDDLE, 1_300.0, 4.0)
    first, second = [step for step in bench.steps if step.plate == MIDDLE]
    assert second.before_g == first.weight_g


def test_a_weight_that_creeps_away_is_told_by_heartbeats() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.run(300.0, {MIDDLE: lambda at_s: 1_500.0 + (at_s - 10.0) * 0.1})
    assert bench.steps == []
    told = [beat.weight_g for beat in bench.heartbeats if beat.plate == MIDDLE]
    assert told[-1] > 1_525.0
    assert told == sorted(told)


def test_the_first_heartbeat_comes_soon_and_the_next_ones_on_time() -> None:
    bench = Bench(heartbeat_s=20.0)
    bench.run(65.0)
    beats = [beat.mono_ms for beat in bench.heartbeats if beat.plate == LEFT]
    assert beats[0] <= 5_000
    assert [later - sooner for sooner, later in pairwise(beats)] == [20_000] * (len(beats) - 1)
    assert len(beats) == 4
    assert {beat.remaining for beat in bench.heartbeats} == {0}


def test_no_heartbeat_is_told_while_the_shelf_is_touched() -> None:
    bench = Bench(heartbeat_s=5.0)
    bench.run(10.0)
    told = len(bench.heartbeats)
    bench.run(20.0, {MIDDLE: _tremor(1_900.0, 40.0)})
    assert len(bench.heartbeats) == told


def test_an_agent_that_starts_with_a_hand_in_the_shelf_invents_no_step() -> None:
    bench = Bench()
    bench.run(4.0, {MIDDLE: _tremor(1_900.0, 200.0)})
    bench.lay(MIDDLE, 1_500.0, 10.0)
    assert all(step.before_g is None or abs(step.weight_g - step.before_g) < 500.0 for step in bench.steps)
    assert bench.weigher.quality(MIDDLE) == "ok"
    [last] = [beat for beat in bench.heartbeats if beat.plate == MIDDLE][-1:]
    assert last.weight_g == pytest.approx(1_500.0, abs=1.5)


@pytest.mark.parametrize("hole_s", [0.6, 1.0, 2.0])
@pytest.mark.parametrize("learning_s", [2.8, 2.9, 3.0])
def test_a_pick_right_after_the_first_weights_were_told_is_a_step_also_when_the_agent_was_starved_as_it_learned(
    learning_s: float, hole_s: float
) -> None:
    bench = Bench()
    bench.run(learning_s)
    bench._samples += round(hole_s * 10)
    while {beat.plate for beat in bench.heartbeats} != set(PLATES):
        bench.run(0.1)
    bench.lay(MIDDLE, 1_400.0, 5.0)
    [step] = [step for step in bench.steps if step.plate == MIDDLE]
    assert step.before_g == pytest.approx(1_500.0, abs=1.5)
    assert step.weight_g == pytest.approx(1_400.0, abs=1.5)


@pytest.mark.parametrize("seed", range(20))
def test_a_shelf_watched_in_fits_and_starts_still_makes_a_step_of_every_change_after_its_first_weights(
    seed: int,
) -> None:
    bench, rng = Bench(), random.Random(seed)

    def starve(seconds: float) -> None:
        until_s = bench.now_s + seconds
        while bench.now_s < until_s:
            bench._samples += rng.choice((0, 0, 1, 2, 4, 6, 15))
            bench.silent = set(rng.sample(PLATES, rng.choice((0, 0, 0, 1, 3))))
            bench.run(rng.choice((0.1, 0.2, 0.5, 1.0)))
            bench.silent = set()

    while {beat.plate for beat in bench.heartbeats} != set(PLATES):
        starve(0.2)
    starve(rng.choice((0.0, 0.1, 3.0)))
    bench.loads[MIDDLE] = _always(1_400.0)
    starve(rng.choice((0.0, 0.5, 5.0)))
    bench.run(10.0)
    changes = [step.weight_g - (step.before_g or 0.0) for step in bench.steps if step.plate == MIDDLE]
    assert sum(changes) == pytest.approx(-100.0, abs=3.0)


def test_records_do_not_depend_on_how_often_tick_is_called() -> None:
    often, once = Bench(), ShelfWeigher(ShelfId("s"), PLATES, heartbeat_s=30.0)
    rng = random.Random(3)
    records: list[WeightRecord] = []
    for index in range(400):
        mono_ms = index * 100
        for plate, load_g in LOADS.items():
            weight_g = load_g - (100.0 if index > 200 and plate == LEFT else 0.0) + rng.gauss(0.0, 0.5)
            often.weigher.add(plate, mono_ms, weight_g)
            records += often.weigher.tick(mono_ms)
            once.add(plate, mono_ms, weight_g)
    assert records == once.tick(39_900)
    assert any(record.kind == "step" for record in records)


def test_a_plate_that_falls_silent_is_unplugged_and_the_others_still_count() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.silent = {RIGHT}
    bench.run(5.0)
    assert bench.weigher.quality(RIGHT) == "unplugged"
    assert bench.records[-1].plate == RIGHT
    assert bench.records[-1].quality == "unplugged"
    bench.lay(MIDDLE, 1_400.0, 5.0)
    assert [(step.plate, step.quality) for step in bench.steps] == [
        (LEFT, "ok"),
        (MIDDLE, "ok"),
        (RIGHT, "unplugged"),
    ]


def test_a_plate_that_comes_back_is_told_at_once() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.silent = {RIGHT}
    bench.run(5.0)
    bench.silent = set()
    bench.run(3.0)
    assert bench.weigher.quality(RIGHT) == "ok"
    assert (bench.records[-1].plate, bench.records[-1].quality) == (RIGHT, "ok")


def test_a_plate_whose_goods_changed_while_it_was_unplugged_is_told_as_well_first_by_the_step_that_says_so() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.silent = {RIGHT}
    bench.run(60.0, {RIGHT: _always(300.0)})
    told = len(bench.records)
    bench.silent = set()
    bench.run(5.0)
    first = next(record for record in bench.records[told:] if record.plate == RIGHT and record.quality == "ok")
    assert first.kind == "step"
    assert first.before_g == pytest.approx(800.0, abs=1.5)
    assert first.weight_g == pytest.approx(300.0, abs=1.5)


def test_rest_is_not_believed_while_a_plate_is_silent() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.run(0.3, {MIDDLE: _tremor(1_900.0, 200.0)})
    bench.silent = set(PLATES) - {LEFT}
    bench.run(2.0)
    assert bench.weigher.active


def test_a_plate_never_heard_is_unplugged() -> None:
    bench = Bench()
    bench.silent = {RIGHT}
    bench.run(6.0)
    assert bench.weigher.quality(RIGHT) == "unplugged"
    assert "unplugged" in {beat.quality for beat in bench.heartbeats if beat.plate == RIGHT}


def test_time_in_which_nobody_listened_is_left_out() -> None:
    bench = Bench()
    bench.run(10.0)
    bench._samples += 36_000
    bench.run(5.0)
    assert bench.steps == []
    assert {bench.weigher.quality(plate) for plate in PLATES} == {"ok"}


def test_a_pick_in_time_nobody_listened_is_still_a_step() -> None:
    bench = Bench()
    bench.run(10.0)
    bench._samples += 600
    bench.lay(MIDDLE, 1_400.0, 5.0)
    [step] = [step for step in bench.steps if step.plate == MIDDLE]
    assert step.before_g == pytest.approx(1_500.0, abs=1.5)
    assert step.weight_g == pytest.approx(1_400.0, abs=1.5)


def test_a_plate_that_shows_one_value_is_stuck() -> None:
    bench = Bench()
    bench.run(5.0)
    bench.noise_g = 0.0
    bench.run(12.0)
    assert {bench.weigher.quality(plate) for plate in PLATES} == {"stuck"}


def test_a_plate_far_below_zero_is_negative_but_a_little_is_drift() -> None:
    bench = Bench()
    bench.run(10.0, {LEFT: _always(-50.0), MIDDLE: _always(-5.0)})
    assert bench.weigher.quality(LEFT) == "negative"
    assert bench.weigher.quality(MIDDLE) == "ok"


def test_a_hand_that_pulls_the_shelf_up_is_no_wrong_zero() -> None:
    bench = Bench()
    bench.run(10.0)
    told = len(bench.records)
    bench.run(10.0, {RIGHT: _tremor(-300.0, 60.0)})
    assert bench.records[told:] == []
    assert bench.weigher.quality(RIGHT) == "ok"


def test_a_plate_that_falls_ill_under_a_hand_is_told_with_its_last_rest() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.run(3.0, {MIDDLE: _tremor(1_900.0, 60.0)})
    bench.silent = {MIDDLE}
    bench.run(3.5, {LEFT: _tremor(2_100.0, 60.0)})
    [told] = [record for record in bench.records if record.quality == "unplugged"]
    assert told.plate == MIDDLE
    assert told.weight_g == pytest.approx(1_500.0, abs=1.5)


def test_a_plate_that_is_never_quiet_is_noisy() -> None:
    bench = Bench()
    bench.run(10.0, {LEFT: _tremor(2_000.0, 100.0)})
    assert bench.weigher.quality(LEFT) == "noisy"
    assert bench.weigher.noise_g(LEFT) > 20.0


def test_a_plate_at_the_rail_is_saturated_for_a_second() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.weigher.saturate(LEFT, 10_000)
    bench.run(0.5)
    assert bench.weigher.quality(LEFT) == "saturated"
    bench.run(1.5)
    assert bench.weigher.quality(LEFT) == "ok"


def test_a_plate_is_starting_until_it_was_learned() -> None:
    bench = Bench()
    bench.run(1.5)
    assert bench.weigher.quality(LEFT) == "starting"
    assert bench.records == []


def test_the_newest_weights_are_told_at_any_time() -> None:
    bench = Bench()
    bench.run(1.0)
    assert bench.weigher.weights() == {plate: pytest.approx(load_g, abs=3.0) for plate, load_g in LOADS.items()}


def test_a_plate_of_another_shelf_is_refused() -> None:
    with pytest.raises(KeyError):
        Bench().weigher.add(PlateId("elsewhere"), 0, 1.0)


def test_a_plate_that_gets_another_line_makes_no_step_and_is_told_as_one_that_begins_anew() -> None:
    bench = Bench()
    bench.run(8.0)
    bench.weigher.restart(MIDDLE)
    bench.lay(MIDDLE, 1_575.0, 10.0)  # the same goods, by another line
    assert not bench.steps
    told = [(record.plate, record.quality) for record in bench.heartbeats[len(PLATES) :]]
    assert told == [(MIDDLE, "starting"), (MIDDLE, "ok")]
    assert bench.heartbeats[-1].weight_g == pytest.approx(1_575.0, abs=1.0)


def test_what_is_taken_beside_it_at_the_same_moment_is_still_a_step() -> None:
    bench = Bench()
    bench.run(8.0)
    bench.weigher.restart(MIDDLE)
    bench.run(10.0, {MIDDLE: _always(1_575.0), LEFT: _always(1_500.0)})
    by_plate = {step.plate: step for step in bench.steps}
    assert by_plate[LEFT].before_g == pytest.approx(2_000.0, abs=1.0)
    assert by_plate[MIDDLE].before_g is None
    bench.lay(MIDDLE, 1_475.0, 5.0)
    assert bench.steps[-2].before_g == pytest.approx(1_575.0, abs=1.0)


def test_a_plate_that_is_held_and_its_shelf_say_nothing_until_it_is_let_go() -> None:
    bench = Bench(heartbeat_s=5.0)
    bench.run(8.0)
    bench.weigher.hold(MIDDLE, 10**9)
    begin = len(bench.records)
    bench.lay(MIDDLE, 3_500.0, 20.0)
    bench.run(20.0, {MIDDLE: _always(LOADS[MIDDLE]), LEFT: _always(1_900.0)})
    assert [(record.plate, record.quality) for record in bench.records[begin:]] == [(MIDDLE, "starting")]
    bench.weigher.restart(MIDDLE)
    bench.run(10.0)
    assert {step.plate: step.before_g for step in bench.steps}[LEFT] == pytest.approx(2_000.0, abs=1.0)


def test_a_shelf_that_is_held_can_be_seen_to_rest() -> None:
    bench = Bench()
    bench.run(8.0)
    bench.weigher.hold(MIDDLE, 10**9)
    bench.run(2.0)
    assert not bench.weigher.active
    bench.run(1.0, {MIDDLE: _tremor(1_500.0, 100.0)})
    assert bench.weigher.active


def test_nobody_holds_a_plate_longer_than_he_said() -> None:
    bench = Bench()
    bench.run(8.0)
    bench.weigher.hold(MIDDLE, 20_000)
    bench.run(20.0)
    assert bench.weigher.quality(MIDDLE) == "ok"
    assert not bench.weigher.active


@pytest.mark.parametrize("away_s", [2.0, 30.0])
def test_a_plate_whose_line_changed_while_it_was_unplugged_begins_anew_when_it_is_back(away_s: float) -> None:
    bench = Bench()
    bench.run(8.0)
    bench.silent.add(MIDDLE)
    bench.run(5.0)
    bench.weigher.restart(MIDDLE)
    bench.run(away_s)
    bench.silent.clear()
    begin = len(bench.records)
    bench.lay(MIDDLE, 700.0, 10.0)
    told = [record.quality for record in bench.heartbeats if record.plate == MIDDLE]
    assert told[:3] == ["ok", "unplugged", "starting"]
    assert told[-1] == "ok"
    assert all(record.before_g is None for record in bench.records[begin:] if record.plate == MIDDLE)


def test_a_change_nobody_can_feel_is_a_step_of_the_whole_shelf_all_the_same() -> None:
    bench = Bench()
    bench.noise_g = 0.1
    bench.run(1_500.0)
    assert not bench.steps
    bench.lay(MIDDLE, 1_500.4, 2.0)
    assert [(step.plate, step.remaining) for step in bench.steps] == [(LEFT, 2), (MIDDLE, 1), (RIGHT, 0)]
    middle = bench.steps[1]
    assert middle.before_g == pytest.approx(1_500.0, abs=0.1)
    assert middle.weight_g == pytest.approx(1_500.4, abs=0.15)
    bench.run(60.0)
    assert len(bench.steps) == 3
    assert bench.heartbeats[-2].weight_g == pytest.approx(1_500.4, abs=0.15)
