"""What the map and the banner say, in both languages."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from cloud.shelves.model import Conditions, Happening, HappeningKind
from dashboards.web.language import LANGUAGES, Language
from dashboards.web.rendering import environment
from tests.unit.dashboards.places import AT, conditions, device, place, sensor


def _parts(language: Language = "en") -> Any:
    return environment(language).get_template("map/parts.html").make_module({"store": "corner"})


def _down(found: Conditions, language: Language = "en") -> list[str]:
    """The lines of the banner as a person reads them."""
    html = str(_parts(language).down(found))
    return [re.sub(r"<[^>]*>", "", line).strip() for line in re.findall(r"<p.*?</p>", html, re.DOTALL)]


def _title(tile: str) -> str:
    match = re.search("<title>(.*?)</title>", tile)
    assert match is not None
    return match[1]


def test_nothing_is_said_while_all_is_well() -> None:
    well = conditions(devices=(device("bay-1"),), sensors=(sensor("plate:l1", "starting"),))
    assert well.all_well
    assert str(_parts().down(well)).strip() == ""


def test_a_gateway_that_is_down_is_told_with_what_it_means() -> None:
    (line,) = _down(conditions(programs={"gateway": False, "worker": True}, broker=None))
    assert line == "The gateway is down. Shelves keep what they see and send it when it is back."


def test_without_a_broker_devices_are_not_called_offline() -> None:
    (line,) = _down(conditions(broker=False, devices=(device("bay-1", online=False),)))
    assert line.startswith("The message broker is down.")


def test_a_worker_that_is_down_is_told_beside_the_rest() -> None:
    lines = _down(conditions(programs={"gateway": True, "worker": False}, broker=False))
    assert [line.split(".")[0] for line in lines] == ["The message broker is down", "The worker is down"]


def test_one_device_that_is_away_is_named_by_its_bay_and_told_mildly() -> None:
    found = conditions(devices=(device("bay-1"), device("bay-2", online=False)))
    assert _down(found) == ["Bay 2 is offline. Its device keeps what it sees and sends it when it is back."]
    assert 'class="down-mild"' in str(_parts().down(found))


def test_many_devices_that_are_away_are_one_line() -> None:
    found = conditions(devices=tuple(device(f"bay-{number}", online=number == 1) for number in range(1, 6)))
    assert [line.split(".")[0] for line in _down(found)] == ["4 shelf devices are offline"]


def test_all_devices_away_is_no_mild_matter() -> None:
    found = conditions(devices=(device("bay-1", online=False), device("bay-2", online=False)))
    assert [line.split(".")[0] for line in _down(found)] == ["No shelf device is online"]
    assert "down-mild" not in str(_parts().down(found))


def test_a_scale_is_named_by_the_place_it_is_under() -> None:
    (line,) = _down(conditions(sensors=(sensor("plate:l5", "unplugged", "b1-s2-p5"),)))
    assert line == "A sensor of Bay 1 · Shelf 2 · Place 5 is not well (unplugged). The place keeps its last count."


def test_many_scales_are_one_line() -> None:
    found = conditions(sensors=tuple(sensor(f"plate:l{number}", "noisy") for number in range(3)))
    assert _down(found) == ["3 sensors need a look. Their places keep their last count."]


@pytest.mark.parametrize("verdict", ["stuck", "saturated", "negative", "noisy", "away", "queue_full"])
def test_every_verdict_has_words_in_both_languages(verdict: str) -> None:
    found = conditions(sensors=(sensor("agent", verdict),))
    assert _down(found)[0] != f"Device bay-1: {verdict}."
    assert verdict not in _down(found, "zh-Hans")[0]


def test_a_place_says_all_of_itself_in_words() -> None:
    tile = str(_parts().tile(place(units=3, task_state="taken", order_id="o1", frozen=True)))
    assert _title(tile) == (
        "Oolong tea 500 ml, 3 of 16, low, Bay 1 · Shelf 2 · Place 5, count stands still, sensor in trouble, "
        "refill under way, on order"
    )


def test_a_place_speaks_chinese() -> None:
    title = _title(str(_parts("zh-Hans").tile(place())))
    assert title.startswith("乌龙茶 500毫升, 7 ")
    assert title.endswith(", 够用, 1 号货架 · 第 2 层 · 5 号货位")


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"units": 0}, "empty"), ({"units": 3}, "low"), ({"units": 7}, "fair"), ({"units": 15}, "full"),
        ({"units": None}, "uncounted"), ({"sensed": False}, "unsensed"), ({"frozen": True}, "frozen"),
    ],
)  # fmt: skip
def test_every_level_has_its_own_pattern(changes: dict[str, Any], pattern: str) -> None:
    patterns = environment("en").get_template("map/patterns.html").render()
    assert f'id="fill-{pattern}"' in patterns
    assert f'fill="url(#fill-{pattern})"' in str(_parts().tile(place(**changes)))


def test_a_tile_is_filled_as_high_as_its_place() -> None:
    assert 'y="75.0%" width="100%" height="25.0%"' in str(_parts().tile(place(units=4)))


def test_a_name_from_the_catalogue_cannot_break_the_page() -> None:
    tile = str(_parts().tile(place(name="<b>Tea & co</b>")))
    assert "<b>" not in tile
    assert _title(tile).startswith("&lt;b&gt;Tea &amp; co&lt;/b&gt;, 7 of 16")


@pytest.mark.parametrize("kind", get_args(HappeningKind))
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_happen_is_told(kind: HappeningKind, language: Language) -> None:
    item = Happening(
        key=f"k:{kind}", at=AT, kind=kind, position="b1-s2-p5", bay="b1", shelf="b1-s2", sku="tea", name="Tea",
        name_zh="茶", units=3, by="Mei",
    )  # fmt: skip
    html = str(_parts(language).happening(item)).strip()
    assert html.startswith(f'<li class="happening" data-key="k:{kind}">')
    assert re.search(r"<strong>[^<]+</strong>", html)
    assert ("茶" if language == "zh-Hans" else "Tea") in html
