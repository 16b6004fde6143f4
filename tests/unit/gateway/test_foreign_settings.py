"""What the gateway says about the file of other devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.ids import StoreId
from contract.toml_text import SettingError
from gateway.foreign_settings import EXPECTED, ForeignSettings, PresenceTopic, WeightTopic, matched, parse_foreign

GOOD = """\
# two kinds of scales
[[weights]]
topic = "cheese-scale/sensor/weight/state"
device = "cheese-scale"
plate = "b4-s1-l1"
bay = "b4"
shelf = "s1"
unit = "kg"

[[weights]]
topic = "tele/+/SENSOR"
path = "HX711.Weight"
device = "{1}"
plate = "{1}-l1"
bay = "b5"
shelf = "s1"
unit = "kg"
capacity_g = 5000
store = "other-shop"

[[presence]]
topic = "cheese-scale/status"
device = "cheese-scale"
"""


def _wrong(text: str) -> tuple[int, str]:
    with pytest.raises(SettingError) as caught:
        parse_foreign(text)
    return caught.value.line, str(caught.value)


def test_a_file_names_the_topics_to_listen_to_and_what_they_mean() -> None:
    settings = parse_foreign(GOOD)
    assert settings.filters == ("cheese-scale/sensor/weight/state", "tele/+/SENSOR", "cheese-scale/status")
    assert settings.weights[0].grams(1.25) == 1250.0
    assert settings.of_store(StoreId("shop")).filters == ("cheese-scale/sensor/weight/state", "cheese-scale/status")
    assert len(settings.of_store(StoreId("other-shop")).weights) == 2


@pytest.mark.parametrize(
    ("found", "replaced", "line", "said"),
    [
        ('path = "HX711', 'pth = "HX711', 12, "pth: unknown key, did you mean path?"),
        ("[[presence]]", "[[presense]]", 21, "presense: unknown key, did you mean presence?"),
        ('unit = "kg"\n\n', 'unit = "lb"\n\n', 8, "unit: found 'lb', expected g or kg"),
        ("capacity_g = 5000", "capacity_g = -1", 18, "capacity_g: found -1, expected grams above 0, at most 10000000"),
        ("capacity_g = 5000", "factor = 0", 18, "factor: found 0, expected a number from -1e9 to 1e9, not 0"),
        ('plate = "b4-s1-l1"\n', "", 2, "plate: missing, expected a value"),
        ('device = "{1}"', 'device = "{2}"', 13, "device: found {2}, expected no more than the topic has + for, 1"),
        ('bay = "b5"', 'bay = "b/5"', 15, f"bay: found 'b/5', expected {EXPECTED['bay']}"),
        ('"tele/+/SENSOR"', '"tele/#"', 11, f"topic: found 'tele/#', expected {EXPECTED['topic']}"),
        ('"tele/+/SENSOR"', '"tele/x+/SENSOR"', 11, f"topic: found 'tele/x+/SENSOR', expected {EXPECTED['topic']}"),
        (
            '"tele/+/SENSOR"',
            '"+/+/+/+/state"',
            11,
            "topic: found '+/+/+/+/state', which LiveShelf's own match, expected another beginning than liveshelf/v1",
        ),
        ('"{1}-l1"', '"b4-s1-l1"', 14, "plate: found 'b4-s1-l1' twice, expected every plate once"),
        ("# two", "two", 1, "Expected '=' after a key in a key/value pair (at line 1, column 5)"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_was_probably_meant(
    found: str, replaced: str, line: int, said: str
) -> None:
    assert _wrong(GOOD.replace(found, replaced, 1)) == (line, said)


def test_two_words_for_presence_differ_and_a_file_without_scales_is_a_mistake() -> None:
    assert _wrong(f'{GOOD}online = "x"\noffline = "x"\n')[1].startswith("offline: found 'x' for both")
    assert _wrong('[[presence]]\ntopic = "a/b"\ndevice = "a"\n')[1].startswith("weights: found none")


def test_a_plus_stands_for_one_whole_level() -> None:
    assert matched("tele/+/SENSOR", "tele/till-scale/SENSOR") == ("till-scale",)
    assert matched("tele/+/SENSOR", "tele/a/b/SENSOR") is None
    assert matched("a/b", "a/b") == ()
    assert matched("a/b", "a/c") is None


def test_every_key_has_words_for_what_it_may_hold() -> None:
    keys = {key for part in (ForeignSettings, WeightTopic, PresenceTopic) for key in part.__struct_fields__}
    assert set(EXPECTED) == keys


def test_the_file_in_the_how_to_is_a_good_one() -> None:
    page = (Path(__file__).parents[3] / "docs/how-to/other-devices.md").read_text(encoding="utf-8")
    examples = [part.partition("```")[0] for part in page.split("```toml\n")[1:]]
    assert len(parse_foreign("\n".join(examples)).weights) == 2
