"""A device is put into its store, its plates get their places and its settings change, by commands to a real agent."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.errors import ConfigurationError
from tests.integration.edge.fitting_agent import PLATES, FittingAgent, fitting_agent
from tests.integration.liveshelf.running import liveshelf

LEFT, RIGHT = PLATES


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FittingAgent]:
    with fitting_agent(tmp_path_factory.mktemp("configure"), store="_new") as agent:
        yield agent


def settings(agent: FittingAgent) -> dict[str, Any]:
    """Return the agent's file as the agent tells it."""
    return tomllib.loads(agent.facts("settings")["toml"])


def again(agent: FittingAgent, journal: str) -> None:
    """Wait until the agent has started again."""

    def other_run() -> bool:
        try:
            return bool(agent.facts("identify")["journal"]) and agent.facts("identify")["journal"] != journal
        except (ConfigurationError, OSError):
            return False

    agent.wait(other_run, "the agent starts again")


def trusted(agent: FittingAgent) -> None:
    """Wait until the agent has worked by its new file for a moment."""
    trial = agent.config.with_name("bay.toml.trial")

    def judged() -> bool:
        return not trial.exists() or bool(json.loads(trial.read_bytes())["refused"])

    agent.wait(judged, "the file is on trial no more")


def test_a_device_is_adopted_its_plates_are_placed_and_its_settings_changed(agent: FittingAgent) -> None:
    begun = agent.facts("identify")
    assert agent.facts("adopt", store="corner-shop") == {"store": "corner-shop"}
    again(agent, begun["journal"])
    adopted = agent.facts("identify")
    assert (adopted["store"], adopted["device"]) == ("corner-shop", begun["device"])

    line = agent.facts("calibration_restore", plate=LEFT, zero_count=5.0, counts_per_g=2.5, by="Ada")["sheet"]
    placed = agent.facts("assign", plate=LEFT, bay="b7", shelf="b7-s1", rename="b7-s1-l1")
    assert placed == {"plate": "b7-s1-l1", "bay": "b7", "shelf": "b7-s1"}
    again(agent, adopted["journal"])
    plate = settings(agent)["plates"][0]
    assert (plate["plate"], plate["bay"], plate["shelf"]) == ("b7-s1-l1", "b7", "b7-s1")
    assert (plate["zero_count"], plate["counts_per_g"]) == (5.0, 2.5)
    assert plate["calibration_version"] >= line["version"]

    trusted(agent)
    text = agent.facts("settings")["toml"]
    journal = agent.facts("identify")["journal"]
    assert agent.facts("configure", toml=f"heartbeat_s = 12.0\n{text}") == {"changed": ["heartbeat_s"]}
    again(agent, journal)
    assert settings(agent)["heartbeat_s"] == 12.0
    assert agent.facts("configure", toml=agent.facts("settings")["toml"]) == {"changed": []}
    assert Path(agent.config).with_name("bay.toml.before").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("hardware", "said"),
    [("firmware_sim.wires:open_nothing", "open_nothing"), ("json:dumps", "dumps() missing 1 required")],
)
def test_settings_the_agent_cannot_run_by_are_taken_back_and_the_device_says_why(
    agent: FittingAgent, hardware: str, said: str
) -> None:
    trusted(agent)
    text, journal = agent.facts("settings")["toml"], agent.facts("identify")["journal"]
    wrong = text.replace("firmware_sim.wires:open_bay", hardware)
    assert agent.facts("configure", toml=wrong) == {"changed": ["hardware"]}
    again(agent, journal)
    told = agent.facts("settings")
    assert told["toml"] == text
    assert said in told["refused"]["reason"]


@pytest.mark.parametrize(
    ("op", "args", "code", "said"),
    [
        ("configure", {"toml": "store = "}, "wrong_argument", "line 1"),
        ("configure", {"toml": "heartbeats = 3\n"}, "wrong_argument", "did you mean heartbeat_s?"),
        ("configure", {"toml": ("device", "another")}, "wrong_argument", "device: found 'another'"),
        ("configure", {"toml": ("broker", "mqtt://ada:***@elsewhere")}, "wrong_argument", "the password itself"),
        ("assign", {"plate": "l9", "bay": "b1"}, "unknown_plate", "expected one of"),
        ("assign", {"bay": "b1"}, "wrong_argument", "a plate, or a zone in its stead"),
        ("adopt", {"store": "no/name"}, "wrong_argument", "store"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_and_nothing_changes(
    agent: FittingAgent, op: str, args: dict[str, Any], code: str, said: str
) -> None:
    before = agent.config.read_bytes()
    if isinstance(args.get("toml"), tuple):
        key, value = args["toml"]
        table = tomllib.loads(before.decode())
        args = {"toml": before.decode().replace(f'{key} = "{table[key]}"', f'{key} = "{value}"')}
    answer = agent.tell(op, **args)
    assert (answer.ok, answer.facts["code"]) == (False, code)
    assert said in answer.detail
    assert agent.config.read_bytes() == before


def test_a_restart_is_answered_before_it_happens(agent: FittingAgent) -> None:
    journal = agent.facts("identify")["journal"]
    assert agent.tell("restart").detail == "the agent restarts"
    again(agent, journal)


def test_a_device_no_broker_takes_says_so_to_whoever_stands_before_it(agent: FittingAgent) -> None:
    def right_of(facts: dict[str, Any]) -> dict[str, Any]:
        [found] = [one for one in facts["sensors"] if one["subject"] == f"plate:{RIGHT}"]
        return dict(found["measured"])

    agent.wait(lambda: right_of(agent.facts("diagnose"))["rate_sps"] > 5.0, "a plate gives what its converter should")
    told = liveshelf("edge", "diagnose", "--config", agent.config, "--json")
    facts = json.loads(told.stdout)
    assert told.returncode == 1, told.stderr
    assert "no broker takes this device" in facts["agent"]["wrong"]
    assert facts["agent"]["measured"]["rss_mb"] > 1.0
    assert {"weight_g", "noise_g", "rate_sps"} <= set(right_of(facts))
    told = liveshelf("edge", "diagnose", "--config", agent.config)
    assert "see whether network and broker are up" in told.stdout
    assert told.stdout.splitlines()[-1].endswith("parts need a look")
