"""What an installer reads: every code of the agent has words, and weights are read as people write them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liveshelf.fitting.grams import grams_of, said
from liveshelf.fitting.words import REFUSALS, REMARKS, advice

COMMANDS = (Path(__file__).parents[4] / "docs/reference/commands.md").read_text(encoding="utf-8")


def test_every_refusal_that_is_documented_has_words() -> None:
    paragraph = COMMANDS[COMMANDS.index("Codes of refusals:") :]
    documented = set(re.findall(r"`([a-z_]+)`", paragraph)) - {"field", "found", "expected"}
    assert documented <= set(REFUSALS)


def test_every_remark_that_is_documented_has_words_and_none_is_missing() -> None:
    assert set(re.findall(r"^\| \**`([a-z_]+)`\** \|", COMMANDS, flags=re.MULTILINE)) & set(REMARKS) == set(REMARKS)


def test_what_nobody_has_words_for_is_said_as_the_agent_says_it() -> None:
    assert advice("flooded", "l1: under water") == ("l1: under water", "Try again.")


@pytest.mark.parametrize(
    ("text", "weight_g"),
    [("500", 500.0), (" 2 kg ", 2_000.0), ("1,5kg", 1_500.0), ("0", 0.0), ("250 g", 250.0), ("0.2 Kg", 200.0)],
)
def test_weights_are_read_as_people_write_them(text: str, weight_g: float) -> None:
    assert grams_of(text) == pytest.approx(weight_g)


@pytest.mark.parametrize("text", ["", "two", "-5", "5 lb", "1e3", "2 kg 3", "nan"])
def test_what_is_no_weight_is_none(text: str) -> None:
    assert grams_of(text) is None


@pytest.mark.parametrize("weight_g", [0.0, 250.0, 1_000.0, 1_500.0, 1_234.5])
def test_what_is_said_is_read_back(weight_g: float) -> None:
    assert grams_of(said(weight_g)) == weight_g
