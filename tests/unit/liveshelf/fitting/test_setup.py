"""Somebody fits plates at a terminal: what is typed, what hands do, and what is said, against a real agent's desk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.errors import LiveShelfError
from firmware_sim.load_cell import cell_for
from liveshelf.fitting.setup import Setup
from liveshelf.fitting.terminal import Update
from tests.fakes.fitting import CAPACITY_G, LEFT, RIGHT, SEED, Fitting, special

Deed = Callable[[], object]


class Installer:
    """Implements `Terminal`: answers by the words of the question, and does by the words of what is waited for.

    An answer may be a list, given one after the other, or an exception that is raised.
    """

    def __init__(self, fitting: Fitting, answers: Mapping[str, object], *, honest: bool = True) -> None:
        self.fitting = fitting
        self.below_g = 0.0
        self.read: list[str] = []
        self.typed: list[tuple[str, str]] = []
        self.deeds: dict[str, Deed] = {"Press on": lambda: self.press(LEFT)} if honest else {}
        self._answers = {words: list(given) if isinstance(given, list) else [given] for words, given in answers.items()}
        self.deeds |= {
            "Lay 2 kg": lambda: fitting.lay(LEFT, self.below_g + 2_000.0),
            "and lay 1 kg": lambda: fitting.lay(LEFT, self.below_g + 1_000.0),
            "Put 10 units": lambda: fitting.lay(LEFT, self.below_g + 3_300.0),
            "And one more": lambda: fitting.lay(LEFT, self.below_g + 3_630.0),
        }

    def say(self, text: str = "", style: str = "") -> None:
        self.read.append(text)

    def ask(self, question: str, default: str = "") -> str:
        if "Take the mass off" in question:
            self.fitting.lay(LEFT, self.below_g)
        for words, answers in self._answers.items():
            if words in question and answers:
                given = answers.pop(0)
                if isinstance(given, BaseException):
                    raise given
                self.typed.append((question, str(given)))
                return str(given) or default
        self.typed.append((question, ""))
        return default

    @contextmanager
    def waiting(self, text: str) -> Iterator[Update]:
        self.read.append(text)
        for words, deed in self.deeds.items():
            if words in text:
                deed()
        yield self.read.append

    def press(self, plate: str) -> None:
        """Press on a plate for a moment, a moment from now."""
        begin_ms = self.fitting.clock.mono_ms() + 1_500
        self.fitting.hands[plate] = lambda at_ms: 800.0 * (begin_ms < at_ms < begin_ms + 700)  # type: ignore[index]

    @property
    def text(self) -> str:
        return "\n".join(self.read)


@pytest.fixture
def fitting() -> Fitting:
    shop = Fitting()
    shop.run(4.0)
    return shop


def fit(installer: Installer, folder: Path, *, plate: str | None = LEFT, replaced: bool = False) -> None:
    Setup(installer.fitting, installer, by="Ada", sheets=folder, cell_replaced=replaced).run(plate)


def test_a_plate_is_fitted_with_six_answers_and_weighs_rightly(fitting: Fitting, tmp_path: Path) -> None:
    installer = Installer(fitting, {"Which plate": ["", "q"], "how many": "10"})
    fit(installer, tmp_path, plate=None)
    assert len(installer.typed) - 1 <= 6  # the last one leaves
    assert "PASSED" in installer.text
    assert "One unit weighs 33" in installer.text
    fitting.lay(LEFT, 4_000.0)
    fitting.run(4.0)
    assert fitting.weigh(LEFT) == pytest.approx(4_000.0, abs=10.0)
    sheet = json.loads((tmp_path / f"{LEFT}-v2.json").read_text(encoding="utf-8"))
    assert (sheet["plate"], sheet["by"], sheet["passed"]) == (LEFT, "Ada", True)
    assert f"CALIBRATION OF PLATE {LEFT}: PASSED" in (tmp_path / f"{LEFT}-v2.txt").read_text(encoding="utf-8")


def test_a_stocked_plate_is_fitted_without_unloading_it(fitting: Fitting, tmp_path: Path) -> None:
    installer = Installer(fitting, {"What stands on it": "6 kg"})
    installer.below_g = 6_000.0
    fitting.lay(LEFT, 6_000.0)
    fitting.run(3.0)
    fit(installer, tmp_path)
    assert "goods on it:  6000.0 g" in installer.text
    fitting.run(5.0)
    assert fitting.weigh(LEFT) == pytest.approx(6_000.0, abs=10.0)


def test_whoever_comes_back_is_offered_the_next_plate_that_has_not_passed(fitting: Fitting, tmp_path: Path) -> None:
    fitting.calibrate(LEFT)
    installer = Installer(fitting, {"Which plate": "q"})
    fit(installer, tmp_path, plate=None)
    assert "version 2, passed, by Ada" in installer.text
    assert "not calibrated here yet" in installer.text
    fitting.calibrate(RIGHT)
    fit(Installer(fitting, {}), tmp_path, plate=None)  # all have passed: Enter leaves


@pytest.mark.parametrize("words", ["What stands on it", "A known mass", "Another mass", "Accept"])
@pytest.mark.parametrize("leave", ["q", KeyboardInterrupt(), EOFError()])
def test_whoever_leaves_leaves_nothing_half_done(
    fitting: Fitting, tmp_path: Path, words: str, leave: str | BaseException
) -> None:
    installer = Installer(fitting, {words: leave})
    if isinstance(leave, str):
        fit(installer, tmp_path)
    else:
        with pytest.raises(type(leave)):
            fit(installer, tmp_path)
    assert "version 1 holds" in installer.text
    assert not fitting.facts("calibration_overview")["plates"][0]["session"]
    assert not list(tmp_path.iterdir())
    fitting.lay(LEFT, 0.0)
    fitting.run(8.0)
    assert fitting.bay.quality(LEFT) != "starting"


def test_a_swapped_cable_is_found_by_pressing(fitting: Fitting, tmp_path: Path) -> None:
    installer = Installer(fitting, {"go on without": "q"}, honest=False)
    installer.deeds["Press on"] = lambda: installer.press(RIGHT)
    fit(installer, tmp_path)
    assert "another one moved: their cables are swapped" in installer.text


def test_a_plate_that_is_not_plugged_in_is_said_so_and_found_when_it_is(fitting: Fitting, tmp_path: Path) -> None:
    fitting.pull_plug(LEFT)
    fitting.run(4.0)
    installer = Installer(fitting, {"A known mass": "q"})

    def plug_in() -> None:
        if "The plate says nothing." in installer.text:
            fitting.put_plug_back(LEFT)
            fitting.run(2.0)
            installer.press(LEFT)

    installer.deeds["Press on"] = plug_in
    fit(installer, tmp_path)
    assert "See that its plug is in at both ends" in installer.text
    assert "It answers." in installer.text


def test_whoever_presses_nothing_may_go_on_without(fitting: Fitting, tmp_path: Path) -> None:
    installer = Installer(fitting, {"go on without": "s"}, honest=False)
    fit(installer, tmp_path)
    assert "Nothing moved." in installer.text
    assert "PASSED" in installer.text


@pytest.mark.parametrize(
    ("question", "answers", "said"),
    [
        ("What stands on it", ["much", ""], "'much' is no weight: write it as 500, 500 g or 2 kg."),
        ("A known mass", ["12 kg", ""], "mass_g: found 12000.0, expected a number from 0.001 to 10000"),
        ("A known mass", ["2", ""], "no cell of 10000 g gives"),
        ("Another mass", ["2 kg", "1 kg"], "another mass than the line was made with"),
        ("how many", ["a few", ""], "'a few' is no number of units."),
    ],
)
def test_a_slip_is_said_and_asked_again(
    fitting: Fitting, tmp_path: Path, question: str, answers: list[str], said: str
) -> None:
    installer = Installer(fitting, {question: answers})
    installer.deeds["Lay 2 g"] = lambda: fitting.lay(LEFT, 2_000.0)
    installer.deeds["Take the first one off, and lay 2 kg"] = lambda: None
    fit(installer, tmp_path)
    assert said in installer.text
    assert f"CALIBRATION OF PLATE {LEFT}: PASSED" in installer.text


def test_a_mass_nobody_laid_on_is_asked_for_again(fitting: Fitting, tmp_path: Path) -> None:
    installer = Installer(fitting, {})
    laid = installer.deeds["Lay 2 kg"]
    installer.deeds["Lay 2 kg"] = lambda: laid() if "The weight did not change." in installer.text else None
    fit(installer, tmp_path)
    assert installer.text.count("Lay 2 kg") == 2
    assert "PASSED" in installer.text


def test_a_bent_cell_is_measured_again_and_accepted_only_on_demand(tmp_path: Path) -> None:
    fitting = Fitting({LEFT: special(LEFT, non_linearity_g=150.0)})
    fitting.run(4.0)
    installer = Installer(fitting, {"Accept": ["", "y"]})
    fit(installer, tmp_path)
    assert "Then once more from the beginning." in installer.text
    assert f"CALIBRATION OF PLATE {LEFT}: NOT PASSED" in installer.text
    assert json.loads((tmp_path / f"{LEFT}-v2.json").read_text(encoding="utf-8"))["remarks"] == ["check_failed"]


def test_units_that_were_miscounted_are_counted_again(fitting: Fitting, tmp_path: Path) -> None:
    installer = Installer(fitting, {"how many": ["9", "10", "0"]})
    installer.deeds["Put 9 units"] = installer.deeds["Put 10 units"]

    def from_empty() -> None:
        if "weighed as it is" in installer.read[-1]:
            fitting.lay(LEFT, 0.0)
            fitting.run(3.0)

    installer.deeds["Hands off: the plate is weighed"] = from_empty
    fit(installer, tmp_path)
    assert "9 and 1 do not fit together" in installer.text
    assert "Write it into the catalogue" in installer.text


def test_a_full_disk_leaves_the_line_as_it_was_and_says_so(fitting: Fitting, tmp_path: Path) -> None:
    fitting.kept.full = True
    installer = Installer(fitting, {})
    fit(installer, tmp_path)
    assert "the calibration cannot be kept: No space left on device; nothing has changed" in installer.text
    assert "version 1 holds" in installer.text


def test_a_replaced_cell_is_noted_as_that(fitting: Fitting, tmp_path: Path) -> None:
    fitting.calibrate(LEFT)
    fitting.replace_cell(LEFT, cell_for(SEED + 1, LEFT, CAPACITY_G))
    fitting.run(4.0)
    fit(Installer(fitting, {}), tmp_path, replaced=True)
    reasons = [sheet["reason"] for sheet in fitting.facts("calibration_history", plate=LEFT)["sheets"]]
    assert reasons == ["cell_replaced", "new", "file"]
    fit(Installer(fitting, {}), tmp_path)
    assert fitting.facts("calibration_history", plate=LEFT)["sheets"][0]["reason"] == "recheck"


def test_a_plate_nobody_knows_is_said(fitting: Fitting, tmp_path: Path) -> None:
    with pytest.raises(LiveShelfError, match="plate: found 'l9', expected one of b1-s1-l1, b1-s1-l2"):
        fit(Installer(fitting, {}), tmp_path, plate="l9")
    installer = Installer(fitting, {"Which plate": ["l9", "q"]})
    fit(installer, tmp_path, plate=None)
    assert "There is no plate 'l9'." in installer.text


def test_sheets_that_cannot_be_written_do_not_stop_anybody(fitting: Fitting, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    installer = Installer(fitting, {})
    fit(installer, tmp_path / "file")
    assert "the device keeps it" in installer.text
    assert fitting.bay.calibration(LEFT).version == 2
