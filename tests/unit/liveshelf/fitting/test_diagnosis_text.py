"""A diagnosis as a person reads it before the shelf."""

from __future__ import annotations

from typing import Any

from liveshelf.fitting.diagnosis_text import diagnosis_lines, is_well

WELL = {
    "subject": "plate:l1",
    "verdict": "ok",
    "measured": {"weight_g": 1203.44, "noise_g": 0.31, "rate_sps": 10.0, "count": 84000.0},
    "wire": "hx711_gpio: DOUT on BCM 5, clock on BCM 17",
    "wrong": "",
    "todo": "",
}
DEAD = {
    "subject": "plate:l2",
    "verdict": "unplugged",
    "measured": {"weight_g": None, "noise_g": None, "rate_sps": 0.0},
    "wire": "",
    "wrong": "no sample for 3 s",
    "todo": "plug the cable in",
}
AGENT = {
    "subject": "agent",
    "verdict": "ok",
    "measured": {"cpu_c": 51.2, "queue_rows": 3.0},
    "wrong": "",
    "todo": "",
    "device": "bay-1",
    "store": "main-street",
}


def facts(*sensors: dict[str, Any]) -> dict[str, Any]:
    return {"agent": AGENT, "sensors": list(sensors)}


def test_a_device_that_is_well_says_so_with_what_is_measured() -> None:
    assert list(diagnosis_lines(facts(WELL))) == [
        "bay-1, store main-street",
        "  plate l1  ok            1203.4 g, noise 0.31 g, 10.0 samples/s",
        "            hx711_gpio: DOUT on BCM 5, clock on BCM 17",
        "  agent     ok            51 °C, 3 records wait for the gateway",
        "all is well",
    ]
    assert is_well(facts(WELL))


def test_what_is_wrong_stands_below_its_part_with_what_to_do() -> None:
    lines = list(diagnosis_lines(facts(WELL, DEAD)))
    at = lines.index("  plate l2  unplugged     0.0 samples/s")
    assert lines[at + 1 : at + 3] == ["            wrong: no sample for 3 s", "            to do: plug the cable in"]
    assert lines[-1] == "1 of 3 parts need a look"
    assert not is_well(facts(WELL, DEAD))
