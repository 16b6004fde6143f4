"""Any order of commands, hands, pulled plugs and power cuts: a line changes only when somebody accepts one."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contract.records import CommandResult
from tests.fakes.fitting import LEFT, RIGHT, Fitting

CODES = {
    "wrong_argument",
    "not_resting",
    "no_samples",
    "saturated",
    "no_change",
    "no_session",
    "ended",
    "refused",
    "busy",
}
MASSES_G = (500.0, 1_000.0, 2_000.0)
plates = st.sampled_from([LEFT, RIGHT])
masses_g = st.sampled_from(MASSES_G)


class Fitters(RuleBasedStateMachine):
    """Somebody without training, with two plates, three masses and a loose plug."""

    def __init__(self) -> None:
        super().__init__()
        self.fitting = Fitting(vibration=0.5)
        self.fitting.run(4.0)
        self.versions = {LEFT: 1, RIGHT: 1}

    @rule(plate=plates, mass_g=st.sampled_from([0.0, *MASSES_G]))
    def lay(self, plate: Any, mass_g: float) -> None:
        self.fitting.lay(plate, mass_g)

    @rule(plate=plates)
    def pull_the_plug(self, plate: Any) -> None:
        self.fitting.pull_plug(plate)

    @rule(plate=plates)
    def put_the_plug_back(self, plate: Any) -> None:
        self.fitting.put_plug_back(plate)

    @rule(seconds=st.sampled_from([0.3, 3.0, 8.0]))
    def wait(self, seconds: float) -> None:
        self.fitting.run(seconds)

    @rule()
    def go_for_lunch(self) -> None:
        self.fitting.clock.advance(3_700.0)

    @rule()
    def cut_the_power(self) -> None:
        self.fitting.start()

    @rule(full=st.booleans())
    def fill_the_disk(self, full: bool) -> None:
        self.fitting.kept.full = full

    @rule(plate=plates, goods_g=st.sampled_from([0.0, 500.0]))
    def begin(self, plate: Any, goods_g: float) -> None:
        self.tell("calibration_begin", plate=plate, goods_g=goods_g)

    @rule(plate=plates, mass_g=masses_g, another=st.booleans())
    def measure(self, plate: Any, mass_g: float, another: bool) -> None:
        self.tell("calibration_mass", plate=plate, mass_g=mass_g, another=another)

    @rule(plate=plates, mass_g=masses_g)
    def check(self, plate: Any, mass_g: float) -> None:
        self.tell("calibration_check", plate=plate, mass_g=mass_g)

    @rule(plate=plates)
    def accept(self, plate: Any) -> None:
        self.took(plate, self.tell("calibration_accept", plate=plate, by="Ada"))

    @rule(plate=plates)
    def zero(self, plate: Any) -> None:
        self.took(plate, self.tell("calibration_zero", plate=plate, by="Ada"))

    @rule(plate=plates)
    def abandon(self, plate: Any) -> None:
        assert self.tell("calibration_abandon", plate=plate).ok
        assert self.tell("calibration_mass", plate=plate, mass_g=1_000.0).facts["code"] == "no_session"

    @rule(plate=plates)
    def calibrate_as_the_book_says(self, plate: Any) -> None:
        self.fitting.kept.full = False
        for each in (LEFT, RIGHT):
            self.fitting.put_plug_back(each)
        self.fitting.lay(plate, 0.0)
        self.fitting.run(4.0)
        sheet = self.fitting.calibrate(plate)
        self.versions[plate] = sheet["version"]
        assert sheet["passed"], sheet
        self.fitting.lay(plate, 3_000.0)
        self.fitting.run(5.0)
        assert abs(self.fitting.weigh(plate) - 3_000.0) < 10.0

    @invariant()
    def the_line_that_holds_is_the_newest_that_was_accepted(self) -> None:
        for plate, version in self.versions.items():
            assert self.fitting.bay.calibration(plate).version == version
            assert self.fitting.book.line(plate) == self.fitting.bay.calibration(plate)

    @invariant()
    def every_version_is_kept_once(self) -> None:
        for plate, version in self.versions.items():
            kept = [sheet.version for sheet in self.fitting.kept.sheets if sheet.plate == plate]
            assert kept == list(range(1, version + 1))

    def tell(self, op: str, **args: Any) -> CommandResult:
        result = self.fitting.tell(op, **args)
        assert result.ok or result.facts["code"] in CODES, result
        return result

    def took(self, plate: Any, result: CommandResult) -> None:
        if result.ok:
            assert result.facts["sheet"]["version"] == self.versions[plate] + 1
            self.versions[plate] += 1


Fitters.TestCase.settings = settings(stateful_step_count=15, max_examples=60)
TestFitters = Fitters.TestCase
