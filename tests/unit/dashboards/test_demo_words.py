"""What the buttons of the demo did, in words."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from dashboards.web.demo.control import Outcome, ask, read_answer
from dashboards.web.demo.words import SENTENCES, as_query, sentence, told


def _said(outcome: Outcome) -> tuple[str, bool]:
    return sentence(told(outcome), gettext=str, place_name=str.upper)


def test_a_sweep_names_the_shelf() -> None:
    text, well = _said(Outcome("sweep_began", {"shelf": "b2-s1", "units": 40}))
    assert text.startswith("Somebody is clearing B2-S1.")
    assert well


def test_an_unplugged_scale_is_named_by_the_place_above_it() -> None:
    text, _ = _said(Outcome("scale_unplugged", {"plate": "b1-s2-l3", "positions": ["b1-s2-p3"], "for_s": 60.0}))
    assert text.startswith("The scale under B1-S2-P3 is unplugged.")


def test_a_pulled_broker_says_for_how_long() -> None:
    text, _ = _said(Outcome("broker_pulled", {"away_s": 10.0}))
    assert "for 10 seconds" in text


@pytest.mark.parametrize("code", SENTENCES)
def test_every_answer_is_a_sentence_even_without_its_facts(code: str) -> None:
    text, _ = _said(Outcome(code))
    assert text.endswith((".", "?"))
    assert "%(" not in text


def test_an_answer_nobody_knows_is_told_as_no_success() -> None:
    assert _said(Outcome("perpetual_motion")) == ("That did not work.", False)


def test_a_place_that_is_none_is_not_repeated() -> None:
    text, _ = sentence(
        {"said": "sweep_began", "place": "<script>", "seconds": "x"}, gettext=str, place_name=str.upper
    )  # fmt: skip
    assert "SCRIPT" not in text


def test_what_was_said_survives_the_way_through_an_address() -> None:
    said = told(Outcome("sweep_began", {"shelf": "b2-s1"}))
    query = parse_qs(as_query(said, back="/stores/x/map?as=table"))
    assert query == {"said": ["sweep_began"], "place": ["b2-s1"], "next": ["/stores/x/map?as=table"]}


def test_a_demo_that_is_gone_is_an_answer_too() -> None:
    assert ask("/nowhere/control.sock", "sweep") == Outcome("control_away")


@pytest.mark.parametrize("line", [b"", b"no json", b"[1]", b'{"ok": true}', b'{"said": 7}'])
def test_an_answer_that_says_nothing_is_none(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_answer(line)


def test_facts_that_are_no_object_are_left_out() -> None:
    assert read_answer(json.dumps({"said": "state", "facts": 3}).encode()) == Outcome("state")
