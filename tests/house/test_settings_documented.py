"""Every setting a program reads stands in docs/reference/settings.md, and nothing stands there that is not read."""

from __future__ import annotations

import re
from typing import get_args

from edge import advice
from edge.driver_settings import DRIVERS
from edge.health import AgentVerdict
from edge.light_settings import LIGHTS
from edge.lighting.signals import SIGNALS
from edge.plate_watch import PlateVerdict
from edge.reader_settings import READERS
from edge.sampling.samples import RejectReason
from edge.settings import AgentSettings, PlateSettings, ZoneSettings
from gateway.foreign_settings import ForeignSettings, PresenceTopic, WeightTopic
from tests.house.source_tree import ROOT, product_modules

VARIABLE = re.compile(r"\bLIVESHELF_[A-Z][A-Z0-9_]*[A-Z0-9]\b")
SETTINGS_PAGE = ROOT / "docs" / "reference" / "settings.md"
RFID_PAGE = ROOT / "docs" / "reference" / "rfid.md"
HARDWARE_PAGE = ROOT / "docs" / "reference" / "hardware.md"
LIGHT_PAGE = ROOT / "docs" / "how-to" / "pick-to-light.md"
HEALTH_PAGE = ROOT / "docs" / "reference" / "health.md"


def _read_by_programs() -> set[str]:
    return {name for module in product_modules() for name in VARIABLE.findall(module.text)}


def _documented() -> set[str]:
    return set(VARIABLE.findall(SETTINGS_PAGE.read_text(encoding="utf-8")))


def test_every_variable_is_documented() -> None:
    assert _read_by_programs(), "the search must find variables"
    assert _read_by_programs() - _documented() == set()


def test_every_documented_variable_is_read() -> None:
    tests_only = {
        "LIVESHELF_TEST_DATA", "LIVESHELF_TEST_BROKER", "LIVESHELF_TEST_DATABASE_URL", "LIVESHELF_TEST_TIMESCALE_URL",
        "LIVESHELF_TEST_SEED",
    }  # fmt: skip
    assert _documented() - _read_by_programs() - tests_only == set()


def test_every_key_of_the_agent_file_is_documented() -> None:
    page = SETTINGS_PAGE.read_text(encoding="utf-8")
    keys = {key for part in (AgentSettings, PlateSettings, ZoneSettings) for key in part.__struct_fields__}
    assert not {key for key in keys if f"`{key}`" not in page}


def test_every_key_of_the_file_of_other_devices_is_documented() -> None:
    page = SETTINGS_PAGE.read_text(encoding="utf-8").partition("## The file of other devices")[2]
    keys = {key for part in (ForeignSettings, WeightTopic, PresenceTopic) for key in part.__struct_fields__}
    assert not {key for key in keys - {"weights", "presence"} if f"`{key}`" not in page}
    assert "`[[weights]]`" in page
    assert "`[[presence]]`" in page


def test_every_key_of_a_driver_is_documented() -> None:
    page = HARDWARE_PAGE.read_text(encoding="utf-8")
    keys = {key for driver in DRIVERS.values() for key in driver.__struct_fields__}
    words = keys | {"driver", *DRIVERS}
    assert not {word for word in words if f"| `{word}`" not in page}


def test_every_key_of_a_light_is_documented() -> None:
    page = HARDWARE_PAGE.read_text(encoding="utf-8").partition("## Lights")[2]
    words = {key for light in LIGHTS.values() for key in light.__struct_fields__} | {"light", *LIGHTS}
    assert not {word for word in words if f"`{word}`" not in page}


def test_every_signal_of_a_light_is_documented() -> None:
    page = LIGHT_PAGE.read_text(encoding="utf-8")
    assert not {signal for signal in SIGNALS if f"| `{signal}` |" not in page}


def test_every_key_of_a_reader_is_documented() -> None:
    page = RFID_PAGE.read_text(encoding="utf-8")
    words = {key for reader in READERS.values() for key in reader.__struct_fields__} | {"reader", *READERS}
    assert not {word for word in words if f"`{word}`" not in page}


def test_every_verdict_and_every_reason_to_reject_is_documented_and_says_what_to_do() -> None:
    page = HEALTH_PAGE.read_text(encoding="utf-8")
    plate_verdicts = {word for part in get_args(PlateVerdict) for word in get_args(part)}
    alarms = {"outbox_damaged", "calibration_damaged", "settings_refused", "publishing_refused"}
    agent_verdicts = {*get_args(AgentVerdict), *alarms}
    assert set(advice.PLATE) == plate_verdicts
    assert set(advice.AGENT) == agent_verdicts
    assert set(advice.REJECTED) == set(get_args(RejectReason))
    words = plate_verdicts | agent_verdicts | {*advice.ZONE, *advice.REJECTED}
    assert not {word for word in words if f"| `{word}`" not in page}


def test_whatever_is_wrong_with_a_part_is_said_with_what_to_do() -> None:
    for verdicts in (advice.PLATE, advice.ZONE, advice.AGENT):
        for verdict, said in verdicts.items():
            assert bool(said.wrong) == bool(said.todo) == (verdict != "ok"), verdict
