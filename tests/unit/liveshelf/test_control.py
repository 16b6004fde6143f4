"""The buttons of the demo: what each is answered, whatever is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveshelf.demo.control import BROKER_AWAY_S, Answer, answer_to

ALL = ["rush_hour", "sweep", "unplug_scale", "pull_broker"]


class FakeStore:
    """A store with these programs down, whose broker runs or is somebody's own."""

    world_socket = Path("/nowhere/world.sock")

    def __init__(self, *down: str, ours: bool = True) -> None:
        self._down = list(down)
        self._ours = ours
        self.pulled: list[float] = []

    def down(self) -> list[str]:
        return self._down

    def broker_is_ours(self) -> bool:
        return self._ours

    def pull_broker(self, away_s: float) -> bool:
        if "broker" in self._down:
            return False
        self.pulled.append(away_s)
        return True


def ask(line: bytes | Mapping[str, Any], store: FakeStore) -> tuple[Answer, list[Any]]:
    """Return the answer and what the world was asked."""
    asked: list[Any] = []

    def world(path: Path, request: Mapping[str, Any]) -> Answer:
        assert path == store.world_socket
        asked.append(request)
        return {"ok": True, "said": "from the world", "facts": {}}

    return answer_to(line if isinstance(line, bytes) else json.dumps(line).encode(), store, ask_world=world), asked


@pytest.mark.parametrize(
    "request_",
    [
        {"do": "rush_hour"},
        {"do": "sweep", "shelf": "b1-s2"},
        {"do": "unplug_scale", "for_s": 5},
        {"do": "lay_mass", "plate": "b1-s1-l1", "mass_g": 1000},
    ],
)
def test_what_happens_among_the_shelves_is_asked_of_the_world_as_it_came(request_: Mapping[str, Any]) -> None:
    answer, asked = ask(request_, FakeStore())
    assert asked == [request_]
    assert answer["said"] == "from the world"


def test_a_pulled_broker_stays_away_for_a_while() -> None:
    store = FakeStore()
    answer, asked = ask({"do": "pull_broker"}, store)
    assert answer == {"ok": True, "said": "broker_pulled", "facts": {"away_s": BROKER_AWAY_S}}
    assert store.pulled == [BROKER_AWAY_S]
    assert asked == []


def test_a_broker_that_is_away_or_somebody_elses_is_not_pulled() -> None:
    assert ask({"do": "pull_broker"}, FakeStore("broker"))[0]["said"] == "broker_away"
    other = FakeStore(ours=False)
    assert ask({"do": "pull_broker"}, other)[0]["said"] == "no_broker_of_ours"
    assert other.pulled == []


@pytest.mark.parametrize(
    ("store", "buttons", "down"),
    [
        (FakeStore(), ALL, []),
        (FakeStore("gateway"), ALL, ["gateway"]),
        (FakeStore("broker"), ALL[:3], ["broker"]),
        (FakeStore(ours=False), ALL[:3], []),
        (FakeStore("world"), ALL[3:], ["world"]),
    ],
)
def test_the_state_names_what_is_down_and_the_buttons_that_make_sense(
    store: FakeStore, buttons: list[str], down: list[str]
) -> None:
    assert ask({"do": "state"}, store)[0]["facts"] == {"buttons": buttons, "down": down}


@given(st.binary() | st.builds(json.dumps, st.recursive(st.none() | st.text(), st.lists)).map(str.encode))
def test_whatever_else_is_sent_gets_a_clear_error_and_does_nothing(line: bytes) -> None:
    store = FakeStore()
    answer, asked = ask(line, store)
    assert answer["ok"] is False
    assert answer["said"] in {"bad_request", "unknown_command"}
    assert asked == store.pulled == []
    json.dumps(answer)


def test_a_line_nested_beyond_reason_is_refused() -> None:
    assert ask(b"[" * 4096, FakeStore())[0]["said"] == "bad_request"


def test_an_unknown_command_is_told_which_there_are() -> None:
    facts = ask({"do": "fly"}, FakeStore())[0]["facts"]
    assert facts == {"found": "fly", "expected": "rush_hour, sweep, unplug_scale, lay_mass, pull_broker, state"}
